//! What changing a graph of a thousand nodes costs: compiling it, loading it, and the block in which it takes over.

use std::time::Instant;

use patchline_graph::{Engine, Graph, Node, Renderer, StreamSpec, compile, engine};

use crate::graphs::{branches, gain};
use crate::measure::{Effort, Repeated, Spread, ratio};
use crate::opaque::Opaque;
use crate::results::Quantity;
use crate::workload::RATE;

/// What there is, by name.
pub(crate) const NAMES: [&str; 3] =
    ["compiling 1000 nodes", "loading 1000 nodes with one replaced", "the block of the swap"];
/// Frames per block.
const BLOCK: usize = 128;
/// Nodes in each of the branches, and how many there are.
const DEPTH: usize = 10;
const BRANCHES: usize = 100;

/// A thousand nodes in a hundred branches, of which one node has something to do with `number`.
fn edited<N: Node>(node: fn(f32) -> N, number: usize) -> Graph {
    let changed = |index: usize| if index == 555 { 1.0 - number as f32 * 1e-6 } else { 0.99 };
    let name = |index: usize| if index == 555 { format!("edit{number}") } else { format!("n{index}") };
    branches(BRANCHES, DEPTH, name, |index| node(changed(index)))
}

/// All of it. `wanted` says what, by name.
pub(crate) fn all(effort: Effort, wanted: impl Fn(&str) -> bool) -> Vec<Quantity> {
    let mut all = Vec::new();
    for name in NAMES.into_iter().filter(|name| wanted(name)) {
        crate::progress(name);
        match name {
            "compiling 1000 nodes" => all.extend(compiling(effort)),
            "the block of the swap" => {
                all.extend(swap("gains", gain, effort));
                all.extend(swap("opaque nodes", Opaque, effort));
            }
            _ => all.extend([load("gains", gain, effort), load("opaque nodes", Opaque, effort)]),
        }
    }
    all
}

fn compiling(effort: Effort) -> Vec<Quantity> {
    let stream = StreamSpec::new(RATE, 512, 2, 2);
    let chain = |nodes| crate::graph(&crate::Workload::Chain { nodes });
    let opaque = |nodes| crate::graph(&crate::Workload::OpaqueChain { nodes });
    let graphs = [
        ("chain of 1000 gains", chain(1000)),
        ("chain of 1000 opaque nodes", opaque(1000)),
        ("100 branches of 10 gains", edited(gain, 0)),
    ];
    let time = |(case, graph): (&str, Graph)| {
        let mut repeated = Repeated::new(1, || drop(std::hint::black_box(compile(&graph, &stream))));
        let samples = effort.share(2);
        let value = Spread::of((0..samples).map(|_| repeated.sample())).times(1e-3);
        quantity("compile-us", format!("compiling a {case}").replace("a 100", "100"), "µs", value, samples)
    };
    graphs.into_iter().map(time).collect()
}

fn quantity(goal: &str, case: String, unit: &str, value: Spread, samples: usize) -> Quantity {
    Quantity { goal: goal.to_owned(), case, unit: unit.to_owned(), value, samples }
}

/// An engine with a graph of its own, playing.
struct Player {
    engine: Engine,
    renderer: Renderer,
    input: Vec<f32>,
    output: [Vec<f32>; 2],
}

impl Player {
    fn new(graph: Graph) -> Self {
        let (mut engine, renderer) = engine(StreamSpec::new(RATE, BLOCK, 2, 2));
        engine.load(graph).expect("the bench's graph is good");
        Self { engine, renderer, input: vec![0.01; BLOCK], output: [vec![0.0; BLOCK], vec![0.0; BLOCK]] }
    }

    /// Nanoseconds of one block.
    fn block(&mut self) -> f64 {
        let [left, right] = &mut self.output;
        let start = Instant::now();
        self.renderer.render(BLOCK, &[&self.input, &self.input], &mut [left, right]);
        start.elapsed().as_nanos() as f64
    }

    /// Nanoseconds of a load.
    fn load(&mut self, graph: Graph) -> f64 {
        let start = Instant::now();
        self.engine.load(graph).expect("the bench's graph is good");
        start.elapsed().as_nanos() as f64
    }

    /// Plays until nothing fades any more, and memory is as warm as it gets.
    fn settle(&mut self) {
        (0..60).for_each(|_| _ = self.block());
        self.engine.collect();
        (0..10).for_each(|_| _ = self.block());
        assert_eq!(self.engine.leaving().count(), 0, "everything that leaves has left");
    }
}

fn load<N: Node>(case: &str, node: fn(f32) -> N, effort: Effort) -> Quantity {
    let mut player = Player::new(edited(node, 0));
    let samples = effort.share(2);
    let time = |number: usize| {
        player.settle();
        player.load(edited(node, number))
    };
    let value = Spread::of((1..=samples).map(time)).times(1e-3);
    quantity("", format!("Engine::load of 1000 {case}, one replaced"), "µs", value, samples)
}

/// Before a usual block somebody else loads a graph: what that does to the processor's caches is not the callback's doing.
fn swap<N: Node>(case: &str, node: fn(f32) -> N, effort: Effort) -> [Quantity; 2] {
    let (mut player, mut other) = (Player::new(edited(node, 0)), Player::new(edited(node, 0)));
    let samples = effort.rounds;
    let (mut usual, mut swaps, mut fading) = (vec![], vec![], vec![]);
    for number in 1..=samples {
        player.settle();
        other.load(edited(node, number));
        usual.push(player.block());
        other.settle();
        player.load(edited(node, number));
        swaps.push(player.block());
        fading.push(Spread::of((0..5).map(|_| player.block())).median);
    }
    let what = |what: &str| format!("{what}: 1000 {case}, one replaced");
    [
        quantity("swap", what("block of the swap"), "×", ratio(&swaps, &usual), samples),
        quantity("", what("blocks while it fades"), "×", ratio(&fading, &usual), samples),
    ]
}
