//! The linear step while something of it moves: factors that glide, edges that fade, nodes on their way out of the sound.
//!
//! Loops are loops here, not closures: a closure that is not inlined would be compiled for the baseline alone.

use super::Vector;
use super::sum::Term;
use crate::BufferId;
use crate::arena::Memory;
use crate::bypass::Crossing;
use crate::fade::{Ramp as Fade, Weights};
use crate::gains::{Gains, Moving};
use crate::smooth::{GROUP, GROUPS};
use crate::{Frame, Ramp};

/// Frames that are computed at once.
const TILE: usize = GROUPS * GROUP;

/// Up to 64 frames of a channel.
type Tile = [f32; TILE];

/// What a factor of a plan stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unsteady {
    /// A gain, by place.
    Gain(u32),
    /// A number, by its index.
    Constant(u32),
    /// A fade, by its index.
    Fade(u32),
}

/// Numbers and fades are told from gains by the highest bits.
const CONSTANT: u32 = 1 << 30;
const FADE: u32 = 1 << 31;

impl Unsteady {
    /// As a plan has it.
    pub(crate) fn encode(self) -> u32 {
        match self {
            Self::Gain(place) => place,
            Self::Constant(index) => index | CONSTANT,
            Self::Fade(index) => index | FADE,
        }
    }

    #[inline(always)]
    pub(crate) fn of(factor: u32) -> Self {
        match factor {
            fade if fade & FADE != 0 => Self::Fade(fade & !FADE),
            constant if constant & CONSTANT != 0 => Self::Constant(constant & !CONSTANT),
            place => Self::Gain(place),
        }
    }
}

/// A sum with any factors.
pub(crate) struct MovingSum<'a> {
    pub(crate) memory: &'a Memory,
    /// The buffers written, one for each channel.
    pub(crate) dst: &'a [BufferId],
    /// What the terms' sources are counted in.
    pub(crate) wires: &'a [BufferId],
    pub(crate) terms: &'a [Term],
    /// What the terms' factors are counted in.
    pub(crate) factors: &'a [u32],
    pub(crate) gains: &'a Gains,
    pub(crate) constants: &'a [f32],
    pub(crate) fades: &'a [Fade],
    pub(crate) weights: &'a mut Weights,
    /// The frame of the first sample.
    pub(crate) position: Frame,
    pub(crate) frames: usize,
}

