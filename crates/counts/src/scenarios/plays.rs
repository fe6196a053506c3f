//! Blocks that are played: the workloads of the benches, and every kind of node by itself.

use std::fmt::Display;
use std::hint::black_box;

use patchline_benches::{Workload, gains, graph};
use patchline_graph::{Graph, Instructions, Node, StreamSpec, engine};
use patchline_nodes::{
    Color, Delay, Entry, Gain, Input as In, Level, Matrix, Meter, Noise, Oscillator, Output as Out, PatchNode as _,
    Shape, Targets, Time, VadGate,
};

use super::{Scenario, Work};

const RATE: u32 = 48_000;

/// Workloads, nodes, and a patch at rest.
pub(super) fn all() -> Vec<Scenario> {
    workloads().into_iter().chain(nodes()).chain([at_rest(128)]).collect()
}

fn workloads() -> Vec<Scenario> {
    use Workload::*;
    let cases = [
        (Empty, 64),
        (Empty, 128),
        (Through, 64),
        (Through, 128),
        (Chain { nodes: 1 }, 64),
        (Chain { nodes: 100 }, 16),
        (Chain { nodes: 100 }, 64),
        (Chain { nodes: 100 }, 512),
        (Moving { nodes: 100 }, 128),
        (OpaqueChain { nodes: 100 }, 128),
        (Wide { nodes: 100 }, 128),
        (OpaqueWide { nodes: 100 }, 128),
        (Delays { nodes: 10, feedback: false }, 64),
        (Delays { nodes: 10, feedback: false }, 512),
        (Delays { nodes: 10, feedback: true }, 128),
        (Meter, 64),
        (Meter, 512),
        (Seeds, 128),
        (Seeds, 512),
    ];
    cases.map(|(workload, block)| played(workload, block)).into()
}

fn played(workload: Workload, block: usize) -> Scenario {
    let name = of_blocks(&workload, block);
    let moved = matches!(workload, Workload::Moving { .. }).then(|| workload.nodes());
    let graph = graph(&workload);
    let prepare = move |instructions| playing(&graph, block, instructions, moved);
    let work = Work::Block(Box::new(prepare));
    Scenario { name, times: times(block), frames: block, beside: String::new(), work, limit: Some(workload) }
}

/// Between a stereo input and output.
fn nodes() -> Vec<Scenario> {
    let delay = Delay { max_time: Some(Time::Frames(30_000)), feedback: 0.3, ..Delay::new(Time::Frames(24_000)) };
    let shape = |shape| Oscillator { shape, channels: 2, ..Oscillator::default() };
    let noise = |color| Noise { color, channels: 2, ..Noise::default() };
    vec![
        node("meter, windows of 2205 frames", 64, true, Meter { window: Time::Frames(2_205), ..Meter::default() }),
        node("meter", 128, true, Meter::default()),
        node("vad_gate", 128, true, VadGate::default()),
        node("vad_gate, hops of 55 frames", 128, true, VadGate { window: Time::Frames(441), ..VadGate::default() }),
        node("delay with room", 128, true, delay),
        node("oscillator, sine", 128, true, shape(Shape::Sine)),
        node("oscillator, square", 128, true, shape(Shape::Square)),
        node("oscillator, saw", 128, true, shape(Shape::Saw)),
        node("oscillator, triangle", 128, true, shape(Shape::Triangle)),
        node("noise, white", 128, true, noise(Color::White)),
        node("noise, pink", 128, false, noise(Color::Pink)),
        node("matrix", 128, false, Matrix::example()),
        matrix("stereo to 5.1", &[(0, 0, 1.0), (1, 1, 1.0), (0, 2, 0.5), (1, 2, 0.5), (0, 4, 0.7), (1, 5, 0.7)], 128),
        matrix("8 to 8", &dense(8), 128),
    ]
}

/// Every input into every output.
fn dense(channels: usize) -> Vec<(usize, usize, f64)> {
    let entry = |index: usize| (index % channels, index / channels, 1.0 / (index + 2) as f64);
    (0..channels * channels).map(entry).collect()
}

/// A matrix of such entries (input, output, factor) between two gains; its inputs hold both channels in turn, and so do the
/// device's outputs what comes of them.
fn matrix(name: &str, entries: &[(usize, usize, f64)], block: usize) -> Scenario {
    let level = |factor| Level::new(factor).expect("a finite level");
    let entry = |&(from, to, factor): &(usize, usize, f64)| Entry {
        from,
        to: Targets::One(to),
        gain: level(factor),
        invert: false,
    };
    let matrix = Matrix::of(entries.iter().map(entry).collect());
    let inputs = 1 + entries.iter().map(|entry| entry.0).max().unwrap_or(0);
    let outputs = 1 + entries.iter().map(|entry| entry.1).max().unwrap_or(0);
    let gain = |factor| Gain { gain: level(factor), ..Gain::default() };
    let mut graph = Graph::new();
    let nodes = graph.add("in", In::default()).and_then(|graph| graph.add("matrix", matrix));
    let nodes = nodes.and_then(|graph| graph.add("before", gain(0.9))).and_then(|graph| graph.add("after", gain(0.8)));
    nodes.and_then(|graph| graph.add("out", Out::default())).expect("good names");
    for channel in (0..inputs).step_by(2) {
        graph.link("in", &format!("before[{channel}..{}]", channel + 2)).expect("good names");
    }
    graph.chain(&["before", "matrix", "after"]).expect("good names");
    for channel in (0..outputs).step_by(2) {
        graph.link(&format!("after[{channel}..{}]", channel + 2), "out").expect("good names");
    }
    let work = Work::Block(Box::new(move |instructions| playing(&graph, block, instructions, None)));
    let name = of_blocks(format!("gain, matrix {name}, gain"), block);
    Scenario { name, times: times(block), frames: block, beside: String::new(), work, limit: None }
}

