//! Memory that begins with a cache line.

pub(super) struct Ring {
    memory: Vec<f32>,
    first: usize,
    length: usize,
}

/// A cache line, in samples.
const LINE: usize = 16;

impl Ring {
    /// Silence, every page of it touched.
    pub(super) fn new(length: usize) -> Self {
        let mut memory = vec![0.0; length + LINE];
        std::hint::black_box(&mut memory).fill(0.0);
        let first = memory.as_ptr().align_offset(LINE * size_of::<f32>());
        Self { memory, first, length }
    }

    #[inline(always)]
    pub(super) fn samples(&mut self) -> &mut [f32] {
        &mut self.memory[self.first..self.first + self.length]
    }
}
