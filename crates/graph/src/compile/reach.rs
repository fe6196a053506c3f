//! How late a graph is, and how long it rings on.

use crate::resolve::Resolved;
use crate::topology::Topology;
use crate::{Frames, Slot, Tail};

/// The longest latency and tail up to any end of a graph, of which there are the slots of all nodes, and maybe others.
pub(crate) fn longest(Resolved { topology, order, .. }: &Resolved, slots: &[Slot]) -> (Frames, Tail) {
    let (latency, tail) = match slots.iter().all(|slot| (slot.latency, slot.tail) == (0, Tail::None)) {
        true => (0, Tail::None),
        false => {
            let reached = reached(topology, order, slots);
            let ends = (0..reached.len()).filter(|&node| topology.outgoing[node].is_empty());
            ends.map(|node| reached[node]).fold((0, Tail::None), longer)
        }
    };
    let loops = topology.edges.iter().any(|edge| edge.feedback);
    (latency, if loops { Tail::Infinite } else { tail })
}

/// Up to each node's output.
fn reached(topology: &Topology, order: &[usize], slots: &[Slot]) -> Vec<(Frames, Tail)> {
    let nodes = topology.ports.len();
    let mut reached = vec![(0, Tail::None); nodes];
    for slot in slots.iter().filter(|slot| slot.node < nodes) {
        reached[slot.node] = (slot.latency, slot.tail);
    }
    for &node in order {
        let edges = topology.incoming[node].iter().map(|&edge| &topology.edges[edge]);
        let sources = edges.filter(|edge| !edge.feedback).map(|edge| reached[edge.from.node()]);
        let (latency, tail) = sources.fold((0, Tail::None), longer);
        let own = reached[node];
        reached[node] = (latency.saturating_add(own.0), tail.then(own.1));
    }
    reached
}

fn longer(a: (Frames, Tail), b: (Frames, Tail)) -> (Frames, Tail) {
    (a.0.max(b.0), a.1.max(b.1))
}
