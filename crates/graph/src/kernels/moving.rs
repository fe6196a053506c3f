//! The linear step while something of it moves: factors that glide, edges that fade, nodes on their way out of the sound.

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

type Tile = [[f32; TILE]; CHANNELS];

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
    fn of(factor: u32) -> Self {
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
        let mut sum = [[0.0; TILE]; CHANNELS];
        let mut is_first = true;
        for term in self.terms {
            let factors = &self.factors[term.factors as usize..][..term.count as usize];
            let (each, whole) = if term.fans { (factors.chunks(1), None) } else { ([].chunks(1), Some(factors)) };
            for factors in each.chain(whole) {
                let mut product = [[0.0; TILE]; CHANNELS];
                self.load(term, channel..channel + channels, at, &mut product);
                factors.iter().for_each(|&factor| self.times(&mut product, factor, at));
                if std::mem::take(&mut is_first) {
                    sum = product;
                } else {
                    sum.iter_mut().zip(&product).for_each(|(sum, product)| add(sum, product));
                }
            }
        }
        let frames = TILE.min(self.frames - at);
        for (&dst, sum) in self.dst[channel..].iter().zip(&sum[..channels]) {
            self.memory.write(dst, self.frames)[at..at + frames].copy_from_slice(&sum[..frames]);
        }
    }

    #[inline(always)]
    fn load(&self, term: &Term, channels: std::ops::Range<usize>, at: usize, tile: &mut Tile) {
        let frames = TILE.min(self.frames - at);
        for (channel, samples) in channels.zip(tile) {
            let source = self.memory.read(self.wires[term.sources as usize + channel], self.frames);
            samples[..frames].copy_from_slice(&source[at..at + frames]);
        }
    }

    #[inline(always)]
    fn times(&self, tile: &mut Tile, factor: u32, at: usize) {
        match Unsteady::of(factor) {
            Unsteady::Constant(index) => scale(tile, self.constants[index as usize]),
            Unsteady::Fade(index) => {
                let (fade, from) = (&self.fades[index as usize], self.position + at as Frame);
                tile.iter_mut().for_each(|samples| fade.apply(from, samples));
            }
            Unsteady::Gain(seat) => match self.gains.of(seat as usize) {
                None => scale(tile, self.gains.steady()[seat as usize]),
                Some(Moving::Glides(ramp)) => glide(tile, *ramp, at),
                Some(Moving::Crosses(ramp, crossing)) => cross(tile, *ramp, *crossing, at),
                Some(Moving::Silent) => *tile = [[0.0; TILE]; CHANNELS],
            },
        }
    }
}

#[inline(always)]
fn scale(tile: &mut Tile, gain: f32) {
    tile.as_flattened_mut().iter_mut().for_each(|sample| *sample *= gain);
}

#[inline(always)]
fn glide(tile: &mut Tile, ramp: Ramp, at: usize) {
    let mut values = [0.0; TILE];
    ramp.skip(at).fill(&mut values);
    for samples in tile {
        samples.iter_mut().zip(&values).for_each(|(sample, value)| *sample *= value);
    }
}

#[inline(never)]
fn cross(tile: &mut Tile, ramp: Ramp, crossing: Crossing, at: usize) {
    let dry = *tile;
    glide(tile, ramp, at);
    tile.iter_mut().zip(&dry).for_each(|(wet, dry)| crossing.cross(at, wet, Some(dry)));
}

#[inline(always)]
fn add(sum: &mut [f32; TILE], product: &[f32; TILE]) {
    sum.iter_mut().zip(product).for_each(|(sum, product)| *sum += product);
}
