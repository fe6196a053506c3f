//! Nodes that break the real-time promise: what they do to themselves, and what they cannot do to the rest.
//! The allocator here counts instead of aborting, and lets a panicking thread through.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use patchline_graph::level::LevelMeter;
use patchline_graph::{
    Engine, Event, EventKind, Frame, Frames, Graph, Io, Mixing, Node, NodeError, NodeName, Ports, PrepareSpec,
    Processor, Readings, Renderer, Smoothed, StreamSpec, Summand, engine, guard,
};

struct Counting;

impl Counting {
    fn note() {
        if guard::in_callback() && !std::thread::panicking() {
            guard::count_violation();
        }
    }
}

// SAFETY: allocates and frees by `System`, which upholds the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::note();
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::note();
        // SAFETY: the pointer came from `alloc`, that is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a test source does at its third frame.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Mischief {
    None,
    Panics,
    Allocates,
    PanicsOverParameters,
    AllocatesForParameters,
    PanicsWhenAskedToRest,
    PanicsWhenWoken,
}

/// Writes 1.0, and does what it should not.
#[derive(Clone, PartialEq)]
struct Planted(Mischief);

struct PlantedProcessor {
    mischief: Mischief,
    frame: usize,
}

impl Node for Planted {
    const KIND: &'static str = "planted";
    type Processor = PlantedProcessor;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<PlantedProcessor, NodeError> {
        Ok(PlantedProcessor { mischief: self.0, frame: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<PlantedProcessor>()
    }
}

impl Processor for PlantedProcessor {
    type Params = Planted;

    fn update(&mut self, params: &Planted) {
        self.mischief = params.0;
        match self.mischief {
            Mischief::PanicsOverParameters => panic!("planted, by parameters"),
            Mischief::AllocatesForParameters => drop(std::hint::black_box(vec![0.0f32; 64])),
            _ => {}
        }
    }

    fn process(&mut self, io: &mut Io<'_>) {
        for frame in 0..io.frames() {
            io.main().channel(0)[frame] = 1.0;
            self.frame += 1;
            match self.mischief {
                Mischief::Panics if self.frame == 3 => panic!("planted, at frame {}", self.frame),
                Mischief::Allocates if self.frame == 3 => drop(std::hint::black_box(vec![0.0f32; 64])),
                _ => {}
            }
        }
    }

    fn rests(&mut self, _position: Frame) -> bool {
        assert!(self.mischief != Mischief::PanicsWhenAskedToRest, "planted, at rest");
        matches!(self.mischief, Mischief::None | Mischief::PanicsWhenWoken)
    }

    fn slept(&mut self, _frames: Frames) {
        assert!(self.mischief != Mischief::PanicsWhenWoken, "planted, out of sleep");
    }
}

/// Hears what two sources give together, and does what it should not over its third frame.
#[derive(Clone, PartialEq)]
struct Listening(Mischief);

struct ListeningProcessor {
    mischief: Mischief,
    channels: usize,
}

impl Node for Listening {
    const KIND: &'static str = "listening";
    const LISTENS: bool = true;
    type Processor = ListeningProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<ListeningProcessor, NodeError> {
        Ok(ListeningProcessor { mischief: self.0, channels: spec.channels() })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        1_024
    }
}

impl Processor for ListeningProcessor {
    type Params = Listening;

    fn update(&mut self, _params: &Listening) {}

    fn process(&mut self, _io: &mut Io<'_>) {
        panic!("planted: its meter listens, and it is not run");
    }

    fn meter(&mut self) -> Option<LevelMeter> {
        Some(LevelMeter::new(self.channels, 1))
    }

    fn heard(&mut self, meter: &LevelMeter, _readings: &Readings) {
        match self.mischief {
            Mischief::Panics => assert!(meter.windows() < 3, "planted, over what it heard"),
            Mischief::Allocates if meter.windows() == 3 => drop(std::hint::black_box(vec![0.0f32; 64])),
            _ => {}
        }
    }
}

/// Adds its input to itself, unless it is not run. Its parameters say whether they make it panic.
#[derive(Clone, PartialEq)]
struct Doubled {
    panics: bool,
}

struct DoubledProcessor([Smoothed; 2]);

impl Node for Doubled {
    const KIND: &'static str = "doubled";
    type Processor = DoubledProcessor;

    fn ports(&self) -> Ports {
        Ports::converter(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<DoubledProcessor, NodeError> {
        Ok(DoubledProcessor([Smoothed::new(1.0), Smoothed::new(1.0)]))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<DoubledProcessor>()
    }

    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        let summand = |factor| Summand { from: 0, to: 0, factor };
        Some(Mixing::Sums((0..2).map(summand).collect()))
    }
}

impl Processor for DoubledProcessor {
    type Params = Doubled;

    fn update(&mut self, params: &Doubled) {
        assert!(!params.panics, "planted, by parameters");
    }

    fn process(&mut self, _io: &mut Io<'_>) {
        unreachable!("nobody leaves it out");
    }

    fn factors(&mut self) -> &mut [Smoothed] {
        &mut self.0
    }
}

/// The device's output, all of it.
#[derive(Clone, PartialEq)]
struct Out;

impl Node for Out {
    const KIND: &'static str = "output";
    type Processor = patchline_graph::NoProcessor<Out>;

    fn ports(&self) -> Ports {
        Ports::device_output(None)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(patchline_graph::NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// A good source and the planted one, summed.
fn graph(mischief: Mischief) -> Graph {
    let mut graph = Graph::new();
    graph.add("good", Planted(Mischief::None)).unwrap().add("bad", Planted(mischief)).unwrap();
    graph.add("out", Out).unwrap();
    graph.link("bad", "out").unwrap().link("good", "out").unwrap();
    graph
}

fn playing(mischief: Mischief) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
    engine.load(graph(mischief)).unwrap();
    (engine, renderer)
}

/// Renders `frames` frames one by one, and says what happened beside loads.
fn render(engine: &mut Engine, renderer: &mut Renderer, frames: usize) -> (Vec<f32>, Vec<Event>) {
    let mut output = vec![0.0; frames];
    for sample in output.chunks_mut(1) {
        renderer.render(1, &[], &mut [sample]);
    }
    let events = std::iter::from_fn(|| engine.next_event()).filter(|event| event.kind != EventKind::Loaded).collect();
    (output, events)
}

/// The same happens whether anybody takes the nodes' times or not.
fn run(mischief: Mischief) -> (Vec<f32>, Vec<Event>) {
    let [heard, timed] = [None, Some(NonZeroU32::MIN)].map(|every| {
        let (mut engine, mut renderer) = playing(mischief);
        engine.profile(every);
        let heard = render(&mut engine, &mut renderer, 8);
        engine.close(renderer);
        heard
    });
    assert_eq!(heard, timed);
    heard
}

fn bad(frame: u64, kind: EventKind) -> Event {
    Event { frame, node: Some("bad".to_owned()), kind }
}

#[test]
fn a_panicking_node_is_silent_from_its_block_on_and_the_rest_plays_on() {
    guard::quiet_panics();
    let (output, events) = run(Mischief::Panics);
    assert_eq!(output, [2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(events, [bad(2, EventKind::Panicked)]);
}

#[test]
fn an_allocating_node_is_named() {
    let (output, events) = run(Mischief::Allocates);
    assert_eq!(output, [2.0; 8]);
    assert_eq!(events, [bad(2, EventKind::Allocated { times: 2 })]);
}

#[test]
fn so_is_one_that_only_listens() {
    guard::quiet_panics();
    let run = |mischief: Mischief| {
        let mut graph = Graph::new();
        graph.add("one", Planted(Mischief::None)).unwrap().add("two", Planted(Mischief::None)).unwrap();
        graph.add("bad", Listening(mischief)).unwrap().add("out", Out).unwrap();
        graph.link("one", "bad").unwrap().link("two", "bad").unwrap().link("bad", "out").unwrap();
        let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
        engine.load(graph).unwrap();
        let heard = render(&mut engine, &mut renderer, 5);
        engine.close(renderer);
        heard
    };
    assert_eq!(run(Mischief::None), (vec![2.0; 5], vec![]));
    assert_eq!(run(Mischief::Panics), (vec![2.0, 2.0, 0.0, 0.0, 0.0], vec![bad(2, EventKind::Panicked)]));
    assert_eq!(run(Mischief::Allocates), (vec![2.0; 5], vec![bad(2, EventKind::Allocated { times: 2 })]));
}

#[test]
fn good_nodes_cause_no_event() {
    assert_eq!(run(Mischief::None), (vec![2.0; 8], vec![]));
}

#[test]
fn parameters_that_make_a_node_panic_silence_it_and_nothing_else() {
    guard::quiet_panics();
    for load in [false, true] {
        let (mut engine, mut renderer) = playing(Mischief::None);
        render(&mut engine, &mut renderer, 1);
        match load {
            false => engine.set("bad", Planted(Mischief::PanicsOverParameters), None).unwrap(),
            true => drop(engine.load(graph(Mischief::PanicsOverParameters)).unwrap()),
        }
        let (output, events) = render(&mut engine, &mut renderer, 4);
        assert_eq!((output, &events[0]), (vec![1.0; 4], &bad(1, EventKind::Panicked)), "by a load: {load}");
        assert!(!guard::in_callback());
        engine.close(renderer);
    }
}

#[test]
fn who_panics_over_rest_is_silent_from_then_on() {
    guard::quiet_panics();
    // In the first frame something has changed, before the third one everybody has been asked.
    let (output, events) = run(Mischief::PanicsWhenAskedToRest);
    assert_eq!(output, [2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(events, [bad(2, EventKind::Panicked)]);
    let (mut engine, mut renderer) = playing(Mischief::PanicsWhenWoken);
    assert_eq!(render(&mut engine, &mut renderer, 6), (vec![2.0; 6], vec![]));
    assert_eq!(engine.stats().slept, 4);
    engine.set("good", Planted(Mischief::None), None).unwrap();
    let (output, events) = render(&mut engine, &mut renderer, 2);
    assert_eq!((output, &events[0]), (vec![1.0; 2], &bad(6, EventKind::Panicked)));
    engine.close(renderer);
}

#[test]
fn parameters_that_allocate_are_blamed_on_their_node() {
    let (mut engine, mut renderer) = playing(Mischief::None);
    engine.set("bad", Planted(Mischief::AllocatesForParameters), Some(2)).unwrap();
    let (_, events) = render(&mut engine, &mut renderer, 4);
    assert_eq!(events, [bad(2, EventKind::Set { late: 0 }), bad(2, EventKind::Allocated { times: 2 })]);
    engine.close(renderer);
}

#[test]
fn a_load_gives_a_silenced_node_a_fresh_start() {
    guard::quiet_panics();
    let (mut engine, mut renderer) = playing(Mischief::Panics);
    assert_eq!(render(&mut engine, &mut renderer, 4).0, [2.0, 2.0, 1.0, 1.0]);
    // At once, and not over 20 ms.
    engine.set_fade(0);
    assert_eq!(engine.load(graph(Mischief::None)).unwrap().started, ["bad"]);
    assert_eq!(render(&mut engine, &mut renderer, 4).0, [2.0; 4]);
    engine.close(renderer);
}

#[test]
fn a_node_that_only_mixes_and_panics_is_silent_until_a_load() {
    guard::quiet_panics();
    let graph = |panics: bool| {
        let mut graph = Graph::new();
        graph.add("good", Planted(Mischief::None)).unwrap().add("bad", Doubled { panics }).unwrap();
        graph.add("out", Out).unwrap().chain(&["good", "bad", "out"]).unwrap();
        graph
    };
    let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
    engine.set_fade(0);
    engine.load(graph(false)).unwrap();
    engine.set("bad", Doubled { panics: true }, Some(2)).unwrap();
    let (output, events) = render(&mut engine, &mut renderer, 4);
    assert_eq!((output, &events[0]), (vec![2.0, 2.0, 0.0, 0.0], &bad(2, EventKind::Panicked)));
    // Nor is it heard when it is to be left out.
    engine.bypass("bad", true, None).unwrap();
    engine.bypass("bad", false, None).unwrap();
    assert_eq!(render(&mut engine, &mut renderer, 2).0, [0.0; 2]);
    assert_eq!(engine.load(graph(false)).unwrap().started, ["bad"]);
    assert_eq!(render(&mut engine, &mut renderer, 2).0, [2.0; 2]);
    engine.close(renderer);
}

/// One panics on its way out, beside the one that has its name now.
#[test]
fn events_belong_to_the_node_that_they_are_of() {
    guard::quiet_panics();
    let (mut engine, mut renderer) = playing(Mischief::Panics);
    render(&mut engine, &mut renderer, 1);
    let mut without = Graph::new();
    without.add("good", Planted(Mischief::None)).unwrap().add("out", Out).unwrap().link("good", "out").unwrap();
    assert_eq!(engine.load(without).unwrap().leaving, ["bad"]);
    assert_eq!(engine.load(graph(Mischief::None)).unwrap().started, ["bad"]);
    let (_, events) = render(&mut engine, &mut renderer, 4);
    assert_eq!(events, [bad(2, EventKind::Panicked)]);
    render(&mut engine, &mut renderer, 1_000);
    assert_eq!(render(&mut engine, &mut renderer, 4).0, [2.0; 4], "the one that has the name plays on");
    engine.collect();
    let loaded = engine.load(graph(Mischief::None)).unwrap();
    assert!(loaded.carried.iter().eq(["bad", "good"]), "{loaded:?}");
    engine.close(renderer);
}

/// By two threads, whichever runs it: the worker counts what it ran.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test may wait for its thread")]
fn what_a_node_does_to_itself_it_does_to_itself_in_a_worker_too() {
    guard::quiet_panics();
    for (mischief, last, kind) in [
        (Mischief::Panics, 1.0, EventKind::Panicked),
        (Mischief::Allocates, 2.0, EventKind::Allocated { times: 2 }),
        (Mischief::None, 2.0, EventKind::Loaded),
    ] {
        let (mut engine, mut renderer) = engine(StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 0, 1) });
        engine.assume_costs(["good", "bad"].map(|name| (NodeName::new(name).unwrap(), 50_000.0)));
        engine.load(graph(Mischief::None)).unwrap();
        assert_eq!(engine.spread().lanes(), 2);
        let (ran, worker) = (Arc::new(AtomicU64::new(0)), engine.workers().remove(0));
        let counted = Arc::clone(&ran);
        let around = move |work: &mut dyn FnMut()| {
            work();
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let helper = std::thread::spawn(|| worker.run_around(around));
        let sample = |renderer: &mut Renderer| {
            let mut sample = [0.0];
            renderer.render(1, &[], &mut [&mut sample]);
            sample[0]
        };
        // Where the machine has no processor left for it, it does not come: then the renderer does all.
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(2);
        while ran.load(Ordering::Relaxed) < 100 && std::time::Instant::now() < patience {
            assert_eq!(sample(&mut renderer), 2.0);
        }
        // Its third frame is still to come.
        engine.set_fade(0);
        engine.load(Graph::new()).unwrap();
        engine.load(graph(mischief)).unwrap();
        let heard: Vec<f32> = (0..50).map(|_| sample(&mut renderer)).collect();
        assert_eq!(heard[40..], [last; 10], "{mischief:?}");
        let said = std::iter::from_fn(|| engine.next_event()).any(|event| event.kind == kind);
        assert!(said, "{mischief:?}");
        let stats = engine.stats();
        engine.close(renderer);
        helper.join().unwrap();
        assert_eq!(
            (stats.panics, stats.allocations),
            match mischief {
                Mischief::Panics => (1, 0),
                Mischief::Allocates => (0, 2),
                _ => (0, 0),
            }
        );
    }
}
