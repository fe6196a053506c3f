//! The global allocator: lets everybody through, except our own code inside the audio callback.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::panicking;

use assert_no_alloc::AllocDisabler;
use patchline_graph::guard;

/// What happens when the callback allocates or frees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnViolation {
    /// End the process at once: for tests, proofs and renders.
    Abort,
    /// Play on, count it, name the node and end with exit code 7: for the stage.
    Count,
}

/// The system's allocator, watched: a program that calls [`main_with`](crate::main_with) installs it.
///
/// A thread that is already panicking is let through: unwinding allocates, and the renderer catches the panic.
pub struct Watch;

static COUNTING: AtomicBool = AtomicBool::new(false);
static SPOKEN: AtomicBool = AtomicBool::new(false);

/// Chooses what happens from now on.
pub(crate) fn on_violation(choice: OnViolation) {
    COUNTING.store(choice == OnViolation::Count, Ordering::Relaxed);
}

/// Whether this call breaks the callback's promise and ends the process.
fn forbidden() -> bool {
    if !guard::in_callback() || panicking() {
        return false;
    }
    if COUNTING.load(Ordering::Relaxed) {
        guard::count_violation();
        return false;
    }
    explain();
    true
}

/// The last words before the abort. Only the first thread speaks: speaking itself must not end here again.
fn explain() {
    if !SPOKEN.swap(true, Ordering::Relaxed) {
        let words = "runner: a node allocated or freed memory in the audio callback; \
                     `--on-violation count` plays on and names it\n";
        // Nothing can be done about a closed stderr this late.
        let _ = std::io::stderr().write_all(words.as_bytes());
    }
}

// SAFETY: every call goes on to the system's allocator with the caller's own arguments, or never returns.
#[allow(unsafe_code, reason = "a global allocator is an unsafe trait; each method only passes its arguments on")]
unsafe impl GlobalAlloc for Watch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if forbidden() {
            // SAFETY: the caller's promise about `layout` is passed on.
            return unsafe { AllocDisabler.alloc(layout) };
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    /// Passed on as it is, so that zeroed pages stay lazy.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if forbidden() {
            // SAFETY: the caller's promise about `layout` is passed on.
            return unsafe { AllocDisabler.alloc_zeroed(layout) };
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if forbidden() {
            // SAFETY: the caller's promise about all three is passed on; both allocators are the system's.
            return unsafe { AllocDisabler.realloc(ptr, layout, new_size) };
        }
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, new_size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if forbidden() {
            // SAFETY: the caller's promise about both is passed on; both allocators are the system's.
            return unsafe { AllocDisabler.dealloc(ptr, layout) };
        }
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}
