//! Feedback links: what is sent back by one step is received by another, a fixed time later.

use super::Builder;
use super::mixing::{Need, Sums};
use crate::buffers::Life;
use crate::schedule::Line;
use crate::{Step, Why};

impl Builder<'_> {
    /// One line for each source channel of each feedback link.
    pub(super) fn number_lines(&mut self) {
        let mut twins = std::collections::HashMap::new();
        for (index, edge) in self.topology.edges.iter().enumerate().filter(|(_, edge)| edge.feedback) {
            self.lines[index] = self.schedule.lines.len();
            let link = &self.links[edge.link];
            let nth = twins.entry(link).or_insert(0usize);
            *nth += 1;
            let text = match *nth {
                1 => format!("{} ~> {}", link.from, link.to),
                nth => format!("{} ~> {} ({nth})", link.from, link.to),
            };
            let lines = (0..self.source_channels(edge).len()).map(|channel| Line { link: text.clone(), channel });
            self.schedule.lines.extend(lines);
        }
    }

    pub(super) fn receive(&mut self, line: usize) -> Life {
        let dst = self.buffers.take();
        self.schedule.steps.push(Step::Receive { dst, line });
        dst
    }

    /// Sends back what leaves a node along an edge.
    pub(super) fn send(&mut self, node: usize, edge: usize) {
        let first = self.lines[edge];
        let edge = &self.topology.edges[edge];
        let offset = self.source_offset(edge);
        let mut sums = Sums::default();
        for along in 0..self.source_channels(edge).len() {
            sums.push(self.faded(self.values[node][offset + along], edge));
            sums.end();
        }
        for (along, value) in self.sum_up(&sums, Need::Read, Why::Read).into_iter().flatten().enumerate() {
            self.schedule.steps.push(Step::Send { src: value.life, line: first + along });
            self.buffers.release(value.life);
        }
    }
}
