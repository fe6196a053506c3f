//! Locking the process into memory, so that the audio thread never waits for a page.

use std::fmt;

/// Whether the process is locked into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locked {
    /// All of it, what is allocated later too.
    Yes,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux is asked for its limit"))]
    /// The limit of locked memory, in bytes, would make later allocations fail, and no right overrides it.
    Limited(u64),
    /// The system refused, or has no such call.
    Refused,
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("memory is locked"),
            Self::Limited(bytes) => {
                let kib = bytes / 1024;
                write!(
                    f,
                    "memory is not locked: the limit is {kib} KiB; `ulimit -l unlimited` or CAP_IPC_LOCK allows it"
                )
            }
            Self::Refused => f.write_str("memory is not locked: the system refused"),
        }
    }
}

/// Locks everything if that cannot make a later allocation fail: with `CAP_IPC_LOCK`, or without a limit.
#[cfg(target_os = "linux")]
pub(crate) fn lock() -> Locked {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{Resource, getrlimit};
    use rustix::thread::{CapabilitySet, capabilities};

    let allowed = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    match getrlimit(Resource::Memlock).current {
        Some(bytes) if !allowed => Locked::Limited(bytes),
        _ => mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).map_or(Locked::Refused, |()| Locked::Yes),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn lock() -> Locked {
    Locked::Refused
}
