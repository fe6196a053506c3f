//! The device's side: its channels are buffers like any others, read by nodes or written by them.

use std::mem::take;
use std::ops::Range;

use super::Builder;
use super::mixing::{Need, Sums};
use super::value::{Product, Value};
use crate::buffers::Life;
use crate::{DeviceChannels, Factor, Why};

impl Builder<'_> {
    pub(super) fn device_input(&mut self, node: usize, channels: &DeviceChannels) {
        let visible = self.visible_inputs(node);
        self.count_readers(node);
        let readers = take(&mut self.readers);
        let values: Vec<Value> = match channels {
            DeviceChannels::All => {
                visible.zip(&readers).map(|(channel, &readers)| self.hear(Some(channel), readers)).collect()
            }
            DeviceChannels::Pick(list) => {
                let device = |channel: &Option<usize>| channel.map(|channel| visible.start + channel);
                list.iter().zip(&readers).map(|(channel, &readers)| self.hear(device(channel), readers)).collect()
            }
            DeviceChannels::MonoMix if readers[0] == 0 => vec![Value::plain(self.buffers.nothing())],
            DeviceChannels::MonoMix => vec![self.mono_mix(visible)],
        };
        self.outputs.push(node, values);
        self.readers = readers;
    }

    fn mono_mix(&mut self, visible: Range<usize>) -> Value {
        let factors = self.products.times(Product::ONE, Factor::Constant(1.0 / visible.len() as f32));
        let mut sums = Sums::default();
        visible.for_each(|channel| sums.push(Value { factors, ..self.hear(Some(channel), 1) }));
        sums.end();
        let mixed = self.mix(&sums, 0..1, Why::Meet);
        Value::plain(self.schedule.wires[mixed.start])
    }

    /// A channel of the device's input, or silence.
    fn hear(&mut self, channel: Option<usize>, readers: u32) -> Value {
        Value::plain(match channel {
            _ if readers == 0 => self.buffers.nothing(),
            Some(channel) => *self.heard[channel].get_or_insert_with(|| self.buffers.input()),
            None => self.clear(),
        })
    }

    fn visible_inputs(&self, node: usize) -> Range<usize> {
        self.stream.visible_inputs(crate::NodeName::before_it_left(self.graph.at(node).0.as_str()))
    }

    pub(super) fn device_output(&mut self, node: usize, channels: Option<&[usize]>) {
        self.entered.clear();
        self.enter(node, 0, Need::Value);
        for (index, &value) in self.entered.iter().enumerate() {
            let channel = channels.map_or(index, |channels| channels[index]);
            if self.sent.len() <= channel {
                self.sent.resize(channel + 1, Vec::new());
            }
            self.sent[channel].push(value);
        }
        self.outputs.push(node, []);
    }

    /// What reaches each channel of the device's output. A chain that ends there lives in the device's buffer from its start.
    pub(super) fn close_device(&mut self) -> Vec<Option<Life>> {
        let mut sums = Sums::default();
        for values in take(&mut self.sent) {
            values.into_iter().for_each(|value| sums.push(value));
            sums.end();
        }
        let mut outputs = Vec::with_capacity(sums.channels());
        while outputs.len() < sums.channels() {
            let channel = outputs.len();
            match *sums.of(channel) {
                [] => outputs.push(None),
                [only] if only.is_plain() && self.buffers.is_sole(only.life) => outputs.push(Some(only.life)),
                _ => {
                    let mixed = self.mix(&sums, self.alike(&sums, channel), Why::Device);
                    outputs.extend(self.schedule.wires[mixed].iter().copied().map(Some));
                }
            }
            outputs[channel..].iter().flatten().for_each(|&life| self.buffers.is_output(life));
        }
        outputs
    }
}
