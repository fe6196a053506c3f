//! A plan's streams, made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use patchline_io::convert::ChannelMap;
use patchline_io::drift::{DriftConfig, DriftMonitor, Feed, Quality, pair};
use patchline_io::{Callback, EventReceiver, EventSender, IoError, LostReason, Side, event_ring};

use crate::adapter::{Fault, Kind, Problem, Stream, open_input, open_output};
use crate::caller::{Caller, InputCaller, OutputCaller, Source};
use crate::chatter::quietly;
use crate::faults::Listener;
use crate::feeder::Feeder;
use crate::patience::{begin, within};
use crate::plan::{Plan, SidePlan};
use crate::shared::Shared;
use patchline_io::seat::{Door, Seat, seat};

/// Events of each kind that wait to be polled.
const EVENTS: usize = 256;
/// How long a host may take to make a stream or to let it run, and to end all.
const PATIENCE: Duration = Duration::from_secs(8);
const END: Duration = Duration::from_secs(1);

/// A plan's streams, which rest until they are played.
pub(crate) struct Streams<C> {
    pub(crate) door: Door<C>,
    /// What they have to say. The first is the draw's, whose frames count from when the streams were made.
    pub(crate) told: Vec<EventReceiver>,
    pub(crate) monitor: Option<DriftMonitor>,
    pub(crate) shared: Arc<Shared>,
    input: Option<Arc<Stream>>,
    output: Option<Arc<Stream>>,
    /// Whether they were told to run.
    playing: bool,
}

impl<C: Callback> Streams<C> {
    /// Opens what is planned. The device stands at `position`.
    pub(crate) fn open(plan: &Plan, position: u64, resumed: bool) -> Result<Self, IoError> {
        let shared = Arc::new(Shared::new(position, resumed));
        let (door, seat) = seat();
        let mut streams =
            Self { door, told: Vec::new(), monitor: None, shared, input: None, output: None, playing: false };
        match streams.make(plan, seat, position) {
            Ok(()) => {
                streams.know_queue(plan);
                Ok(streams)
            }
            Err(error) => {
                // One side may be there, and hang as the other did.
                streams.end(true);
                Err(error)
            }
        }
    }

    fn make(&mut self, plan: &Plan, seat: Seat<C>, position: u64) -> Result<(), IoError> {
        let mut maker = Maker { plan, shared: &self.shared, told: &mut self.told };
        let draw_events = maker.events();
        match (&plan.input, &plan.output) {
            (Some(from), Some(to)) => {
                let (feed, draw, monitor) = pair(&drift(plan, from, to))?;
                let source = Source::new(draw, monitor.clone(), draw_events, position);
                self.monitor = Some(monitor);
                self.input = Some(Arc::new(maker.feeder(from, feed)?));
                self.output = Some(Arc::new(maker.output(to, seat, Some(source))?));
            }
            (None, Some(to)) => self.output = Some(Arc::new(maker.output(to, seat, None)?)),
            (Some(from), None) => self.input = Some(Arc::new(maker.input(from, seat)?)),
            (None, None) => {}
        }
        Ok(())
    }

    /// What is written now lasts two blocks at most: that is how much cpal has devices hold.
    fn know_queue(&self, plan: &Plan) {
        let Some(block) = self.output.as_ref().and_then(|stream| stream.block()) else { return };
        self.shared.set_queue(Duration::from_secs_f64(2.0 * block as f64 / f64::from(plan.rate())));
    }

    /// Lets them run, if they do not yet.
    pub(crate) fn play(&mut self, kind: Kind, name: &str) -> Result<(), IoError> {
        if self.playing {
            return Ok(());
        }
        for stream in [&self.input, &self.output].into_iter().flatten() {
            let stream = Arc::clone(stream);
            bounded((kind, name), name, move || stream.play())?;
        }
        self.playing = true;
        Ok(())
    }

    /// Frames of the blocks that were granted, of the input and of the output.
    pub(crate) fn blocks(&self) -> (Option<usize>, Option<usize>) {
        let block = |stream: &Option<Arc<Stream>>| stream.as_ref().and_then(|stream| stream.block());
        (block(&self.input), block(&self.output))
    }

    /// Ends them, if they have not been: whatever is waited for, only so long.
    pub(crate) fn end(&mut self, wait: bool) {
        // Each by itself: one may hang, and the other must end all the same. Without a thread they are dropped here.
        let both = [self.input.take(), self.output.take()].into_iter().flatten();
        let ends: Vec<_> = both.filter_map(|stream| begin(move || drop(stream)).ok()).collect();
        if wait {
            let start = Instant::now();
            let left = || END.saturating_sub(start.elapsed());
            quietly(|| ends.into_iter().for_each(|end| end.wait(left()).unwrap_or_default()));
        }
    }
}

