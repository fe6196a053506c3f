//! Real-time rights for a thread, as another one has them.

use std::io;

use crate::rights::Policy;

/// Gives them to the thread that asks. Its own children have none.
///
/// # Errors
/// What the system says against it.
#[cfg(target_os = "linux")]
pub(super) fn take(policy: Policy, priority: u32) -> io::Result<()> {
    let policy = match policy {
        Policy::Fifo => libc::SCHED_FIFO,
        Policy::RoundRobin => libc::SCHED_RR,
        Policy::Deadline => return Err(io::Error::other("the audio thread runs by deadlines, which cannot be shared")),
    };
    let priority = i32::try_from(priority).map_err(io::Error::other)?;
    let param = libc::sched_param { sched_priority: priority };
    #[allow(unsafe_code, reason = "a system call")]
    // SAFETY: 0 is the thread that asks, and the parameters outlive the call.
    let set = unsafe { libc::sched_setscheduler(0, policy | libc::SCHED_RESET_ON_FORK, &raw const param) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Nobody has found out how on this system yet.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(super) fn take(_policy: Policy, _priority: u32) -> io::Result<()> {
    Err(io::Error::other("not on this system yet"))
}
