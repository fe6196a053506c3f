//! The linear step: in each channel, a sum of sources times factors. A tile of frames stays in registers for all of it.

use std::marker::PhantomData;

use super::{Clean, Finite, Look, Vector};
use crate::BufferId;
use crate::arena::Memory;

/// One summand or several of the same source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    /// Where its sources start among the buffers, one for each channel.
    pub(crate) sources: u32,
    /// Where its factors start, and how many they are.
    pub(crate) factors: u32,
    pub(crate) count: u32,
    /// Whether the source is added once times each factor, instead of once times all of them.
    pub(crate) fans: bool,
    /// Whether its sources are what the device gives, and nobody has looked at them before.
    pub(crate) hears: bool,
}

/// What a sum has seen of the samples that it passes over.
pub(crate) struct Seen<V> {
    /// The sources of terms that hear.
    pub(crate) heard: Clean<V>,
    /// All that was written.
    pub(crate) given: Finite<V>,
}

impl<V: Vector> Seen<V> {
    #[inline(always)]
    pub(crate) fn nothing() -> Self {
        Self { heard: Clean::new(), given: Finite::new() }
    }

    /// Looks at the sources of the terms that hear, in so many channels.
    #[inline(always)]
    pub(crate) fn hear<'s>(
        &mut self,
        terms: &[Term],
        wires: &[BufferId],
        channels: usize,
        samples: impl Fn(BufferId) -> &'s [f32],
    ) {
        for term in terms {
            if term.hears {
                for &source in &wires[term.sources as usize..][..channels] {
                    self.heard.see(samples(source));
                }
            }
        }
    }

    /// Looks at what was written.
    #[inline(always)]
    pub(crate) fn give<'s>(&mut self, dst: &[BufferId], samples: impl Fn(BufferId) -> &'s [f32]) {
        for &buffer in dst {
            self.given.see(samples(buffer));
        }
    }
}

/// A sum whose factors are all steady.
pub(crate) struct Sum<'a> {
    pub(crate) memory: &'a Memory,
    /// The buffers written, one for each channel.
    pub(crate) dst: &'a [BufferId],
    /// What the terms' sources are counted in.
    pub(crate) wires: &'a [BufferId],
    /// The first of them does not fan.
    pub(crate) terms: &'a [Term],
    /// What the terms' factors are counted in.
    pub(crate) factors: &'a [f32],
    pub(crate) frames: usize,
}

impl Sum<'_> {
    /// Sums up.
    #[inline(always)]
    pub(crate) fn work<V: Vector>(&self) {
        Tiles::<V, false> { sum: self, seen: &mut Seen::nothing() }.all();
    }

    /// Sums up, and looks at what it reads and writes.
    #[inline(always)]
    pub(crate) fn work_looking<V: Vector>(&self, seen: &mut Seen<V>) {
        let Self { memory, dst, wires, terms, frames, .. } = *self;
        if V::LANES < 8 {
            // The baseline's registers are too few to look on the way: tiles would be put away for it.
            self.work::<V>();
            let samples = |buffer| memory.read(buffer, frames);
            seen.hear(terms, wires, dst.len(), samples);
            seen.give(dst, samples);
        } else {
            Tiles::<V, true> { sum: self, seen }.all();
        }
    }
}

/// A sum, tile by tile.
struct Tiles<'a, V, const LOOKS: bool> {
    sum: &'a Sum<'a>,
    seen: &'a mut Seen<V>,
}

impl<V: Vector, const LOOKS: bool> Tiles<'_, V, LOOKS> {
    /// Channels two by two. As many frames as registers hold of one channel, as long as there are so many; then of both
    /// channels together, half of them, a quarter, an eighth: a short block has no less to do at once. What no vector fits
    /// into goes frame by frame.
    #[inline(always)]
    fn all(&mut self) {
        let mut channel = 0;
        while channel < self.sum.dst.len() {
            let pair = channel + 1 < self.sum.dst.len();
            let mut at = 0;
            while self.sum.frames - at >= 8 * V::LANES {
                self.tile::<8, 1>(channel, at);
                if pair {
                    self.tile::<8, 1>(channel + 1, at);
                }
                at += 8 * V::LANES;
            }
            if pair {
                at += self.tile_if::<8, 2>(channel, at);
                at += self.tile_if::<4, 2>(channel, at);
                at += self.tile_if::<2, 2>(channel, at);
            } else {
                at += self.tile_if::<4, 1>(channel, at);
                at += self.tile_if::<2, 1>(channel, at);
                at += self.tile_if::<1, 1>(channel, at);
            }
            while at < self.sum.frames {
                self.single(channel, at);
                if pair {
                    self.single(channel + 1, at);
                }
                at += 1;
            }
            channel += 2;
        }
    }

    /// One tile, if there are as many frames; says how many were done.
    #[inline(always)]
    fn tile_if<const VECTORS: usize, const CHANNELS: usize>(&mut self, channel: usize, at: usize) -> usize {
        let frames = VECTORS / CHANNELS * V::LANES;
        if self.sum.frames - at < frames {
            return 0;
        }
        self.tile::<VECTORS, CHANNELS>(channel, at);
        frames
    }

    #[inline(always)]
    fn tile<const VECTORS: usize, const CHANNELS: usize>(&mut self, channel: usize, at: usize) {
        let seen = &mut *self.seen;
        Tile::<V, _, VECTORS, CHANNELS> { sum: self.sum, channel, at, seen, of: PhantomData }.work::<LOOKS>();
    }

    #[inline(always)]
    fn single(&mut self, channel: usize, at: usize) {
        let seen = Single(self.seen);
        Tile::<f32, _, 1, 1> { sum: self.sum, channel, at, seen, of: PhantomData }.work::<LOOKS>();
    }
}

