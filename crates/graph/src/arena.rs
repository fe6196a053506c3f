//! The memory that audio flows through: one aligned allocation, one buffer a channel, and the views on it.
//!
//! It rests on one fact: a [`Schedule`](crate::Schedule) is
//! [verified](crate::Schedule::verify) before it becomes a plan, so within one step the buffers that are written are
//! distinct and apart from those that are read, and all ids are in range.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::ptr::NonNull;

use crate::BufferId;
use crate::kernels::Vector;

/// Bytes of a cache line; buffers start on one.
const LINE: usize = 64;
const SAMPLES_PER_LINE: usize = LINE / size_of::<f32>();

/// Planar f32 buffers of equal length in one allocation.
pub(crate) struct Arena {
    start: NonNull<f32>,
    buffers: usize,
    stride: usize,
}

// SAFETY: the arena owns its allocation.
unsafe impl Send for Arena {}

impl Arena {
    /// Allocates `buffers` buffers of `frames` frames, all zero.
    pub(crate) fn new(buffers: usize, frames: usize) -> Self {
        let stride = stride(frames);
        let layout = layout(buffers, stride);
        // SAFETY: the layout's size is never 0 (`layout` sees to it).
        let start = unsafe { alloc_zeroed(layout) }.cast::<f32>();
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        let mut arena = Self { start, buffers, stride };
        arena.touch();
        arena
    }

    /// Bytes that `new` takes.
    pub(crate) fn footprint(buffers: usize, frames: usize) -> usize {
        buffers.saturating_mul(stride(frames)).saturating_mul(size_of::<f32>())
    }

    /// Writes every page, so that the audio thread never faults one in.
    fn touch(&mut self) {
        for index in (0..self.buffers * self.stride).step_by(1024) {
            // SAFETY: the index is within the allocation.
            let sample = unsafe { self.start.add(index) };
            // SAFETY: the sample belongs to this arena, which is borrowed mutably.
            unsafe { sample.write_volatile(0.0) };
        }
    }

    /// Where a buffer is.
    fn start(&self, buffer: usize) -> NonNull<f32> {
        assert!(buffer < self.buffers, "a verified schedule names only buffers it has");
        // SAFETY: the index is within the allocation.
        unsafe { self.start.add(buffer * self.stride) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this same layout.
        unsafe { std::alloc::dealloc(self.start.as_ptr().cast(), layout(self.buffers, self.stride)) };
    }
}

/// Samples from one buffer to the next: an odd number of cache lines, so that buffers do not share cache sets.
fn stride(frames: usize) -> usize {
    (frames.div_ceil(SAMPLES_PER_LINE) | 1) * SAMPLES_PER_LINE
}

fn layout(buffers: usize, stride: usize) -> Layout {
    let bytes = (buffers * stride).max(1) * size_of::<f32>();
    Layout::from_size_align(bytes, LINE).expect("the memory budget keeps an arena below isize::MAX bytes")
}

/// The buffers of a plan: its own, and while a piece is rendered those of the device.
///
/// Reading and writing take `&self`: a step reads some buffers and writes others. Whoever calls is a step of a verified
/// schedule: what it writes is apart from what it reads, and it takes each written buffer once.
pub(crate) struct Memory {
    places: Vec<NonNull<f32>>,
    arena: Arena,
}

// SAFETY: the places are in the arena, which is ours, or were lent for a piece, which ends before the loan does.
unsafe impl Send for Memory {}
// SAFETY: steps of several threads read and write through a shared borrow, as those of one do: `verify` has shown that of two
// of them which use the same buffer one comes after the other, unless both only read it. Buffers are lent while none runs.
unsafe impl Sync for Memory {}

impl Default for Memory {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Memory {
    pub(crate) fn new(buffers: usize, frames: usize) -> Self {
        let arena = Arena::new(buffers, frames);
        Self { places: (0..buffers).map(|buffer| arena.start(buffer)).collect(), arena }
    }

    /// How many buffers there are.
    pub(crate) fn buffers(&self) -> usize {
        self.places.len()
    }

    /// Where a buffer is for now.
    #[inline(always)]
    fn place(&self, buffer: BufferId) -> NonNull<f32> {
        debug_assert!((buffer as usize) < self.places.len());
        // SAFETY: `verify` has shown that the ids of all steps are in range.
        *unsafe { self.places.get_unchecked(buffer as usize) }
    }

    #[inline(always)]
    fn place_mut(&mut self, buffer: BufferId) -> &mut NonNull<f32> {
        debug_assert!((buffer as usize) < self.places.len());
        // SAFETY: `verify` has shown that the ids of the device's buffers are in range.
        unsafe { self.places.get_unchecked_mut(buffer as usize) }
    }

    /// The buffer's first `frames` samples, for reading.
    #[inline(always)]
    pub(crate) fn read<'a>(&self, buffer: BufferId, frames: usize) -> &'a [f32] {
        // SAFETY: `frames` is at most what the arena has and the device has lent (the renderer splits blocks), both outlive
        // the step, and `verify` has shown that no write of this step touches this buffer.
        unsafe { std::slice::from_raw_parts(self.place(buffer).as_ptr(), frames) }
    }

    /// The buffer's first `frames` samples, for writing.
    #[inline(always)]
    pub(crate) fn write<'a>(&self, buffer: BufferId, frames: usize) -> &'a mut [f32] {
        // SAFETY: as `read`; and `verify` has shown that this step writes the buffer only once, and that none writes what
        // the device has lent for reading.
        unsafe { std::slice::from_raw_parts_mut(self.place(buffer).as_ptr(), frames) }
    }

    /// Vectors of a buffer from the frame `at` on; the caller sees to it that the piece has as many frames.
    #[inline(always)]
    pub(crate) fn load<V: Vector>(&self, buffer: BufferId, at: usize, vectors: &mut [V]) {
        // SAFETY: as `read`.
        let start = unsafe { self.place(buffer).add(at) }.as_ptr();
        for (index, vector) in vectors.iter_mut().enumerate() {
            // SAFETY: as `read`.
            let from = unsafe { start.add(index * V::LANES) };
            // SAFETY: as `read`.
            *vector = unsafe { V::load(from) };
        }
    }

    /// Writes what [`load`](Self::load) reads.
    #[inline(always)]
    pub(crate) fn store<V: Vector>(&self, buffer: BufferId, at: usize, vectors: &[V]) {
        // SAFETY: as `write`.
        let start = unsafe { self.place(buffer).add(at) }.as_ptr();
        for (index, vector) in vectors.iter().enumerate() {
            // SAFETY: as `write`.
            let to = unsafe { start.add(index * V::LANES) };
            // SAFETY: as `write`.
            unsafe { vector.store(to) }
        }
    }

    /// Lets a buffer that no step writes be these samples, for a piece of as many frames.
    #[inline(always)]
    pub(crate) fn lend(&mut self, buffer: BufferId, samples: &[f32]) {
        *self.place_mut(buffer) = NonNull::from(samples).cast();
    }

    /// Lets a buffer be these samples, for a piece of as many frames.
    #[inline(always)]
    pub(crate) fn lend_mut(&mut self, buffer: BufferId, samples: &mut [f32]) {
        *self.place_mut(buffer) = NonNull::from(samples).cast();
    }

    /// Lets a buffer be memory of our own.
    pub(crate) fn own(&mut self, buffer: BufferId) {
        self.places[buffer as usize] = self.arena.start(buffer as usize);
    }
}
