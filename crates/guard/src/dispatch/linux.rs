//! Arming a thread, once; taking it back when the thread ends.
#![allow(unsafe_code, reason = "system calls, and the question whether this is valgrind")]

use std::cell::Cell;
use std::sync::OnceLock;

use super::handler::{self, Action};
use super::stub;
use crate::thread;

const PR_SET_SYSCALL_USER_DISPATCH: usize = 59;
const OFF: usize = 0;
const ON: usize = 1;

/// Whether the kernel can be asked to refuse a thread's system calls; the first question installs the signal's handler.
pub(crate) fn possible() -> Result<(), &'static str> {
    static POSSIBLE: OnceLock<Result<(), &'static str>> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        if in_valgrind() {
            return Err("valgrind ends a process that does this");
        }
        // No thread of ours is armed before this question is answered.
        if thread_is_refused() {
            return Err(
                "the kernel has no syscall user dispatch: Linux 5.11 or later does, emulators and sandboxes may not",
            );
        }
        handler::install();
        Ok(())
    })
}

/// Whether arming fails on this thread.
fn thread_is_refused() -> bool {
    let answer = prctl(ON);
    if answer == 0 {
        prctl(OFF);
    }
    answer != 0
}

/// Takes SIGSYS out of the masks of all handlers that are installed: the kernel ends a process that makes a refused
/// call while it is blocked.
pub(crate) fn tidy_masks() {
    (1..=64).for_each(handler::unmask_in_handler_of);
}

/// Prepares this thread, once; says whether its system calls can be refused.
pub(crate) fn arm() -> bool {
    ARMED.try_with(Armed::arm).unwrap_or(false)
}

thread_local! {
    static ARMED: Armed = const { Armed(Cell::new(None)) };
}

/// Whether this thread is armed, once it was tried. At the thread's end it is disarmed: the kernel would go on reading
/// a selector that is gone.
struct Armed(Cell<Option<bool>>);

impl Armed {
    #[inline]
    fn arm(&self) -> bool {
        self.0.get().unwrap_or_else(|| self.try_to())
    }

    #[cold]
    fn try_to(&self) -> bool {
        let armed = handler::is_installed() && {
            handler::unblock_on_this_thread();
            prctl(ON) == 0
        };
        self.0.set(Some(armed));
        armed
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        if self.0.take() == Some(true) {
            prctl(OFF);
        }
    }
}

/// Turns the dispatch of this thread on or off; 0 if it worked.
fn prctl(mode: usize) -> isize {
    let (range, selector) = (stub::range(), thread::with(|thread| thread.selector.as_ptr() as usize));
    let on = [PR_SET_SYSCALL_USER_DISPATCH, ON, range.start, range.len(), selector, 0];
    let off = [PR_SET_SYSCALL_USER_DISPATCH, OFF, 0, 0, 0, 0];
    // SAFETY: the selector lives as long as the thread, and the range is code of ours.
    unsafe { stub::call(libc::SYS_prctl as usize, if mode == ON { on } else { off }) }
}

/// Asks by valgrind's client request: a sequence of instructions that does nothing elsewhere.
fn in_valgrind() -> bool {
    const RUNNING_ON_VALGRIND: u64 = 0x1001;
    let request = [RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0];
    let mut depth = 0_u64;
    // SAFETY: four rotations by 128 bits in all, and an exchange of a register with itself, change nothing.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &request,
            inout("rdx") depth,
            out("rdi") _,
            options(nostack),
        );
    }
    depth != 0
}

/// Sets or reads what a signal does; whether that worked.
pub(super) fn sigaction(signal: usize, new: Option<&Action>, old: Option<&mut Action>) -> bool {
    let new = new.map_or(0, |action| std::ptr::from_ref(action) as usize);
    let old = old.map_or(0, |action| std::ptr::from_mut(action) as usize);
    // SAFETY: both are structs as the kernel defines them, or none.
    unsafe { stub::call(libc::SYS_rt_sigaction as usize, [signal, new, old, 8, 0, 0]) == 0 }
}
