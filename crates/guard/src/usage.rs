//! What the kernel has counted of this thread: page faults and context switches.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of one thread, or sums over visits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage<T = u64> {
    pub(crate) minor_faults: T,
    pub(crate) major_faults: T,
    pub(crate) voluntary: T,
    pub(crate) involuntary: T,
}

impl Usage<AtomicU64> {
    /// Adds what has come between two readings.
    pub(crate) fn add(&self, before: Usage, after: Usage) {
        let pairs = [
            (&self.minor_faults, before.minor_faults, after.minor_faults),
            (&self.major_faults, before.major_faults, after.major_faults),
            (&self.voluntary, before.voluntary, after.voluntary),
            (&self.involuntary, before.involuntary, after.involuntary),
        ];
        for (sum, before, after) in pairs.into_iter().filter(|(_, before, after)| before != after) {
            sum.fetch_add(after.wrapping_sub(before), Relaxed);
        }
    }
}

/// Whether the kernel counts these for each thread.
pub(crate) fn possible() -> Result<(), &'static str> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err("only Linux counts them for each thread") }
}

/// This thread's counts since it began. One system call, which no guard counts.
#[cfg(target_os = "linux")]
pub(crate) fn read() -> Usage {
    #[allow(unsafe_code, reason = "the kernel fills a struct in")]
    fn ask() -> libc::rusage {
        // SAFETY: all bytes 0 are a valid `rusage`: it holds nothing but integers.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        let to = &raw mut usage as usize;
        // SAFETY: the kernel writes one `rusage`, to where there is one.
        unsafe { crate::dispatch::call(libc::SYS_getrusage as usize, [libc::RUSAGE_THREAD as usize, to, 0, 0, 0, 0]) };
        usage
    }
    let usage = ask();
    Usage {
        minor_faults: usage.ru_minflt as u64,
        major_faults: usage.ru_majflt as u64,
        voluntary: usage.ru_nvcsw as u64,
        involuntary: usage.ru_nivcsw as u64,
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read() -> Usage {
    Usage::default()
}
