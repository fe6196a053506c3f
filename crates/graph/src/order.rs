//! The order nodes run in: depth first, so that a branch ends before the next begins.

use petgraph::algo::{tarjan_scc, toposort};
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
fn forward_links(topology: &Topology) -> Forward {
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
    for knot in tarjan_scc(forward) {
        let Some((path, closing)) = one_loop(forward, &knot) else { continue };
        let mut text: Vec<&str> = path.iter().map(|node| names[node.index()]).collect();
        text.push(text[0]);
        let (from, to) = (text[text.len() - 2], text[0]);
        let message = format!(
            "these links form a loop: {}. Sound cannot come before itself: make one of them a feedback link, as \
             `{from} ~> {to}`, which arrives later by the patch's `feedback` time",
            text.join(" -> ")
        );
        errors.push(GraphError::new(Place::To(closing), message));
    }
}

/// A shortest walk inside the knot from its first node back to itself, and the link that closes it.
fn one_loop(forward: &Forward, knot: &[NodeIndex]) -> Option<(Vec<NodeIndex>, usize)> {
    let start = *knot.iter().min()?;
    let mut came_from = vec![None; forward.node_count()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = forward.neighbors(node).filter(|n| knot.contains(n)).collect();
        next.dedup();
        for target in next {
            if target == start {
                let closing = forward.find_edge(node, start).map(|edge| forward[edge])?;
                let mut path: Vec<NodeIndex> = std::iter::successors(Some(node), |n| came_from[n.index()]).collect();
                path.reverse();
                return Some((path, closing));
            }
            if came_from[target.index()].is_none() {
                came_from[target.index()] = Some(node);
                queue.push_back(target);
            }
        }
    }
    None
}
