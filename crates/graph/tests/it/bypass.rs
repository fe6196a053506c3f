//! Nodes that are left out and taken back while they play.

use patchline_graph::{
    BypassError, DeviceChannels, Engine, Event, EventKind, Frames, Graph, Io, Node, NodeError, Ports, PrepareSpec,
    Processor, Renderer,
};

use crate::nodes::{DeviceIn, DeviceOut, OnePole, Scale};
use crate::{playing, render};

/// 20 ms at 48 kHz.
const FADE: usize = 960;

/// A delay that declares itself: the input, `frames` later.
#[derive(Clone, PartialEq)]
pub(crate) struct Late {
    pub(crate) frames: usize,
}

pub(crate) struct LateProcessor {
    line: Vec<f32>,
    at: usize,
}

impl Node for Late {
    const KIND: &'static str = "late";
    type Processor = LateProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<LateProcessor, NodeError> {
        Ok(LateProcessor { line: vec![0.0; self.frames], at: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        self.frames * size_of::<f32>()
    }

    fn latency(&self, _spec: &PrepareSpec) -> Frames {
        self.frames as Frames
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self != previous
    }
}

impl Processor for LateProcessor {
    type Params = Late;

    fn update(&mut self, _params: &Late) {}

    fn process(&mut self, io: &mut Io<'_>) {
        for sample in io.main().channel(0).iter_mut() {
            std::mem::swap(&mut self.line[self.at], sample);
            self.at = (self.at + 1) % self.line.len();
        }
    }
}

/// How many frames it has seen, as samples: on its one output, or beside an input that it passes on.
#[derive(Clone, PartialEq)]
struct Count {
    effect: bool,
}

struct Counted(f32, bool);

impl Node for Count {
    const KIND: &'static str = "count";
    type Processor = Counted;

    fn ports(&self) -> Ports {
        if self.effect { Ports::effect().with_output("count", 1) } else { Ports::source(1) }
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Counted, NodeError> {
        Ok(Counted(0.0, self.effect))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Counted>()
    }
}

impl Processor for Counted {
    type Params = Count;

    fn update(&mut self, _params: &Count) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let mut seen = self.0;
        let mut write = |samples: &mut [f32]| {
            samples.iter_mut().for_each(|sample| {
                seen += 1.0;
                *sample = seen;
            });
        };
        if self.1 {
            let [_, mut count] = io.outputs.ports::<2>();
            write(count.channel(0));
        } else {
            write(io.main().channel(0));
        }
        self.0 = seen;
    }
}

fn through(node: impl Node) -> (Engine, Renderer) {
    playing(graph(node))
}

fn graph(node: impl Node) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph.add("node", node).unwrap().chain(&["in", "node", "out"]).unwrap();
    graph
}

/// What the second difference of the sine is to its samples, below 0: 0.0583 radians a frame.
const BEND: f64 = 0.0034;

/// Of an amplitude below 0.5, and never so close to 0 that the engine flushes it.
fn sine(frames: usize) -> Vec<f32> {
    let (mut now, mut next) = (0.03, 0.058);
    let step = |_| {
        let sample = now as f32;
        (now, next) = (next, (2.0 - BEND) * next - now);
        sample
    };
    (0..frames).map(step).collect()
}

/// The largest second difference: what a click is.
fn sharpest(samples: &[f32]) -> f64 {
    let second = |three: &[f32]| f64::from(three[0]) - 2.0 * f64::from(three[1]) + f64::from(three[2]);
    samples.windows(3).map(|three| second(three).abs()).fold(0.0, f64::max)
}

#[test]
fn a_fade_is_no_sharper_than_the_sine_and_the_fade_alone() {
    let (mut engine, mut renderer) = through(Scale(0.25));
    engine.bypass("node", true, Some(5_000)).unwrap();
    engine.bypass("node", false, Some(10_011)).unwrap();
    let out = render(&mut renderer, &sine(20_000), 64);
    // Of gain times sine: g''s + 2g's' + gs'', where the gain goes over 0.75 as 3x² - 2x³.
    let (fade, omega) = (FADE as f64, 0.0584);
    let (first, second) = (0.75 * 1.5 / fade, 0.75 * 6.0 / (fade * fade));
    let bound = 0.5 * (second + 2.0 * first * omega + BEND) + 4.0 * f64::from(f32::EPSILON);
    assert!(sharpest(&out) <= bound, "{} > {bound}", sharpest(&out));
    // Cut over in a frame, it would click.
    let cut: Vec<f32> = sine(20_000).iter().enumerate().map(|(n, s)| if n < 5_030 { 0.25 * s } else { *s }).collect();
    assert!(sharpest(&cut) > 10.0 * bound);
    let sine = sine(20_000);
    assert!(out[..=5_000].iter().zip(&sine).all(|(out, sine)| *out == 0.25 * sine), "exactly until there");
    assert_eq!(out[5_000 + FADE..=10_011], sine[5_000 + FADE..=10_011], "what comes in goes out");
    assert!(out[10_011 + FADE..].iter().zip(&sine[10_011 + FADE..]).all(|(out, sine)| *out == 0.25 * sine));
    engine.close(renderer);
}

/// Changes of mind in mid-fade and at any frame, by nodes that remember and are late: any block gives the same bits.
#[test]
fn any_block_gives_the_same_bits() {
    let played = |block: usize| {
        let mut graph = graph(OnePole { feed: 0.1, back: 0.9 });
        graph.add("late", Late { frames: 100 }).unwrap().add("count", Count { effect: true }).unwrap();
        graph.add("sum", Scale(1.0)).unwrap().add("other", DeviceOut(vec![0])).unwrap();
        graph.chain(&["in", "late", "count", "sum", "other"]).unwrap().link("count.count", "sum").unwrap();
        let (mut engine, mut renderer) = playing(graph);
        for (name, on, at) in [
            ("node", true, 100),
            ("late", true, 133),
            ("node", false, 700),
            ("late", false, 900),
            ("count", true, 1_000),
            ("node", true, 1_001),
            ("late", true, 1_050),
            ("late", false, 3_500),
            ("node", false, 3_501),
            ("late", true, 3_550),
            ("late", false, 3_551),
            ("count", false, 4_000),
            ("late", true, 6_000),
            ("late", false, 6_050),
        ] {
            engine.bypass(name, on, Some(at)).unwrap();
        }
        let out = render(&mut renderer, &sine(8_000), block);
        engine.close(renderer);
        out
    };
    let whole = played(8_000);
    for block in [1, 7, 64, 100, 959] {
        assert!(played(block) == whole, "in blocks of {block}");
    }
}

/// Where a node does nothing but be late, nobody hears that it is left out, at any moment.
#[test]
fn the_input_is_as_late_as_the_node() {
    for latency in [1, 63, 64, 200, 1_500] {
        let (mut engine, mut renderer) = through(Late { frames: latency });
        for (on, at) in [(true, 300), (false, 4_000), (true, 4_700), (false, 9_001)] {
            engine.bypass("node", on, Some(at)).unwrap();
        }
        let input = sine(12_000);
        let out = render(&mut renderer, &input, 48);
        // While it rests its own line holds what it was given last; by the time that it is heard it is new.
        assert!(out[..latency].iter().all(|sample| *sample == 0.0));
        assert_eq!(out[latency..], input[..12_000 - latency], "latency {latency}");
        engine.close(renderer);
    }
}

#[test]
fn a_node_that_is_left_out_does_not_run_and_goes_on_from_where_it_was() {
    let (mut engine, mut renderer) = playing({
        let mut graph = Graph::new();
        graph.add("node", Count { effect: false }).unwrap().add("out", DeviceOut(vec![0])).unwrap();
        graph.chain(&["node", "out"]).unwrap();
        graph
    });
    engine.bypass("node", true, Some(100)).unwrap();
    engine.bypass("node", false, Some(5_000)).unwrap();
    let out = render(&mut renderer, &[0.0; 7_000], 64);
    let stopped = 100 + FADE;
    assert!(out[101..stopped].windows(2).all(|pair| pair[0] > 0.0), "it fades");
    assert!(out[stopped..=5_000].iter().all(|sample| *sample == 0.0), "a source fades to silence");
    assert_eq!(out[5_000 + FADE], (stopped + FADE + 1) as f32, "it stood still in between");
    engine.close(renderer);
}

#[test]
fn other_outputs_fall_silent() {
    let mut graph = graph(Scale(1.0));
    graph.add("count", Count { effect: true }).unwrap().add("sum", DeviceOut(vec![0])).unwrap();
    graph.chain(&["in", "count"]).unwrap().link("count.count", "sum").unwrap();
    let (mut engine, mut renderer) = playing(graph);
    engine.bypass("count", true, None).unwrap();
    let input = sine(3_000);
    let out = render(&mut renderer, &input, 64);
    assert_eq!(out[FADE..], input[FADE..]);
    assert!(out[FADE - 100] > input[FADE - 100]);
    engine.close(renderer);
}

#[test]
fn it_is_told_and_mistakes_change_nothing() {
    let (mut engine, mut renderer) = through(Scale(0.5));
    assert_eq!(engine.bypass("nobody", true, None), Err(BypassError::Unknown("nobody".to_owned())));
    assert_eq!(engine.bypass("out", true, None), Err(BypassError::Unknown("out".to_owned())));
    engine.bypass("node", false, None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 100], 64), [0.5; 100], "it was never left out");
    engine.bypass("node", true, Some(150)).unwrap();
    render(&mut renderer, &[1.0; 100], 64);
    let events = std::iter::from_fn(|| engine.next_event()).filter(|event| event.kind != EventKind::Loaded);
    let told = |frame, on| Event { frame, node: Some("node".to_owned()), kind: EventKind::Bypassed { on } };
    assert_eq!(events.collect::<Vec<_>>(), [told(0, false), told(150, true)]);
    while engine.bypass("node", true, Some(u64::MAX)).is_ok() {}
    assert_eq!(engine.bypass("node", true, None), Err(BypassError::Busy));
    render(&mut renderer, &[1.0; 100], 64);
    engine.close(renderer);
}

