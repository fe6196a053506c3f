//! Nodes that sum up are not run, and nobody hears it: whatever happens to a graph, the bits are those of the same nodes run.

use patchline_graph::{
    AnyNode, DeviceChannels, Engine, Frame, Graph, Io, Mixing, Node, NodeError, NodeName, Ports, PrepareSpec,
    Processor, Renderer, Smoothed, Step, StreamSpec, Summand, engine,
};

use crate::nodes::{Blend, DeviceIn, DeviceOut, OnePole, Trim};
use crate::oracle::{Dice, blend};

/// 20 ms at 48 kHz.
const FADE: usize = 960;

/// A node of the story.
#[derive(Clone)]
enum Part {
    Trim(f32),
    OnePole,
    Blend { outputs: usize, parts: Vec<(usize, usize, f32)> },
}

/// A chain from both inputs to as many outputs as there are, in which some are left out; the second one may be read apart.
#[derive(Clone, Default)]
struct Chain {
    parts: Vec<(String, Part)>,
    out: Vec<String>,
    tapped: bool,
}

fn factor(dice: &mut Dice) -> f32 {
    let odd = [0.0, 1.0, -1.0, f32::INFINITY, 1e-30, -0.0];
    if dice.chance(15) { odd[dice.between(0, 5)] } else { dice.sample() }
}

impl Chain {
    /// Another one, of nodes of which this one may have some.
    fn next(&self, dice: &mut Dice) -> Self {
        let mut names: Vec<usize> = (0..5).collect();
        dice.shuffle(&mut names);
        let mut width = 2;
        let mut chain = Chain { tapped: dice.chance(40), ..Chain::default() };
        for name in &names[..dice.between(1, 4)] {
            let name = format!("n{name}");
            let same = self.parts.iter().find(|(other, part)| *other == name && part.takes(width));
            let part =
                same.filter(|_| dice.chance(70)).map_or_else(|| Part::random(dice, width), |(_, part)| part.clone());
            if let Part::Blend { outputs, .. } = part {
                width = outputs;
            }
            if dice.chance(20) {
                chain.out.push(name.clone());
            }
            chain.parts.push((name, part));
        }
        chain
    }

    fn graph(&self, opaque: bool) -> Graph {
        let mut graph = Graph::new();
        graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
        let (mut before, mut width) = ("in".to_owned(), 2);
        let out = |graph: &mut Graph, name: &str, from: &str, width: usize| {
            graph.add(name, DeviceOut((0..width).collect())).unwrap().link(from, name).unwrap();
        };
        for (at, (name, part)) in self.parts.iter().enumerate() {
            graph.insert(NodeName::new(name).unwrap(), part.node(opaque));
            graph.link(&before, name).unwrap();
            (before, width) = (name.clone(), if let Part::Blend { outputs, .. } = part { *outputs } else { width });
            if at == 0 && self.tapped {
                out(&mut graph, "tap", &before, width);
            }
        }
        out(&mut graph, "out", &before, width);
        self.out.iter().for_each(|name| graph.bypass(NodeName::new(name).unwrap(), true));
        graph
    }
}

impl Part {
    fn random(dice: &mut Dice, width: usize) -> Self {
        match dice.between(0, 5) {
            0 => Self::Trim(factor(dice)),
            1 => Self::OnePole,
            _ => {
                let (outputs, mut parts) = blend(dice, width);
                parts.iter_mut().for_each(|part| part.2 = factor(dice));
                Self::Blend { outputs, parts }
            }
        }
    }

    fn takes(&self, width: usize) -> bool {
        !matches!(self, Self::Blend { parts, .. } if parts.iter().any(|part| part.0 >= width))
    }

    fn node(&self, opaque: bool) -> AnyNode {
        match self.clone() {
            Self::Trim(factor) => AnyNode::new(Trim(factor)),
            Self::OnePole => AnyNode::new(OnePole { feed: 0.3, back: 0.5 }),
            Self::Blend { outputs, parts } => AnyNode::new(Blend { outputs, parts, opaque }),
        }
    }

    /// With other factors.
    fn turn(&mut self, dice: &mut Dice) {
        match self {
            Self::Trim(value) => *value = factor(dice),
            Self::OnePole => {}
            Self::Blend { parts, .. } => parts.iter_mut().for_each(|part| part.2 = factor(dice)),
        }
    }
}

