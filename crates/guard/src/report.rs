//! What a guard found: plain data.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::record::{Deed, RawSite, Record};
use crate::trace::{self, Frame};
use crate::usage::Usage;
use crate::{Availability, Kind, Watch, names};

/// What a guard found in its visits so far.
#[derive(Clone, Debug)]
pub struct Report {
    asked: Watch,
    watched: Watch,
    reasons: Vec<(Kind, &'static str)>,
    visits: u64,
    blind: u64,
    cut_short: u64,
    signals: u64,
    calls: Vec<(usize, u64)>,
    allocs: u64,
    frees: u64,
    reallocs: u64,
    bytes: u64,
    usage: Usage,
    sites: Vec<Site>,
}

/// A place in the code that did what it must not, and how often.
#[derive(Clone, Debug)]
pub struct Site {
    what: String,
    count: u64,
    addresses: Vec<usize>,
}

impl Site {
    /// What was done: the name of a system call, `alloc`, `free` or `realloc`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How often, among the first 2,000 violations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The functions on the stack, innermost first, up to the visit; at most 32 calls and what was inlined into them.
    /// Looks their names up, which takes its time: the first time, the program's debug information is read.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        trace::trim(trace::name(&self.addresses))
    }
}

impl Report {
    pub(crate) fn new(record: &Record, asked: Watch) -> Self {
        let of = |count: &AtomicU64| count.load(Relaxed);
        let reason = |kind: Kind| match kind.availability() {
            Availability::Unavailable(reason) => Some((kind, reason)),
            Availability::Watched | Availability::NotAsked => None,
        };
        let sums = &record.usage;
        Self {
            asked,
            watched: record.watch,
            reasons: Kind::ALL.into_iter().filter(|kind| !record.watch.has(*kind)).filter_map(reason).collect(),
            visits: of(&record.visits),
            blind: of(&record.blind),
            cut_short: of(&record.cut_short),
            signals: of(&record.signals),
            calls: record.calls(),
            allocs: of(&record.allocs),
            frees: of(&record.frees),
            reallocs: of(&record.reallocs),
            bytes: of(&record.bytes),
            usage: Usage {
                minor_faults: of(&sums.minor_faults),
                major_faults: of(&sums.major_faults),
                voluntary: of(&sums.voluntary),
                involuntary: of(&sums.involuntary),
            },
            sites: record.sites().into_iter().map(site).collect(),
        }
    }

