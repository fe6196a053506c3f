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
