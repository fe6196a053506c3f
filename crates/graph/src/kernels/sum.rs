//! The linear step: in each channel, a sum of sources times factors. A tile of frames stays in registers for all of it.

use std::marker::PhantomData;

use super::{Clean, Finite, Look, Vector};
use crate::BufferId;
use crate::arena::Memory;
use crate::level::LevelMeter;

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
        self.watched::<V>(Blind);
    }

    /// Sums up, and looks at what it reads and writes.
    #[inline(always)]
    pub(crate) fn work_looking<V: Vector>(&self, seen: &mut Seen<V>) {
        if V::LANES < 8 {
            self.look_apart(seen);
        } else {
            self.watched::<V>(seen);
        }
    }

    /// Sums up, looks at what it reads and writes, and lets a meter hear what it writes: it has as many channels.
    #[inline(always)]
    pub(crate) fn work_heard<V: Vector>(&self, seen: &mut Seen<V>, meter: &mut LevelMeter) {
        if V::LANES < 8 {
            self.look_apart(seen);
        }
        let mut at = 0;
        while at < self.frames {
            let segment = at..at + meter.segment(self.frames - at);
            if V::LANES < 8 {
                for (channel, &buffer) in self.dst.iter().enumerate() {
                    meter.listen(channel, &self.memory.read(buffer, self.frames)[segment.clone()]);
                }
            } else {
                let head = at + meter.head(segment.len());
                let mut tiles = Tiles { sum: self, watcher: Listening { seen, meter, from: at }, of: PhantomData };
                tiles.all_singly(at, head);
                tiles.all(head, segment.end);
            }
            meter.advance(segment.len());
            at = segment.end;
        }
    }

    #[inline(always)]
    fn watched<V: Vector>(&self, watcher: impl Watcher<V>) {
        Tiles { sum: self, watcher, of: PhantomData }.all(0, self.frames);
    }

    /// As [`work_looking`](Self::work_looking), not on the way: the baseline's registers are too few, tiles would be put away for it.
    #[inline(always)]
    fn look_apart<V: Vector>(&self, seen: &mut Seen<V>) {
        let Self { memory, dst, wires, terms, frames, .. } = *self;
        self.work::<V>();
        let samples = |buffer| memory.read(buffer, frames);
        seen.hear(terms, wires, dst.len(), samples);
        seen.give(dst, samples);
    }
}

/// A sum, tile by tile.
struct Tiles<'a, V, W> {
    sum: &'a Sum<'a>,
    watcher: W,
    of: PhantomData<V>,
}

impl<V: Vector, W: Watcher<V>> Tiles<'_, V, W> {
    /// Frames from one on, up to another. Channels two by two: as many frames as registers hold of one channel, as long as there
    /// are so many; then of both channels together, half of them, a quarter, an eighth: a short block has no less to do at once.
    /// What no vector fits into goes frame by frame.
    #[inline(always)]
    fn all(&mut self, from: usize, end: usize) {
        let mut channel = 0;
        while channel < self.sum.dst.len() {
            let pair = channel + 1 < self.sum.dst.len();
            let at = self.tiles(channel, pair, from, end);
            self.singles(channel, pair, at, end);
            channel += 2;
        }
    }

    /// Frames one by one, of all channels.
    #[inline(always)]
    fn all_singly(&mut self, from: usize, end: usize) {
        for channel in 0..self.sum.dst.len() {
            self.singles(channel, false, from, end);
        }
    }

    #[inline(always)]
    fn singles(&mut self, channel: usize, pair: bool, mut at: usize, end: usize) {
        while at < end {
            self.single(channel, at);
            if pair {
                self.single(channel + 1, at);
            }
            at += 1;
        }
    }

    /// As many as there are vectors of frames; gives back where the rest begins.
    #[inline(always)]
    fn tiles(&mut self, channel: usize, pair: bool, mut at: usize, end: usize) -> usize {
        while end - at >= 8 * V::LANES {
            self.tile::<8, 1>(channel, at);
            if pair {
                self.tile::<8, 1>(channel + 1, at);
            }
            at += 8 * V::LANES;
        }
        if pair {
            at += self.tile_if::<8, 2>(channel, at, end);
            at += self.tile_if::<4, 2>(channel, at, end);
            at += self.tile_if::<2, 2>(channel, at, end);
        } else {
            at += self.tile_if::<4, 1>(channel, at, end);
            at += self.tile_if::<2, 1>(channel, at, end);
            at += self.tile_if::<1, 1>(channel, at, end);
        }
        at
    }

    /// One tile, if there are as many frames; says how many were done.
    #[inline(always)]
    fn tile_if<const VECTORS: usize, const CHANNELS: usize>(&mut self, channel: usize, at: usize, end: usize) -> usize {
        let frames = VECTORS / CHANNELS * V::LANES;
        if end - at < frames {
            return 0;
        }
        self.tile::<VECTORS, CHANNELS>(channel, at);
        frames
    }

    #[inline(always)]
    fn tile<const VECTORS: usize, const CHANNELS: usize>(&mut self, channel: usize, at: usize) {
        let watcher = &mut self.watcher;
        Tile::<V, _, VECTORS, CHANNELS> { sum: self.sum, channel, at, watcher, of: PhantomData }.work();
    }

    #[inline(always)]
    fn single(&mut self, channel: usize, at: usize) {
        let watcher = &mut Single { watcher: &mut self.watcher, of: PhantomData };
        Tile::<f32, _, 1, 1> { sum: self.sum, channel, at, watcher, of: PhantomData }.work();
    }
}

