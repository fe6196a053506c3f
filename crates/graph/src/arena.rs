//! The memory that audio flows through: one aligned allocation, one buffer a channel, and the views on it.
//!
//! All `unsafe` of the engine lives here. It rests on one fact: a [`Schedule`](crate::Schedule) is
//! [verified](crate::Schedule::verify) before it becomes a plan, so within one step the buffers that are written are
//! distinct and apart from those that are read, and all ids are in range.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::ptr::NonNull;

use crate::BufferId;

/// Bytes of a cache line; buffers start on one.
const LINE: usize = 64;
const SAMPLES_PER_LINE: usize = LINE / size_of::<f32>();

/// Planar f32 buffers of equal length in one allocation.
pub(crate) struct Arena {
    start: NonNull<f32>,
    buffers: usize,
    stride: usize,
}

// SAFETY: the arena owns its allocation, and only `&mut self` hands out wires that write.
unsafe impl Send for Arena {}

/// One buffer, as a pointer that stays valid as long as its arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire(NonNull<f32>);

// SAFETY: a wire is used only through a `Step` on the thread that owns the arena mutably.
unsafe impl Send for Wire {}

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

    /// The wire of a buffer.
    pub(crate) fn wire(&mut self, buffer: BufferId) -> Wire {
        let index = buffer as usize;
        assert!(index < self.buffers, "a verified schedule names only buffers it has");
        // SAFETY: the index is within the allocation.
        Wire(unsafe { self.start.add(index * self.stride) })
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

impl Wire {
    /// The buffer's first `frames` samples, for reading.
    ///
    /// The caller is a step of a verified schedule, whose written buffers are apart from those it reads.
    #[inline]
    pub(crate) fn read<'a>(self, frames: usize) -> &'a [f32] {
        // SAFETY: `frames` is at most the arena's (the renderer splits blocks), the arena outlives the step, and
        // `verify` has shown that no write of this step touches this buffer.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr(), frames) }
    }

    /// The buffer's first `frames` samples, for writing.
    ///
    /// The caller is a step of a verified schedule and takes each of its written buffers once.
    #[inline]
    pub(crate) fn write<'a>(self, frames: usize) -> &'a mut [f32] {
        // SAFETY: as `read`; and `verify` has shown that this step writes the buffer only once.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr(), frames) }
    }
}
