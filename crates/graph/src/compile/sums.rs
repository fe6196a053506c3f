//! Nodes that sum up and are not run: each output is a mix, or a channel of the input times a factor.

use std::mem::take;

use super::Builder;
use super::mixing::Need;
use super::value::Value;
use crate::{Factor, Summand, Summands, Why};

impl Builder<'_> {
    /// A node that adds up channels of its input times factors.
    pub(super) fn add_up(&mut self, node: usize, sums: &Summands) {
        self.entered.clear();
        self.enter(node, 0, Need::Value);
        let slot = self.schedule.slots.come(node);
        let entered = self.shared_by(node, sums);
        let mut all = take(&mut self.sums);
        all.clear();
        for (output, channel) in self.outputs.of(node).enumerate() {
            for summand in self.heard(sums, output, channel) {
                let (value, factor) = (entered[summand.from], summand.factor as u32);
                let factors = self.products.times(value.factors, Factor::Gain { slot, factor });
                all.push(Value { factors, ..value });
            }
            all.end();
        }
        let mut channels = self.outputs.of(node);
        let mut values = Vec::with_capacity(channels.len());
        self.sum_up(&all, Need::Value, Why::Sums, |builder, value| {
            let is_heard = channels.next().is_some_and(|channel| builder.outputs.readers(channel) > 0);
            values.push(value.unwrap_or_else(|| builder.silence(is_heard)));
        });
        self.outputs.come(node, values);
        (self.sums, self.entered) = (all, entered);
    }

    /// What enters a node, for all of its summands that read it: what several of them read is multiplied out before, and what
    /// none reads is over.
    fn shared_by(&mut self, node: usize, sums: &Summands) -> Vec<Value> {
        let mut entered = take(&mut self.entered);
        let mut readers = vec![0; entered.len()];
        for (output, channel) in self.outputs.of(node).enumerate() {
            self.heard(sums, output, channel).iter().for_each(|summand| readers[summand.from] += 1);
        }
        self.multiply_out(&mut entered, &readers);
        entered.iter().zip(readers).for_each(|(value, readers)| self.buffers.live_on(value.life, readers));
        entered
    }

    /// The summands of an output, if anybody reads it.
    fn heard<'s>(&self, sums: &'s Summands, output: usize, channel: usize) -> &'s [Summand] {
        if self.outputs.readers(channel) > 0 { sums.of(output) } else { &[] }
    }

    fn silence(&mut self, is_heard: bool) -> Value {
        Value::plain(if is_heard { self.clear() } else { self.buffers.nothing() })
    }
}
