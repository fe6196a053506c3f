//! What enters a port, and the mixes that it takes for that.

use std::mem::take;
use std::ops::Range;

use super::value::Value;
use super::{Builder, Fading};
use crate::buffers::Life;
use crate::topology::Edge;
use crate::{Factor, Schedule, Step, Term, Why};

/// What a reader can do with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Anything.
    Value,
    /// Read it: factors are multiplied out.
    Read,
    /// Write it, too: nobody else reads it.
    Own,
}

/// What is summed up in each channel of a port.
#[derive(Default)]
pub(super) struct Sums {
    values: Vec<Value>,
    ends: Vec<usize>,
}

impl Sums {
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    /// The channel is complete.
    pub(super) fn end(&mut self) {
        self.ends.push(self.values.len());
    }

    pub(super) fn channels(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn of(&self, channel: usize) -> &[Value] {
        &self.values[self.of_group(channel..channel + 1)]
    }

    /// All values of some channels.
    fn group(&self, channels: Range<usize>) -> &[Value] {
        &self.values[self.of_group(channels)]
    }

    fn of_group(&self, channels: Range<usize>) -> Range<usize> {
        let start = if channels.start == 0 { 0 } else { self.ends[channels.start - 1] };
        start..self.ends[channels.end - 1]
    }
}

impl Builder<'_> {
    /// Appends what enters a port to [`Builder::entered`], one value for each channel, each to be read and then released once.
    pub(super) fn enter(&mut self, node: usize, port: usize, need: Need) {
        if let Some(channels) = self.only(node, port, need) {
            return self.entered.extend_from_slice(self.outputs.values(channels));
        }
        let mut sums = take(&mut self.sums);
        self.gather(node, port, &mut sums);
        self.sum_up(&sums, need, Why::Meet, |builder, value| {
            let value = value.unwrap_or_else(|| Value::plain(builder.clear()));
            builder.entered.push(value);
        });
        self.sums = sums;
    }

    /// Where all that enters a port comes from, as it is, if no other link enters the node.
    fn only(&self, node: usize, port: usize, need: Need) -> Option<Range<usize>> {
        let mut incoming = self.topology.incoming.of(node);
        let (Some(only), None) = (incoming.next(), incoming.next()) else { return None };
        let (edge, lane) = (&self.topology.edges[only], self.lanes[only]);
        let fades = || !Fading::of(&self.fading.links, edge.link()).is_empty() || self.fading.ends(edge);
        if edge.feedback || edge.to.port() != port || !lane.is_whole(self.widths[node].inputs[port]) || fades() {
            return None;
        }
        let mut values = self.outputs.values(lane.sources()).iter();
        values.all(|&value| self.suits(value, need)).then(|| lane.sources())
    }

    /// The values whose sum enters each channel of a port, in link order.
    fn gather(&mut self, node: usize, port: usize, sums: &mut Sums) {
        let topology = self.topology;
        let fold = self.folds[node].take_if(|fold| fold.port == port);
        let edges = || topology.incoming.of(node).filter(|&edge| topology.edges[edge].to.port() == port);
        sums.clear();
        for channel in 0..self.widths[node].inputs[port] {
            if let Some(folded) = fold.as_ref().and_then(|fold| fold.folded[channel]) {
                sums.push(folded);
            }
            for edge in edges().skip(fold.as_ref().map_or(0, |fold| fold.next)) {
                self.source(edge, channel).into_iter().for_each(|value| sums.push(value));
            }
            if self.ends(edges(), channel) {
                // What is left of them in the end is the silence of a channel that nothing enters, to the bit.
                sums.push(Value::plain(self.clear()));
            }
            sums.end();
        }
    }

    /// What comes along an edge into a channel, if anything does.
    pub(super) fn source(&mut self, index: usize, channel: usize) -> Option<Value> {
        let (edge, lane) = (&self.topology.edges[index], self.lanes[index]);
        let along = lane.along(channel)?;
        Some(match edge.feedback {
            true => Value::plain(self.receive(self.lines[index] + along)),
            false => self.faded(self.outputs.value(lane.sources().start + along), edge),
        })
    }

    /// Whether something enters a channel now, and nothing in the end.
    fn ends(&self, edges: impl Iterator<Item = usize>, channel: usize) -> bool {
        if self.fading.fades.is_empty() {
            return false;
        }
        let mut enter = edges.filter(|&edge| self.lanes[edge].along(channel).is_some()).peekable();
        enter.peek().is_some() && enter.all(|edge| self.fading.ends(&self.topology.edges[edge]))
    }

    /// Gives one value for each channel, as it is needed; none where there is nothing. Channels of the same shape are mixed
    /// together.
    pub(super) fn sum_up(&mut self, sums: &Sums, need: Need, why: Why, mut give: impl FnMut(&mut Self, Option<Value>)) {
        let mut channel = 0;
        while channel < sums.channels() {
            let alone = channel..channel + 1;
            let done = match *sums.of(channel) {
                [] => {
                    give(self, None);
                    alone
                }
                [only] if self.suits(only, need) => {
                    give(self, Some(only));
                    alone
                }
                [ref first, ref more @ ..] => {
                    let copied = if first.is_plain() { Why::Apart } else { Why::Read };
                    let why = if more.is_empty() { copied } else { why };
                    let channels = self.alike(sums, channel);
                    for at in self.mix(sums, channels.clone(), why) {
                        give(self, Some(Value::plain(self.schedule.wires[at])));
                    }
                    channels
                }
            };
            channel = done.end;
        }
    }

