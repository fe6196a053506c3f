//! Which node costs how much.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use patchline_graph::{
    DeviceChannels, Engine, Graph, Io, Node, NodeCost, NodeError, NodeSpans, Ports, PrepareSpec, Processor, Renderer,
    StreamSpec, TimeSource, Timing, engine_timed,
};

use crate::nodes::{DeviceIn, DeviceOut, OnePole, Scale, Source};
use crate::render;

thread_local! {
    /// The clock of a test, in nanoseconds: only what is done in it takes time.
    static CLOCK: Cell<u64> = const { Cell::new(0) };
}

fn pass(nanoseconds: u64) -> Duration {
    CLOCK.set(CLOCK.get() + nanoseconds);
    Duration::from_nanos(CLOCK.get())
}

/// An engine that plays `graph` by the test's clock, of which each look takes 10 ns.
fn playing(graph: Graph) -> (Engine, Renderer) {
    let timing = Timing { time: TimeSource::new(|| pass(10)), spans: 0 };
    let (mut engine, renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
    engine.load(graph).unwrap();
    (engine, renderer)
}

/// Passes its input on after some work, so many nanoseconds for a frame.
#[derive(Clone, PartialEq)]
struct Busy {
    rounds: u64,
}

impl Node for Busy {
    const KIND: &'static str = "busy";
    type Processor = Busy;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Busy, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Busy>()
    }
}

impl Processor for Busy {
    type Params = Busy;

    fn update(&mut self, params: &Busy) {
        self.clone_from(params);
    }

    fn process(&mut self, io: &mut Io<'_>) {
        pass(self.rounds * io.frames() as u64);
    }
}

/// `in -> first -> heavy -> last -> out`, and `extra` between the last two if there is one.
fn graph(extra: Option<Busy>) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph.add("first", OnePole { feed: 0.5, back: 0.5 }).unwrap();
    graph.add("heavy", Busy { rounds: 200 }).unwrap().add("last", Scale(0.5)).unwrap();
    match extra {
        Some(extra) => graph.add("extra", extra).unwrap().chain(&["in", "first", "heavy", "last", "extra", "out"]),
        None => graph.chain(&["in", "first", "heavy", "last", "out"]),
    }
    .unwrap();
    graph
}

/// Every call is timed.
const ALL: Option<NonZeroU32> = Some(NonZeroU32::MIN);

fn samples(engine: &Engine) -> Vec<(String, u64)> {
    let mut samples: Vec<(String, u64)> =
        engine.costs().into_iter().map(|NodeCost { node, samples, .. }| (node, samples)).collect();
    samples.sort();
    samples
}

fn named(samples: &[(&str, u64)]) -> Vec<(String, u64)> {
    samples.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
}

#[test]
fn the_heaviest_node_is_named_first() {
    let (mut engine, mut renderer) = playing(graph(None));
    engine.profile(ALL);
    render(&mut renderer, &[0.25; 64 * 200], 64);
    let costs = engine.costs();
    assert_eq!((costs[0].node.as_str(), costs[0].samples), ("heavy", 200));
    assert!(costs[0].share > 0.5 && costs[0].nanoseconds > 4.0 * costs[1].nanoseconds, "{costs:?}");
    assert!(costs.iter().map(|cost| cost.share).sum::<f64>() <= 1.0 + 1e-9, "{costs:?}");
    engine.close(renderer);
}

#[test]
fn nothing_is_timed_unless_asked_for() {
    let (mut engine, mut renderer) = playing(graph(None));
    render(&mut renderer, &[0.25; 640], 64);
    assert_eq!(engine.costs(), []);
    engine.profile(ALL);
    assert_eq!(engine.costs(), []);
    // A call that is longer than the engine's longest block runs each node several times.
    render(&mut renderer, &[0.25; 640], 640);
    assert_eq!(samples(&engine), named(&[("first", 10), ("heavy", 10), ("last", 10)]));
    engine.profile(None);
    render(&mut renderer, &[0.25; 640], 64);
    assert_eq!(engine.costs(), [], "asking again, for whatever, counts anew");
    engine.close(renderer);
}

#[test]
fn a_load_keeps_the_samples_of_nodes_that_play_on() {
    let (mut engine, mut renderer) = playing(graph(None));
    engine.profile(ALL);
    render(&mut renderer, &[0.25; 640], 64);
    engine.load(graph(Some(Busy { rounds: 1_000 }))).unwrap();
    assert_eq!(samples(&engine), named(&[("first", 10), ("heavy", 10), ("last", 10)]));
    render(&mut renderer, &[0.25; 64 * 30], 64);
    assert_eq!(samples(&engine), named(&[("extra", 30), ("first", 40), ("heavy", 40), ("last", 40)]));
    let costs = engine.costs();
    assert!(costs[0].node == "extra" && costs[1].node == "heavy", "{costs:?}");
    assert!(costs[0].share > 0.5, "shares are of what plays now: {costs:?}");
    engine.load(graph(None)).unwrap();
    render(&mut renderer, &[0.25; 64], 64);
    assert_eq!(samples(&engine), named(&[("first", 41), ("heavy", 41), ("last", 41)]));
    engine.close(renderer);
}

