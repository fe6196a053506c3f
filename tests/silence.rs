//! A whole live graph goes on for a minute after the sound has ended, and does not get slower: nothing in it lingers on
//! numbers that are too small to be heard and slow to compute with.
#![cfg(target_os = "linux")]

use std::time::Duration;

use patchline::graph::TimeSource;
use patchline::io::flight::recorder;
use patchline::io::load::Measured;
use patchline::io::sim::{Blocks, Sim, SimConfig};
use patchline::io::{Backend, DeviceSpec};
use patchline::nodes::{Input, Output};
use patchline::patch::{Options, Registry, read};
use patchline::{Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, StreamSpec, engine};

const PATCH: &str = r#"
links = ["mic -> door -> bus", "bus -> echo -> swap -> damp ~> bus", "echo -> long -> level -> out"]
nodes.mic.type = "input"
nodes.door = { type = "vad_gate", mode = "trigger" }
nodes.bus.type = "gain"
nodes.echo = { type = "delay", time = "7 ms", mix = 0.5, feedback = 0.7 }
nodes.swap = { type = "matrix", outputs = 2, gains = [{ from = 0, to = 1 }, { from = 1, to = 0 }] }
nodes.damp = { type = "gain", gain = 0.4 }
nodes.long = { type = "delay", time = "300 ms", mix = 0.3, feedback = -0.6 }
nodes.level.type = "meter"
nodes.out.type = "output"
"#;

const RATE: u32 = 48_000;
const BLOCK: usize = 256;
/// Seconds of sound, then of silence.
const LOUD: u64 = 5;
const SILENT: u64 = 60;

/// How long a call takes that nothing disturbs: a tenth of the calls is as quick.
fn usual(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 10]
}

/// What this thread has had of the processor: other programs are no part of it.
fn processor_time() -> TimeSource {
    TimeSource::new(|| {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    })
}

/// How long a call takes in the middle of the sound, and in each second of the silence.
fn times(graph: Graph, silent: u64) -> (Duration, Vec<Duration>) {
    let frames = (LOUD + silent) * u64::from(RATE);
    let config =
        SimConfig { max_frames: BLOCK, blocks: Blocks::Fixed(BLOCK), frames: Some(frames), ..SimConfig::default() };
    let loud = |frame: u64, channel: usize| {
        let noise = (frame * 7_919 + channel as u64 * 104_729) % 20_011;
        if frame < LOUD * u64::from(RATE) { noise as f32 / 10_005.5 - 1.0 } else { 0.0 }
    };
    let mut device = Sim::open(config).unwrap().with_input(loud);
    let DeviceSpec { inputs, outputs, .. } = *device.spec();
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, BLOCK, inputs, outputs));
    engine.load(graph).unwrap();
    let (writer, flight) = recorder((frames as usize).div_ceil(BLOCK));
    // The device's time is virtual, what is measured is not.
    let (callback, _) = Measured::with_clock(renderer, RATE, processor_time());
    assert!(device.start(callback.recorded(writer)).is_ok());
    device.run(Duration::from_secs(3_600));
    engine.close(device.stop().unwrap().into_inner());
    let calls = flight.read().calls;
    let took = |from: u64, to: u64| {
        let within = |position: u64| (from * u64::from(RATE)..to * u64::from(RATE)).contains(&position);
        usual(calls.iter().filter(|call| within(call.position)).map(|call| call.lasts).collect())
    };
    (took(1, LOUD), (LOUD..LOUD + silent).map(|second| took(second, second + 1)).collect())
}

#[test]
fn a_minute_of_silence_after_sound_costs_no_more_than_the_sound() {
    let patch = read(PATCH.as_bytes(), "silence.toml").unwrap();
    let (usual, silent) = times(patch.load(&Registry::standard(), &Options::default()).unwrap().graph, SILENT);
    for (second, silent) in silent.into_iter().enumerate() {
        assert!(silent <= 2 * usual, "{silent:?} in second {second} of the silence, {usual:?} with sound");
    }
}

/// Rings on for ever, ever more softly: what must not be.
#[derive(Clone, PartialEq)]
struct Lingers;

struct Poles([f32; 16]);

impl Node for Lingers {
    const KIND: &'static str = "lingers";
    type Processor = Poles;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Poles, NodeError> {
        Ok(Poles([0.0; 16]))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Poles>()
    }
}

impl Processor for Poles {
    type Params = Lingers;

    fn update(&mut self, _params: &Lingers) {}

    fn process(&mut self, io: &mut Io<'_>) {
        for sample in io.main().channel(0).iter_mut() {
            for pole in &mut self.0 {
                // Ten times the work, as it is on processors that have no circuit for such numbers.
                let rounds = if pole.is_subnormal() { 10 } else { 1 };
                let next = 0.9995 * *pole + 0.0005 * *sample;
                (0..rounds).for_each(|_| *pole = std::hint::black_box(next));
            }
            *sample = self.0[0];
        }
    }
}

/// The test above would notice.
#[test]
fn a_node_that_lingers_shows() {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("node", Lingers).unwrap().add("out", Output::default()).unwrap();
    graph.chain(&["in", "node", "out"]).unwrap();
    let (usual, silent) = times(graph, 6);
    assert!(silent.iter().any(|silent| *silent > 2 * usual), "{silent:?}, {usual:?} with sound");
}