    fn suits(&self, value: Value, need: Need) -> bool {
        match need {
            Need::Value => true,
            Need::Read => value.is_plain(),
            Need::Own => value.is_plain() && self.buffers.is_sole(value.life),
        }
    }

    /// The channels from this one on that are sums of the same shape.
    pub(super) fn alike(&self, sums: &Sums, channel: usize) -> Range<usize> {
        let first = sums.of(channel);
        let same = |other: &[Value]| {
            // A copy of what another channel takes, too: the last one takes it over.
            let shared = first.len() == 1 && other.len() == 1 && first[0].life == other[0].life;
            let factors = first.iter().map(|value| value.factors);
            factors.eq(other.iter().map(|value| value.factors)) && !(shared && self.buffers.is_held(first[0].life))
        };
        let more = (channel + 1..sums.channels()).take_while(|&other| same(sums.of(other))).count();
        channel..channel + 1 + more
    }

    /// Mixes channels of the same shape. Each goes to the buffer of its first term if nobody else reads that, else to a fresh
    /// one: which they are, in the schedule's wires.
    pub(super) fn mix(&mut self, sums: &Sums, channels: Range<usize>, why: Why) -> Range<usize> {
        let all = sums.group(channels.clone());
        let (dst, start) = (self.schedule.wires.len(), self.schedule.terms.len());
        for channel in channels.clone() {
            let first = sums.of(channel)[0].life;
            let once = || all.iter().filter(|value| value.life == first).count() == 1;
            let place = if self.buffers.is_sole(first) && once() { first } else { self.buffers.take() };
            self.schedule.wires.push(place);
        }
        let dst = dst..self.schedule.wires.len();
        for (index, first) in sums.of(channels.start).iter().enumerate() {
            let sources = channels.clone().map(|channel| sums.of(channel)[index]);
            let sources = wires(&mut self.schedule, sources);
            let at = self.schedule.factors.len();
            self.products.write(first.factors, &mut self.schedule.factors);
            self.schedule.terms.push(Term { sources, factors: at..self.schedule.factors.len() });
        }
        self.schedule.steps.push(Step::Mix { dst: dst.clone(), terms: start..self.schedule.terms.len(), why });
        let kept = &self.schedule.wires[dst.clone()];
        all.iter().filter(|value| !kept.contains(&value.life)).for_each(|value| self.buffers.release(value.life));
        dst
    }

    // What a node puts out.

    /// Fades what a node puts out, for all of its readers.
    pub(super) fn fade_outputs(&mut self, node: usize) {
        for &fade in Fading::of(&self.fading.nodes, node) {
            for value in self.outputs.values_mut(self.outputs.of(node)) {
                value.factors = self.products.times(value.factors, Factor::Fade(fade));
            }
        }
    }

    /// What one reader takes of a value, faded as its link is.
    pub(super) fn faded(&mut self, value: Value, edge: &Edge) -> Value {
        let fades = Fading::of(&self.fading.links, edge.link()).iter();
        let factors = fades.fold(value.factors, |factors, &fade| self.products.times(factors, Factor::Fade(fade)));
        Value { factors, ..value }
    }

    /// Lets what a node puts out live as long as it has readers. What several read is multiplied out before; what nobody
    /// reads is over.
    pub(super) fn share(&mut self, node: usize) {
        let channels = self.outputs.of(node);
        let is_scaled_for_several =
            |channel: usize| is_scaled_for(self.outputs.readers(channel), self.outputs.value(channel));
        if channels.clone().any(is_scaled_for_several) {
            let mut values = self.outputs.values(channels.clone()).to_vec();
            let readers: Vec<u32> = channels.clone().map(|channel| self.outputs.readers(channel)).collect();
            self.multiply_out(&mut values, &readers);
            self.outputs.values_mut(channels.clone()).copy_from_slice(&values);
        }
        for (value, channel) in self.outputs.values(channels.clone()).iter().zip(channels) {
            self.buffers.live_on(value.life, self.outputs.readers(channel));
        }
    }

    /// Multiplies out those values that have factors and several readers.
    pub(super) fn multiply_out(&mut self, values: &mut [Value], readers: &[u32]) {
        let mut sums = take(&mut self.sums);
        sums.clear();
        for (&value, &readers) in values.iter().zip(readers) {
            if is_scaled_for(readers, value) {
                sums.push(value);
            }
            sums.end();
        }
        for channel in 0..values.len() {
            // Those of a group are plain by the time it is their turn.
            if !is_scaled_for(readers[channel], values[channel]) {
                continue;
            }
            let channels = self.alike(&sums, channel);
            let mixed = self.mix(&sums, channels.clone(), Why::Shared);
            for (value, &life) in values[channels].iter_mut().zip(&self.schedule.wires[mixed]) {
                *value = Value::plain(life);
            }
        }
        self.sums = sums;
    }

    pub(super) fn clear(&mut self) -> Life {
        let dst = self.buffers.take();
        self.schedule.steps.push(Step::Clear { dst });
        dst
    }
}

/// Whether several readers would each have to multiply.
fn is_scaled_for(readers: u32, value: Value) -> bool {
    readers > 1 && !value.is_plain()
}

/// Appends the lives of values, one after the other.
pub(super) fn wires(schedule: &mut Schedule, values: impl IntoIterator<Item = Value>) -> Range<usize> {
    let start = schedule.wires.len();
    schedule.wires.extend(values.into_iter().map(|value| value.life));
    start..schedule.wires.len()
}
