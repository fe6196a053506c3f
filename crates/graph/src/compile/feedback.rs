//! Feedback links: what is sent back by one step is received by another, a fixed time later.

use std::mem::take;

use rustc_hash::FxHashMap;

use super::Builder;
use super::mixing::Need;
use super::value::Value;
use crate::buffers::Life;
use crate::schedule::Line;
use crate::{Step, Why};

impl Builder<'_> {
    /// One line for each source channel of each feedback link.
    pub(super) fn number_lines(&mut self) {
        let mut twins = FxHashMap::default();
        for (index, edge) in self.topology.feedback_edges() {
            self.lines.resize(self.topology.edges.len(), 0);
            self.lines[index] = self.schedule.lines.len();
            let link = &self.graph.links()[edge.link()];
            let nth = twins.entry(link).or_insert(0usize);
            *nth += 1;
            let text = match *nth {
                1 => format!("{} ~> {}", link.from, link.to),
                nth => format!("{} ~> {} ({nth})", link.from, link.to),
            };
            let lines = (0..self.lanes[index].width()).map(|channel| Line { link: text.clone(), channel });
            self.schedule.lines.extend(lines);
        }
    }

    pub(super) fn receive(&mut self, line: usize) -> Life {
        let dst = self.buffers.take();
        self.schedule.steps.push(Step::Receive { dst, line });
        dst
    }

    /// Sends back what leaves a node along an edge.
    pub(super) fn send(&mut self, edge: usize) {
        let (mut line, sources) = (self.lines[edge], self.lanes[edge].sources());
        let edge = &self.topology.edges[edge];
        let mut sums = take(&mut self.sums);
        sums.clear();
        for source in sources {
            sums.push(self.faded(self.outputs.value(source), edge));
            sums.end();
        }
        self.sum_up(&sums, Need::Read, Why::Read, |builder, value| {
            let Some(Value { life: src, .. }) = value else { return };
            builder.schedule.steps.push(Step::Send { src, line });
            builder.buffers.release(src);
            line += 1;
        });
        self.sums = sums;
    }
}