/// Who looks at vectors of some kind.
trait See<V> {
    fn hear(&mut self, source: V);
    fn give(&mut self, sum: V);
}

impl<V: Vector> See<V> for &mut Seen<V> {
    #[inline(always)]
    fn hear(&mut self, source: V) {
        self.heard.look(source);
    }

    #[inline(always)]
    fn give(&mut self, sum: V) {
        self.given.look(sum);
    }
}

/// Looks at one sample as at a vector of nothing else.
struct Single<'a, V>(&'a mut Seen<V>);

impl<V: Vector> See<f32> for Single<'_, V> {
    #[inline(always)]
    fn hear(&mut self, source: f32) {
        self.0.heard.look(V::splat(source));
    }

    #[inline(always)]
    fn give(&mut self, sum: f32) {
        self.0.given.look(V::splat(sum));
    }
}

/// `VECTORS` vectors from a frame on, as many of each of `CHANNELS` channels.
struct Tile<'a, V, S, const VECTORS: usize, const CHANNELS: usize> {
    sum: &'a Sum<'a>,
    channel: usize,
    at: usize,
    seen: S,
    of: PhantomData<V>,
}

impl<V: Vector, S: See<V>, const VECTORS: usize, const CHANNELS: usize> Tile<'_, V, S, VECTORS, CHANNELS> {
    #[inline(always)]
    fn work<const LOOKS: bool>(mut self) {
        let Some((first, rest)) = self.sum.terms.split_first() else { return };
        let mut sum = self.source::<LOOKS>(first);
        self.multiply(first, &mut sum);
        for term in rest {
            if term.count == 0 {
                self.add::<LOOKS>(term, &mut sum);
                continue;
            }
            let mut source = self.source::<LOOKS>(term);
            if term.fans {
                for &gain in self.factors(term) {
                    let gain = V::splat(gain);
                    for vector in 0..VECTORS {
                        sum[vector] = sum[vector].add(source[vector].mul(gain));
                    }
                }
                continue;
            }
            self.multiply(term, &mut source);
            for vector in 0..VECTORS {
                sum[vector] = sum[vector].add(source[vector]);
            }
        }
        if LOOKS {
            for vector in sum {
                self.seen.give(vector);
            }
        }
        let (each, Sum { memory, dst, .. }) = (VECTORS / CHANNELS, self.sum);
        for part in 0..CHANNELS {
            memory.store(dst[self.channel + part], self.at, &sum[part * each..][..each]);
        }
    }

    /// What a term reads.
    #[inline(always)]
    fn source<const LOOKS: bool>(&mut self, term: &Term) -> [V; VECTORS] {
        let (each, Sum { memory, wires, .. }) = (VECTORS / CHANNELS, self.sum);
        let mut source = [V::splat(0.0); VECTORS];
        for part in 0..CHANNELS {
            let wire = wires[term.sources as usize + self.channel + part];
            memory.load(wire, self.at, &mut source[part * each..][..each]);
        }
        if LOOKS && term.hears {
            for vector in source {
                self.seen.hear(vector);
            }
        }
        source
    }

    /// Adds what a term without factors reads: each vector from where it is, for there are no registers for all of them.
    #[inline(always)]
    fn add<const LOOKS: bool>(&mut self, term: &Term, sum: &mut [V; VECTORS]) {
        let (each, Sum { memory, wires, .. }) = (VECTORS / CHANNELS, self.sum);
        for part in 0..CHANNELS {
            let wire = wires[term.sources as usize + self.channel + part];
            for vector in 0..each {
                let mut source = [V::splat(0.0)];
                memory.load(wire, self.at + vector * V::LANES, &mut source);
                let [source] = source;
                if LOOKS && term.hears {
                    self.seen.hear(source);
                }
                sum[part * each + vector] = sum[part * each + vector].add(source);
            }
        }
    }

    /// Times all factors of a term, one after the other.
    #[inline(always)]
    fn multiply(&self, term: &Term, tile: &mut [V; VECTORS]) {
        for &gain in self.factors(term) {
            let gain = V::splat(gain);
            for vector in tile.iter_mut() {
                *vector = vector.mul(gain);
            }
        }
    }

    #[inline(always)]
    fn factors(&self, term: &Term) -> &[f32] {
        &self.sum.factors[term.factors as usize..][..term.count as usize]
    }
}