/// Runs a host's work on the device of this id, for so long, unless such work hangs already.
fn bounded<T: Send + 'static>(
    (kind, id): (Kind, &str),
    name: &str,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, IoError> {
    match within(id, kind.is_alsa(), PATIENCE, work) {
        Ok(Some(Ok(value))) => Ok(value),
        Ok(Some(Err(problem))) => Err(refusal(name, problem)),
        Ok(None) => {
            let reason = "its host does not answer; restart the sound server".to_owned();
            Err(IoError::Unavailable { name: name.to_owned(), reason })
        }
        Err(source) => Err(IoError::Thread { name: name.to_owned(), source }),
    }
}

fn refusal(name: &str, problem: Problem) -> IoError {
    let name = name.to_owned();
    match problem.fault {
        Fault::Gone | Fault::NoServer => IoError::Unavailable { name, reason: problem.words },
        Fault::Busy => {
            let reason = "another program has it; end that one, or use it through a sound server".to_owned();
            IoError::Unavailable { name, reason }
        }
        Fault::Denied => {
            let reason = format!("{}; its user has to be in the group `audio`, or to allow it", problem.words);
            IoError::Unavailable { name, reason }
        }
        _ => IoError::Refused { device: name, words: problem.words },
    }
}

fn drift(plan: &Plan, input: &SidePlan, output: &SidePlan) -> DriftConfig {
    DriftConfig {
        input_rate: input.setup.rate,
        output_rate: output.setup.rate,
        channels: input.setup.channels,
        input_block: input.setup.block as usize,
        margin: plan.margin(),
        locked: plan.locked,
        quality: Quality::Clean,
    }
}

/// Makes the ends of streams, and the streams.
struct Maker<'a> {
    plan: &'a Plan,
    shared: &'a Arc<Shared>,
    told: &'a mut Vec<EventReceiver>,
}

impl Maker<'_> {
    fn events(&mut self) -> EventSender {
        let (sender, receiver) = event_ring(EVENTS);
        self.told.push(receiver);
        sender
    }

    fn listener(&mut self, side: Side) -> Listener {
        let invalid = if self.plan.kind.is_server() { LostReason::ServerEnded } else { LostReason::Unplugged };
        Listener::new(Arc::clone(self.shared), self.events(), side, invalid)
    }

    fn caller<C: Callback>(&mut self, side: &SidePlan, seat: Seat<C>) -> Caller<C> {
        let channels = |side: &Option<SidePlan>| side.as_ref().map_or(0, |side| side.setup.channels);
        let widths = (channels(&self.plan.input), channels(&self.plan.output), storage(side));
        Caller::new(seat, self.events(), Arc::clone(self.shared), side.setup.rate, widths)
    }

    fn output<C: Callback>(
        &mut self,
        side: &SidePlan,
        seat: Seat<C>,
        source: Option<Source>,
    ) -> Result<Stream, IoError> {
        let map = ChannelMap::output(side.setup.width, &first(side))?;
        let end = OutputCaller::new(self.caller(side, seat), map, source);
        let (kind, id, setup, faults) = (self.plan.kind, side.id.clone(), side.setup, self.listener(Side::Output));
        let storage = storage(side);
        bounded((kind, &side.id), &side.name, move || open_output(kind, &id, &setup, storage, end, faults))
    }

    fn input<C: Callback>(&mut self, side: &SidePlan, seat: Seat<C>) -> Result<Stream, IoError> {
        let map = ChannelMap::input(side.setup.width, &first(side))?;
        let end = InputCaller::new(self.caller(side, seat), map);
        let (kind, id, setup, faults) = (self.plan.kind, side.id.clone(), side.setup, self.listener(Side::Input));
        let storage = storage(side);
        bounded((kind, &side.id), &side.name, move || open_input(kind, &id, &setup, storage, end, faults))
    }

    fn feeder(&mut self, side: &SidePlan, feed: Feed) -> Result<Stream, IoError> {
        let map = ChannelMap::input(side.setup.width, &first(side))?;
        let (shared, events) = (Arc::clone(self.shared), self.events());
        let end = Feeder::new(feed, map, shared, events, side.setup.rate, storage(side));
        let (kind, id, setup, faults) = (self.plan.kind, side.id.clone(), side.setup, self.listener(Side::Input));
        let storage = storage(side);
        bounded((kind, &side.id), &side.name, move || open_input(kind, &id, &setup, storage, end, faults))
    }
}

/// The channels of a device that are ours.
fn first(side: &SidePlan) -> Vec<usize> {
    (0..side.setup.channels).collect()
}

/// Frames that are processed at once: the block that is asked for. Longer ones are split.
fn storage(side: &SidePlan) -> usize {
    (side.setup.block as usize).clamp(16, 1 << 16)
}
