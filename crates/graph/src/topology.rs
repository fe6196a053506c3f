//! Links by number: every end of every link looked up among the nodes and their ports.

use std::ops::{Index, Range};

use crate::order::Group;
use crate::stream::MOST_CHANNELS;
use crate::{Channels, DeviceChannels, DeviceSide, Endpoint, Graph, GraphError, Place, Port, Ports};

/// A graph whose names are resolved.
#[derive(Default)]
pub(crate) struct Topology {
    /// The ports of each node.
    pub(crate) ports: PortsOf,
    /// Where in the order each node stands.
    pub(crate) groups: Vec<Group>,
    /// The links that could be resolved, in link order.
    pub(crate) edges: Vec<Edge>,
    /// The first of them that is a feedback link.
    first_feedback: Option<usize>,
    /// For each node, its incoming edges in link order.
    pub(crate) incoming: Adjacency,
    /// For each node, its outgoing edges in link order.
    pub(crate) outgoing: Adjacency,
}

/// The ports of each node of a graph, by its index.
#[derive(Default)]
pub(crate) struct PortsOf(Graph);

/// For each node, its edges: all in one list, node after node.
#[derive(Default)]
pub(crate) struct Adjacency {
    /// Where those of each node begin, and after the last node those of the last one end.
    starts: Vec<u32>,
    edges: Vec<u32>,
}

/// A link by number.
#[derive(Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) feedback: bool,
    link: u32,
}

/// One end of an edge. There are many, so they are small.
#[derive(Clone, Copy)]
pub(crate) struct End {
    node: u32,
    port: u32,
    /// From and to, half open.
    channels: Option<[u32; 2]>,
}

impl Edge {
    /// Its index among the graph's links.
    pub(crate) fn link(&self) -> usize {
        self.link as usize
    }
}

impl End {
    pub(crate) fn node(&self) -> usize {
        self.node as usize
    }

    pub(crate) fn port(&self) -> usize {
        self.port as usize
    }

    /// The channels of its port, if not all of them.
    pub(crate) fn channels(&self) -> Option<Range<usize>> {
        self.channels.map(|[start, end]| start as usize..end as usize)
    }
}

impl Topology {
    /// Resolves all links, of which `before` may have some; what cannot be resolved is left out and reported.
    pub(crate) fn new(graph: &Graph, before: &Self, errors: &mut Vec<GraphError>) -> Self {
        let [nodes, _] = before.ports.0.shared_with(graph);
        for (name, node) in graph.nodes_from(nodes) {
            let place = || Place::Node(name.to_string());
            errors.extend(node.impossible().map(|why| GraphError::new(place(), format!("`{name}` {why}"))));
        }
        before.with(graph, errors)
    }

    /// That of another graph. What cannot be resolved of the links that this one has not is left out and reported.
    pub(crate) fn with(&self, graph: &Graph, errors: &mut Vec<GraphError>) -> Self {
        let known = self.known(graph);
        let mut edges = Vec::with_capacity(graph.links().len());
        edges.extend_from_slice(&self.edges[..known]);
        for (index, link, [source, target]) in graph.linked_from(known) {
            let from = source.and_then(|node| End::new(graph, node, &link.from, Side::Output));
            let to = target.and_then(|node| End::new(graph, node, &link.to, Side::Input));
            if let (Some(from), Some(to)) = (from, to) {
                edges.push(Edge { from, to, feedback: link.feedback, link: index as u32 });
                continue;
            }
            let wrong =
                |node, endpoint, side, place| Some(GraphError::new(place, why_not(graph, node, endpoint, side)?));
            errors.extend(wrong(source, &link.from, Side::Output, Place::From(index)));
            errors.extend(wrong(target, &link.to, Side::Input, Place::To(index)));
        }
        let nodes = graph.nodes().len();
        let lists = [&self.edges[known..], &edges[known..]];
        let [shared, _] = self.ports.0.shared_with(graph);
        let mut groups = Vec::with_capacity(nodes);
        groups.extend_from_slice(&self.groups[..shared]);
        groups.extend(graph.nodes_from(shared).map(|(_, node)| Group::of(node.ports())));
        Self {
            ports: PortsOf(graph.clone()),
            groups,
            first_feedback: match self.first_feedback.filter(|&first| first < known) {
                None => edges[known..].iter().position(|edge| edge.feedback).map(|at| known + at),
                first => first,
            },
            incoming: self.incoming.with((nodes, known), lists.map(|edges| of(edges, |edge| edge.to))),
            outgoing: self.outgoing.with((nodes, known), lists.map(|edges| of(edges, |edge| edge.from))),
            edges,
        }
    }

    /// Its feedback links, and where they stand among the edges.
    pub(crate) fn feedback_edges(&self) -> impl Iterator<Item = (usize, &Edge)> {
        let first = self.first_feedback.unwrap_or(self.edges.len());
        (first..).zip(&self.edges[first..]).filter(|(_, edge)| edge.feedback)
    }

