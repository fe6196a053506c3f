//! What belongs to a lane: where those who do its tasks leave what they have to say, until the audio thread takes it.

use std::sync::Arc;
use std::time::Duration;

use rtrb::Consumer;

use crate::event::{Events, Instance, RawEvent};
use crate::profile::{Watch, Watched};
use crate::slots::Payload;
use crate::span::RawSpan;
use crate::{EventKind, Frame, TimeSource, touched};

/// Events of a lane in one piece; what does not fit is counted.
const EVENTS: usize = 1_024;
/// Panics of a lane in one piece whose payloads are kept.
const PAYLOADS: usize = 16;
/// Runs of nodes of a lane in one piece that are timed one by one; what does not fit is counted.
const SPANS: usize = 4_096;

/// A lane's things.
pub(crate) struct Kit {
    /// Its own ring and counters.
    pub(crate) events: Events,
    pub(crate) told: Consumer<RawEvent>,
    pub(crate) payloads: Vec<Payload>,
    /// Allocations on a worker thread, and the first node that did.
    pub(crate) violations: (u32, Option<Instance>),
    pub(crate) watch: LaneWatch,
}

impl Kit {
    pub(crate) fn new() -> Self {
        let (ring, told) = touched::ring(EVENTS);
        let events = Events { ring, stats: Arc::default() };
        let watch = LaneWatch { time: None, last: Duration::ZERO, spans: touched::room(SPANS), lost: 0 };
        Self { events, told, payloads: touched::room(PAYLOADS), violations: (0, None), watch }
    }

    /// Counts and reports a panic at the frame `position`. Its payload cannot be freed here: it is kept, or forgotten where there is
    /// no room.
    pub(crate) fn bury(&mut self, position: Frame, instance: Instance, payload: Payload) {
        match self.payloads.len() < self.payloads.capacity() {
            true => self.payloads.push(payload),
            false => std::mem::forget(payload),
        }
        self.events.stats.panics.add(1);
        self.events.sink(position, Some(instance)).push(0, EventKind::Panicked);
    }

    /// Notes how often a worker has allocated, and the first node that did.
    pub(crate) fn note(&mut self, (times, instance): (u32, Option<Instance>)) {
        let (before, first) = self.violations;
        self.violations = (before.saturating_add(times), first.or(instance));
    }
}

/// Takes the times of a lane's nodes.
pub(crate) struct LaneWatch {
    /// The clock, if this call is timed.
    pub(crate) time: Option<TimeSource>,
    last: Duration,
    pub(crate) spans: Vec<RawSpan>,
    /// Those that had no room.
    pub(crate) lost: u64,
}

impl Watch for LaneWatch {
    fn ran(&mut self, watched: &[Option<Watched>], op: usize, frames: usize) {
        let begins = self.last;
        self.rest();
        let lasts = self.last.saturating_sub(begins);
        let Some(Watched { cost, instance }) = &watched[op] else { return };
        cost.add(lasts, frames);
        match self.spans.len() < self.spans.capacity() {
            true => self.spans.push(RawSpan { instance: *instance, call: 0, begins, lasts, frames }),
            false => self.lost += 1,
        }
    }

    fn rest(&mut self) {
        if let Some(time) = &self.time {
            self.last = time.now();
        }
    }
}
