//! The memory of a delay.

/// Samples that begin on a cache line, so that no vector of a block lies on two.
#[derive(Debug)]
pub(super) struct Ring {
    memory: Box<[f32]>,
    start: usize,
    frames: usize,
}

/// Samples on a cache line.
pub(super) const LINE: usize = 64 / size_of::<f32>();

impl Ring {
    pub(super) fn new(frames: usize) -> Self {
        let mut memory = vec![0.0; frames + LINE - 1].into_boxed_slice();
        // The kernel gives out zeroed pages on first use only; writing through a black box is that use.
        std::hint::black_box(&mut memory).fill(0.0);
        let start = memory.as_ptr().align_offset(64).min(LINE - 1);
        Ring { memory, start, frames }
    }

    pub(super) fn footprint(frames: usize) -> usize {
        frames.saturating_add(LINE - 1).saturating_mul(size_of::<f32>())
    }

    /// All of its samples, and no other.
    pub(super) fn exactly(&self) -> &[f32] {
        &self.memory[self.start..][..self.frames]
    }

    /// All of its samples, and perhaps a few behind them.
    #[inline(always)]
    pub(super) fn samples(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..]
    }
}

/// A copy lies elsewhere, and begins on a line of its own.
impl Clone for Ring {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.frames);
        copy.samples()[..self.frames].copy_from_slice(self.exactly());
        copy
    }
}
