//! A global allocator that counts.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait; each method only passes its arguments on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use crate::heap;
use crate::record::Deed;
use crate::thread;

/// Counts, for every [`Guard`](crate::Guard), what its visits ask another allocator for; and for
/// [`measure_heap`](crate::measure_heap) how much memory something takes.
///
/// ```
/// use patchline_guard::CountingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
/// ```
#[derive(Debug)]
pub struct CountingAllocator<A = System>(A);

impl CountingAllocator {
    /// Counts what is asked of the system's allocator.
    #[must_use]
    pub const fn system() -> Self {
        Self(System)
    }
}

impl<A> CountingAllocator<A> {
    /// Counts what is asked of another allocator.
    #[must_use]
    pub const fn over(allocator: A) -> Self {
        Self(allocator)
    }
}

thread_local! {
    /// How often this allocator was called, while somebody wants to know whether it is.
    static CALLS: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Whether the program's global allocator is a counting one.
pub(crate) fn installed() -> Result<(), &'static str> {
    CALLS.set(Some(0));
    drop(black_box(Box::new(0_u64)));
    match CALLS.take() {
        Some(1..) => Ok(()),
        _ => Err("the program's global allocator is no CountingAllocator"),
    }
}

/// What is known of a call: the bytes given back, and those taken.
fn note(deed: Deed, freed: usize, taken: usize) {
    if let Some(calls) = CALLS.get() {
        CALLS.set(Some(calls + 1));
    }
    heap::note(freed, taken);
    thread::with(|thread| thread.tell(|record| record.heap(deed, taken)));
}

// SAFETY: every call goes on to the other allocator with the caller's own arguments.
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(Deed::Alloc, 0, layout.size());
        // SAFETY: the caller's promise.
        unsafe { self.0.alloc(layout) }
    }

    /// Passed on as it is, so that pages which the kernel would bring lazily still are.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(Deed::Alloc, 0, layout.size());
        // SAFETY: the caller's promise.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(Deed::Realloc, layout.size(), size);
        // SAFETY: the caller's promise.
        unsafe { self.0.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(Deed::Free, layout.size(), 0);
        // SAFETY: the caller's promise.
        unsafe { self.0.dealloc(memory, layout) }
    }
}
