//! A device that was opened.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use patchline_io::{Backend, Callback, DeviceSpec, IoError, IoEvent, IoEventKind, IoStats, LostReason, Refused};

use crate::plan::Plan;
use crate::streams::Streams;
use patchline_io::seat::Resting;

/// How long a callback's block may last.
const BLOCK: Duration = Duration::from_secs(3);

/// One device, or two that are one.
pub(crate) struct CpalBackend<C: Callback> {
    plan: Plan,
    spec: DeviceSpec,
    /// Gone after a run; made anew for the next.
    streams: Option<Streams<C>>,
    running: bool,
    /// Where it stood when the last run ended, and whether there was one.
    position: u64,
    resumed: bool,
    /// What runs that have ended left.
    past: IoStats,
    waiting: VecDeque<IoEvent>,
    realtime_noted: bool,
}

impl<C: Callback> CpalBackend<C> {
    pub(crate) fn open(plan: Plan) -> Result<Self, IoError> {
        let streams = Streams::open(&plan, 0, false)?;
        let spec = spec(&plan, &streams);
        Ok(Self {
            plan,
            spec,
            streams: Some(streams),
            running: false,
            position: 0,
            resumed: false,
            past: IoStats::default(),
            waiting: VecDeque::new(),
            realtime_noted: false,
        })
    }

    /// Ends the streams; gives the callback, if one was sent in.
    fn close(&mut self) -> Option<Resting<C>> {
        let mut streams = self.streams.take()?;
        let patience = if self.running { BLOCK } else { Duration::ZERO };
        let back = streams.door.take_back(patience);
        streams.end(true);
        self.position = streams.shared.position();
        self.resumed |= self.running;
        let (muted, errors) = (streams.shared.muted(), streams.shared.errors());
        if errors > 0 {
            self.spec.notes.push(format!("its host reported {errors} errors in all"));
        }
        for (index, told) in streams.told.iter_mut().enumerate() {
            let events = std::iter::from_fn(|| told.poll()).map(|event| placed(event, index, muted));
            self.waiting.extend(events);
            self.past += told.stats();
        }
        back
    }

    /// What is known better now.
    fn follow(&mut self) {
        let Some(streams) = &self.streams else { return };
        let rate = f64::from(self.spec.rate);
        let frames = |time: Duration| (time.as_secs_f64() * rate).round() as u64;
        let joined = streams.monitor.as_ref().map_or(0, |monitor| monitor.report().latency);
        if let Some(time) = streams.shared.input_latency.get() {
            self.spec.input_latency = frames(time) + joined;
        }
        if let Some(time) = streams.shared.output_latency.get() {
            self.spec.output_latency = frames(time);
        }
        if streams.shared.is_realtime_refused() && !std::mem::replace(&mut self.realtime_noted, true) {
            self.spec.notes.push("the system refuses real-time scheduling; it plays without".to_owned());
        }
    }
}

/// What a device is, as far as its streams tell before they run.
fn spec<C: Callback>(plan: &Plan, streams: &Streams<C>) -> DeviceSpec {
    let (input_block, output_block) = streams.blocks();
    let granted = |block: Option<usize>, asked: u32| block.unwrap_or(asked as usize);
    let rate = plan.rate();
    let input = plan.input.as_ref().map(|side| {
        let frames = granted(input_block, side.setup.block) as u64;
        frames * u64::from(rate) / u64::from(side.setup.rate)
    });
    let output = plan.output.as_ref().map(|side| granted(output_block, side.setup.block));
    let joined = streams.monitor.as_ref().map_or(0, |monitor| monitor.report().latency);
    let channels = |side: Option<&crate::plan::SidePlan>| side.map_or(0, |side| side.setup.channels);
    let mut notes = plan.notes.clone();
    for (side, block) in [(&plan.input, input_block), (&plan.output, output_block)] {
        if let (Some(side), Some(block)) = (side, block)
            && block != side.setup.block as usize
        {
            notes.push(format!("`{}` has blocks of {block} frames instead of {}", side.name, side.setup.block));
        }
    }
    DeviceSpec {
        name: plan.name(),
        rate,
        max_frames: output.unwrap_or(input.unwrap_or(0) as usize),
        inputs: channels(plan.input.as_ref()),
        outputs: channels(plan.output.as_ref()),
        input_latency: input.unwrap_or(0) + joined,
        output_latency: output.map_or(0, |frames| 2 * frames as u64),
        notes,
    }
}

/// The draw counts frames from when the streams were made, but the callback's count from when both sides ran.
fn placed(event: IoEvent, index: usize, muted: u64) -> IoEvent {
    if index > 0 {
        return event;
    }
    IoEvent { position: event.position.saturating_sub(muted), ..event }
}

impl<C: Callback> Backend<C> for CpalBackend<C> {
    /// The latencies are those of the buffers first, and what the host measures once it runs, taken over by
    /// [`poll`](Self::poll).
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    /// Plays silence from now on.
    fn prepare(&mut self) -> Result<(), IoError> {
        if self.streams.as_ref().is_some_and(|streams| streams.shared.is_lost()) {
            self.close();
        }
        if self.streams.is_none() {
            self.streams = Some(Streams::open(&self.plan, self.position, self.resumed)?);
        }
        let streams = self.streams.as_mut().expect("made above");
        streams.play(self.plan.kind, &self.spec.name)
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        if self.running {
            return Err(Refused { callback, error: IoError::Running(self.spec.name.clone()) });
        }
        if let Err(error) = self.prepare() {
            self.close();
            return Err(Refused { callback, error });
        }
        let streams = self.streams.as_ref().expect("just prepared");
        match streams.door.send_in(Box::new(callback)) {
            Ok(()) => {
                self.running = true;
                Ok(())
            }
            Err(callback) => Err(Refused { callback: *callback, error: IoError::Running(self.spec.name.clone()) }),
        }
    }

    fn poll(&mut self) -> Option<IoEvent> {
        self.follow();
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        let streams = self.streams.as_mut()?;
        let muted = streams.shared.muted();
        let mut told = streams.told.iter_mut().enumerate();
        let event = told.find_map(|(index, told)| told.poll().map(|event| placed(event, index, muted)))?;
        if event.kind == (IoEventKind::Lost { reason: LostReason::ErrorStorm }) {
            // Its thread does nothing but fail, as fast as it can.
            streams.end(false);
        }
        Some(event)
    }

    fn stats(&self) -> IoStats {
        let mut stats = self.past;
        self.streams.iter().flat_map(|streams| &streams.told).for_each(|told| stats += told.stats());
        stats
    }

    fn stop(&mut self) -> Result<C, IoError> {
        let name = self.spec.name.clone();
        if !self.running {
            return Err(IoError::NotRunning(name));
        }
        let back = self.close();
        self.running = false;
        match back {
            Some(Resting::Whole(callback)) => Ok(*callback),
            Some(Resting::Panicked(callback, with)) => {
                // What a panic left behind may panic again when it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| drop((callback, with))));
                Err(IoError::Panicked(name))
            }
            None => {
                let reason = "its callback does not return".to_owned();
                Err(IoError::Unavailable { name, reason })
            }
        }
    }
}

impl<C: Callback> Drop for CpalBackend<C> {
    fn drop(&mut self) {
        if let Some(back) = self.close() {
            // Nobody is left to hear of a panic.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(back)));
        }
    }
}
