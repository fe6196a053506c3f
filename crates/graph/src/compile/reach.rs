//! How late a graph is, and how long it rings on.

use crate::resolve::Resolved;
use crate::{Frames, Slot, Tail};

/// The longest latency and tail up to any end of a graph.
pub(crate) fn longest(resolved: &Resolved) -> (Frames, Tail) {
    let Resolved { topology, asked, .. } = resolved;
    let (latency, tail) = match asked.iter().flatten().all(|slot| (slot.latency, slot.tail) == (0, Tail::None)) {
        true => (0, Tail::None),
        false => {
            let reached = reached(resolved);
            let ends = (0..reached.len()).filter(|&node| topology.outgoing.of(node).len() == 0);
            ends.map(|node| reached[node]).fold((0, Tail::None), longer)
        }
    };
    (latency, if topology.has_feedback() { Tail::Infinite } else { tail })
}

/// Up to each node's output.
fn reached(Resolved { topology, order, asked, .. }: &Resolved) -> Vec<(Frames, Tail)> {
    let own = |slot: &Option<Slot>| slot.as_ref().map_or((0, Tail::None), |slot| (slot.latency, slot.tail));
    let mut reached: Vec<(Frames, Tail)> = asked.iter().map(own).collect();
    for &node in &**order {
        let edges = topology.incoming.of(node).map(|edge| &topology.edges[edge]);
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
