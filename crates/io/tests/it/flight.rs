//! The flight recorder over a simulated device: what it keeps, and whose fault it finds.

use std::num::NonZeroU32;
use std::time::Duration;

use patchline_graph::{Engine, Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, StreamSpec, Timing};
use patchline_io::flight::{Call, Cause, Diagnosis, FlightReader, Scene, diagnose, recorder};
use patchline_io::load::Measured;
use patchline_io::sim::{Incident, Sim, SimConfig, Trouble, VirtualTime};
use patchline_io::{Backend, DeviceSpec, IoEvent, IoEventKind, Side};

use crate::graph::{In, Out};

/// Passes its input on, and takes this much of virtual time; once, in the block that frame `slow.0` lies in, more.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) time: VirtualTime,
    pub(crate) usual: Duration,
    pub(crate) slow: (u64, Duration),
}

impl PartialEq for Work {
    fn eq(&self, other: &Self) -> bool {
        (self.usual, self.slow) == (other.usual, other.slow)
    }
}

impl Node for Work {
    const KIND: &'static str = "work";
    type Processor = Self;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Self>()
    }
}

impl Processor for Work {
    type Params = Self;

    fn update(&mut self, _params: &Self) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let (now, frames) = (io.position(), io.frames() as u64);
        let slow = (now..now + frames).contains(&self.slow.0);
        self.time.spend(if slow { self.slow.1 } else { self.usual });
    }
}

const MS: Duration = Duration::from_millis(1);
/// Frames of a block of 10 ms.
const BLOCK: usize = 480;

/// `in -> eq -> verb -> out` on a device with this script; `verb` is slow where it is told to be.
fn flight(script: Vec<Incident>, slow: (u64, Duration)) -> (Vec<IoEvent>, FlightReader, Engine) {
    let config = SimConfig {
        max_frames: BLOCK,
        blocks: patchline_io::sim::Blocks::Fixed(BLOCK),
        frames: Some(48_000),
        jitter: MS,
        script,
        ..SimConfig::default()
    };
    let mut device = Sim::open(config).unwrap();
    let time = device.virtual_time();
    let DeviceSpec { rate, inputs, outputs, .. } = *device.spec();
    let timing = Timing { time: time.source(), spans: 1_000 };
    let stream = StreamSpec::new(rate, BLOCK, inputs, outputs);
    let (mut engine, renderer) = patchline_graph::engine_timed(stream, timing);
    let work = |usual, slow| Work { time: time.clone(), usual, slow };
    let mut graph = Graph::new();
    graph.add("in", In).unwrap().add("out", Out).unwrap();
    graph.add("eq", work(MS, (u64::MAX, MS))).unwrap().add("verb", work(2 * MS, slow)).unwrap();
    graph.chain(&["in", "eq", "verb", "out"]).unwrap();
    engine.load(graph).unwrap();
    engine.profile(NonZeroU32::new(4));
    let (writer, reader) = recorder(1_000);
    let (callback, load) = Measured::with_clock(renderer, rate, device.time().expect("its own"));
    assert!(device.start(callback.recorded(writer)).is_ok());
    let events = device.run(Duration::from_secs(10));
    let load = load.take().unwrap();
    assert!((load.overall - 0.3).abs() < 0.1, "virtual time is measured: {load:?}");
    engine.close(device.stop().unwrap().into_inner());
    (events, reader, engine)
}

/// What is found about the only xrun of such a run.
#[track_caller]
fn found(script: Vec<Incident>, slow: (u64, Duration)) -> Diagnosis {
    let (events, reader, engine) = flight(script, slow);
    let xruns: Vec<&IoEvent> = events.iter().filter(|e| matches!(e.kind, IoEventKind::Xrun { .. })).collect();
    assert_eq!(xruns.len(), 1, "{events:?}");
    let (calls, spans) = (reader.read().calls, engine.spans().spans);
    let scene = Scene { position: xruns[0].position, rate: 48_000, calls: &calls, spans: &spans, paced_here: false };
    diagnose(&scene).expect("there were calls before")
}

fn at(frame: u64, trouble: Trouble) -> Vec<Incident> {
    vec![Incident { at: frame, trouble }]
}

/// A frame that no block is near, for nothing to happen at.
const NEVER: (u64, Duration) = (u64::MAX, MS);

#[test]
fn a_slow_node_is_our_graph_and_is_named() {
    let diagnosis = found(Vec::new(), (24_000, 35 * MS));
    assert_eq!((diagnosis.cause, diagnosis.lasted, diagnosis.period), (Cause::Graph, 36 * MS, 10 * MS));
    assert_eq!(diagnosis.heaviest.unwrap().0, "verb");
}

/// What the device's own configuration lets a call take counts as the callback's, too.
#[test]
fn a_call_that_stalls_outside_of_any_node_is_still_ours() {
    let diagnosis = found(at(24_000, Trouble::Stall(30 * MS)), NEVER);
    assert_eq!((diagnosis.cause, diagnosis.lasted), (Cause::Graph, 33 * MS));
}

#[test]
fn a_late_call_is_the_systems() {
    for late in [12, 15, 31, 250] {
        let diagnosis = found(at(24_000, Trouble::Late(late * MS)), NEVER);
        assert_eq!((diagnosis.cause, diagnosis.lasted), (Cause::LateWakeUp, 3 * MS), "{late} ms: {diagnosis}");
        assert!(diagnosis.late.abs_diff(late * MS) <= MS, "{late} ms: {diagnosis}");
    }
}

#[test]
fn frames_that_vanish_beside_a_short_call_on_time_are_the_devices() {
    for frames in [1, 100, 480, 2_000] {
        let diagnosis = found(at(24_000, Trouble::Dropout { frames, side: Side::Both }), NEVER);
        assert_eq!((diagnosis.cause, diagnosis.late), (Cause::Device, Duration::ZERO), "{frames}: {diagnosis}");
    }
}

#[test]
fn every_call_is_kept_with_its_place_and_times() {
    let (_, reader, engine) = flight(at(24_000, Trouble::Dropout { frames: 960, side: Side::Both }), NEVER);
    let calls = reader.read().calls;
    assert_eq!(calls.len(), 98, "100 blocks in a second, but for two that were lost");
    let mut position = 0;
    for call in &calls {
        position += if call.discontinuity { 960 } else { 0 };
        let due = Duration::from_secs_f64((position + 480) as f64 / 48_000.0);
        let late = call.begins.checked_sub(due);
        assert!(late.is_some_and(|late| late <= MS), "{call:?} should begin at {due:?}");
        assert_eq!(*call, Call { position, lasts: 3 * MS, frames: 480, ..*call });
        position += 480;
    }
    // A span of each node in a call out of four, inside of that call.
    let spans = engine.spans().spans;
    assert!((30..70).contains(&spans.len()), "{}", spans.len());
    for span in &spans {
        let call = calls[span.call as usize];
        let inside = span.begins >= call.begins && span.begins + span.lasts <= call.begins + call.lasts;
        assert!(inside, "{span:?} in {call:?}");
    }
}