    pub(crate) fn has_feedback(&self) -> bool {
        self.first_feedback.is_some()
    }

    /// How many of the first edges are those of another topology, too, as are the nodes at their ends.
    pub(crate) fn known_of(&self, before: &Self) -> usize {
        before.known(&self.ports.0)
    }

    /// How many of the first edges, all of which were resolved, are those of another graph, too: both have these links, and
    /// the nodes at their ends.
    fn known(&self, graph: &Graph) -> usize {
        let [nodes, links] = self.ports.0.shared_with(graph);
        let first =
            |node: usize| [&self.incoming, &self.outgoing].into_iter().filter_map(move |list| list.of(node).next());
        (nodes..self.ports.len()).flat_map(first).fold(links.min(self.edges.len()), usize::min)
    }

    /// The nodes that another topology has, too, with the same links into them.
    pub(crate) fn unchanged(&self, before: &Self) -> Vec<bool> {
        let [nodes, _] = before.ports.0.shared_with(&self.ports.0);
        let known = self.known_of(before);
        let mut unchanged = vec![false; self.ports.len()];
        unchanged[..nodes].fill(true);
        for edge in self.edges[known..].iter().chain(&before.edges[known..]).filter(|edge| edge.to.node() < nodes) {
            unchanged[edge.to.node()] = false;
        }
        unchanged
    }
}

/// The node at one end of each edge.
fn of(edges: &[Edge], end: fn(&Edge) -> End) -> impl ExactSizeIterator<Item = usize> + Clone {
    edges.iter().map(move |edge| end(edge).node())
}

impl PortsOf {
    pub(crate) fn len(&self) -> usize {
        self.0.nodes().len()
    }
}

impl Index<usize> for PortsOf {
    type Output = Ports;

    fn index(&self, node: usize) -> &Ports {
        self.0.at(node).1.ports()
    }
}

impl Adjacency {
    /// That of so many nodes and of other edges from `known` on, given the nodes of those that go and of those that come.
    fn with(
        &self,
        (nodes, known): (usize, usize),
        [gone, come]: [impl ExactSizeIterator<Item = usize> + Clone; 2],
    ) -> Self {
        if known == 0 {
            return Self::new(nodes, come);
        }
        let count = known + come.len();
        let come = (known as u32..).zip(come).map(|(edge, node)| (node, Some(edge)));
        let mut changes: Vec<(usize, Option<u32>)> = gone.map(|node| (node, None)).chain(come).collect();
        changes.retain(|(node, _)| *node < nodes);
        // Of each node, those that go come first.
        changes.sort_by_key(|(node, _)| *node);
        let mut starts = self.starts.clone();
        starts.resize(nodes + 1, self.edges.len() as u32);
        let mut edges = Vec::with_capacity(count);
        let (mut copied, mut moved, mut shift) = (0, 0, 0);
        for changes in changes.chunk_by(|(one, _), (other, _)| one == other) {
            let end = starts[changes[0].0 + 1];
            let come = changes.iter().filter_map(|(_, edge)| *edge);
            let gone = changes.len() - come.clone().count();
            edges.extend_from_slice(&self.edges[copied..end as usize - gone]);
            edges.extend(come);
            copied = end as usize;
            starts[moved..=changes[0].0].iter_mut().for_each(|start| *start = start.wrapping_add_signed(shift));
            moved = changes[0].0 + 1;
            shift = edges.len() as i32 - end as i32;
        }
        edges.extend_from_slice(&self.edges[copied..starts[nodes] as usize]);
        starts[moved..].iter_mut().for_each(|start| *start = start.wrapping_add_signed(shift));
        Self { starts, edges }
    }

    /// Given the node of each edge.
    fn new(nodes: usize, of_edges: impl ExactSizeIterator<Item = usize> + Clone) -> Self {
        let mut starts = vec![0; nodes + 2];
        of_edges.clone().for_each(|node| starts[node + 2] += 1);
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let mut edges = vec![0; of_edges.len()];
        for (edge, node) in (0..).zip(of_edges) {
            // What is where a node's edges begin is, when all are in, where they end.
            let next = &mut starts[node + 1];
            edges[*next as usize] = edge;
            *next += 1;
        }
        starts.pop();
        Self { starts, edges }
    }