/// The node's own state goes on over a load, and so does its being left out; a fresh one is not heard at all.
#[test]
fn a_load_leaves_out_what_was_left_out() {
    let (mut engine, mut renderer) = through(Scale(0.5));
    engine.bypass("node", true, None).unwrap();
    render(&mut renderer, &[1.0; 2 * FADE], 64);
    engine.load(graph(Scale(0.25))).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 100], 64), [1.0; 100], "it is the same node");
    // The fresh one is heard from its first frame on.
    engine.set_fade(0);
    engine.load(graph(OnePole { feed: 0.5, back: 0.0 })).unwrap();
    let out = render(&mut renderer, &[1.0; 2 * FADE], 64);
    assert_eq!(out, [1.0; 2 * FADE]);
    assert_eq!(engine.bypassed().collect::<Vec<_>>(), ["node"]);
    engine.load(Graph::new()).unwrap();
    assert_eq!(engine.bypassed().count(), 0);
    engine.close(renderer);
}

/// A change that waits for its frame is not overtaken by a load.
#[test]
fn what_waits_survives_a_load() {
    let (mut engine, mut renderer) = through(Scale(0.5));
    engine.bypass("node", true, Some(200)).unwrap();
    render(&mut renderer, &[1.0; 100], 64);
    engine.load(graph(Scale(0.5))).unwrap();
    let out = render(&mut renderer, &[1.0; 3 * FADE], 64);
    assert_eq!((out[100], out[100 + FADE]), (0.5, 1.0));
    engine.close(renderer);
}
