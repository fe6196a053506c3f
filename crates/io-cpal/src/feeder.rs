//! The input of a device whose output calls: it only hands over what it gets.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use patchline_io::channels::{Planar, with_inputs, with_outputs};
use patchline_io::convert::ChannelMap;
use patchline_io::drift::Feed;
use patchline_io::{EventSender, LostReason};

use crate::ends::{Captured, InputEnd};
use crate::shared::Shared;

pub(crate) struct Feeder {
    feed: Feed,
    map: ChannelMap,
    planar: Planar,
    shared: Arc<Shared>,
    events: EventSender,
    rate: f64,
    /// The input's frame.
    position: u64,
}

impl Feeder {
    /// Allocates for blocks of `storage` frames; longer ones are split.
    pub(crate) fn new(
        feed: Feed,
        map: ChannelMap,
        shared: Arc<Shared>,
        events: EventSender,
        rate: u32,
        storage: usize,
    ) -> Self {
        let planar = Planar::new(map.device_channels().len(), storage);
        Self { feed, map, planar, shared, events, rate: rate.into(), position: 0 }
    }

    fn hand_over(&mut self, block: &mut dyn Captured) {
        let frames = block.samples() / self.map.device_width();
        let now = self.shared.now();
        let mut at = 0;
        while at < frames {
            let part = self.planar.frames().min(frames - at);
            let channels = self.planar.channels();
            let read = |planar: &mut [&mut [f32]]| block.read(at, part, &self.map, planar);
            let tally = with_outputs(channels, self.planar.iter_mut(part), read);
            self.events.count_samples(tally);
            // What follows in this block was there already, and was captured later.
            let after = Duration::from_secs_f64((frames - at - part) as f64 / self.rate);
            with_inputs(channels, self.planar.iter(part), |planar| {
                self.feed.push(now.saturating_sub(after), self.position, planar)
            });
            self.position += part as u64;
            at += part;
        }
    }
}

impl InputEnd for Feeder {
    /// # Real-time
    /// Never allocates, locks or waits.
    fn capture(&mut self, block: &mut dyn Captured, age: Option<Duration>) {
        age.into_iter().for_each(|age| self.shared.input_latency.add(age));
        // Channels that are not those asked for: what is missing is found out by the time.
        if self.shared.is_lost() || !block.samples().is_multiple_of(self.map.device_width()) {
            return;
        }
        if let Err(with) = catch_unwind(AssertUnwindSafe(|| self.hand_over(block))) {
            self.shared.lose(LostReason::Panicked, &mut self.events);
            // Dropping it here would free memory.
            std::mem::forget(with);
        }
    }
}