fn node(name: &str, block: usize, vectorised: bool, node: impl Node) -> Scenario {
    let mut graph = Graph::new();
    let is_source = node.ports().inputs.is_empty();
    graph.add("out", Out::default()).and_then(|graph| graph.add("node", node)).expect("good names");
    if is_source {
        graph.chain(&["node", "out"]).expect("good names");
    } else {
        graph.add("in", In::default()).and_then(|graph| graph.chain(&["in", "node", "out"])).expect("good names");
    }
    let work = Work::Block(Box::new(move |instructions| playing(&graph, block, instructions, None)));
    let without = if is_source { Workload::Empty } else { Workload::Through };
    Scenario {
        name: of_blocks(name, block),
        times: times(block),
        frames: block,
        beside: if vectorised { of_blocks(without, block) } else { String::new() },
        work,
        limit: None,
    }
}

/// The seeds' chain, in silence for so long that nothing is left of it.
fn at_rest(block: usize) -> Scenario {
    let graph = graph(&Workload::Seeds);
    let resting = move |instructions| -> Box<dyn FnMut()> {
        let (mut engine, mut renderer) = engine(StreamSpec { instructions, ..StreamSpec::new(RATE, block, 2, 2) });
        engine.load(graph.clone()).expect("the scenario's graph is good");
        let (silence, mut output) = (vec![0.0; block], [vec![0.0; block], vec![0.0; block]]);
        let mut play = move || {
            let [left, right] = &mut output;
            renderer.render(block, &[&silence, &silence], &mut [left, right]);
            black_box(&mut output);
            engine.stats().slept
        };
        let slept = (0..2 * RATE as usize / block).map(|_| play()).last();
        assert!(slept > Some(0), "within two seconds it comes to rest");
        Box::new(move || _ = play())
    };
    let (name, work) = (of_blocks("seeds' chain at rest", block), Work::Block(Box::new(resting)));
    Scenario { name, times: times(block), frames: block, beside: String::new(), work, limit: None }
}

fn of_blocks(what: impl Display, block: usize) -> String {
    format!("{what}, blocks of {block}")
}

/// How many blocks: whole windows and hops, and whatever else returns now and then.
fn times(block: usize) -> usize {
    let frames = if block > 128 { 38_400 } else { 9_600 };
    frames / block
}

/// A block of an engine that plays a graph of which the first so many gains move.
fn playing(graph: &Graph, block: usize, instructions: Instructions, moved: Option<usize>) -> Box<dyn FnMut()> {
    let (mut engine, mut renderer) = engine(StreamSpec { instructions, ..StreamSpec::new(RATE, block, 2, 2) });
    engine.load(graph.clone()).expect("the scenario's graph is good");
    let (input, mut output) = (Input::new(block), [vec![0.0; block], vec![0.0; block]]);
    renderer.render(0, &[], &mut []);
    for (index, factor) in gains(moved.unwrap_or(0)).into_iter().enumerate() {
        let gain = Level::new(f64::from(factor) * 1.001).expect("a finite level");
        let gain = Gain { gain, smooth: Time::Frames(1 << 30), ..Gain::default() };
        engine.set(&format!("n{index}"), gain, None).expect("there is a gain of this name");
    }
    let mut play = move || {
        let _keeps_its_collector = &engine;
        let [left, right] = &mut output;
        renderer.render(block, &input.channels(), &mut [left, right]);
        black_box(&mut output);
    };
    warm_up(block, &mut play);
    Box::new(play)
}

/// Plays until nothing is new any more.
pub(super) fn warm_up(block: usize, play: &mut dyn FnMut()) {
    (0..(2_400 / block).max(2)).for_each(|_| play());
}

/// A block of stereo noise.
pub(super) struct Input([Vec<f32>; 2]);

impl Input {
    pub(super) fn new(frames: usize) -> Self {
        let channel = |seed: u32| {
            let hashed = move |frame: usize| (frame as u32).wrapping_mul(2_654_435_769).wrapping_add(seed) >> 8;
            (0..frames).map(|frame| hashed(frame) as f32 / (1 << 24) as f32 - 0.5).collect()
        };
        Self([channel(1), channel(1 << 30)])
    }

    pub(super) fn channels(&self) -> [&[f32]; 2] {
        [&self.0[0], &self.0[1]]
    }
}