/// An engine, and whether it runs all nodes.
struct Side {
    engine: Engine,
    renderer: Renderer,
    opaque: bool,
}

impl Side {
    fn new(opaque: bool, max_frames: usize) -> Self {
        let (engine, renderer) = engine(StreamSpec::new(48_000, max_frames, 2, 4));
        Self { engine, renderer, opaque }
    }

    fn render(&mut self, input: &[Vec<f32>]) -> Vec<Vec<u32>> {
        let frames = input[0].len();
        let mut output = vec![vec![f32::NAN; frames]; 4];
        let inputs: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
        let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
        self.renderer.render(frames, &inputs, &mut outputs);
        output.iter().map(|channel| channel.iter().map(|x| x.to_bits()).collect()).collect()
    }
}

/// Loads, changes, turns and blocks of any length; says how many frames some node that sums up was not run for, and in how many blocks
/// one was run that need not be otherwise.
fn story(seed: u64) -> [usize; 2] {
    let mut dice = Dice::new(seed);
    let max_frames = dice.between(1, 300);
    let mut sides = [true, false].map(|opaque| Side::new(opaque, max_frames));
    let (mut chain, mut position, mut counts) = (Chain::default(), 0, [0; 2]);
    for step in 0..dice.between(5, 40) {
        let what = if step == 0 { 0 } else { dice.between(0, 9) };
        let at = dice.chance(50).then(|| (position + dice.between(0, 900)) as Frame);
        let names = chain.parts.len();
        match what {
            0 => {
                chain = chain.next(&mut dice);
                for side in &mut sides {
                    side.engine.load(chain.graph(side.opaque)).unwrap();
                }
            }
            1 => {
                let fade = [0, 50, 960][dice.between(0, 2)];
                sides.iter_mut().for_each(|side| side.engine.set_fade(fade));
            }
            2..=4 => {
                let (name, part) = &mut chain.parts[dice.between(0, names - 1)];
                part.turn(&mut dice);
                for side in &mut sides {
                    side.engine.set_any(name, part.node(side.opaque), at).unwrap();
                }
            }
            5..=6 => {
                let (name, on) = (chain.parts[dice.between(0, names - 1)].0.clone(), dice.chance(60));
                sides.iter_mut().for_each(|side| side.engine.bypass(&name, on, at).unwrap());
            }
            7 => sides.iter_mut().for_each(|side| side.engine.collect()),
            8 => sides.iter_mut().for_each(|side| _ = side.engine.load(chain.graph(side.opaque)).unwrap()),
            _ => {}
        }
        let frames = dice.between(1, 700);
        let input = dice.signal(2, frames);
        let [run, dissolved] = sides.each_mut().map(|side| side.render(&input));
        for channel in 0..4 {
            let differs = (0..frames).find(|&at| run[channel][at] != dissolved[channel][at]);
            assert_eq!(differs, None, "seed {seed}, step {step} ({what}), channel {channel}, from {position}");
        }
        position += frames;
        let slots = &sides[1].engine.schedule().slots;
        let sums = |slot: &&patchline_graph::Slot| slot.kind == "blend" && slot.mixing.is_some();
        counts[0] += if slots.iter().any(|slot| sums(&slot)) { frames } else { 0 };
        counts[1] += usize::from(slots.iter().any(|slot| slot.kind == "blend" && slot.mixing.is_none()));
    }
    sides.into_iter().for_each(|Side { mut engine, renderer, .. }| engine.close(renderer));
    counts
}

#[test]
fn whatever_happens_nobody_hears_that_they_are_not_run() {
    let counts = (0..600).map(story).fold([0; 2], |all, counts| [all[0] + counts[0], all[1] + counts[1]]);
    println!("{} frames dissolved, {} blocks run", counts[0], counts[1]);
    assert!(counts[0] > 100_000 && counts[1] > 500, "{counts:?}");
}

fn playing(node: impl Node) -> (Engine, Renderer) {
    crate::playing(graph(node))
}

fn graph(node: impl Node) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph.add("node", node).unwrap().chain(&["in", "node", "out"]).unwrap();
    graph
}

fn one(factor: f32) -> Blend {
    Blend { outputs: 1, parts: vec![(0, 0, factor)], opaque: false }
}

