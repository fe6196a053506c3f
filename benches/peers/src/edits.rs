//! A chain of a thousand gains that plays gets one more: what somebody has to call for that, until the sound is there.

use std::time::Instant;

use patchline_benches::measure::{Effort, Timed, rounds};
use patchline_benches::{Contestant, Extra, RATE, Workload, graph};
use patchline_graph::{Engine, Graph, Renderer, StreamSpec, engine};
use patchline_nodes::Gain;

use crate::firewheel::{self, Firewheel};
use crate::{custom, dasp, fundsp_net};

/// Nodes of the chain, and frames per block.
const NODES: usize = 1000;
const BLOCK: usize = 128;
/// Blocks after which nothing fades any more.
const SETTLED: usize = 40;

/// A chain of gains that plays.
trait Chain: Contestant {
    /// Puts a gain at its end: all that its user has to see to.
    fn append(&mut self);

    /// What its user does now and then on the thread that edits.
    fn tend(&mut self) {}
}

/// What is timed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Making the chain, up to where it plays its first block.
    Build,
    /// One more gain.
    Append,
    /// One more gain, and the block that takes it over.
    AppendAndPlay,
    /// That block alone.
    Play,
}

/// All comparisons.
pub(crate) fn all() -> Vec<Box<dyn Extra>> {
    let mut all: Vec<Box<dyn Extra>> = Vec::new();
    for (name, make) in [
        ("firewheel", firewheel_chain as fn() -> Box<dyn Chain>),
        ("fundsp (Net)", net_chain),
        ("dasp_graph", dasp_chain),
    ] {
        for part in [Part::Append, Part::AppendAndPlay, Part::Play, Part::Build] {
            all.push(Box::new(Edit { name, make, part }));
        }
    }
    all
}

struct Edit {
    name: &'static str,
    make: fn() -> Box<dyn Chain>,
    part: Part,
}

impl Extra for Edit {
    fn goal(&self) -> &'static str {
        let promised = matches!(self.part, Part::Append | Part::AppendAndPlay) && self.name == "firewheel";
        if promised { "edit-firewheel" } else { "" }
    }

    fn case(&self) -> String {
        let what = match self.part {
            Part::Build => format!("making a chain of {NODES} gains and its first block"),
            Part::Append => format!("one gain more in a chain of {NODES}"),
            Part::AppendAndPlay => format!("one gain more in a chain of {NODES}, and the block that takes it over"),
            Part::Play => format!("the block that takes one gain more in a chain of {NODES} over"),
        };
        format!("{what}: {}", self.name)
    }

    fn measure(&mut self, effort: Effort) -> Result<Timed, String> {
        let mut ours = sampler(our_chain, self.part);
        let mut other = sampler(self.make, self.part);
        let rows = rounds(effort.rounds, &mut [&mut ours, &mut other]);
        Ok(Timed::over(&rows[0], &rows[1]))
    }
}

/// Nanoseconds of the part, again and again; the chain grows by one each time.
fn sampler(make: fn() -> Box<dyn Chain>, part: Part) -> impl FnMut() -> f64 {
    let mut chain = make();
    let mut sound = Sound::default();
    move || {
        if part == Part::Build {
            let start = Instant::now();
            let mut fresh = make();
            sound.block(&mut *fresh);
            return nanoseconds(start);
        }
        (0..SETTLED).for_each(|_| sound.block(&mut *chain));
        chain.tend();
        sound.block(&mut *chain);
        let start = Instant::now();
        chain.append();
        let appended = Instant::now();
        sound.block(&mut *chain);
        match part {
            Part::Append => (appended - start).as_nanos() as f64,
            Part::Play => nanoseconds(appended),
            Part::AppendAndPlay | Part::Build => nanoseconds(start),
        }
    }
}

fn nanoseconds(since: Instant) -> f64 {
    since.elapsed().as_nanos() as f64
}

/// What goes in and comes out.
struct Sound {
    input: [Vec<f32>; 2],
    output: [Vec<f32>; 2],
}

impl Default for Sound {
    fn default() -> Self {
        let of = |value| [vec![value; BLOCK], vec![value; BLOCK]];
        Self { input: of(0.25), output: of(0.0) }
    }
}

impl Sound {
    fn block(&mut self, chain: &mut dyn Chain) {
        let ([in_left, in_right], [left, right]) = (&self.input, &mut self.output);
        chain.run([in_left, in_right], [left, right]);
        std::hint::black_box(&mut self.output);
    }
}

/// Our chain: the graph that its program holds, and what plays.
struct Ours {
    graph: Graph,
    engine: Engine,
    renderer: Renderer,
    last: String,
    appended: usize,
}

fn our_chain() -> Box<dyn Chain> {
    let graph = graph(&Workload::Chain { nodes: NODES });
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, BLOCK, 2, 2));
    engine.load(graph.clone()).expect("a good graph");
    let last = graph.links().last().expect("a chain has links").from.node.as_str().to_owned();
    Box::new(Ours { graph, engine, renderer, last, appended: 0 })
}

impl Contestant for Ours {
    fn run(&mut self, input: [&[f32]; 2], [left, right]: [&mut [f32]; 2]) {
        self.renderer.render(BLOCK, &input, &mut [left, right]);
    }
}

impl Chain for Ours {
    fn append(&mut self) {
        let name = format!("more{}", self.appended);
        self.appended += 1;
        self.graph
            .add(&name, Gain::default())
            .and_then(|graph| graph.unlink(&self.last, "out").map(|_| graph))
            .and_then(|graph| graph.chain(&[&self.last, &name, "out"]))
            .expect("good names");
        self.engine.load(self.graph.clone()).expect("a good graph");
        self.last = name;
    }

    fn tend(&mut self) {
        self.engine.collect();
    }
}

fn firewheel_chain() -> Box<dyn Chain> {
    Box::new(firewheel::Playing::new(&Workload::Chain { nodes: NODES }, BLOCK, Firewheel::OwnMeters))
}

impl Chain for firewheel::Playing {
    fn append(&mut self) {
        self.append_gain(1.0);
    }

    fn tend(&mut self) {
        self.update();
    }
}

fn net_chain() -> Box<dyn Chain> {
    Box::new(fundsp_net::Edited::chain(NODES))
}

impl Chain for fundsp_net::Edited {
    fn append(&mut self) {
        self.append_gain(1.0);
    }
}

/// It is edited where it plays: whoever does so has to keep the callback out meanwhile.
fn dasp_chain() -> Box<dyn Chain> {
    Box::new(dasp::Playing::new(&Workload::Chain { nodes: NODES }).expect("a chain can be done"))
}

impl Chain for dasp::Playing {
    fn append(&mut self) {
        dasp::Playing::append(self, custom::Gain(1.0));
    }
}
