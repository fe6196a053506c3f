//! The kernel refuses a thread's system calls, and tells (`PR_SET_SYSCALL_USER_DISPATCH`).
//!
//! `linux.rs` arms threads, `handler.rs` takes the signal that says which call it was, `stub.rs` holds the few
//! instructions from which the kernel may always be entered. Elsewhere nothing of this exists.

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
mod handler;
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
mod linux;
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
mod stub;

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
pub(crate) use linux::{arm, possible, tidy_masks};
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
pub(crate) use stub::call;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64")))]
mod elsewhere {
    /// Why system calls cannot be watched here.
    pub(crate) fn possible() -> Result<(), &'static str> {
        Err("only Linux on x86-64 can refuse them")
    }

    pub(crate) fn arm() -> bool {
        false
    }

    pub(crate) fn tidy_masks() {}

    /// A system call, by the system's library.
    ///
    /// # Safety
    /// As for the system call.
    #[cfg(target_os = "linux")]
    #[allow(unsafe_code, reason = "a system call")]
    pub(crate) unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
        // SAFETY: the caller's promise.
        unsafe { libc::syscall(number as libc::c_long, a, b, c, d, e, f) as isize }
    }
}
#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64")))]
pub(crate) use elsewhere::*;
