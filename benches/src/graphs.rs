//! Workloads as graphs of this engine.

use patchline_graph::{Graph, Node};
use patchline_nodes::{Delay, Gain, Input, Level, Meter, Output, Time, VadGate};

use crate::mixed::{self, Drawn, Kind, draw};
use crate::opaque::Opaque;
use crate::workload::{self, DELAY, FEEDBACK, GAIN, MIX, SEEDS_DELAY, Workload, mix};

/// The graph of a workload, before anything moves.
#[must_use]
pub fn graph(workload: &Workload) -> Graph {
    match *workload {
        Workload::Empty => Graph::new(),
        Workload::Through => series(device(), 0),
        Workload::Chain { nodes } | Workload::Moving { nodes } => chain(nodes, gain),
        Workload::OpaqueChain { nodes } => chain(nodes, Opaque),
        Workload::Delays { nodes, feedback } => {
            let feedback = if feedback { FEEDBACK } else { 0.0 };
            chain(nodes, |_| Delay { mix: mix(nodes), feedback, ..Delay::new(Time::Frames(DELAY as u64)) })
        }
        Workload::Wide { nodes } => wide(nodes, gain),
        Workload::OpaqueWide { nodes } => wide(nodes, Opaque),
        Workload::Meter => series(with(with(device(), 0, gain(GAIN)), 1, Meter::default()), 2),
        Workload::Seeds => seeds(),
        Workload::Mixed { seed, nodes } => mixed(&draw(seed, nodes)),
    }
}

/// What every gain of [`Workload::Moving`] is told once it plays: its name and where it goes.
pub(crate) fn moves(nodes: usize) -> impl Iterator<Item = (String, Gain)> {
    let smooth = Time::Frames(1 << 30);
    workload::gains(nodes).into_iter().enumerate().map(move |(index, from)| {
        let gain = Level::new(f64::from(from) * 1.001).expect("the factor is finite");
        (name(index), Gain { gain, smooth, ..Gain::default() })
    })
}

fn name(index: usize) -> String {
    format!("n{index}")
}

fn device() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).and_then(|graph| graph.add("out", Output::default())).expect("good names");
    graph
}

/// Branches from input to output, each of `depth` nodes in series.
pub(crate) fn branches<N: Node>(
    count: usize,
    depth: usize,
    name: impl Fn(usize) -> String,
    node: impl Fn(usize) -> N,
) -> Graph {
    let mut graph = device();
    for branch in 0..count {
        let mut before = "in".to_owned();
        for index in branch * depth..(branch + 1) * depth {
            let name = name(index);
            graph.add(&name, node(index)).and_then(|graph| graph.link(&before, &name)).expect("good names");
            before = name;
        }
        graph.link(&before, "out").expect("good names");
    }
    graph
}

pub(crate) fn gain(factor: f32) -> Gain {
    let gain = Level::new(f64::from(factor)).expect("the factor is finite");
    Gain { gain, ..Gain::default() }
}

fn with(mut graph: Graph, index: usize, node: impl Node) -> Graph {
    graph.add(&name(index), node).expect("a good name");
    graph
}

/// Links `in -> n0 -> n1 -> … -> out`.
fn series(mut graph: Graph, count: usize) -> Graph {
    let names: Vec<String> = (0..count).map(name).collect();
    let ends: Vec<&str> = std::iter::once("in").chain(names.iter().map(String::as_str)).chain(["out"]).collect();
    graph.chain(&ends).expect("good names");
    graph
}

fn chain<N: Node>(count: usize, node: impl Fn(f32) -> N) -> Graph {
    let factors = workload::gains(count).into_iter().enumerate();
    series(factors.fold(device(), |graph, (index, factor)| with(graph, index, node(factor))), count)
}

fn wide<N: Node>(count: usize, node: impl Fn(f32) -> N) -> Graph {
    let mut graph = device();
    for (index, factor) in workload::gains(count).into_iter().enumerate() {
        graph = with(graph, index, node(factor));
        graph.chain(&["in", &name(index), "out"]).expect("good names");
    }
    graph
}

fn seeds() -> Graph {
    let delay = Delay { mix: MIX, ..Delay::new(Time::Frames(SEEDS_DELAY as u64)) };
    let graph = with(with(device(), 0, gain(GAIN)), 1, delay);
    series(with(with(graph, 2, Meter::default()), 3, VadGate::default()), 4)
}

fn mixed(drawn: &Drawn) -> Graph {
    let end = |id: usize| if id == 0 { "in".to_owned() } else { name(id - 1) };
    let mut graph = device();
    for (index, node) in drawn.nodes.iter().enumerate() {
        graph = match node.kind {
            Kind::Gain(factor) => with(graph, index, gain(factor)),
            Kind::Opaque(factor) => with(graph, index, Opaque(factor)),
            Kind::Delay => with(graph, index, Delay { mix: MIX, ..Delay::new(Time::Frames(mixed::DELAY as u64)) }),
            Kind::Meter => with(graph, index, Meter::default()),
        };
        for source in &node.sources {
            graph.link(&end(*source), &name(index)).expect("good names");
        }
    }
    for id in &drawn.ends {
        graph.link(&end(*id), "out").expect("good names");
    }
    graph
}
