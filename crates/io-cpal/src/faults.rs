//! What a host says goes wrong, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use patchline_io::{EventSender, IoEvent, IoEventKind, LostReason, Side};

use crate::adapter::Fault;
use crate::ends::FaultEnd;
use crate::shared::Shared;

/// More errors than this within each of so many spans of time in a row are a storm: the stream is broken, and cannot
/// tell. One span is not enough: ALSA's way to PulseAudio fails some hundred times in a millisecond or two while it
/// recovers from an xrun.
const STORM: u32 = 100;
const WITHIN: Duration = Duration::from_millis(100);
const SPANS: u32 = 4;

/// Listens to one stream of a device.
pub(crate) struct Listener {
    shared: Arc<Shared>,
    events: EventSender,
    side: Side,
    /// Why it is gone when its stream has become invalid.
    invalid: LostReason,
    /// Errors since then, and stormy spans before.
    since: Duration,
    count: u32,
    spans: u32,
}

impl Listener {
    pub(crate) fn new(shared: Arc<Shared>, events: EventSender, side: Side, invalid: LostReason) -> Self {
        Self { shared, events, side, invalid, since: Duration::ZERO, count: 0, spans: 0 }
    }

    fn is_storm(&mut self) -> bool {
        let now = self.shared.now();
        let span = now.saturating_sub(self.since);
        if span > WITHIN {
            let stormy = self.count > STORM && span < 2 * WITHIN;
            self.spans = if stormy { self.spans + 1 } else { 0 };
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        self.spans + 1 >= SPANS && self.count > STORM
    }
}

impl FaultEnd for Listener {
    /// # Real-time
    /// Never allocates, locks or waits; nearly free once the device is lost, as it may be called millions of times.
    fn fault(&mut self, fault: Fault) {
        if self.shared.is_lost() {
            return;
        }
        self.shared.count_error();
        match fault {
            Fault::Gone => self.shared.lose(LostReason::Unplugged, &mut self.events),
            Fault::NoServer => self.shared.lose(self.invalid, &mut self.events),
            Fault::NoRealtime => self.shared.refuse_realtime(),
            Fault::Rerouted => self.shared.set_gap(),
            Fault::Xrun => {
                self.shared.set_gap();
                self.shared.set_told();
                let kind = IoEventKind::Xrun { lost: 0, side: self.side };
                self.events.send(IoEvent { position: self.shared.position(), kind });
            }
            Fault::Busy | Fault::Denied | Fault::Unsupported | Fault::Other => {}
        }
        if self.is_storm() {
            self.shared.lose(LostReason::ErrorStorm, &mut self.events);
        }
    }
}

#[cfg(test)]
mod tests {
    use patchline_io::{EventReceiver, event_ring};

    use super::*;

    fn listener() -> (Listener, EventReceiver, Arc<Shared>) {
        let shared = Arc::new(Shared::new(0, false));
        let (sender, events) = event_ring(8);
        (Listener::new(Arc::clone(&shared), sender, Side::Output, LostReason::ServerEnded), events, shared)
    }

    fn check(faults: &[Fault], expected: &[IoEventKind]) {
        let (mut listener, mut events, _) = listener();
        faults.iter().for_each(|fault| listener.fault(*fault));
        let told: Vec<_> = std::iter::from_fn(|| events.poll()).map(|event| event.kind).collect();
        assert_eq!(told, expected, "{faults:?}");
    }

    #[test]
    fn what_matters_is_told_and_the_rest_counted() {
        let lost = |reason| IoEventKind::Lost { reason };
        check(&[Fault::Other, Fault::Busy, Fault::Rerouted, Fault::NoRealtime], &[]);
        check(&[Fault::Xrun], &[IoEventKind::Xrun { lost: 0, side: Side::Output }]);
        check(&[Fault::Gone, Fault::Gone], &[lost(LostReason::Unplugged)]);
        check(&[Fault::NoServer, Fault::Xrun], &[lost(LostReason::ServerEnded)]);
    }

    #[test]
    fn a_storm_of_errors_is_a_loss_and_costs_nothing_afterwards() {
        let (mut listener, mut events, shared) = listener();
        let start = std::time::Instant::now();
        while !shared.is_lost() {
            listener.fault(Fault::Other);
            std::thread::sleep(Duration::from_micros(20));
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        assert!(start.elapsed() > WITHIN * (SPANS - 1));
        let errors = shared.errors();
        (0..10_000_000).for_each(|_| listener.fault(Fault::Other));
        assert_eq!(events.poll().unwrap().kind, IoEventKind::Lost { reason: LostReason::ErrorStorm });
        assert_eq!((events.poll(), shared.errors()), (None, errors));
    }

    #[test]
    fn errors_that_come_singly_or_in_a_burst_are_no_storm() {
        let (mut listener, mut events, _) = listener();
        for _ in 0..2 * SPANS {
            (0..STORM / 2).for_each(|_| listener.fault(Fault::Other));
            std::thread::sleep(WITHIN + Duration::from_millis(10));
        }
        for _ in 0..2 * SPANS {
            (0..100 * STORM).for_each(|_| listener.fault(Fault::Other));
            std::thread::sleep(3 * WITHIN);
        }
        assert_eq!(events.poll(), None);
    }
}