fn runs(engine: &Engine) -> bool {
    engine.schedule().steps.iter().any(|step| matches!(step, Step::Run { .. }))
}

#[test]
fn it_is_run_only_around_the_time_that_it_is_left_out() {
    let (mut engine, mut renderer) = playing(one(0.5));
    let mut plays = |frames: usize| *crate::render(&mut renderer, &vec![1.0; frames], 64).last().unwrap();
    assert!((plays(100), runs(&engine)) == (0.5, false));
    engine.bypass("node", true, None).unwrap();
    assert!((plays(FADE + 1), runs(&engine)) == (1.0, true));
    engine.load(graph(one(0.5))).unwrap();
    assert!((plays(100), runs(&engine)) == (1.0, true), "it is left out");
    engine.bypass("node", false, None).unwrap();
    let fading = plays(FADE - 1);
    assert!(fading > 0.5 && fading < 0.6);
    engine.load(graph(one(0.5))).unwrap();
    assert!((plays(2), runs(&engine)) == (0.5, true), "it was not yet back");
    engine.load(graph(one(0.5))).unwrap();
    assert!((plays(10), runs(&engine)) == (0.5, false));
    engine.close(renderer);
}

/// Turns that wait count as well: nobody is dissolved who will be left out.
#[test]
fn it_is_run_as_long_as_it_may_be_left_out() {
    let (mut engine, mut renderer) = playing(one(0.5));
    engine.bypass("node", true, Some(1_000)).unwrap();
    engine.bypass("node", false, Some(500)).unwrap();
    for _ in 0..3 {
        crate::render(&mut renderer, &[1.0; 300], 64);
        engine.load(graph(one(0.5))).unwrap();
        assert!(runs(&engine));
    }
    engine.close(renderer);
}

#[test]
fn a_message_that_has_no_room_changes_nothing() {
    let (mut engine, mut renderer) = playing(one(0.5));
    crate::render(&mut renderer, &[1.0; 64], 64);
    while engine.set("node", one(0.25), None).is_ok() {}
    let (sent, before) = (engine.sent(), engine.schedule().clone());
    assert!(engine.bypass("node", true, None).is_err());
    assert!((engine.sent(), engine.schedule()) == (sent, &before));
    engine.close(renderer);
}

/// What an author may get wrong: input, output and latency of its answer, and how many factors it has.
#[derive(Clone, PartialEq)]
struct Wrong {
    summand: [usize; 3],
    latency: u64,
}

struct Factors([Smoothed; 1]);

impl Node for Wrong {
    const KIND: &'static str = "wrong";
    type Processor = Factors;

    fn ports(&self) -> Ports {
        Ports::converter(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Factors, NodeError> {
        Ok(Factors([Smoothed::new(1.0)]))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        64
    }

    fn latency(&self, _spec: &PrepareSpec) -> u64 {
        self.latency
    }

    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        let [from, to, factor] = self.summand;
        Some(Mixing::Sums([Summand { from, to, factor }].into_iter().collect()))
    }
}

impl Processor for Factors {
    type Params = Wrong;

    fn update(&mut self, _params: &Wrong) {}

    fn process(&mut self, _io: &mut Io<'_>) {}

    fn factors(&mut self) -> &mut [Smoothed] {
        &mut self.0
    }
}

#[test]
fn what_an_author_gets_wrong_is_refused() {
    let (mut engine, mut renderer) = playing(Wrong { summand: [0, 0, 0], latency: 0 });
    let mut wrong = |summand, latency| engine.load(graph(Wrong { summand, latency })).unwrap_err().to_string();
    assert!(wrong([1, 0, 0], 0).contains("it sums input 1 into output 0"), "{}", wrong([1, 0, 0], 0));
    assert!(wrong([0, usize::MAX, 0], 0).contains("it has 1 and 1"));
    assert!(wrong([0, 0, 1], 0).contains("by 2 factors; its processor has 1"), "{}", wrong([0, 0, 1], 0));
    assert!(wrong([0, 0, usize::MAX], 0).contains("memory"));
    assert!(wrong([0, 0, 0], 7).contains("late"));
    // It does not say that other parameters need another processor.
    assert!(engine.set("node", Wrong { summand: [0, 0, 9], latency: 0 }, None).is_err());
    assert_eq!(crate::render(&mut renderer, &[1.0; 10], 64), [1.0; 10]);
    engine.close(renderer);
}