    /// Whether everything that was asked for was watched, in every visit to its end, and nothing was found. Being
    /// interrupted by other threads (an involuntary context switch) is nobody's fault and stays clean.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations() == 0 && self.gaps().is_empty()
    }

    /// How often something happened that must not.
    #[must_use]
    pub fn violations(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.violations_of(kind)).sum()
    }

    /// How often something of one kind happened; 0 where it was not watched.
    ///
    /// A thread gives the processor away by a system call, or where it has to wait for a page. Where calls are watched and
    /// page faults are not asked for, a context switch in visits without calls is a page's, and no violation.
    #[must_use]
    pub fn violations_of(&self, kind: Kind) -> u64 {
        let found = match kind {
            Kind::Syscalls => self.syscalls(),
            Kind::Allocations => self.allocs + self.frees + self.reallocs,
            Kind::PageFaults => self.minor_faults() + self.major_faults(),
            Kind::Switches if self.switches_are_faults() => 0,
            Kind::Switches => self.voluntary_switches(),
        };
        if self.watched.has(kind) { found } else { 0 }
    }

    /// Whether nothing but page faults, which nobody asked for, can have given the processor away.
    fn switches_are_faults(&self) -> bool {
        self.watched.has(Kind::Syscalls) && self.syscalls() == 0 && !self.asked.has(Kind::PageFaults)
    }

    /// What was asked for and not watched, one sentence each; empty if there is no gap. Where nothing was visited, nothing
    /// was.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps: Vec<String> = Kind::ALL.into_iter().flat_map(|kind| self.gaps_of(kind)).collect();
        if self.visits() == 0 {
            gaps.push("there was no visit".to_owned());
        }
        gaps
    }

    /// The gaps in one kind.
    #[must_use]
    pub fn gaps_of(&self, kind: Kind) -> Vec<String> {
        let unwatched = self.asked.has(kind) && !self.watched.has(kind);
        let mut gaps: Vec<String> =
            unwatched.then(|| format!("{kind}: {}", self.availability(kind))).into_iter().collect();
        if kind != Kind::Syscalls {
            return gaps;
        }
        if self.blind > 0 {
            gaps.push(format!(
                "system calls: NOT WATCHED in {} visits: another handler of SIGSYS, or a thread at its end",
                self.blind
            ));
        }
        if self.cut_short > 0 {
            gaps.push(format!(
                "system calls: NOT WATCHED in the rest of {} visits, behind a call that only the kernel itself can make",
                self.cut_short
            ));
        }
        gaps
    }

    /// Whether a kind was watched, and if not why.
    #[must_use]
    pub fn availability(&self, kind: Kind) -> Availability {
        match self.reasons.iter().find(|(of, _)| *of == kind) {
            _ if self.watched.has(kind) => Availability::Watched,
            Some((_, reason)) => Availability::Unavailable(reason),
            None => Availability::NotAsked,
        }
    }

    /// Passes over a clean report.
    ///
    /// # Panics
    /// With the whole report, if it is not [clean](Self::is_clean).
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }

    /// Visits that began.
    #[must_use]
    pub fn visits(&self) -> u64 {
        self.visits
    }

    /// System calls.
    #[must_use]
    pub fn syscalls(&self) -> u64 {
        self.calls.iter().map(|(_, count)| count).sum()
    }

    /// System calls of this name (`"write"`).
    #[must_use]
    pub fn syscalls_named(&self, name: &str) -> u64 {
        let same = |(number, _): &&(usize, u64)| call_name(*number) == name;
        self.calls.iter().filter(same).map(|(_, count)| count).sum()
    }

    /// The name of each system call that was made, and how often; in the order of their numbers.
    pub fn syscalls_by_name(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.calls.iter().map(|(number, count)| (call_name(*number), *count))
    }

    /// Allocations, zeroed ones among them.
    #[must_use]
    pub fn allocs(&self) -> u64 {
        self.allocs
    }

    /// Pieces of memory that were freed.
    #[must_use]
    pub fn frees(&self) -> u64 {
        self.frees
    }

    /// Pieces of memory whose size was changed.
    #[must_use]
    pub fn reallocs(&self) -> u64 {
        self.reallocs
    }

    /// Bytes asked for by allocations and reallocations, in all.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Pages that the kernel had to map, without reading from a disk. If a visit broke another promise as well, the
    /// guard's own work on it may be among them.
    #[must_use]
    pub fn minor_faults(&self) -> u64 {
        self.usage.minor_faults
    }

    /// Pages that the kernel had to read from a disk.
    #[must_use]
    pub fn major_faults(&self) -> u64 {
        self.usage.major_faults
    }

    /// How often the thread gave the processor away: it waited for something.
    #[must_use]
    pub fn voluntary_switches(&self) -> u64 {
        self.usage.voluntary
    }

    /// How often the processor was taken from the thread. No violation.
    #[must_use]
    pub fn involuntary_switches(&self) -> u64 {
        self.usage.involuntary
    }

    /// Signals whose handlers ran during visits. No violation; what the handlers did counts as the visit's doing.
    #[must_use]
    pub fn signals(&self) -> u64 {
        self.signals
    }

    /// Where in the code it happened: up to 64 different places.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }
}

fn call_name(number: usize) -> String {
    names::name(number).map_or_else(|| format!("system call {number}"), str::to_owned)
}

fn site(raw: RawSite) -> Site {
    let what = match raw.deed {
        Deed::Alloc => "alloc".to_owned(),
        Deed::Free => "free".to_owned(),
        Deed::Realloc => "realloc".to_owned(),
        Deed::Call(number) => call_name(number),
    };
    Site { what, count: raw.count, addresses: raw.addresses }
}