    /// The edges of a node.
    pub(crate) fn of(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + Clone {
        let [start, end] = [self.starts[node], self.starts[node + 1]];
        self.edges[start as usize..end as usize].iter().map(|&edge| edge as usize)
    }
}

impl End {
    /// `None` where [`why_not`] says why.
    fn new(graph: &Graph, node: usize, endpoint: &Endpoint, side: Side) -> Option<Self> {
        let ports = side.of(graph.at(node).1.ports());
        let port = match &endpoint.port {
            None => 0,
            Some(wanted) => ports.iter().position(|port| port.name == wanted)?,
        };
        let channels = match &endpoint.channels {
            Some(channels) if !is_possible(channels) => return None,
            channels => channels.as_ref().map(|channels| [channels.start as u32, channels.end as u32]),
        };
        (port < ports.len()).then_some(Self { node: node as u32, port: port as u32, channels })
    }
}

fn is_possible(channels: &Range<usize>) -> bool {
    !channels.is_empty() && channels.end <= MOST_CHANNELS
}

/// What is wrong with one end of a link, if anything is.
fn why_not(graph: &Graph, node: Option<usize>, endpoint: &Endpoint, side: Side) -> Option<String> {
    let name = endpoint.node.as_str();
    let Some(node) = node else { return Some(format!("there is no node `{name}`")) };
    let all = graph.at(node).1.ports();
    let ports = side.of(all);
    match &endpoint.port {
        None if ports.is_empty() => return Some(side.none(name, side.other().of(all))),
        Some(wanted) if ports.iter().all(|port| port.name != wanted) => return Some(side.unknown(name, wanted, ports)),
        _ => {}
    }
    let possible = endpoint.channels.as_ref().is_none_or(is_possible);
    (!possible).then(|| {
        format!("`{endpoint}` takes channels that no port has: they are counted from 0 to {}", MOST_CHANNELS - 1)
    })
}

/// Why no node can have these ports, if so.
pub(crate) fn impossible(ports: &Ports) -> Option<String> {
    let widths = ports.inputs.iter().chain(&ports.outputs).map(|port| match port.channels {
        Channels::Exactly(width) => width,
        Channels::Follow => 0,
    });
    let device = match &ports.device {
        Some(DeviceSide::Input(DeviceChannels::Pick(picked))) => {
            picked.iter().flatten().map(|c| c.saturating_add(1)).max()
        }
        Some(DeviceSide::Output(Some(channels))) => channels.iter().map(|c| c.saturating_add(1)).max(),
        _ => None,
    };
    let widest = widths.chain(device).max().unwrap_or(0);
    let main = (ports.inputs.first(), ports.outputs.first());
    let lone = |ports: &[Port]| ports.len() == 1;
    match (&ports.device, main) {
        _ if widest > MOST_CHANNELS => Some(format!("asks for {widest} channels; there are at most {MOST_CHANNELS}")),
        (Some(DeviceSide::Input(_)), _) if !lone(&ports.outputs) => {
            Some("stands for a device input without one output".into())
        }
        (Some(DeviceSide::Output(_)), _) if !lone(&ports.inputs) => {
            Some("stands for a device output without one input".into())
        }
        (None, (Some(input), Some(output))) if ports.in_place && same_width(input, output) => None,
        _ if ports.in_place => Some("works in place, so it needs a first input and a first output of one width".into()),
        _ => None,
    }
}

/// Whether an in-place node's first ports always have the same width.
fn same_width(input: &Port, output: &Port) -> bool {
    output.channels == Channels::Follow || output.channels == input.channels
}

#[derive(Clone, Copy)]
enum Side {
    Input,
    Output,
}

impl Side {
    fn of(self, ports: &Ports) -> &[Port] {
        match self {
            Self::Input => &ports.inputs,
            Self::Output => &ports.outputs,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Input => Self::Output,
            Self::Output => Self::Input,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    fn none(self, node: &str, others: &[Port]) -> String {
        format!("`{node}` has no {}, only the {} {}", self.word(), self.other().word(), names(others))
    }

    fn unknown(self, node: &str, wanted: &str, ports: &[Port]) -> String {
        if ports.is_empty() {
            return format!("`{node}` has no {} `{wanted}`; it has none at all", self.word());
        }
        format!("`{node}` has no {} `{wanted}`; it has {}", self.word(), names(ports))
    }
}

fn names(ports: &[Port]) -> String {
    let names: Vec<String> = ports.iter().map(|port| format!("`{}`", port.name)).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edges that come and go, of nodes that come and go: as if all had been sorted anew.
    #[test]
    fn what_a_node_is_linked_by_follows_the_edges() {
        let mut seed = 1_u32;
        let mut draw = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        for _ in 0..500 {
            let (old, new) = (1 + draw(20), 1 + draw(20));
            let before: Vec<usize> = (0..draw(40)).map(|_| draw(old)).collect();
            let both = before.iter().take_while(|&&node| node < new).count();
            let known = draw(both + 1);
            let after: Vec<usize> = before[..known].iter().copied().chain((0..draw(10)).map(|_| draw(new))).collect();
            let all = |of: &[usize], nodes| Adjacency::new(nodes, of.iter().copied());
            let lists = [&before, &after].map(|nodes| nodes[known..].iter().copied());
            let (patched, anew) = (all(&before, old).with((new, known), lists), all(&after, new));
            assert_eq!((patched.starts, patched.edges), (anew.starts, anew.edges), "{before:?} {after:?}");
        }
    }
}
