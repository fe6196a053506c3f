//! What a guard is asked to watch, and whether it can.

use std::fmt;

use crate::{allocator, dispatch, usage};

/// Something that real-time code must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Entering the kernel by a system call.
    Syscalls,
    /// Allocating, freeing or reallocating by Rust's global allocator.
    Allocations,
    /// Touching memory that the kernel has yet to bring: minor and major page faults.
    PageFaults,
    /// Giving the processor away of one's own accord: voluntary context switches.
    Switches,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Syscalls, Kind::Allocations, Kind::PageFaults, Kind::Switches];

    /// Whether, and if not why, this can be watched on this system and in this program.
    #[must_use]
    pub fn availability(self) -> Availability {
        let possible = match self {
            Kind::Syscalls => dispatch::possible(),
            Kind::Allocations => allocator::installed(),
            Kind::PageFaults | Kind::Switches => usage::possible(),
        };
        match possible {
            Ok(()) => Availability::Watched,
            Err(reason) => Availability::Unavailable(reason),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Syscalls => "system calls",
            Kind::Allocations => "allocations",
            Kind::PageFaults => "page faults",
            Kind::Switches => "context switches",
        })
    }
}

/// Whether a kind is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It is.
    Watched,
    /// Nobody asked for it.
    NotAsked,
    /// It was asked for and cannot be watched here, for this reason.
    Unavailable(&'static str),
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Availability::Watched => f.write_str("watched"),
            Availability::NotAsked => f.write_str("not asked for"),
            Availability::Unavailable(reason) => write!(f, "NOT WATCHED: {reason}"),
        }
    }
}

/// What a guard is asked to watch.
///
/// ```
/// use patchline_guard::{Kind, Watch};
///
/// let watch = Watch::all().without(Kind::PageFaults);
/// assert!(watch.has(Kind::Syscalls) && !watch.has(Kind::PageFaults));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch([bool; 4]);

impl Watch {
    /// Everything. Where something of it cannot be watched, no report is [clean](crate::Report::is_clean).
    #[must_use]
    pub fn all() -> Self {
        Self([true; 4])
    }

    /// Nothing: to begin with, before [`and`](Self::and).
    #[must_use]
    pub fn nothing() -> Self {
        Self([false; 4])
    }

    /// All that can be watched here: the choice for tests that also run on other systems. The report names the rest.
    #[must_use]
    pub fn available() -> Self {
        Kind::ALL
            .into_iter()
            .filter(|kind| kind.availability() == Availability::Watched)
            .fold(Self::nothing(), Self::and)
    }

    /// This kind as well.
    #[must_use]
    pub fn and(mut self, kind: Kind) -> Self {
        self.0[kind as usize] = true;
        self
    }

    /// All but this kind.
    #[must_use]
    pub fn without(mut self, kind: Kind) -> Self {
        self.0[kind as usize] = false;
        self
    }

    /// Whether this kind is asked for.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.0[kind as usize]
    }

    /// Whether the thread's page faults or context switches are asked for.
    pub(crate) fn reads_usage(self) -> bool {
        self.has(Kind::PageFaults) || self.has(Kind::Switches)
    }
}
