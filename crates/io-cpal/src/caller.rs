//! The stream that calls the callback: a device's output, or its input where there is no output.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use patchline_io::channels::{Planar, call, with_inputs, with_outputs};
use patchline_io::convert::ChannelMap;
use patchline_io::drift::{Draw, DriftMonitor};
use patchline_io::{Block, Callback, EventSender, IoEvent, IoEventKind, LostReason, Side, prefault_stack};

use crate::ends::{Captured, InputEnd, OutputEnd, Played};
use crate::shared::Shared;
use patchline_io::seat::{Seat, Seated};

/// How long the other side is waited for before the callback is called without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Calls the callback, block for block.
pub(crate) struct Caller<C> {
    seat: Seat<C>,
    events: EventSender,
    shared: Arc<Shared>,
    rate: f64,
    inputs: Planar,
    outputs: Planar,
    /// Whether the thread's stack has been touched.
    prefaulted: bool,
}

impl<C: Callback> Caller<C> {
    /// Allocates for blocks of `storage` frames; longer ones are split.
    pub(crate) fn new(
        seat: Seat<C>,
        events: EventSender,
        shared: Arc<Shared>,
        rate: u32,
        (inputs, outputs, storage): (usize, usize, usize),
    ) -> Self {
        let (inputs, outputs) = (Planar::new(inputs, storage), Planar::new(outputs, storage));
        Self { seat, events, shared, rate: rate.into(), inputs, outputs, prefaulted: false }
    }

    /// Frames that are processed at once.
    fn storage(&self) -> usize {
        self.inputs.frames()
    }

    /// Whether there is something to call. The device's first call is used to touch the stack, before any sound.
    fn is_ready(&mut self, seated: &mut Seated<'_, C>) -> bool {
        if !std::mem::replace(&mut self.prefaulted, true) {
            prefault_stack();
        }
        !self.shared.is_lost() && seated.callback().is_some()
    }

    /// Calls once, from the inputs to the outputs.
    fn call(&mut self, seated: &mut Seated<'_, C>, frames: usize) {
        let Some(callback) = seated.callback() else { return };
        let block = Block { frames, position: self.shared.position(), discontinuity: self.shared.take_gap() };
        call(callback, block, &self.inputs, &mut self.outputs);
        self.events.count_block(frames);
        self.shared.advance(frames as u64);
    }

    /// Frames went by that nobody processed.
    fn lose(&mut self, frames: u64, side: Side) {
        let kind = IoEventKind::Xrun { lost: frames, side };
        self.events.send(IoEvent { position: self.shared.position(), kind });
        self.shared.advance(frames);
        self.shared.set_gap();
    }

    /// The callback panicked: it is called no more.
    fn panicked(&mut self, seated: &mut Seated<'_, C>, with: Box<dyn Any + Send>) {
        self.shared.lose(LostReason::Panicked, &mut self.events);
        seated.panicked(with);
    }

    /// The time of `frames` frames.
    fn time(&self, frames: usize) -> Duration {
        Duration::from_secs_f64(frames as f64 / self.rate)
    }
}

/// The input of a device without an output.
pub(crate) struct InputCaller<C> {
    caller: Caller<C>,
    map: ChannelMap,
}

impl<C: Callback> InputCaller<C> {
    pub(crate) fn new(caller: Caller<C>, map: ChannelMap) -> Self {
        Self { caller, map }
    }

    fn take(&mut self, seated: &mut Seated<'_, C>, block: &mut dyn Captured) {
        let Self { caller, map } = self;
        if !caller.is_ready(seated) {
            return;
        }
        let frames = block.samples() / map.device_width();
        if !block.samples().is_multiple_of(map.device_width()) {
            // Channels that are not those asked for: nobody knows which sample is whose.
            return caller.lose(frames as u64, Side::Input);
        }
        let mut at = 0;
        while at < frames {
            let part = caller.storage().min(frames - at);
            let channels = caller.inputs.channels();
            let tally =
                with_outputs(channels, caller.inputs.iter_mut(part), |planar| block.read(at, part, map, planar));
            caller.events.count_samples(tally);
            caller.call(seated, part);
            at += part;
        }
    }
}

impl<C: Callback> InputEnd for InputCaller<C> {
    /// # Real-time
    /// Never allocates, frees or waits; the one lock is only tried.
    fn capture(&mut self, block: &mut dyn Captured, age: Option<Duration>) {
        age.into_iter().for_each(|age| self.caller.shared.input_latency.add(age));
        let seat = self.caller.seat.clone();
        let mut seated = seat.sit();
        let run = catch_unwind(AssertUnwindSafe(|| self.take(&mut seated, block)));
        if let Err(with) = run {
            self.caller.panicked(&mut seated, with);
        }
    }
}

/// The output of a device, and what comes from its input.
pub(crate) struct OutputCaller<C> {
    caller: Caller<C>,
    map: ChannelMap,
    source: Option<Source>,
    /// When the last block came while the callback was called.
    last: Option<Duration>,
    /// Whether a block has ever asked for less than there is room for.
    asked_less: bool,
}