/// Who is shown vectors of samples while they are in registers.
trait Watcher<V> {
    /// Whether it looks at them at all.
    const LOOKS: bool = true;

    /// What a term that hears has read.
    fn read(&mut self, source: V);

    /// What is written to a channel, from a frame on.
    fn write(&mut self, channel: usize, at: usize, sums: &[V]);

    /// The same of a frame that no vector fits into.
    fn write_one(&mut self, channel: usize, at: usize, sum: f32);
}

/// Nobody looks.
struct Blind;

impl<V> Watcher<V> for Blind {
    const LOOKS: bool = false;

    #[inline(always)]
    fn read(&mut self, _source: V) {}

    #[inline(always)]
    fn write(&mut self, _channel: usize, _at: usize, _sums: &[V]) {}

    #[inline(always)]
    fn write_one(&mut self, _channel: usize, _at: usize, _sum: f32) {}
}

impl<V: Vector> Watcher<V> for &mut Seen<V> {
    #[inline(always)]
    fn read(&mut self, source: V) {
        self.heard.look(source);
    }

    #[inline(always)]
    fn write(&mut self, _channel: usize, _at: usize, sums: &[V]) {
        // Not a closure, which might be compiled for the baseline alone.
        for &sum in sums {
            self.given.look(sum);
        }
    }

    #[inline(always)]
    fn write_one(&mut self, _channel: usize, _at: usize, sum: f32) {
        self.given.look(V::splat(sum));
    }
}

/// A meter listens, too, to a segment from a frame on.
struct Listening<'a, V> {
    seen: &'a mut Seen<V>,
    meter: &'a mut LevelMeter,
    from: usize,
}

impl<V: Vector> Watcher<V> for Listening<'_, V> {
    #[inline(always)]
    fn read(&mut self, source: V) {
        self.seen.heard.look(source);
    }

    #[inline(always)]
    fn write(&mut self, channel: usize, at: usize, sums: &[V]) {
        (&mut *self.seen).write(channel, at, sums);
        self.meter.listen_to(channel, at - self.from, sums);
    }

    #[inline(always)]
    fn write_one(&mut self, channel: usize, at: usize, sum: f32) {
        (&mut *self.seen).write_one(channel, at, sum);
        self.meter.listen_to(channel, at - self.from, &[sum]);
    }
}

/// Shows one sample as a vector of nothing else.
struct Single<'a, V, W> {
    watcher: &'a mut W,
    of: PhantomData<V>,
}

impl<V: Vector, W: Watcher<V>> Watcher<f32> for Single<'_, V, W> {
    const LOOKS: bool = W::LOOKS;

    #[inline(always)]
    fn read(&mut self, source: f32) {
        self.watcher.read(V::splat(source));
    }

    #[inline(always)]
    fn write(&mut self, channel: usize, at: usize, sums: &[f32]) {
        for &sum in sums {
            self.write_one(channel, at, sum);
        }
    }

    #[inline(always)]
    fn write_one(&mut self, channel: usize, at: usize, sum: f32) {
        self.watcher.write_one(channel, at, sum);
    }
}

/// `VECTORS` vectors from a frame on, as many of each of `CHANNELS` channels.
struct Tile<'a, V, W, const VECTORS: usize, const CHANNELS: usize> {
    sum: &'a Sum<'a>,
    channel: usize,
    at: usize,
    watcher: &'a mut W,
    of: PhantomData<V>,
}

impl<V: Vector, W: Watcher<V>, const VECTORS: usize, const CHANNELS: usize> Tile<'_, V, W, VECTORS, CHANNELS> {
    #[inline(always)]
    fn work(mut self) {
        let Some((first, rest)) = self.sum.terms.split_first() else { return };
        let mut sum = self.source(first);
        self.multiply(first, &mut sum);
        for term in rest {
            if term.count == 0 {
                self.add(term, &mut sum);
                continue;
            }
            let mut source = self.source(term);
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
        let (each, Sum { memory, dst, .. }) = (VECTORS / CHANNELS, self.sum);
        for part in 0..CHANNELS {
            let (channel, sums) = (self.channel + part, &sum[part * each..][..each]);
            self.watcher.write(channel, self.at, sums);
            memory.store(dst[channel], self.at, sums);
        }
    }

    /// What a term reads.
    #[inline(always)]
    fn source(&mut self, term: &Term) -> [V; VECTORS] {
        let (each, Sum { memory, wires, .. }) = (VECTORS / CHANNELS, self.sum);
        let mut source = [V::splat(0.0); VECTORS];
        for part in 0..CHANNELS {
            let wire = wires[term.sources as usize + self.channel + part];
            memory.load(wire, self.at, &mut source[part * each..][..each]);
        }
        if W::LOOKS && term.hears {
            for vector in source {
                self.watcher.read(vector);
            }
        }
        source
    }

    /// Adds what a term without factors reads: each vector from where it is, for there are no registers for all of them.
    #[inline(always)]
    fn add(&mut self, term: &Term, sum: &mut [V; VECTORS]) {
        let (each, Sum { memory, wires, .. }) = (VECTORS / CHANNELS, self.sum);
        for part in 0..CHANNELS {
            let wire = wires[term.sources as usize + self.channel + part];
            for vector in 0..each {
                let mut source = [V::splat(0.0)];
                memory.load(wire, self.at + vector * V::LANES, &mut source);
                let [source] = source;
                if W::LOOKS && term.hears {
                    self.watcher.read(source);
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
