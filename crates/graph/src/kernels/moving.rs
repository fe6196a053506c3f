//! The linear step while something of it moves: factors that glide, edges that fade, nodes on their way out of the sound.
//!
//! Loops are loops here, not closures: a closure that is not inlined would be compiled for the baseline alone.

use super::sum::Term;
use crate::BufferId;
use crate::arena::Memory;
use crate::bypass::Crossing;
use crate::fade::Ramp as Fade;
use crate::gains::{Gains, Moving};
use crate::instructions::Work;
use crate::{Frame, Ramp};

/// Frames that are computed at once, and channels.
const TILE: usize = 64;
const CHANNELS: usize = 2;

/// Up to 64 frames of a channel.
type Tile = [f32; TILE];

/// What a factor of a plan stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unsteady {
    /// A gain, by seat.
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
            Self::Gain(seat) => seat,
            Self::Constant(index) => index | CONSTANT,
            Self::Fade(index) => index | FADE,
        }
    }

    #[inline(always)]
    pub(crate) fn of(factor: u32) -> Self {
        match factor {
            fade if fade & FADE != 0 => Self::Fade(fade & !FADE),
            constant if constant & CONSTANT != 0 => Self::Constant(constant & !CONSTANT),
            seat => Self::Gain(seat),
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
    /// The frame of the first sample.
    pub(crate) position: Frame,
    pub(crate) frames: usize,
}

impl Work for MovingSum<'_> {
    type Output = ();

    #[inline(always)]
    fn work(self) {
        for channel in (0..self.dst.len()).step_by(CHANNELS) {
            for at in (0..self.frames).step_by(TILE) {
                self.tile(channel, at);
            }
        }
    }
}

impl MovingSum<'_> {
    /// Up to 64 frames of up to two channels.
    #[inline(always)]
    fn tile(&self, channel: usize, at: usize) {
        let channels = CHANNELS.min(self.dst.len() - channel);
        let (mut sums, mut products) = ([[0.0; TILE]; CHANNELS], [[0.0; TILE]; CHANNELS]);
        let (sums, products) = (&mut sums[..channels], &mut products[..channels]);
        let mut is_first = true;
        for term in self.terms {
            let factors = &self.factors[term.factors as usize..][..term.count as usize];
            let (each, whole) = if term.fans { (factors.chunks(1), None) } else { ([].chunks(1), Some(factors)) };
            for factors in each.chain(whole) {
                self.load(term, channel, at, products);
                for &factor in factors {
                    self.times(products, factor, at);
                }
                if std::mem::take(&mut is_first) {
                    sums.copy_from_slice(products);
                } else {
                    for (sum, product) in sums.iter_mut().zip(&*products) {
                        add(sum, product);
                    }
                }
            }
        }
        let frames = TILE.min(self.frames - at);
        for (&dst, sum) in self.dst[channel..].iter().zip(&*sums) {
            self.memory.write(dst, self.frames)[at..at + frames].copy_from_slice(&sum[..frames]);
        }
    }

    #[inline(always)]
    fn load(&self, term: &Term, channel: usize, at: usize, tiles: &mut [Tile]) {
        let frames = TILE.min(self.frames - at);
        for (channel, samples) in (channel..).zip(tiles) {
            let source = self.memory.read(self.wires[term.sources as usize + channel], self.frames);
            samples[..frames].copy_from_slice(&source[at..at + frames]);
        }
    }

    #[inline(always)]
    fn times(&self, tiles: &mut [Tile], factor: u32, at: usize) {
        match Unsteady::of(factor) {
            Unsteady::Constant(index) => scale(tiles, self.constants[index as usize]),
            Unsteady::Fade(index) => {
                let (fade, from) = (&self.fades[index as usize], self.position + at as Frame);
                let frames = TILE.min(self.frames - at);
                for samples in tiles {
                    fade.apply(from, &mut samples[..frames]);
                }
            }
            Unsteady::Gain(seat) => match self.gains.of(seat as usize) {
                None => scale(tiles, self.gains.steady()[seat as usize]),
                Some(Moving::Glides(ramp)) => glide(tiles, *ramp, at),
                Some(Moving::Crosses(ramp, crossing)) => cross(tiles, *ramp, *crossing, at),
                Some(Moving::Silent) => tiles.fill([0.0; TILE]),
            },
        }
    }
}

#[inline(always)]
fn scale(tiles: &mut [Tile], gain: f32) {
    for sample in tiles.as_flattened_mut() {
        *sample *= gain;
    }
}

#[inline(always)]
fn glide(tiles: &mut [Tile], ramp: Ramp, at: usize) {
    let mut values = [0.0; TILE];
    ramp.skip(at).fill(&mut values);
    for samples in tiles {
        for (sample, value) in samples.iter_mut().zip(&values) {
            *sample *= value;
        }
    }
}

#[inline(never)]
fn cross(tiles: &mut [Tile], ramp: Ramp, crossing: Crossing, at: usize) {
    for tile in tiles {
        let dry = *tile;
        glide(std::slice::from_mut(tile), ramp, at);
        crossing.cross(at, tile, Some(&dry));
    }
}

#[inline(always)]
fn add(sum: &mut [f32; TILE], product: &[f32; TILE]) {
    for (sum, product) in sum.iter_mut().zip(product) {
        *sum += product;
    }
}