/// Where an output's input comes from.
pub(crate) struct Source {
    draw: Draw,
    monitor: DriftMonitor,
    /// For what the draw has to say.
    events: EventSender,
    /// The output's frame, counted from when the streams were made.
    position: u64,
    /// Whether both sides have run; since when they are waited for.
    runs: bool,
    since: Option<Duration>,
}

impl Source {
    /// The output stands at `position`.
    pub(crate) fn new(draw: Draw, monitor: DriftMonitor, events: EventSender, position: u64) -> Self {
        Self { draw, monitor, events, position, runs: false, since: None }
    }

    /// Fills `inputs`; whether the callback is to get them. `now` is when the last of these frames was asked for.
    fn draw(&mut self, now: Duration, inputs: &mut Planar, frames: usize) -> bool {
        with_outputs(inputs.channels(), inputs.iter_mut(frames), |planar| {
            self.draw.draw(now, self.position, planar, &mut self.events);
        });
        self.position += frames as u64;
        let since = *self.since.get_or_insert(now);
        self.runs |= self.monitor.report().playing || now.saturating_sub(since) > PATIENCE;
        self.runs
    }
}

impl<C: Callback> OutputCaller<C> {
    pub(crate) fn new(caller: Caller<C>, map: ChannelMap, source: Option<Source>) -> Self {
        Self { caller, map, source, last: None, asked_less: false }
    }

    /// Fills all of a block that is a whole number of frames.
    fn fill(&mut self, seated: &mut Seated<'_, C>, block: &mut dyn Played, frames: usize) {
        let now = self.caller.shared.now();
        if !self.caller.is_ready(seated) {
            self.last = None;
            return self.be_silent(block, 0, frames);
        }
        self.notice_lateness(now, frames);
        let mut at = 0;
        while at < frames {
            let part = self.caller.storage().min(frames - at);
            // What follows in this block is asked for already, and comes later.
            let then = now.saturating_sub(self.caller.time(frames - at - part));
            if self.draw(then, part) {
                self.caller.call(seated, part);
                self.write(block, at, part);
                self.last = Some(now);
            } else {
                self.caller.shared.mute(part as u64);
                self.be_silent(block, at, part);
            }
            at += part;
        }
    }

    /// Takes `frames` frames from the input; whether the callback is to be called.
    fn draw(&mut self, now: Duration, frames: usize) -> bool {
        match &mut self.source {
            None => true,
            Some(source) => source.draw(now, &mut self.caller.inputs, frames),
        }
    }

    /// Where the host does not tell: a block that comes later than all that was written before can have lasted, or that
    /// asks for as much as there is room for, comes too late.
    fn notice_lateness(&mut self, now: Duration, frames: usize) {
        let told = self.caller.shared.take_told();
        let Some(queue) = self.caller.shared.queue() else { return };
        let late = self.last.map_or(Duration::ZERO, |last| now.saturating_sub(last).saturating_sub(queue));
        let lost = (late.as_secs_f64() * self.caller.rate) as u64;
        // A device that has never asked for less has more room than it says.
        let full = self.caller.time(frames) >= queue;
        self.asked_less |= !full;
        let emptied = full && self.asked_less;
        if self.last.is_some() && !told && (lost > 0 || emptied) {
            self.caller.lose(lost, Side::Output);
            self.source.iter_mut().for_each(|source| source.position += lost);
        }
    }

    fn write(&mut self, block: &mut dyn Played, from: usize, frames: usize) {
        let (map, outputs) = (&self.map, &self.caller.outputs);
        let tally =
            with_inputs(outputs.channels(), outputs.iter(frames), |planar| block.write(from, frames, map, planar));
        self.caller.events.count_samples(tally);
    }

    fn be_silent(&self, block: &mut dyn Played, from: usize, frames: usize) {
        let mut at = from;
        while at < from + frames {
            let part = self.caller.storage().min(from + frames - at);
            block.write(at, part, &self.map, &[]);
            at += part;
        }
    }
}

impl<C: Callback> OutputEnd for OutputCaller<C> {
    /// # Real-time
    /// Never allocates, frees or waits; the one lock is only tried.
    fn play(&mut self, block: &mut dyn Played, ahead: Option<Duration>) {
        ahead.into_iter().for_each(|ahead| self.caller.shared.output_latency.add(ahead));
        let width = self.map.device_width();
        let frames = block.samples() / width;
        let seat = self.caller.seat.clone();
        let mut seated = seat.sit();
        let run = catch_unwind(AssertUnwindSafe(|| {
            if block.samples().is_multiple_of(width) {
                return self.fill(&mut seated, block, frames);
            }
            // Channels that are not those asked for: nobody knows which sample is whose.
            self.be_silent(block, 0, frames);
            if self.caller.is_ready(&mut seated) {
                self.caller.lose(frames as u64, Side::Output);
            }
        }));
        if let Err(with) = run {
            self.caller.panicked(&mut seated, with);
            self.be_silent(block, 0, frames);
        }
    }
}

#[cfg(test)]
mod tests;
