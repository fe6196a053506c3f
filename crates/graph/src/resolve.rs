//! What a graph means, before anything is scheduled: its links, its order and its channels.

use std::sync::Arc;

use crate::align::{self, Aligned, Alignment};
use crate::channels::{self, Widths};
use crate::topology::Topology;
use crate::{Graph, GraphError, GraphErrors, Place, StreamSpec, budget, order};

/// A graph by number.
pub(crate) struct Resolved {
    pub(crate) graph: Graph,
    pub(crate) topology: Topology,
    /// Every node after what feeds it.
    pub(crate) order: Vec<usize>,
    /// The channels of all ports of its nodes.
    pub(crate) widths: Arc<[Widths]>,
}

/// A graph as it is compiled by itself.
pub(crate) struct Alone {
    /// The graph, with nodes on links that wait.
    pub(crate) resolved: Arc<Resolved>,
    pub(crate) alignments: Vec<Alignment>,
}

/// Finds every mistake of a graph that shows without asking its nodes.
pub(crate) fn resolve(graph: &Graph, stream: &StreamSpec) -> Result<Alone, GraphErrors> {
    stream.check()?;
    let mut errors = Vec::new();
    let topology = Topology::new(graph, &mut errors);
    let optional = graph.optional_nodes().map(|name| (name, "optional", "optional"));
    let bypassed = graph.bypassed_nodes().map(|name| (name, "bypass", "bypassed"));
    errors.extend(optional.chain(bypassed).filter_map(|(name, key, what)| cannot(graph, name.as_str(), key, what)));
    errors.extend(graph.cut_nodes().filter_map(|name| not_there(graph, name.as_str())));
    let order = order::order(graph, &topology, &mut errors);
    if !errors.is_empty() {
        return Err(GraphErrors(errors));
    }
    let widths = channels::resolve(graph, &topology, &order, stream, &mut errors);
    errors.extend(budget::channels(&widths));
    if !errors.is_empty() {
        return Err(GraphErrors(errors));
    }
    let resolved = Resolved { graph: graph.clone(), topology, order, widths: widths.into() };
    let (resolved, alignments) = match align::align(&resolved, stream) {
        Some(Aligned { graph, widths, alignments }) => {
            let resolved = Resolved::again(graph, widths.into()).expect("to let a link wait makes no loop");
            (resolved, alignments)
        }
        None => (resolved, Vec::new()),
    };
    Ok(Alone { resolved: Arc::new(resolved), alignments })
}

impl Resolved {
    /// Of a graph without mistakes whose channels are known; the nodes on loops of links if it has some.
    pub(crate) fn again(graph: Graph, widths: Arc<[Widths]>) -> Result<Self, Vec<usize>> {
        let mut errors = Vec::new();
        let topology = Topology::new(&graph, &mut errors);
        debug_assert!(errors.is_empty(), "{errors:?}");
        match order::of(&topology) {
            Some(order) => Ok(Self { graph, topology, order, widths }),
            None => Err(order::knotted(&topology)),
        }
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
    Some(GraphError::new(Place::Parameter(name.to_owned(), key), message))
}
