//! The order nodes run in: depth first, so that a branch ends before the next begins.

use std::collections::VecDeque;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{DfsPostOrder, Reversed};

use crate::topology::Topology;
use crate::{DeviceSide, Graph, GraphError, Place};

type Forward = DiGraph<(), usize>;

/// Node indices such that every forward link runs from an earlier to a later one: device inputs first, device outputs
/// last, and between them depth first from the outputs, sources in link order.
pub(crate) fn order(graph: &Graph, topology: &Topology, errors: &mut Vec<GraphError>) -> Vec<usize> {
    let forward = forward_links(topology);
    if toposort(&forward, None).is_err() {
        report_loops(graph, &forward, errors);
        return Vec::new();
    }
    let is = |node: usize, side: fn(&DeviceSide) -> bool| topology.ports[node].device.as_ref().is_some_and(side);
    let input = |&node: &usize| is(node, |side| matches!(side, DeviceSide::Input(_)));
    let output = |&node: &usize| is(node, |side| matches!(side, DeviceSide::Output(_)));
    let all = depth_first(&forward, &output);
    let (first, rest): (Vec<usize>, Vec<usize>) = all.into_iter().partition(input);
    let (last, middle): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(output);
    [first, middle, last].concat()
}

/// The forward links as a petgraph, which walks depth first from the link that was added first.
pub(crate) fn forward_links(topology: &Topology) -> Forward {
    let mut forward = Forward::with_capacity(topology.ports.len(), topology.edges.len());
    for _ in &topology.ports {
        forward.add_node(());
    }
    for edge in topology.edges.iter().filter(|edge| !edge.feedback) {
        forward.add_edge(NodeIndex::new(edge.from.node), NodeIndex::new(edge.to.node), edge.link);
    }
    forward
}

fn depth_first(forward: &Forward, output: &impl Fn(&usize) -> bool) -> Vec<usize> {
    let upstream = Reversed(forward);
    let mut walk = DfsPostOrder::empty(upstream);
    let mut order = Vec::with_capacity(forward.node_count());
    let nodes = || forward.node_indices();
    let outputs = nodes().filter(|node| output(&node.index()));
    let ends = nodes().filter(|&node| forward.neighbors(node).next().is_none());
    for root in outputs.chain(ends).chain(nodes()) {
        walk.move_to(root);
        while let Some(node) = walk.next(upstream) {
            order.push(node.index());
        }
    }
    order
}

/// One error for each knot of loops, with one whole loop spelled out.
fn report_loops(graph: &Graph, forward: &Forward, errors: &mut Vec<GraphError>) {
    let names: Vec<&str> = graph.nodes().map(|(name, _)| name.as_str()).collect();
    let mut knots = kosaraju_scc(forward);
    let mut search = Search { forward, knot_of: vec![0; names.len()], came_from: vec![None; names.len()] };
    for (index, knot) in knots.iter_mut().enumerate() {
        knot.sort_unstable();
        knot.iter().for_each(|node| search.knot_of[node.index()] = index);
    }
    knots.sort_unstable();
    for knot in knots {
        let Some((path, closing)) = search.loop_through(knot[0]) else { continue };
        let nodes: Vec<&str> = path.iter().map(|node| names[node.index()]).collect();
        let (from, to) = (nodes[nodes.len() - 1], nodes[0]);
        let message = format!(
            "these links form a loop: {} -> {to}. Sound cannot come before itself: make one of them a feedback link, \
             as `{from} ~> {to}`, which arrives later by the patch's `feedback` time",
            spelled(&nodes)
        );
        errors.push(GraphError::new(Place::To(closing), message));
    }
}

/// The walk through these nodes; the middle of a long one is only counted.
fn spelled(nodes: &[&str]) -> String {
    let (head, tail) = (nodes.len().min(8), nodes.len().saturating_sub(4).max(8));
    match nodes.get(head..tail) {
        None | Some([]) => nodes.join(" -> "),
        Some(middle) => {
            let (first, last) = (nodes[..head].join(" -> "), nodes[tail..].join(" -> "));
            format!("{first} -> ({} more nodes) -> {last}", middle.len())
        }
    }
}

/// Looks for the shortest loops inside knots, where every node reaches every other.
struct Search<'a> {
    forward: &'a Forward,
    knot_of: Vec<usize>,
    came_from: Vec<Option<NodeIndex>>,
}

impl Search<'_> {
    /// A shortest walk from a node back to itself, and the link that closes it.
    fn loop_through(&mut self, start: NodeIndex) -> Option<(Vec<NodeIndex>, usize)> {
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for target in self.forward.neighbors(node) {
                if target == start {
                    let closing = self.forward[self.forward.find_edge(node, start)?];
                    let back = |&node: &NodeIndex| self.came_from[node.index()];
                    let mut path: Vec<NodeIndex> = std::iter::successors(Some(node), back).collect();
                    path.reverse();
                    return Some((path, closing));
                }
                let inside = self.knot_of[target.index()] == self.knot_of[start.index()];
                if inside && self.came_from[target.index()].is_none() {
                    self.came_from[target.index()] = Some(node);
                    queue.push_back(target);
                }
            }
        }
        None
    }
}
