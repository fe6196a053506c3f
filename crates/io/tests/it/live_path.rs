//! What happens to a live run whose nodes panic, make no numbers, or take too long.

use std::time::Duration;

use patchline_graph::{
    Event, EventKind, Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, StreamSpec, engine,
};
use patchline_io::load::Measured;
use patchline_io::sim::{Sim, SimConfig};
use patchline_io::{Backend, DeviceSpec, IoEventKind};

use crate::flight::Work;
use crate::graph::{In, Out};

/// What an odd node does to its input.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    /// Every 100th sample is one of these, in turn.
    NoNumbers,
    /// Panics in the block that this frame lies in.
    Panics(u64),
    /// Nothing.
    Passes,
}

impl Node for Odd {
    const KIND: &'static str = "odd";
    type Processor = Self;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self, NodeError> {
        Ok(*self)
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Self>()
    }
}

impl Processor for Odd {
    type Params = Self;

    fn update(&mut self, params: &Self) {
        *self = *params;
    }

    fn process(&mut self, io: &mut Io<'_>) {
        const NO_NUMBERS: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let frames = io.position()..io.position() + io.frames() as u64;
        match *self {
            Self::NoNumbers => {
                for channel in io.main().channels() {
                    let every = channel.iter_mut().zip(frames.clone()).filter(|(_, frame)| frame % 100 == 0);
                    every.for_each(|(sample, frame)| *sample = NO_NUMBERS[(frame / 100 % 3) as usize]);
                }
            }
            Self::Panics(frame) => assert!(!frames.contains(&frame), "planted"),
            Self::Passes => {}
        }
    }
}

/// `in -> a -> out` and `in -> b ~> a`.
fn graph(a: Odd, b: Odd) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", In).unwrap().add("out", Out).unwrap().add("a", a).unwrap().add("b", b).unwrap();
    graph.chain(&["in", "a", "out"]).unwrap().link("in", "b").unwrap().link_back("b", "a").unwrap();
    graph
}

#[test]
fn what_is_no_number_reaches_no_output_and_is_counted_where_it_was_stopped() {
    for (a, b) in [(Odd::NoNumbers, Odd::Passes), (Odd::Passes, Odd::NoNumbers), (Odd::NoNumbers, Odd::NoNumbers)] {
        let config = SimConfig { frames: Some(48_000), chances: Default::default(), ..SimConfig::stormy(5) };
        let mut device = Sim::open(SimConfig { load_percent: 0, jitter: Duration::ZERO, ..config }).unwrap();
        device = device.with_input(|frame, _| if frame % 1_000 == 7 { f32::NAN } else { 0.25 }).recording();
        let (mut engine, renderer) = engine(StreamSpec::new(48_000, 2_048, 2, 2));
        engine.load(graph(a, b)).unwrap();
        assert!(device.start(renderer).is_ok());
        device.run(Duration::from_secs(10));
        let heard = device.take_recording().channels;
        assert!(heard.iter().all(|channel| channel.len() == 48_000 && channel.iter().all(|s| s.is_finite())));
        assert!(heard[0][1_001..1_007].iter().all(|&sample| sample == 0.5), "what is between them is heard");
        let stats = engine.stats();
        // 480 of each channel, where it was made; nothing that was stopped goes on and is counted again.
        let of = |node| if node == Odd::NoNumbers { 2 * 480 } else { 0 };
        assert_eq!((stats.non_finite_inputs, stats.non_finite_outputs, stats.non_finite_feedback), (96, of(a), of(b)));
        engine.close(device.stop().unwrap());
    }
}

#[test]
fn a_node_that_panics_is_silent_and_named_within_its_block() {
    let mut device = Sim::open(SimConfig { frames: Some(4_800), ..SimConfig::default() }).unwrap();
    device = device.with_input(|_, _| 0.25).recording();
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 256, 2, 2));
    let mut graph = graph(Odd::Passes, Odd::Passes);
    graph.add("bomb", Odd::Panics(1_000)).unwrap().chain(&["in", "bomb", "out"]).unwrap();
    engine.load(graph).unwrap();
    assert!(device.start(renderer).is_ok());
    let mut told = Vec::new();
    while !device.rests() {
        device.pass(Duration::from_nanos(1_000_000_000 * 256 / 48_000));
        let named = std::iter::from_fn(|| engine.next_event()).find(|event| event.kind == EventKind::Panicked);
        told.extend(named.map(|event| (device.stats().frames, event)));
        while device.poll().is_some() {}
    }
    let [(by, Event { frame, node, .. })] = &told[..] else { panic!("{told:?}") };
    // It runs in pieces of 64 frames, since there is a feedback link.
    assert_eq!((*by, *frame, node.as_deref()), (1_024, 960, Some("bomb")));
    let heard = &device.take_recording().channels[0];
    assert_eq!((heard[959], heard[960], heard[1_023], heard[4_799]), (0.75, 0.5, 0.5, 0.5));
    engine.close(device.stop().unwrap());
}

/// A graph that takes up to twice its time on a device that does everything wrong: 20 of 20 runs come to their end, and
/// every frame is heard, lost or was away.
#[test]
fn overload_ends_cleanly_and_the_books_balance() {
    for seed in 0..20 {
        let frames = 48_000 * 4;
        let mut device = Sim::open(SimConfig { frames: Some(frames), ..SimConfig::stormy(seed) }).unwrap();
        let (time, DeviceSpec { rate, inputs, outputs, .. }) = (device.virtual_time(), device.spec().clone());
        let (mut engine, renderer) = engine(StreamSpec::new(rate, 2_048, inputs, outputs));
        let mut graph = graph(Odd::NoNumbers, Odd::Passes);
        let usual = Duration::from_millis(seed + 1);
        graph.add("work", Work { time, usual, slow: (20_000, 80 * usual) }).unwrap();
        graph.chain(&["a", "work", "out"]).unwrap();
        engine.load(graph).unwrap();
        let (callback, load) = Measured::with_clock(renderer, rate, device.time().expect("its own"));
        assert!(device.start(callback).is_ok());
        let events = device.run(Duration::from_secs(3_600));
        let stats = device.stats();
        assert_eq!(events.last().map(|event| event.kind), Some(IoEventKind::Finished), "seed {seed}");
        assert_eq!(stats.frames + stats.frames_lost + stats.frames_away, frames, "seed {seed}: {stats:?}");
        let told = events.iter().filter(|event| matches!(event.kind, IoEventKind::Xrun { .. })).count() as u64;
        assert!(told == stats.xruns && told > 0 && load.read().unwrap().overruns > 0, "seed {seed}: {stats:?}");
        let renderer = device.stop().unwrap().into_inner();
        assert_eq!((renderer.position(), engine.stats().frames), (stats.frames, stats.frames), "seed {seed}");
        engine.close(renderer);
    }
}
