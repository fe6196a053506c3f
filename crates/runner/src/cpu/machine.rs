//! What a measurement depends on, and what disturbs it.

use std::fs;

/// The processor, as the system calls it, and how many there are.
pub(crate) fn name() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(':'));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim()).to_owned();
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {}", crate::units::count(count, "processor"))
}

/// How often the system took the processor away from this thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interruptions(Option<u64>);

impl Interruptions {
    /// Counts from now on.
    pub(crate) fn begin() -> Self {
        Self(so_far())
    }

    /// Since then; `None` where the system does not tell.
    pub(crate) fn count(self) -> Option<u64> {
        Some(so_far()?.saturating_sub(self.0?))
    }
}

fn so_far() -> Option<u64> {
    let status = fs::read_to_string("/proc/thread-self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:")?.trim().parse().ok())
}
