//! What enters a port, and the mixes that it takes for that.

use std::ops::Range;

use super::value::Value;
use super::{Builder, Fading};
use crate::buffers::Life;
use crate::topology::Edge;
use crate::{Factor, Step, Term, Why};

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
        let start = if channel == 0 { 0 } else { self.ends[channel - 1] };
        &self.values[start..self.ends[channel]]
    }

    fn group(&self, channels: Range<usize>) -> impl Iterator<Item = &[Value]> {
        channels.map(|channel| self.of(channel))
    }
}

impl Builder<'_> {
    /// What enters a port, one value for each channel, each to be read and then released once.
    pub(super) fn enter(&mut self, node: usize, port: usize, need: Need) -> Vec<Value> {
        let sums = self.gather(node, port);
        let summed = self.sum_up(&sums, need, Why::Meet);
        summed.into_iter().map(|value| value.unwrap_or_else(|| Value::plain(self.clear()))).collect()
    }

    /// The values whose sum enters each channel of a port, in link order.
    fn gather(&mut self, node: usize, port: usize) -> Sums {
        let topology = self.topology;
        let fold = self.folds[node].take_if(|fold| fold.port == port);
        let mut sums = Sums::default();
        for channel in 0..self.widths[node].inputs[port] {
            let edges = topology.incoming[node].iter().filter(|&&edge| topology.edges[edge].to.port == port);
            if let Some(folded) = fold.as_ref().and_then(|fold| fold.folded[channel]) {
                sums.push(folded);
            }
            for &edge in edges.clone().skip(fold.as_ref().map_or(0, |fold| fold.next)) {
                self.source(edge, channel).into_iter().for_each(|value| sums.push(value));
            }
            if self.ends(edges.clone().map(|&edge| &topology.edges[edge]), channel) {
                // What is left of them in the end is the silence of a channel that nothing enters, to the bit.
                sums.push(Value::plain(self.clear()));
            }
            sums.end();
        }
        sums
    }

    /// What comes along an edge into a channel, if anything does.
    pub(super) fn source(&mut self, index: usize, channel: usize) -> Option<Value> {
        let edge = &self.topology.edges[index];
        let along = self.along(edge, channel)?;
        Some(match edge.feedback {
            true => Value::plain(self.receive(self.lines[index] + along)),
            false => self.faded(self.values[edge.from.node][self.source_offset(edge) + along], edge),
        })
    }

    /// Whether something enters a channel now, and nothing in the end.
    fn ends<'e>(&self, edges: impl Iterator<Item = &'e Edge>, channel: usize) -> bool {
        if self.fading.fades.is_empty() {
            return false;
        }
        let mut enter = edges.filter(|edge| self.along(edge, channel).is_some()).peekable();
        enter.peek().is_some() && enter.all(|edge| self.fading.ends(edge))
    }

    /// One value for each channel, as it is needed; none where there is nothing. Channels of the same shape are mixed
    /// together.
    pub(super) fn sum_up(&mut self, sums: &Sums, need: Need, why: Why) -> Vec<Option<Value>> {
        let mut values = Vec::with_capacity(sums.channels());
        while values.len() < sums.channels() {
            let channel = values.len();
            match *sums.of(channel) {
                [] => values.push(None),
                [only] if self.suits(only, need) => values.push(Some(only)),
                [ref first, ref more @ ..] => {
                    let copied = if first.is_plain() { Why::Apart } else { Why::Read };
                    let why = if more.is_empty() { copied } else { why };
                    values.extend(self.mix(sums, self.alike(sums, channel), why).into_iter().map(plain));
                }
            }
        }
        values
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
        let more = sums.group(channel + 1..sums.channels()).take_while(|other| same(other)).count();
        channel..channel + 1 + more
    }

    /// Mixes channels of the same shape. Each goes to the buffer of its first term if nobody else reads that, else to a fresh
    /// one.
    pub(super) fn mix(&mut self, sums: &Sums, channels: Range<usize>, why: Why) -> Vec<Life> {
        let all: Vec<Value> = sums.group(channels.clone()).flatten().copied().collect();
        let once = |life: Life| all.iter().filter(|value| value.life == life).count() == 1;
        let firsts = sums.group(channels.clone()).map(|values| values[0].life);
        let places: Vec<Option<Life>> =
            firsts.map(|life| (self.buffers.is_sole(life) && once(life)).then_some(life)).collect();
        let lives: Vec<Life> = places.iter().map(|place| place.unwrap_or_else(|| self.buffers.take())).collect();
        let dst = self.wires(&lives.iter().map(|&life| Value::plain(life)).collect::<Vec<_>>());
        let start = self.schedule.terms.len();
        for (index, first) in sums.of(channels.start).iter().enumerate() {
            let sources: Vec<Value> = sums.group(channels.clone()).map(|values| values[index]).collect();
            let sources = self.wires(&sources);
            let at = self.schedule.factors.len();
            self.products.write(first.factors, &mut self.schedule.factors);
            self.schedule.terms.push(Term { sources, factors: at..self.schedule.factors.len() });
        }
        self.schedule.steps.push(Step::Mix { dst, terms: start..self.schedule.terms.len(), why });
        let kept = |life: &Life| places.contains(&Some(*life));
        all.iter().map(|value| value.life).filter(|life| !kept(life)).for_each(|life| self.buffers.release(life));
        lives
    }

    // What a node puts out.

    /// Fades what a node puts out, for all of its readers.
    pub(super) fn fade_outputs(&mut self, node: usize) {
        for &fade in Fading::of(&self.fading.nodes, node) {
            for value in &mut self.values[node] {
                value.factors = self.products.times(value.factors, Factor::Fade(fade));
            }
        }
    }

    /// What one reader takes of a value, faded as its link is.
    pub(super) fn faded(&mut self, value: Value, edge: &Edge) -> Value {
        let fades = Fading::of(&self.fading.links, edge.link).iter();
        let factors = fades.fold(value.factors, |factors, &fade| self.products.times(factors, Factor::Fade(fade)));
        Value { factors, ..value }
    }

    /// Lets what a node puts out live as long as it has readers. What several read is multiplied out before; what nobody
    /// reads is over.
    pub(super) fn share(&mut self, node: usize) {
        let ports = 0..self.topology.ports[node].outputs.len();
        let readers: Vec<u32> = ports.flat_map(|port| self.readers(node, port)).collect();
        let scaled = |(value, &readers): (&Value, &u32)| readers > 1 && !value.is_plain();
        if self.values[node].iter().zip(&readers).any(scaled) {
            self.multiply_out(node, &readers);
        }
        for (value, readers) in self.values[node].iter().zip(readers) {
            match readers {
                0 => self.buffers.release(value.life),
                1 => {}
                _ => self.buffers.share(value.life, readers),
            }
        }
    }

    /// Multiplies out what several read of what a node puts out.
    fn multiply_out(&mut self, node: usize, readers: &[u32]) {
        let mut sums = Sums::default();
        for (&value, &readers) in self.values[node].iter().zip(readers) {
            if readers > 1 && !value.is_plain() {
                sums.push(value);
            }
            sums.end();
        }
        for channel in 0..sums.channels() {
            // Those of a group are plain by the time it is their turn.
            if sums.of(channel).is_empty() || self.values[node][channel].is_plain() {
                continue;
            }
            let channels = self.alike(&sums, channel);
            for (channel, life) in channels.clone().zip(self.mix(&sums, channels, Why::Shared)) {
                self.values[node][channel] = Value::plain(life);
            }
        }
    }

    /// How often each channel of an output port will be read: by each target channel, or once to be sent back.
    pub(super) fn readers(&self, node: usize, port: usize) -> Vec<u32> {
        let mut readers = vec![0; self.widths[node].outputs[port]];
        for &index in &self.topology.outgoing[node] {
            let edge = &self.topology.edges[index];
            if edge.from.port != port {
                continue;
            }
            let source = self.source_channels(edge);
            let target = edge.to.channels.as_ref().map_or(self.widths[edge.to.node].inputs[edge.to.port], Range::len);
            let each = if edge.feedback || source.len() > 1 { 1 } else { target as u32 };
            source.for_each(|channel| readers[channel] += each);
        }
        readers
    }

    // Channels of a link.

    /// Which of the link's source channels reaches this channel of its target, if any does.
    fn along(&self, edge: &Edge, channel: usize) -> Option<usize> {
        let target = edge.to.channels.clone().unwrap_or(0..self.widths[edge.to.node].inputs[edge.to.port]);
        let copies = self.source_channels(edge).len() == 1;
        target.contains(&channel).then(|| if copies { 0 } else { channel - target.start })
    }

    /// The channels of the source port that a link takes.
    pub(super) fn source_channels(&self, edge: &Edge) -> Range<usize> {
        edge.from.channels.clone().unwrap_or(0..self.widths[edge.from.node].outputs[edge.from.port])
    }

    /// Where the link's first channel stands among the values of its source node.
    pub(super) fn source_offset(&self, edge: &Edge) -> usize {
        let before: usize = self.widths[edge.from.node].outputs[..edge.from.port].iter().sum();
        before + self.source_channels(edge).start
    }

    // Steps.

    pub(super) fn clear(&mut self) -> Life {
        let dst = self.buffers.take();
        self.schedule.steps.push(Step::Clear { dst });
        dst
    }

    /// The lives of values, one after the other.
    pub(super) fn wires(&mut self, values: &[Value]) -> Range<usize> {
        let start = self.schedule.wires.len();
        self.schedule.wires.extend(values.iter().map(|value| value.life));
        start..self.schedule.wires.len()
    }
}

fn plain(life: Life) -> Option<Value> {
    Some(Value::plain(life))
}
