//! The allocator of the proofs: counts for the guard, and aborts by assert_no_alloc where a proof asks for that.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait; each method only passes its arguments on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use assert_no_alloc::AllocDisabler;
use patchline_guard::CountingAllocator;

/// The system's allocator, or assert_no_alloc's over it.
pub struct Switch;

/// The global allocator of the programs.
#[must_use]
pub const fn allocator() -> CountingAllocator<Switch> {
    CountingAllocator::over(Switch)
}

static ABORTING: AtomicBool = AtomicBool::new(false);

/// From now on, allocating in the callback ends the process.
pub(crate) fn abort_on_violation() {
    ABORTING.store(true, Relaxed);
}

// SAFETY: every call goes on, with the caller's own arguments, to one of two allocators that are both the system's.
unsafe impl GlobalAlloc for Switch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match ABORTING.load(Relaxed) {
            // SAFETY: the caller's promise.
            true => unsafe { AllocDisabler.alloc(layout) },
            // SAFETY: the caller's promise.
            false => unsafe { System.alloc(layout) },
        }
    }

    /// Passed on as it is, so that zeroed pages stay lazy.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match ABORTING.load(Relaxed) {
            // SAFETY: the caller's promise.
            true => unsafe { AllocDisabler.alloc_zeroed(layout) },
            // SAFETY: the caller's promise.
            false => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match ABORTING.load(Relaxed) {
            // SAFETY: the caller's promise.
            true => unsafe { AllocDisabler.realloc(memory, layout, size) },
            // SAFETY: the caller's promise.
            false => unsafe { System.realloc(memory, layout, size) },
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match ABORTING.load(Relaxed) {
            // SAFETY: the caller's promise.
            true => unsafe { AllocDisabler.dealloc(memory, layout) },
            // SAFETY: the caller's promise.
            false => unsafe { System.dealloc(memory, layout) },
        }
    }
}
