//! Events on their way from a device's thread to the control thread, bounded: what does not fit is counted.

use std::sync::Arc;

use patchline_graph::touched;
use rtrb::{Consumer, Producer};

use crate::convert::Tally;
use crate::stats::StatsCells;
use crate::{IoEvent, IoEventKind, IoStats};

/// The two ends of a ring for `capacity` events, with counters that stay exact when it overflows.
///
/// ```
/// use patchline_io::{IoEvent, IoEventKind, Side, event_ring};
///
/// let (mut device, mut control) = event_ring(1);
/// let xrun = IoEvent { position: 64, kind: IoEventKind::Xrun { lost: 64, side: Side::Both } };
/// device.send(xrun);
/// device.send(xrun);
/// assert_eq!(control.poll(), Some(xrun));
/// assert_eq!(control.poll(), Some(IoEvent { position: 64, kind: IoEventKind::EventsLost { count: 1 } }));
/// assert_eq!(control.poll(), None);
/// assert_eq!(control.stats().xruns, 2);
/// ```
#[must_use]
pub fn event_ring(capacity: usize) -> (EventSender, EventReceiver) {
    let (producer, consumer) = touched::ring(capacity);
    let stats = Arc::new(StatsCells::default());
    let sender = EventSender { ring: producer, stats: Arc::clone(&stats) };
    (sender, EventReceiver { ring: consumer, stats, told: 0, position: 0 })
}

/// The device's end.
///
/// ```
/// use patchline_io::convert::Tally;
/// use patchline_io::{IoEvent, IoEventKind, Side, event_ring};
///
/// // What a backend's callback does.
/// let (mut sender, receiver) = event_ring(16);
/// sender.send(IoEvent { position: 0, kind: IoEventKind::Xrun { lost: 64, side: Side::Both } });
/// sender.count_samples(Tally { clipped: 2, not_finite: 0 });
/// sender.count_block(64);
/// let stats = receiver.stats();
/// assert_eq!((stats.xruns, stats.frames_lost, stats.frames, stats.clipped), (1, 64, 64, 2));
/// ```
pub struct EventSender {
    ring: Producer<IoEvent>,
    stats: Arc<StatsCells>,
}

impl EventSender {
    /// Counts the event and sends it, if there is room.
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub fn send(&mut self, event: IoEvent) {
        self.stats.event(&event);
        if self.ring.push(event).is_err() {
            self.stats.event_lost();
        }
    }

    /// Counts a call of the callback; one of 0 frames where the device called and the callback was left to rest, so that
    /// nobody takes the device for dead.
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub fn count_block(&self, frames: usize) {
        self.stats.block(frames);
    }

    /// Counts samples that did not come through the conversion to or from the device's format.
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub fn count_samples(&self, tally: Tally) {
        self.stats.samples(tally);
    }
}

/// The control thread's end.
///
/// ```
/// use patchline_io::{IoEvent, IoEventKind, event_ring};
///
/// let (mut device, mut control) = event_ring(16);
/// device.count_block(64);
/// device.send(IoEvent { position: 64, kind: IoEventKind::Finished });
/// while let Some(event) = control.poll() {
///     println!("{event}");
/// }
/// assert_eq!((control.stats().blocks, control.stats().frames), (1, 64));
/// ```
pub struct EventReceiver {
    ring: Consumer<IoEvent>,
    stats: Arc<StatsCells>,
    /// Lost events that were told so far.
    told: u64,
    /// Of the last event.
    position: u64,
}

impl EventReceiver {
    /// The next event; after those that arrived, how many did not.
    pub fn poll(&mut self) -> Option<IoEvent> {
        if let Ok(event) = self.ring.pop() {
            self.position = event.position;
            return Some(event);
        }
        let lost = self.stats.events_lost();
        let count = lost - std::mem::replace(&mut self.told, lost);
        (count > 0).then_some(IoEvent { position: self.position, kind: IoEventKind::EventsLost { count } })
    }

    /// What has been counted so far.
    #[must_use]
    pub fn stats(&self) -> IoStats {
        self.stats.snapshot()
    }
}
