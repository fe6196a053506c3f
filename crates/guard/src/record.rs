//! What a guard has counted: atomics and preallocated slots, which a signal handler and an allocator may write.

use std::array;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::trace::{self, DEPTH};
use crate::usage::Usage;
use crate::{Kind, Watch};

/// System calls with a number of their own; what is beyond shares the last.
const CALLS: usize = 512;
/// Different places in the code that are taken down.
const SITES: usize = 64;
/// Violations whose stack is looked at; those after are only counted, so that a million of them end in time.
const LOOKED_AT: u64 = 2_000;

/// What happened at a place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Call(usize),
    Alloc,
    Free,
    Realloc,
}

impl Deed {
    fn code(self) -> usize {
        match self {
            Deed::Alloc => 0,
            Deed::Free => 1,
            Deed::Realloc => 2,
            Deed::Call(number) => number.saturating_add(3),
        }
    }

    fn from_code(code: usize) -> Self {
        match code {
            0 => Deed::Alloc,
            1 => Deed::Free,
            2 => Deed::Realloc,
            _ => Deed::Call(code - 3),
        }
    }
}

pub(crate) struct Record {
    pub(crate) watch: Watch,
    pub(crate) visits: AtomicU64,
    /// Visits of threads on which system calls could not be watched.
    pub(crate) blind: AtomicU64,
    /// Visits that were not watched to their end, since a system call in them cannot be emulated.
    pub(crate) cut_short: AtomicU64,
    /// Signals that other handlers took during visits.
    pub(crate) signals: AtomicU64,
    calls: [AtomicU64; CALLS],
    pub(crate) allocs: AtomicU64,
    pub(crate) frees: AtomicU64,
    pub(crate) reallocs: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) usage: Usage<AtomicU64>,
    looked_at: AtomicU64,
    sites: Box<[Slot]>,
}

/// A place in the code, and how often something happened there.
#[derive(Default)]
struct Slot {
    /// 0 free, 1 being written, 2 readable.
    state: AtomicU8,
    deed: AtomicUsize,
    count: AtomicU64,
    length: AtomicUsize,
    addresses: [AtomicUsize; DEPTH],
}

/// A slot, read.
pub(crate) struct RawSite {
    pub(crate) deed: Deed,
    pub(crate) count: u64,
    pub(crate) addresses: Vec<usize>,
}

impl Record {
    pub(crate) fn new(watch: Watch) -> Self {
        Self {
            watch,
            visits: AtomicU64::new(0),
            blind: AtomicU64::new(0),
            cut_short: AtomicU64::new(0),
            signals: AtomicU64::new(0),
            calls: array::from_fn(|_| AtomicU64::new(0)),
            allocs: AtomicU64::new(0),
            frees: AtomicU64::new(0),
            reallocs: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            usage: Usage::default(),
            looked_at: AtomicU64::new(0),
            sites: (0..SITES).map(|_| Slot::default()).collect(),
        }
    }

    /// Counts a system call; `from` is the address behind its instruction.
    #[cfg_attr(
        not(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64")),
        expect(dead_code, reason = "nobody tells of system calls there")
    )]
    pub(crate) fn call(&self, number: usize, from: usize) {
        if self.watch.has(Kind::Syscalls) {
            self.calls[number.min(CALLS - 1)].fetch_add(1, Relaxed);
            self.look(Deed::Call(number), Some(from));
        }
    }

    /// Counts what the allocator was asked for.
    pub(crate) fn heap(&self, deed: Deed, bytes: usize) {
        if !self.watch.has(Kind::Allocations) {
            return;
        }
        match deed {
            Deed::Free => self.frees.fetch_add(1, Relaxed),
            Deed::Realloc => self.reallocs.fetch_add(1, Relaxed),
            Deed::Alloc | Deed::Call(_) => self.allocs.fetch_add(1, Relaxed),
        };
        if deed != Deed::Free {
            self.bytes.fetch_add(bytes as u64, Relaxed);
        }
        self.look(deed, None);
    }

    /// Takes down where it happened, if that is a new place and there is room.
    fn look(&self, deed: Deed, from: Option<usize>) {
        if self.looked_at.fetch_add(1, Relaxed) >= LOOKED_AT {
            return;
        }
        let mut addresses = [0; DEPTH];
        let length = trace::capture(from, &mut addresses);
        let addresses = &addresses[..length];
        if let Some(known) = self.sites.iter().find(|slot| slot.is(deed, addresses)) {
            known.count.fetch_add(1, Relaxed);
        } else {
            self.sites.iter().any(|slot| slot.claim(deed, addresses));
        }
    }

    /// The counts of all system calls that were made: number and how often.
    pub(crate) fn calls(&self) -> Vec<(usize, u64)> {
        let counts = self.calls.iter().map(|count| count.load(Relaxed)).enumerate();
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The places, those that two threads took down at the same time once each.
    pub(crate) fn sites(&self) -> Vec<RawSite> {
        let mut sites: Vec<RawSite> = Vec::new();
        for site in self.sites.iter().filter_map(Slot::read) {
            match sites.iter_mut().find(|other| other.deed == site.deed && other.addresses == site.addresses) {
                Some(other) => other.count += site.count,
                None => sites.push(site),
            }
        }
        sites
    }
}

impl Slot {
    fn is(&self, deed: Deed, addresses: &[usize]) -> bool {
        let same = |(cell, address): (&AtomicUsize, &usize)| cell.load(Relaxed) == *address;
        self.state.load(Acquire) == 2
            && self.deed.load(Relaxed) == deed.code()
            && self.length.load(Relaxed) == addresses.len()
            && self.addresses.iter().zip(addresses).all(same)
    }

    fn claim(&self, deed: Deed, addresses: &[usize]) -> bool {
        if self.state.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            return false;
        }
        self.deed.store(deed.code(), Relaxed);
        self.length.store(addresses.len(), Relaxed);
        self.addresses.iter().zip(addresses).for_each(|(cell, address)| cell.store(*address, Relaxed));
        self.count.store(1, Relaxed);
        self.state.store(2, Release);
        true
    }

    fn read(&self) -> Option<RawSite> {
        (self.state.load(Acquire) == 2).then(|| RawSite {
            deed: Deed::from_code(self.deed.load(Relaxed)),
            count: self.count.load(Relaxed),
            addresses: self.addresses.iter().take(self.length.load(Relaxed)).map(|cell| cell.load(Relaxed)).collect(),
        })
    }
}