#[test]
fn one_call_in_several_is_timed() {
    let (mut engine, mut renderer) = playing(graph(None));
    engine.profile(NonZeroU32::new(8));
    render(&mut renderer, &[0.25; 8_000], 1);
    let samples = engine.costs()[0].samples;
    assert!((900..=1_100).contains(&samples), "{samples} of 8000");
    engine.close(renderer);
}

/// A clock that each look moves on by a microsecond: whatever is timed takes one.
fn ticking() -> TimeSource {
    let micros = std::sync::atomic::AtomicU64::new(0);
    TimeSource::new(move || Duration::from_micros(micros.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
}

/// The spans' nodes, calls, beginnings and lengths in microseconds, and frames.
fn spans(engine: &Engine) -> Vec<(String, u64, u128, u128, usize)> {
    let spans = engine.spans().spans.into_iter();
    let micros = |time: Duration| time.as_micros();
    spans.map(|span| (span.node.unwrap(), span.call, micros(span.begins), micros(span.lasts), span.frames)).collect()
}

#[test]
fn a_timed_call_leaves_a_span_for_each_run_of_a_node() {
    let timing = Timing { time: ticking(), spans: 7 };
    let (mut engine, mut renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
    engine.load(graph(None)).unwrap();
    render(&mut renderer, &[0.25; 64], 64);
    assert_eq!(engine.spans().spans, [], "nobody asked for times");
    engine.profile(ALL);
    // In two pieces of 64 and 36 frames: reading the device's input takes a microsecond as well.
    render(&mut renderer, &[0.25; 100], 100);
    let at = spans(&engine);
    let begins = at[0].2;
    let expected = |name: &str, begins, frames| (name.to_owned(), 1, begins, 1, frames);
    let first = ["first", "heavy", "last"].into_iter().zip(begins..).map(|(name, begins)| expected(name, begins, 64));
    let second = ["first", "heavy", "last"].into_iter().zip(begins + 4..).map(|(name, at)| expected(name, at, 36));
    assert_eq!(at, first.chain(second).collect::<Vec<_>>());
    render(&mut renderer, &[0.25; 64], 64);
    let calls: Vec<u64> = spans(&engine).iter().map(|span| span.1).collect();
    assert_eq!(calls, [1, 1, 1, 1, 2, 2, 2], "the oldest are overwritten");
    assert_eq!((engine.spans().written, engine.spans().torn, engine.last_spans(2).spans.len()), (9, 0, 2));
    engine.close(renderer);
}

#[test]
fn spans_name_nodes_that_are_gone_too() {
    let timing = Timing { time: ticking(), spans: 100 };
    let (mut engine, mut renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
    engine.load(graph(Some(Busy { rounds: 1 }))).unwrap();
    engine.profile(ALL);
    render(&mut renderer, &[0.25; 64], 64);
    engine.set_fade(0);
    engine.load(graph(None)).unwrap();
    render(&mut renderer, &[0.25; 64], 64);
    let names: Vec<String> = spans(&engine).into_iter().map(|span| span.0).collect();
    assert_eq!(names, ["first", "heavy", "last", "extra", "first", "heavy", "last"]);
    engine.close(renderer);
}

/// More than a lane has room for: what was timed is kept, or counted.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test may wait for its thread")]
fn spans_of_workers_that_have_no_room_are_counted() {
    const NODES: usize = 9_000;
    let timing = Timing { time: TimeSource::monotonic(), spans: 10 };
    let stream = StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 0, 0) };
    let (mut engine, mut renderer) = engine_timed(stream, timing);
    let mut graph = Graph::new();
    for node in 0..NODES as u32 {
        graph.add(&format!("source{node}"), Source { seed: node, channels: 1 }).unwrap();
    }
    engine.assume_costs(graph.nodes().map(|(name, _)| (name.clone(), 50_000.0)).collect::<Vec<_>>());
    engine.load(graph).unwrap();
    assert_eq!(engine.spread().lanes(), 2);
    let worker = engine.workers().remove(0);
    let helper = std::thread::spawn(|| worker.run());
    engine.profile(ALL);
    // Until the worker is there the audio thread does everything by itself, and keeps all.
    let mut renders = 0;
    while engine.spans().lost == 0 && renders < 10_000 {
        renderer.render(1, &[], &mut []);
        renders += 1;
        std::thread::yield_now();
    }
    let NodeSpans { written, lost, .. } = engine.spans();
    assert_eq!((written + lost, lost > 0), ((renders * NODES) as u64, true));
    engine.close(renderer);
    helper.join().unwrap();
}
