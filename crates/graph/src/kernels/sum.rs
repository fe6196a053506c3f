//! The linear step: in each channel, a sum of sources times factors. A tile of frames stays in registers for all of it.

use crate::BufferId;
use crate::arena::Memory;
use crate::instructions::Lanes;

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

impl Lanes for Sum<'_> {
    type Output = ();

    /// Channels two by two. As many frames as registers hold of one channel, as long as there are so many; then of both
    /// channels together, half of them, a quarter, an eighth: a short block has no less to do at once.
    #[inline(always)]
    fn work<const LANES: usize>(self) {
        let mut channel = 0;
        while channel < self.dst.len() {
            let pair = channel + 1 < self.dst.len();
            let mut at = 0;
            while self.frames - at >= 8 * LANES {
                self.tile::<LANES, 8, 1>(channel, at);
                if pair {
                    self.tile::<LANES, 8, 1>(channel + 1, at);
                }
                at += 8 * LANES;
            }
            if pair {
                at += self.tile_if::<LANES, 8, 2>(channel, at);
                at += self.tile_if::<LANES, 4, 2>(channel, at);
                at += self.tile_if::<LANES, 2, 2>(channel, at);
            } else {
                at += self.tile_if::<LANES, 4, 1>(channel, at);
                at += self.tile_if::<LANES, 2, 1>(channel, at);
                at += self.tile_if::<LANES, 1, 1>(channel, at);
            }
            while at < self.frames {
                self.frame(channel, at);
                if pair {
                    self.frame(channel + 1, at);
                }
                at += 1;
            }
            channel += 2;
        }
    }
}

impl Sum<'_> {
    /// One tile, if there are as many frames; says how many were done.
    #[inline(always)]
    fn tile_if<const LANES: usize, const VECTORS: usize, const CHANNELS: usize>(
        &self,
        channel: usize,
        at: usize,
    ) -> usize {
        let frames = VECTORS / CHANNELS * LANES;
        if self.frames - at < frames {
            return 0;
        }
        self.tile::<LANES, VECTORS, CHANNELS>(channel, at);
        frames
    }

    /// `VECTORS` vectors, as many of each of `CHANNELS` channels.
    #[inline(always)]
    fn tile<const LANES: usize, const VECTORS: usize, const CHANNELS: usize>(&self, channel: usize, at: usize) {
        let each = VECTORS / CHANNELS;
        let mut sum = [[0.0; LANES]; VECTORS];
        let Some((first, rest)) = self.terms.split_first() else { return };
        self.load::<LANES, VECTORS, CHANNELS>(first, channel, at, &mut sum);
        self.product(first, &mut sum);
        for term in rest {
            if term.fans {
                self.fan::<LANES, VECTORS, CHANNELS>(term, channel, at, &mut sum);
            } else if term.count == 0 {
                self.add::<LANES, VECTORS, CHANNELS>(term, channel, at, &mut sum);
            } else {
                let mut product = [[0.0; LANES]; VECTORS];
                self.load::<LANES, VECTORS, CHANNELS>(term, channel, at, &mut product);
                self.product(term, &mut product);
                add(&mut sum, &product);
            }
        }
        for part in 0..CHANNELS {
            let dst = self.memory.vectors_mut::<LANES>(self.dst[channel + part], at, each);
            dst.copy_from_slice(&sum[part * each..][..each]);
        }
    }

    #[inline(always)]
    fn load<const LANES: usize, const VECTORS: usize, const CHANNELS: usize>(
        &self,
        term: &Term,
        channel: usize,
        at: usize,
        tile: &mut [[f32; LANES]; VECTORS],
    ) {
        let each = VECTORS / CHANNELS;
        let sources = self.sources::<LANES, CHANNELS>(term, channel, at, each);
        for part in 0..CHANNELS {
            tile[part * each..][..each].copy_from_slice(sources[part]);
        }
    }

    /// Times all factors of a term, one after the other.
    #[inline(always)]
    fn product<const LANES: usize, const VECTORS: usize>(&self, term: &Term, tile: &mut [[f32; LANES]; VECTORS]) {
        for &gain in self.factors(term) {
            for vector in tile.iter_mut() {
                vector.iter_mut().for_each(|sample| *sample *= gain);
            }
        }
    }

    /// Adds the source times each factor of a term.
    #[inline(always)]
    fn fan<const LANES: usize, const VECTORS: usize, const CHANNELS: usize>(
        &self,
        term: &Term,
        channel: usize,
        at: usize,
        sum: &mut [[f32; LANES]; VECTORS],
    ) {
        let each = VECTORS / CHANNELS;
        let sources = self.sources::<LANES, CHANNELS>(term, channel, at, each);
        for &gain in self.factors(term) {
            for part in 0..CHANNELS {
                for vector in 0..each {
                    let (sum, source) = (&mut sum[part * each + vector], sources[part][vector]);
                    (0..LANES).for_each(|lane| sum[lane] += source[lane] * gain);
                }
            }
        }
    }

    /// Adds the source of a term without factors.
    #[inline(always)]
    fn add<const LANES: usize, const VECTORS: usize, const CHANNELS: usize>(
        &self,
        term: &Term,
        channel: usize,
        at: usize,
        sum: &mut [[f32; LANES]; VECTORS],
    ) {
        let each = VECTORS / CHANNELS;
        let sources = self.sources::<LANES, CHANNELS>(term, channel, at, each);
        for part in 0..CHANNELS {
            for (sum, source) in sum[part * each..][..each].iter_mut().zip(sources[part]) {
                (0..LANES).for_each(|lane| sum[lane] += source[lane]);
            }
        }
    }

    /// One frame of a channel: what is left of a block that no vector fits into.
    #[inline(always)]
    fn frame(&self, channel: usize, at: usize) {
        self.tile::<1, 1, 1>(channel, at);
    }

    /// What a term reads: so many vectors of each channel.
    #[inline(always)]
    fn sources<const LANES: usize, const CHANNELS: usize>(
        &self,
        term: &Term,
        channel: usize,
        at: usize,
        vectors: usize,
    ) -> [&[[f32; LANES]]; CHANNELS] {
        let source = |part: usize| self.wires[term.sources as usize + channel + part];
        std::array::from_fn(|part| self.memory.vectors::<LANES>(source(part), at, vectors))
    }

    #[inline(always)]
    fn factors(&self, term: &Term) -> &[f32] {
        &self.factors[term.factors as usize..][..term.count as usize]
    }
}

#[inline(always)]
fn add<const LANES: usize, const VECTORS: usize>(sum: &mut [[f32; LANES]; VECTORS], product: &[[f32; LANES]; VECTORS]) {
    for (sum, product) in sum.iter_mut().zip(product) {
        (0..LANES).for_each(|lane| sum[lane] += product[lane]);
    }
}
