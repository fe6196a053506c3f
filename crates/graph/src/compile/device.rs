//! The device's side: its channels are buffers like any others, read by nodes or written by them.

use std::mem::take;
use std::ops::Range;

use super::mixing::{Need, Sums};
use super::value::{Product, Value};
use super::{Builder, Fading};
use crate::buffers::Life;
use crate::{DeviceChannels, DeviceSide, Factor, Why};

impl Builder<'_> {
    /// A node that stands for the device.
    pub(super) fn device(&mut self, node: usize) {
        let topology = self.topology;
        match &topology.ports[node].device {
            Some(DeviceSide::Input(channels)) => self.device_input(node, channels),
            Some(DeviceSide::Output(channels)) => self.device_output(node, channels.as_deref()),
            None => unreachable!("all others have a slot"),
        }
    }

    fn device_input(&mut self, node: usize, channels: &DeviceChannels) {
        let visible = self.visible_inputs(node);
        let values =
            self.outputs.of(node).enumerate().map(|(index, output)| match (self.outputs.readers(output), channels) {
                (0, _) => Value::plain(self.buffers.nothing()),
                (_, DeviceChannels::All) => self.hear(Some(visible.start + index)),
                (_, DeviceChannels::Pick(list)) => self.hear(list[index].map(|channel| visible.start + channel)),
                (_, DeviceChannels::MonoMix) => self.mono_mix(visible.clone()),
            });
        let values: Vec<Value> = values.collect();
        self.outputs.come(node, values);
    }

    fn mono_mix(&mut self, visible: Range<usize>) -> Value {
        let factors = self.products.times(Product::ONE, Factor::Constant(1.0 / visible.len() as f32));
        let mut sums = Sums::default();
        visible.for_each(|channel| sums.push(Value { factors, ..self.hear(Some(channel)) }));
        sums.end();
        let mixed = self.mix(&sums, 0..1, Why::Meet);
        Value::plain(self.schedule.wires[mixed.start])
    }

    /// A channel of the device's input, or silence.
    fn hear(&mut self, channel: Option<usize>) -> Value {
        Value::plain(match channel {
            Some(channel) => *self.heard[channel].get_or_insert_with(|| self.buffers.input()),
            None => self.clear(),
        })
    }

    fn visible_inputs(&self, node: usize) -> Range<usize> {
        self.stream.visible_inputs(crate::NodeName::before_it_left(self.graph.at(node).0.as_str()))
    }

    fn device_output(&mut self, node: usize, channels: Option<&[usize]>) {
        self.entered.clear();
        self.enter(node, 0, Need::Value);
        let fades = Fading::of(&self.fading.nodes, node);
        let stays = !fades.iter().any(|&fade| !self.fading.fades[fade].rises);
        for (index, value) in self.entered.iter_mut().enumerate() {
            for &fade in fades {
                value.factors = self.products.times(value.factors, Factor::Fade(fade));
            }
            let channel = channels.map_or(index, |channels| channels[index]);
            if self.sent.len() <= channel {
                self.sent.resize(channel + 1, Vec::new());
                self.stays.resize(channel + 1, false);
            }
            self.sent[channel].push(*value);
            self.stays[channel] |= stays;
        }
        self.outputs.come(node, []);
    }

    /// What reaches each channel of the device's output. A chain that ends there lives in the device's buffer from its start.
    pub(super) fn close_device(&mut self) -> Vec<Option<Life>> {
        let mut sums = Sums::default();
        for (values, stays) in take(&mut self.sent).into_iter().zip(take(&mut self.stays)) {
            if !(values.is_empty() || stays) {
                // What is left of them in the end is the silence of a channel that nothing reaches, to the bit.
                sums.push(Value::plain(self.clear()));
            }
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
