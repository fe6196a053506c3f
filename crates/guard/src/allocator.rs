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

thread_local! {
    /// Whether memory comes with pages that the kernel has yet to bring.
    static FRESH: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, and gives what this thread allocates meanwhile pages that the kernel has yet to bring, as in a process
/// that has just started. Otherwise memory that was freed before is used again, and code that forgets to write to its
/// memory before the callback does would go unnoticed. On Linux, with a [`CountingAllocator`] over the system's
/// allocator; elsewhere it only runs `work`.
pub fn with_fresh_pages<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            FRESH.set(self.0);
        }
    }
    let _restore = Restore(FRESH.replace(true));
    work()
}

/// Gives the whole pages of new memory back to the kernel, which brings them again, zeroed, when they are touched.
///
/// # Safety
/// Nobody uses what the memory holds, unless it is zero.
unsafe fn refresh(memory: *mut u8, size: usize) {
    #[cfg(target_os = "linux")]
    if FRESH.get() && !memory.is_null() {
        const PAGE: usize = 4096;
        let (start, end) = ((memory as usize).next_multiple_of(PAGE), (memory as usize + size) / PAGE * PAGE);
        if start < end {
            let arguments = [start, end - start, libc::MADV_DONTNEED as usize, 0, 0, 0];
            // SAFETY: whole pages of memory that was just allocated, whose contents nobody relies on. Where pages are
            // larger, the kernel refuses, and they stay.
            unsafe { crate::dispatch::call(libc::SYS_madvise as usize, arguments) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, size, &FRESH);
}

// SAFETY: every call goes on to the other allocator with the caller's own arguments.
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(Deed::Alloc, 0, layout.size());
        // SAFETY: the caller's promise.
        let memory = unsafe { self.0.alloc(layout) };
        // SAFETY: new memory holds nothing yet.
        unsafe { refresh(memory, layout.size()) };
        memory
    }

    /// Passed on as it is, so that pages which the kernel would bring lazily still are.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(Deed::Alloc, 0, layout.size());
        // SAFETY: the caller's promise.
        let memory = unsafe { self.0.alloc_zeroed(layout) };
        // SAFETY: it holds zeros.
        unsafe { refresh(memory, layout.size()) };
        memory
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
