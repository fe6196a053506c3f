//! What a graph means, before anything is scheduled: its links, its order and its channels.

use std::sync::Arc;

use crate::align::{self, Aligned, Alignment};
use crate::asked::{Asked, ask};
use crate::channels::{self, Widths};
use crate::pieces::Pieces;
use crate::topology::{Edge, Topology};
use crate::{Graph, GraphError, GraphErrors, Mixing, Place, StreamSpec, budget, order};

/// A graph by number. A clone shares all of it.
#[derive(Clone, Default)]
pub(crate) struct Resolved {
    pub(crate) graph: Graph,
    pub(crate) topology: Arc<Topology>,
    /// Every node after what feeds it.
    pub(crate) order: Arc<[usize]>,
    /// The channels of all ports of its nodes.
    pub(crate) widths: Pieces<Widths>,
    /// What is known of those that have processors.
    pub(crate) asked: Asked,
}

/// A graph as it is compiled by itself.
pub(crate) struct Alone {
    /// The graph, with nodes on links that wait.
    pub(crate) resolved: Resolved,
    pub(crate) alignments: Vec<Alignment>,
}

/// Finds every mistake of a graph that shows without asking its nodes. What it has in common with one that was resolved
/// `before` for the same stream is taken from there.
pub(crate) fn resolve(graph: &Graph, before: &Resolved, stream: &StreamSpec) -> Result<Alone, GraphErrors> {
    stream.check()?;
    let mut errors = Vec::new();
    let topology = Topology::new(graph, &before.topology, &mut errors);
    let optional = graph.optional_nodes().map(|name| (name, "optional", "optional"));
    let bypassed = graph.bypassed_nodes().map(|name| (name, "bypass", "bypassed"));
    errors.extend(optional.chain(bypassed).filter_map(|(name, key, what)| cannot(graph, name.as_str(), key, what)));
    errors.extend(graph.cut_nodes().filter_map(|name| not_there(graph, name.as_str())));
    let order = order::order(graph, &topology, &mut errors);
    if !errors.is_empty() {
        return Err(GraphErrors(errors));
    }
    let widths = channels::resolve((graph, &topology), &order, before, stream, &mut errors);
    errors.extend(budget::channels(&widths));
    if !errors.is_empty() {
        return Err(GraphErrors(errors));
    }
    let asked = ask((graph, &widths), &order, before, stream, &mut errors);
    if !errors.is_empty() {
        return Err(GraphErrors(errors));
    }
    let (graph, topology) = (graph.clone(), Arc::new(topology));
    let resolved = Resolved { graph, topology, order: order.into(), widths, asked };
    Ok(match align::align(&resolved) {
        Some(aligned) => resolved.aligned(aligned, stream),
        None => Alone { resolved, alignments: Vec::new() },
    })
}

impl Resolved {
    /// The same with more nodes and links after those that it has, of a graph without mistakes and by the channels of all
    /// nodes; where they make loops with the others, the nodes on them.
    pub(crate) fn with(&self, graph: Graph, widths: Pieces<Widths>, stream: &StreamSpec) -> Result<Self, Vec<usize>> {
        let mut errors = Vec::new();
        let topology = self.topology.with(&graph, &mut errors);
        debug_assert!(errors.is_empty(), "{errors:?}");
        let order = match self.is_in_order(&topology) {
            true => Arc::clone(&self.order),
            false => order::of(&topology).ok_or_else(|| order::knotted(&topology))?.into(),
        };
        let asked = ask((&graph, &widths), &order, self, stream, &mut errors);
        debug_assert!(errors.is_empty(), "{errors:?}");
        Ok(Self { graph, topology: Arc::new(topology), order, widths, asked })
    }

    /// What a node does, if it only mixes.
    pub(crate) fn mixing(&self, node: usize) -> Option<&Mixing> {
        self.asked[node].as_ref()?.mixing.as_ref()
    }

    /// The same with other parameters, which change neither ports nor channels.
    pub(crate) fn set(&self, graph: Graph, stream: &StreamSpec) -> Self {
        let mut errors = Vec::new();
        let asked = ask((&graph, &self.widths), &self.order, self, stream, &mut errors);
        debug_assert!(errors.is_empty(), "{errors:?}");
        Self { graph, asked, ..self.clone() }
    }

    /// The same with nodes on links that wait.
    fn aligned(&self, Aligned { graph, widths, alignments }: Aligned, stream: &StreamSpec) -> Alone {
        let resolved = self.topology.with(&graph, &mut Vec::new());
        let order = order::of(&resolved).expect("to let a link wait makes no loop");
        let asked = ask((&graph, &widths), &order, self, stream, &mut Vec::new());
        let (topology, order) = (Arc::new(resolved), order.into());
        Alone { resolved: Self { graph, topology, order, widths, asked }, alignments }
    }

    /// Whether there are only more links, and all of them lead on in the order that there is.
    fn is_in_order(&self, topology: &Topology) -> bool {
        let nodes = self.topology.ports.len();
        let mut place = vec![0; nodes];
        self.order.iter().enumerate().for_each(|(at, &node)| place[node] = at);
        let leads_on = |edge: &Edge| edge.feedback || place[edge.from.node()] < place[edge.to.node()];
        topology.ports.len() == nodes && topology.edges[self.topology.edges.len()..].iter().all(leads_on)
    }
}

fn not_there(graph: &Graph, name: &str) -> Option<GraphError> {
    let error = || GraphError::new(Place::Graph, format!("there is no node `{name}` that could be replaced"));
    graph.node(name).is_none().then(error)
}

/// What speaks against leaving a node out.
fn cannot(graph: &Graph, name: &str, key: &'static str, what: &str) -> Option<GraphError> {
    let Some(node) = graph.node(name) else {
        return Some(GraphError::new(Place::Graph, format!("there is no node `{name}` that could be {what}")));
    };
    let ports = node.ports();
    let message = match (&ports.device, ports.outputs.is_empty()) {
        (Some(_), _) => format!("`{name}` stands for the device and cannot be {what}"),
        (None, true) => format!("`{name}` has no output and cannot be {what}: what it takes in would be lost"),
        (None, false) => return None,
    };
    Some(GraphError::new(Place::Parameter(name.to_owned(), key.into()), message))
}
