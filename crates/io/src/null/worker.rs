//! The null device's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::clock::Clock;
use super::pace::Pace;
use super::{NullConfig, Rest};
use crate::channels::{Planar, call};
use crate::{Block, Callback, IoEvent, IoEventKind, LostReason, Side};

/// Calls a callback on time until it is stopped or all frames have passed.
pub(super) struct Worker<C> {
    callback: C,
    pace: Pace,
    rest: Rest,
    stop: Arc<AtomicBool>,
    inputs: Planar,
    outputs: Planar,
}

impl<C: Callback> Worker<C> {
    pub(super) fn new(callback: C, config: &NullConfig, rest: Rest, stop: Arc<AtomicBool>) -> Self {
        Self {
            callback,
            pace: Pace::new(config.rate, config.block, config.frames),
            rest,
            stop,
            inputs: Planar::new(config.inputs, config.block),
            outputs: Planar::new(config.outputs, config.block),
        }
    }

    /// Runs to the end; a callback that panics is gone, and an event says so.
    pub(super) fn run_guarded(mut self, clock: &mut impl Clock) -> (Option<C>, Rest) {
        let run = catch_unwind(AssertUnwindSafe(|| self.run(clock)));
        let Self { callback, mut rest, .. } = self;
        rest.resumed = true;
        if run.is_ok() {
            return (Some(callback), rest);
        }
        rest.events.send(IoEvent { position: rest.position, kind: IoEventKind::Lost { reason: LostReason::Panicked } });
        // What a panic left behind may panic again when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(callback)));
        (None, rest)
    }

    fn run(&mut self, clock: &mut impl Clock) {
        let mut gap = std::mem::take(&mut self.rest.resumed);
        loop {
            clock.sleep_until(self.pace.due(), &self.stop);
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            let lost = self.pace.skip_missed(clock.now());
            if lost > 0 {
                self.say(IoEventKind::Xrun { lost, side: Side::Both });
                self.rest.position += lost;
                gap = true;
            }
            let Some(frames) = self.pace.take() else { break };
            let block = Block { frames, position: self.rest.position, discontinuity: std::mem::take(&mut gap) };
            call(&mut self.callback, block, &self.inputs, &mut self.outputs);
            self.rest.events.count_block(frames);
            self.rest.position += frames as u64;
        }
        self.say(IoEventKind::Finished);
    }

    fn say(&mut self, kind: IoEventKind) {
        self.rest.events.send(IoEvent { position: self.rest.position, kind });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{FnCallback, event_ring};

    /// Wakes up as late as it is told, and is on time otherwise.
    struct Late {
        now: Duration,
        /// Extra time of the `n`th sleep.
        extra: Vec<(usize, Duration)>,
        sleeps: usize,
    }

    impl Clock for Late {
        fn now(&mut self) -> Duration {
            self.now
        }

        fn sleep_until(&mut self, moment: Duration, _stop: &AtomicBool) {
            let extra = self.extra.iter().find(|(sleep, _)| *sleep == self.sleeps).map_or(Duration::ZERO, |e| e.1);
            self.now = self.now.max(moment) + extra;
            self.sleeps += 1;
        }
    }

    #[test]
    fn late_wake_ups_are_xruns_with_place_and_length() {
        let (sender, mut events) = event_ring(8);
        let rest = Rest { events: sender, position: 0, resumed: false };
        let config = NullConfig { rate: 1_000, block: 10, inputs: 0, outputs: 0, frames: Some(100) };
        let (send, blocks) = std::sync::mpsc::channel();
        let note = FnCallback(move |block: Block, _: &[&[f32]], _: &mut [&mut [f32]]| send.send(block).unwrap());
        let worker = Worker::new(note, &config, rest, Arc::new(AtomicBool::new(false)));
        let ms = Duration::from_millis;
        let mut clock = Late { now: ms(0), extra: vec![(1, ms(9)), (3, ms(25)), (6, ms(3_600_000))], sleeps: 0 };
        let (callback, rest) = worker.run_guarded(&mut clock);
        drop(callback);
        let positions: Vec<_> = blocks.iter().map(|block| (block.position, block.discontinuity)).collect();
        assert_eq!(positions, [(0, false), (10, false), (20, false), (50, true), (60, false), (70, false)]);
        let xrun = |position, lost| IoEvent { position, kind: IoEventKind::Xrun { lost, side: Side::Both } };
        assert_eq!(events.poll(), Some(xrun(30, 20)));
        assert_eq!(events.poll(), Some(xrun(80, 20)));
        assert_eq!(events.poll(), Some(IoEvent { position: 100, kind: IoEventKind::Finished }));
        assert_eq!((events.poll(), rest.position, events.stats().frames), (None, 100, 60));
    }
}
