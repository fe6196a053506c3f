//! What becomes of a device: it is lost, looked for, and back.

use std::time::{Duration, Instant};

use super::away::Away;
use super::opener::{Wanted, discard};
use super::watchdog::Watchdog;
use super::{Device, Placed, State, Supervised};
use crate::{Callback, DeviceSpec, IoError, IoEvent, IoEventKind, IoStats, LostReason, Refused};

impl<C: Callback> Supervised<C> {
    /// Follows what the device says.
    pub(super) fn heed(&mut self, event: IoEvent) {
        let State::Running { device, rests } = &mut self.state else { return };
        match event.kind {
            IoEventKind::Finished => *rests = true,
            IoEventKind::RateChanged { .. } => {
                *rests = true;
                self.notes.follow(device.spec(), &mut self.spec);
            }
            IoEventKind::BlockChanged { .. } => {
                self.notes.follow(device.spec(), &mut self.spec);
                self.watchdog.follow(self.patience.silence, &self.spec);
            }
            IoEventKind::Lost { .. } => {
                self.watchdog.see(device.stats().blocks, Instant::now());
                self.leave(event.position);
                self.part();
            }
            _ => {}
        }
    }

    /// The device is lost.
    fn leave(&mut self, position: u64) {
        self.state = match std::mem::replace(&mut self.state, State::Closed) {
            State::Running { device, .. } => State::Leaving { device, position, since: self.watchdog.last_call() },
            other => other,
        };
    }

    /// Takes the callback from a device that is lost, if there is one.
    pub(super) fn part(&mut self) {
        let (mut device, position, since) = match std::mem::replace(&mut self.state, State::Closed) {
            State::Leaving { device, position, since } => (device, position, since),
            other => return self.state = other,
        };
        let stopped = device.stop();
        // What it is itself is over.
        self.hear_out(&mut device, |kind| {
            !matches!(kind, IoEventKind::Lost { .. } | IoEventKind::RateChanged { .. } | IoEventKind::Finished)
        });
        self.notes.keep();
        // Another of its threads may have been in a block while it was lost.
        let position = position.max(self.place(&device));
        self.past += lost(&device);
        discard(device);
        let away = Away::new(position, since, &self.patience, Instant::now());
        match stopped {
            Ok(Placed { callback, .. }) => self.state = State::Away { callback, away },
            // Without a callback there is nothing to come back for.
            Err(error) => {
                self.absent(&away);
                self.say(position, IoEventKind::Finished);
                self.state = State::Failed(error);
            }
        }
    }

    /// A device without a callback is done with: what comes next stands after it.
    pub(super) fn bury(&mut self, mut device: Device<C>) {
        self.hear_out(&mut device, |_| true);
        self.notes.keep();
        self.origin = self.place(&device);
        self.gap = true;
        self.past += device.stats();
        discard(device);
    }

    /// Where a device stands, as far as it can tell what it lost.
    fn place(&self, device: &Device<C>) -> u64 {
        let stats = device.stats();
        self.origin.saturating_add(stats.frames + stats.frames_lost + stats.frames_away)
    }

    /// What comes next stands after an absence up to now; gives its frames.
    pub(super) fn absent(&mut self, away: &Away) -> u64 {
        let frames = away.frames(self.spec.rate, Instant::now());
        self.origin = away.position.saturating_add(frames);
        self.past.frames_away += frames;
        self.gap = true;
        frames
    }

    /// Takes what a device that was stopped knows now, and what it had to say and nobody had asked for yet.
    pub(super) fn hear_out(&mut self, device: &mut Device<C>, wanted: impl Fn(IoEventKind) -> bool) {
        self.notes.learn(device.spec(), &mut self.spec);
        while let Some(IoEvent { position, kind }) = device.poll() {
            if wanted(kind) {
                self.say(position.saturating_add(self.origin), kind);
            }
        }
    }

    /// Looks for a device that is away, for so long.
    pub(super) fn seek(&mut self, time: Duration) {
        let State::Away { away, .. } = &self.state else { return };
        if self.opener.is_busy() {
            if let Some(found) = self.opener.wait(time, &self.spec.name) {
                self.found(found);
            }
            return;
        }
        let left = away.left(Instant::now());
        std::thread::sleep(left.min(time));
        if left <= time
            && let Err(error) = self.opener.begin(self.wanted(), &self.spec.name)
        {
            self.found(Err(error));
        }
    }

    /// What has to come back.
    pub(super) fn wanted(&self) -> Wanted {
        let DeviceSpec { rate, inputs, outputs, .. } = self.spec;
        Wanted { request: self.request.clone(), fallback: self.patience.fallback, rate, inputs, outputs }
    }

    /// An attempt has ended.
    fn found(&mut self, found: Result<Device<C>, IoError>) {
        let State::Away { callback, mut away } = std::mem::replace(&mut self.state, State::Closed) else { return };
        match found {
            Ok(device) if device.spec().rate == self.spec.rate => self.resume(device, callback, away),
            Ok(device) => {
                let (from, to) = (self.spec.rate, device.spec().rate);
                self.absent(&away);
                self.adopt(&device);
                self.say(self.origin, IoEventKind::RateChanged { from, to });
                self.state = State::Changed { callback, device };
            }
            Err(error) => {
                away.failed(error, Instant::now());
                self.state = State::Away { callback, away };
            }
        }
    }

    fn resume(&mut self, mut device: Device<C>, callback: C, mut away: Away) {
        device.set_latency(self.latency);
        let before = (self.origin, self.past.frames_away);
        let frames = self.absent(&away);
        match device.start(Placed { callback, origin: self.origin, gap: true }) {
            Ok(()) => {
                let from = self.spec.max_frames;
                self.adopt(&device);
                self.gap = false;
                self.say(self.origin, IoEventKind::Reconnected { away: frames });
                let to = self.spec.max_frames;
                if from != to {
                    self.say(self.origin, IoEventKind::BlockChanged { from, to });
                }
                self.state = State::Running { device, rests: false };
            }
            Err(Refused { callback, error }) => {
                discard(device);
                (self.origin, self.past.frames_away) = before;
                away.failed(error, Instant::now());
                self.state = State::Away { callback: callback.callback, away };
            }
        }
    }

    /// This is the device from here on.
    pub(super) fn adopt(&mut self, device: &Device<C>) {
        self.notes.adopt(device.spec(), &mut self.spec);
        self.watchdog = Watchdog::new(self.patience.silence, &self.spec);
    }

    /// Ends a device that has not called for too long.
    pub(super) fn bark(&mut self) {
        let State::Running { device, rests: false } = &self.state else { return };
        let stats = device.stats();
        if !self.watchdog.is_silent(stats.blocks, Instant::now()) {
            return;
        }
        let position = self.place(device);
        self.say(position, IoEventKind::Lost { reason: LostReason::Silent });
        self.leave(position);
    }

    fn say(&mut self, position: u64, kind: IoEventKind) {
        self.words.push_back(IoEvent { position, kind });
    }
}

/// What a device that is lost has counted: it may not know of that.
pub(super) fn lost<C: Callback>(device: &Device<C>) -> IoStats {
    let stats = device.stats();
    IoStats { losses: stats.losses.max(1), ..stats }
}