impl MovingSum<'_> {
    /// Sums up.
    #[inline(always)]
    pub(crate) fn work<V: Vector>(mut self) {
        if self.changes_nothing() {
            return;
        }
        for at in (0..self.frames).step_by(TILE) {
            let mut channel = 0;
            while channel + 1 < self.dst.len() {
                self.tile::<V, 2>(channel, at);
                channel += 2;
            }
            if channel < self.dst.len() {
                self.tile::<V, 1>(channel, at);
            }
        }
    }

    /// Whether it only leaves buffers to fades that have not begun, or are over.
    #[inline(always)]
    fn changes_nothing(&self) -> bool {
        let [term] = self.terms else { return false };
        let factors = &self.factors[term.factors as usize..][..term.count as usize];
        let is_open = |&factor: &u32| match Unsteady::of(factor) {
            Unsteady::Fade(fade) => self.fades[fade as usize].is_open(self.position, self.frames),
            _ => false,
        };
        factors.iter().all(is_open) && self.wires[term.sources as usize..].starts_with(self.dst)
    }

    /// Up to 64 frames of some channels.
    #[inline(always)]
    fn tile<V: Vector, const CHANNELS: usize>(&mut self, channel: usize, at: usize) {
        let Some((first, rest)) = self.terms.split_first() else { return };
        let mut sums = [[0.0; TILE]; CHANNELS];
        self.product::<V>(first, first.count, (channel, at), &mut sums);
        for term in rest {
            // What fans is added once times each factor, all else once times all of them.
            let each = if term.fans { 1 } else { term.count };
            let mut of = *term;
            for _ in 0..if term.fans { term.count } else { 1 } {
                let mut products = [[0.0; TILE]; CHANNELS];
                self.product::<V>(&of, each, (channel, at), &mut products);
                add::<V>(sums.as_flattened_mut(), products.as_flattened());
                of.factors += each;
            }
        }
        let frames = TILE.min(self.frames - at);
        for (&dst, sum) in self.dst[channel..].iter().zip(&sums) {
            self.memory.write(dst, self.frames)[at..at + frames].copy_from_slice(&sum[..frames]);
        }
    }

    /// The source of a term, times the first of its factors.
    #[inline(always)]
    fn product<V: Vector>(&mut self, term: &Term, factors: u32, (channel, at): (usize, usize), tiles: &mut [Tile]) {
        let frames = TILE.min(self.frames - at);
        for (channel, samples) in (channel..).zip(&mut *tiles) {
            let source = self.memory.read(self.wires[term.sources as usize + channel], self.frames);
            samples[..frames].copy_from_slice(&source[at..at + frames]);
        }
        let factors = &self.factors[term.factors as usize..][..factors as usize];
        for &factor in factors {
            self.times::<V>(tiles, factor, at);
        }
    }

    #[inline(always)]
    fn times<V: Vector>(&mut self, tiles: &mut [Tile], factor: u32, at: usize) {
        match Unsteady::of(factor) {
            Unsteady::Constant(index) => scale::<V>(tiles, self.constants[index as usize]),
            Unsteady::Fade(index) => {
                let (fade, frames) = (&self.fades[index as usize], TILE.min(self.frames - at));
                let weights = &self.weights.of(fade, self.position, self.frames)[at..at + frames];
                for samples in tiles {
                    fade.apply(self.position + at as Frame, &mut samples[..frames], weights);
                }
            }
            Unsteady::Gain(place) => match self.gains.of(place as usize) {
                None => scale::<V>(tiles, self.gains.steady()[place as usize]),
                Some(Moving::Glides(ramp)) => glide::<V>(tiles, ramp, at),
                Some(Moving::Crosses(ramp, crossing)) => cross(tiles, ramp, *crossing, at),
                Some(Moving::Silent) => tiles.fill([0.0; TILE]),
            },
        }
    }
}

#[inline(always)]
fn scale<V: Vector>(tiles: &mut [Tile], gain: f32) {
    let gain = V::splat(gain);
    for samples in tiles.as_flattened_mut().chunks_exact_mut(V::LANES) {
        V::of(samples).mul(gain).put(samples);
    }
}

#[inline(always)]
fn glide<V: Vector>(tiles: &mut [Tile], ramp: &Ramp, at: usize) {
    match ramp.whole_groups(at) {
        Some((starts, ratios)) => by_ratios::<V>(tiles, &starts, ratios),
        None => by_values(tiles, &ramp.skip(at)),
    }
}

/// Groups of frames, each from its start on.
#[inline(always)]
fn by_ratios<V: Vector>(tiles: &mut [Tile], starts: &[f32; GROUPS], ratios: &[f32; GROUP]) {
    for (group, &start) in starts.iter().enumerate() {
        for frame in (0..GROUP).step_by(V::LANES) {
            let values = V::of(&ratios[frame..]).mul(V::splat(start));
            for tile in &mut *tiles {
                let samples = &mut tile[group * GROUP + frame..];
                V::of(samples).mul(values).put(samples);
            }
        }
    }
}

#[inline(never)]
fn by_values(tiles: &mut [Tile], ramp: &Ramp) {
    let mut values = [0.0; TILE];
    ramp.fill(&mut values);
    for samples in tiles {
        for (sample, value) in samples.iter_mut().zip(&values) {
            *sample *= value;
        }
    }
}

#[inline(never)]
fn cross(tiles: &mut [Tile], ramp: &Ramp, crossing: Crossing, at: usize) {
    for tile in tiles {
        let dry = *tile;
        by_values(std::slice::from_mut(tile), &ramp.skip(at));
        crossing.cross(at, tile, Some(&dry));
    }
}

#[inline(always)]
fn add<V: Vector>(sum: &mut [f32], product: &[f32]) {
    for (sum, product) in sum.chunks_exact_mut(V::LANES).zip(product.chunks_exact(V::LANES)) {
        V::of(sum).add(V::of(product)).put(sum);
    }
}
