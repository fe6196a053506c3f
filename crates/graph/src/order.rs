//! The order nodes run in: depth first, so that a branch ends before the next begins.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::topology::Topology;
use crate::{DeviceSide, Graph, GraphError, Place, Ports};

type Forward = DiGraph<(), usize>;

/// Node indices such that every forward link runs from an earlier to a later one: device inputs first, device outputs
/// last, and between them depth first from the outputs, sources in link order.
pub(crate) fn order(graph: &Graph, topology: &Topology, errors: &mut Vec<GraphError>) -> Vec<usize> {
    of(topology).unwrap_or_else(|| {
        report_loops(graph, &forward_links(topology), errors);
        Vec::new()
    })
}

/// The same; `None` where forward links form a loop.
pub(crate) fn of(topology: &Topology) -> Option<Vec<usize>> {
    let groups = &topology.groups;
    let all = depth_first(topology)?;
    let mut lists = [const { Vec::new() }; 3];
    lists[Group::Middle as usize].reserve(all.len());
    all.into_iter().for_each(|node| lists[groups[node] as usize].push(node));
    Some(lists.concat())
}

/// Where in the order a node stands, whatever feeds it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Inputs,
    Middle,
    Outputs,
}

impl Group {
    pub(crate) fn of(ports: &Ports) -> Self {
        match ports.device {
            Some(DeviceSide::Input(_)) => Self::Inputs,
            None => Self::Middle,
            Some(DeviceSide::Output(_)) => Self::Outputs,
        }
    }
}

/// The nodes on loops of forward links.
pub(crate) fn knotted(topology: &Topology) -> Vec<usize> {
    let knots = kosaraju_scc(&forward_links(topology)).into_iter().filter(|knot| knot.len() > 1);
    knots.flatten().map(NodeIndex::index).collect()
}

/// All nodes, each after what it is fed by; `None` where forward links form a loop.
fn depth_first(topology: &Topology) -> Option<Vec<usize>> {
    let (nodes, groups) = (topology.ports.len(), &topology.groups);
    let is_end = |node: usize| topology.outgoing.of(node).all(|edge| topology.edges[edge].feedback);
    let mut walk = Walk { topology, reached: vec![Reached::Not; nodes], order: Vec::with_capacity(nodes) };
    let of_outputs = (0..nodes).filter(|&node| groups[node] == Group::Outputs).all(|root| walk.from(root));
    let of_ends = of_outputs && (0..nodes).all(|root| walk.is_through(root) || !is_end(root) || walk.from(root));
    (of_ends && (0..nodes).all(|root| walk.is_through(root) || walk.from(root))).then_some(walk.order)
}

/// A walk upstream.
struct Walk<'a> {
    topology: &'a Topology,
    reached: Vec<Reached>,
    order: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Reached {
    Not,
    /// What feeds it is being walked.
    OnTheWay,
    Done,
}

impl Walk<'_> {
    fn is_through(&self, node: usize) -> bool {
        self.reached[node] == Reached::Done
    }

    /// Whether no loop was met.
    fn from(&mut self, root: usize) -> bool {
        let incoming = &self.topology.incoming;
        let mut path = Vec::with_capacity(self.reached.len());
        if self.reached[root] == Reached::Not {
            self.reached[root] = Reached::OnTheWay;
            path.push((root, incoming.of(root)));
        }
        while let Some((node, edges)) = path.last_mut() {
            let Some(edge) = edges.next() else {
                self.reached[*node] = Reached::Done;
                self.order.push(*node);
                path.pop();
                continue;
            };
            let edge = &self.topology.edges[edge];
            match self.reached[edge.from.node()] {
                _ if edge.feedback => {}
                Reached::Not => {
                    self.reached[edge.from.node()] = Reached::OnTheWay;
                    path.push((edge.from.node(), incoming.of(edge.from.node())));
                }
                Reached::OnTheWay => return false,
                Reached::Done => {}
            }
        }
        true
    }
}

/// The forward links as a petgraph.
fn forward_links(topology: &Topology) -> Forward {
    let mut forward = Forward::with_capacity(topology.ports.len(), topology.edges.len());
    for _ in 0..topology.ports.len() {
        forward.add_node(());
    }
    for edge in topology.edges.iter().filter(|edge| !edge.feedback) {
        forward.add_edge(NodeIndex::new(edge.from.node()), NodeIndex::new(edge.to.node()), edge.link());
    }
    forward
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
