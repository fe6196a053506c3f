//! The flight recorder of a run: what is kept of it, and what is found in that.

use std::num::NonZeroU32;
use std::time::Duration;

use patchline_graph::{Engine, Graph, TimeSource, Timing};
use patchline_io::flight::{Call, FlightReader, FlightWriter, calls_in, recorder};
use patchline_io::{DeviceSpec, IoEvent};

use super::cases::{Case, Cases, Causes};
use super::{Live, Player};
use crate::flight::Snapshot;
use crate::hosts::{self, Opened};

/// How far back calls are kept.
const KEPT: Duration = Duration::from_secs(60);
/// One call in so many has the time of each node taken, unless more is asked for.
const TIMED: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// Runs of nodes that are kept, at least and at most: 6 MiB.
const SPANS: std::ops::RangeInclusive<usize> = 4_096..=1 << 17;

/// How often the time of each node is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Profile {
    /// In a call now and then.
    #[default]
    Sampled,
    /// In every call, for so many seconds; then now and then.
    Full(Option<Duration>),
}

/// What a run remembers.
pub(super) struct Flight {
    time: TimeSource,
    calls: FlightReader,
    cases: Cases,
    /// `None` for a device in virtual time, where nodes take none.
    profile: Option<Profile>,
    rate: u32,
}

impl Flight {
    /// For a device, with the end that its callback writes.
    pub(super) fn new(opened: &Opened<Player>, spec: &DeviceSpec, profile: Profile) -> (Self, FlightWriter) {
        let time = opened.device.time();
        let (writer, calls) = recorder(calls_in(KEPT, spec.rate, spec.max_frames));
        let flight = Self {
            profile: time.is_none().then_some(profile),
            time: time.unwrap_or_default(),
            calls,
            cases: Cases::new(spec.rate, opened.host == hosts::NULL),
            rate: spec.rate,
        };
        (flight, writer)
    }

    pub(super) fn time(&self) -> &TimeSource {
        &self.time
    }

    /// How the engine of this graph takes its times.
    pub(super) fn timing(&self, graph: &Graph) -> Timing {
        let every = match self.profile {
            Some(Profile::Full(_)) => 1,
            _ => TIMED.get() as usize,
        };
        let runs = self.calls.capacity() / every * graph.nodes().len();
        let spans = if self.profile.is_some() { runs.clamp(*SPANS.start(), *SPANS.end()) } else { 0 };
        Timing { time: self.time.clone(), spans }
    }

    pub(super) fn begin(&self, engine: &mut Engine) {
        match self.profile {
            Some(Profile::Full(_)) => engine.profile(Some(NonZeroU32::MIN)),
            Some(Profile::Sampled) => engine.profile(Some(TIMED)),
            None => {}
        }
    }

    /// The run is at this frame: a full profile may be over.
    pub(super) fn pass(&mut self, engine: &mut Engine, frames: u64) {
        let Some(Profile::Full(Some(time))) = self.profile else { return };
        if frames as f64 >= time.as_secs_f64() * f64::from(self.rate) {
            self.profile = Some(Profile::Sampled);
            engine.profile(Some(TIMED));
        }
    }

    /// An xrun happened.
    pub(super) fn xrun(&mut self, event: IoEvent) {
        self.cases.happened(event);
    }

    /// The xruns whose causes are known by now; all that are left at the `end`.
    pub(super) fn judge(&mut self, engine: &Engine, end: bool) -> Vec<Case> {
        self.cases.look(&self.calls, engine, end)
    }

    /// The last calls, this many at most.
    pub(super) fn last(&self, count: usize) -> Vec<Call> {
        self.calls.last(count).calls
    }

    /// The xruns that were judged last.
    pub(super) fn judged(&self) -> impl Iterator<Item = &Case> {
        self.cases.judged()
    }

    pub(super) fn causes(&self) -> Causes {
        self.cases.causes()
    }
}

impl Live {
    /// Everything that is remembered now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let DeviceSpec { name, rate, max_frames, .. } = &self.spec;
        Snapshot {
            device: name.clone(),
            host: self.opened.host,
            rate: *rate,
            block: *max_frames,
            taken: self.flight.time.now(),
            calls: self.flight.calls.read(),
            spans: self.engine.spans(),
            xruns: self.flight.judged().cloned().collect(),
        }
    }

    /// How many xruns have a cause by now.
    pub(crate) fn explained(&self) -> u64 {
        self.flight.causes().total()
    }
}
