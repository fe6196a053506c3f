//! Wide sums, part by part: what comes first is summed up before the rest comes, so that it needs no more buffers.

use std::mem::take;

use super::Builder;
use super::mixing::Need;
use super::value::Value;
use crate::Why;
use crate::channels::OfPorts;
use crate::topology::Topology;

/// Sources of a sum that may hold buffers before they are folded into one.
const HELD: usize = 8;

/// A port that more links enter than should hold buffers.
pub(super) struct Fold {
    pub(super) port: usize,
    /// The links into it, in order.
    edges: Vec<usize>,
    /// The first that is not folded yet, and the first that is not there yet.
    pub(super) next: usize,
    ready: usize,
    /// How many of those between them hold a buffer.
    held: usize,
    /// The sum of what was folded, by channel.
    pub(super) folded: Vec<Option<Value>>,
}

/// The sums that are folded, by node: one port of each.
pub(super) fn wide_sums(topology: &Topology, widths: &[&OfPorts]) -> Vec<Option<Box<Fold>>> {
    let of = |node: usize, port: usize| {
        let enters = |edge: &usize| topology.edges[*edge].to.port() == port;
        let edges: Vec<usize> = topology.incoming.of(node).filter(enters).collect();
        let folded = vec![None; widths[node].inputs[port]];
        (edges.len() > HELD).then(|| Box::new(Fold { port, edges, next: 0, ready: 0, held: 0, folded }))
    };
    let wide = |node: usize| {
        let many = topology.incoming.of(node).len() > HELD;
        many.then(|| (0..widths[node].inputs.len()).find_map(|port| of(node, port))).flatten()
    };
    (0..widths.len()).map(wide).collect()
}

impl Builder<'_> {
    /// Folds what has come of the sum that enters a node, if that is enough.
    pub(super) fn fold_into(&mut self, node: usize) {
        let Some(mut fold) = self.folds[node].take() else { return };
        while let Some(&edge) = fold.edges.get(fold.ready).filter(|&&edge| self.has_come(edge)) {
            fold.ready += 1;
            fold.held += usize::from(self.holds(edge));
        }
        if fold.held >= HELD {
            self.fold(&mut fold);
        }
        self.folds[node] = Some(fold);
    }

    fn fold(&mut self, fold: &mut Fold) {
        let mut sums = take(&mut self.sums);
        sums.clear();
        for channel in 0..fold.folded.len() {
            fold.folded[channel].into_iter().for_each(|value| sums.push(value));
            for &edge in &fold.edges[fold.next..fold.ready] {
                self.source(edge, channel).into_iter().for_each(|value| sums.push(value));
            }
            sums.end();
        }
        fold.folded.clear();
        self.sum_up(&sums, Need::Value, Why::Fold, |_, value| fold.folded.push(value));
        self.sums = sums;
        (fold.next, fold.held) = (fold.ready, 0);
    }

    fn has_come(&self, edge: usize) -> bool {
        let edge = &self.topology.edges[edge];
        edge.feedback || self.outputs.has_come(edge.from.node())
    }

    fn holds(&self, edge: usize) -> bool {
        let mut values = self.outputs.values(self.lanes[edge].sources()).iter();
        !self.topology.edges[edge].feedback && values.any(|value| self.buffers.is_held(value.life))
    }
}
