//! A matrix is not run, and nobody hears it: the bits are those of its processor, run.

mod common;

use common::{assert_same_bits, loaded, noise};
use patchline_graph::{AnyNode, Engine, Frames, Graph, Io, Node, NodeError, NodeName, Ports, PrepareSpec, Processor};
use patchline_nodes::{Entry, Gain, Input, Level, Matrix, Output, Preset, Targets};

/// A matrix that does not say that it only mixes.
#[derive(Clone, PartialEq)]
struct Opaque(Matrix);

struct Run(<Matrix as Node>::Processor);

impl Node for Opaque {
    const KIND: &'static str = "opaque";
    type Processor = Run;

    fn ports(&self) -> Ports {
        self.0.ports()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<Run, NodeError> {
        self.0.prepare(spec).map(Run)
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        self.0.footprint(spec)
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self.0.rebuilds(&previous.0)
    }
}

impl Processor for Run {
    type Params = Opaque;

    fn update(&mut self, params: &Opaque) {
        self.0.update(&params.0);
    }

    fn glide(&mut self, params: &Opaque, over: Frames) {
        self.0.glide(&params.0, over);
    }

    fn process(&mut self, io: &mut Io<'_>) {
        self.0.process(io);
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// splitmix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    /// Some that make of large samples what is not finite, and of that what is no number.
    fn level(&mut self) -> Level {
        let odd = [0.0, 1.0, 1_000.0, -1_000.0];
        Level::new(if self.below(3) == 0 { odd[self.below(4)] } else { self.below(2_000) as f64 / 500.0 - 2.0 })
            .unwrap()
    }

    fn matrix(&mut self, inputs: usize) -> Matrix {
        match self.below(8) {
            0 => Matrix { preset: Some(Preset::MonoMix), ..Matrix::default() },
            1 if inputs == 6 => Matrix { preset: Some(Preset::SurroundToStereo), ..Matrix::default() },
            2 if inputs == 1 => Matrix { preset: Some(Preset::MonoToStereo), ..Matrix::default() },
            _ => {
                let entry = |dice: &mut Self| {
                    let to = (0..1 + dice.below(2)).map(|_| dice.below(5)).collect();
                    Entry {
                        from: dice.below(inputs),
                        to: Targets::Several(to),
                        gain: dice.level(),
                        invert: dice.below(4) == 0,
                    }
                };
                let gains = (0..1 + self.below(9)).map(|_| entry(self)).collect();
                Matrix { outputs: Some(5 + self.below(2)), ..Matrix::of(gains) }
            }
        }
    }

    /// The same wires with other gains.
    fn turned(&mut self, matrix: &Matrix) -> Matrix {
        let mut matrix = matrix.clone();
        matrix.gains.iter_mut().for_each(|entry| (entry.gain, entry.invert) = (self.level(), self.below(4) == 0));
        matrix
    }

    /// Noise, with -0.0, and samples that come in as they are and get too large on the way.
    fn signal(&mut self, frames: usize) -> Vec<f32> {
        let mut samples = noise(self.below(1_000) as u64, frames, 1.0);
        for _ in 0..frames / 20 {
            samples[self.below(frames)] = [-0.0, 0.0, 3e38, -3e38, f32::INFINITY, f32::NAN][self.below(6)];
        }
        samples
    }
}

fn node(matrix: &Matrix, opaque: bool) -> AnyNode {
    if opaque { AnyNode::new(Opaque(matrix.clone())) } else { AnyNode::new(matrix.clone()) }
}

/// `in -> before -> matrix -> after -> out`, where the gain before it may be heard, too.
fn graph(matrix: &Matrix, gains: &[Level; 2], (opaque, tapped): (bool, bool)) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("out", Output::default()).unwrap();
    for (name, gain) in ["before", "after"].into_iter().zip(gains) {
        graph.add(name, Gain { gain: *gain, ..Gain::default() }).unwrap();
    }
    graph.insert(NodeName::new("matrix").unwrap(), node(matrix, opaque));
    graph.chain(&["in", "before", "matrix", "after", "out"]).unwrap();
    if tapped {
        graph.add("tap", Output::default()).unwrap().link("before", "tap").unwrap();
    }
    graph
}

fn check(seed: u64) {
    let mut dice = Dice(seed);
    let inputs = [1, 2, 6][dice.below(3)];
    let (mut matrix, gains, tapped) = (dice.matrix(inputs), [dice.level(), dice.level()], dice.below(4) == 0);
    let mut sides =
        [true, false].map(|opaque| (loaded(48_000, inputs, graph(&matrix, &gains, (opaque, tapped))), opaque));
    let run = |engine: &Engine| engine.schedule().slots.iter().filter(|slot| slot.mixing.is_none()).count();
    assert_eq!(sides.each_ref().map(|((engine, _), _)| run(engine)), [1, 0]);
    for step in 0..8 {
        match dice.below(4) {
            0 => {
                matrix = dice.turned(&matrix);
                sides
                    .iter_mut()
                    .for_each(|((engine, _), opaque)| engine.set_any("matrix", node(&matrix, *opaque), None).unwrap());
            }
            1 => {
                let gain = Gain { gain: dice.level(), ..Gain::default() };
                sides.iter_mut().for_each(|((engine, _), _)| engine.set("before", gain.clone(), None).unwrap());
            }
            2 => {
                let on = dice.below(2) == 0;
                sides.iter_mut().for_each(|((engine, _), _)| engine.bypass("matrix", on, None).unwrap());
            }
            _ => {}
        }
        let frames = 1 + dice.below(900);
        let input: Vec<_> = (0..inputs).map(|_| dice.signal(frames)).collect();
        let blocks = [1 + dice.below(300), 1 + dice.below(70)];
        let [expected, out] = sides
            .each_mut()
            .map(|((engine, renderer), _)| common::render(engine, renderer, &input, frames, 6, &blocks));
        assert_same_bits(&out, &expected, &format!("seed {seed}, step {step}, {matrix:?}"));
    }
    sides.into_iter().for_each(|((mut engine, renderer), _)| engine.close(renderer));
}

#[test]
fn nobody_hears_that_it_is_not_run() {
    (0..400).for_each(check);
}

#[test]
fn between_gains_it_costs_one_mix() {
    let entry = Entry { from: 1, to: Targets::One(0), gain: Level::new(0.5).unwrap(), invert: true };
    let one = Level::new(0.5).unwrap();
    let (mut engine, renderer) = loaded(48_000, 2, graph(&Matrix::of(vec![entry]), &[one, one], (false, false)));
    assert_eq!(engine.schedule().steps.len(), 1, "{}", engine.schedule());
    engine.close(renderer);
}
