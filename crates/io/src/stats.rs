//! Counters of a device, written where they happen and read by anyone.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::convert::Tally;
use crate::{IoEvent, IoEventKind};

/// What has been counted since a backend was opened.
///
/// `frames + frames_lost + frames_away` is where the device stands, as far as it can tell what it loses.
///
/// ```
/// use patchline_io::IoStats;
///
/// // All devices of a run together.
/// let mut all = IoStats { blocks: 10, frames: 640, ..IoStats::default() };
/// all += IoStats { blocks: 5, frames: 320, xruns: 1, frames_lost: 64, ..IoStats::default() };
/// assert_eq!((all.frames, all.frames + all.frames_lost + all.frames_away), (960, 1_024));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoStats {
    /// Calls by the device, those included in which the callback had to rest.
    pub blocks: u64,
    /// Frames it processed.
    pub frames: u64,
    /// Missed deadlines.
    pub xruns: u64,
    /// Frames lost in them.
    pub frames_lost: u64,
    /// How often the device was gone.
    pub losses: u64,
    /// Frames it would have run while it was gone and came back.
    pub frames_away: u64,
    /// Events that did not fit their ring.
    pub events_lost: u64,
    /// Samples, in and out, that the device's format could not hold: the nearest value was taken.
    pub clipped: u64,
    /// Samples, in and out, that were no finite number and could not be passed on as such: 0 was taken.
    pub not_finite: u64,
}

impl AddAssign for IoStats {
    fn add_assign(&mut self, more: Self) {
        self.blocks += more.blocks;
        self.frames += more.frames;
        self.xruns += more.xruns;
        self.frames_lost += more.frames_lost;
        self.losses += more.losses;
        self.frames_away += more.frames_away;
        self.events_lost += more.events_lost;
        self.clipped += more.clipped;
        self.not_finite += more.not_finite;
    }
}

#[derive(Debug, Default)]
pub(crate) struct StatsCells {
    blocks: AtomicU64,
    frames: AtomicU64,
    xruns: AtomicU64,
    frames_lost: AtomicU64,
    losses: AtomicU64,
    frames_away: AtomicU64,
    events_lost: AtomicU64,
    clipped: AtomicU64,
    not_finite: AtomicU64,
}

impl StatsCells {
    pub(crate) fn block(&self, frames: usize) {
        add(&self.blocks, 1);
        add(&self.frames, frames as u64);
    }

    pub(crate) fn event(&self, event: &IoEvent) {
        match event.kind {
            IoEventKind::Xrun { lost, .. } => {
                add(&self.xruns, 1);
                add(&self.frames_lost, lost);
            }
            IoEventKind::Lost { .. } => add(&self.losses, 1),
            IoEventKind::Reconnected { away } => add(&self.frames_away, away),
            _ => {}
        }
    }

    pub(crate) fn samples(&self, tally: Tally) {
        // Hardly ever, and an addition to memory that is shared is not free.
        if tally != Tally::default() {
            add(&self.clipped, tally.clipped);
            add(&self.not_finite, tally.not_finite);
        }
    }

    pub(crate) fn event_lost(&self) {
        add(&self.events_lost, 1);
    }

    pub(crate) fn events_lost(&self) -> u64 {
        get(&self.events_lost)
    }

    pub(crate) fn snapshot(&self) -> IoStats {
        IoStats {
            blocks: get(&self.blocks),
            frames: get(&self.frames),
            xruns: get(&self.xruns),
            frames_lost: get(&self.frames_lost),
            losses: get(&self.losses),
            frames_away: get(&self.frames_away),
            events_lost: get(&self.events_lost),
            clipped: get(&self.clipped),
            not_finite: get(&self.not_finite),
        }
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
