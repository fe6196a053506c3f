//! `matrix`: any number of channels from any others.

mod preset;

use std::collections::BTreeSet;

use patchline_graph::{Frame, Frames, Io, Mixing, Node, NodeError, Ports, PrepareSpec, Processor, Summand};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::smooth::{Law, Ramp, Smoothed};
use crate::{Level, PatchNode, Surroundings, Time};

pub use preset::Preset;

/// How long a change of a gain takes.
const GLIDE: Time = Time::Seconds(0.02);
/// The most outputs: no device and no file has more channels.
const MOST_OUTPUTS: usize = 1024;

/// Sums input channels into output channels, each by its own gain.
///
/// It takes either `gains` or a `preset`. Every output is a sum in f32, left to right in the order of the gains;
/// outputs that no gain names are silent. Gains that change glide over 20 ms, as far in decibels in each frame; to and from
/// silence, and where the sign changes, in a straight line. Left out (`bypass`), it passes its input if as many channels go
/// in as come out, and silence if not.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Entry, Input, Level, Matrix, Output, Targets};
///
/// // Left and right in each other's place.
/// let entry = |from, to| Entry { from, to: Targets::One(to), gain: Level::UNITY, invert: false };
/// let mut graph = Graph::new();
/// graph.add("mic", Input::default())?.add("swap", Matrix::of(vec![entry(0, 1), entry(1, 0)]))?;
/// graph.add("out", Output::default())?.chain(&["mic", "swap", "out"])?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 2, 2));
/// engine.load(graph)?;
/// let (mut left, mut right) = ([0.0], [0.0]);
/// renderer.render(1, &[&[1.0], &[0.5]], &mut [&mut left, &mut right]);
/// assert_eq!((left, right), ([0.5], [1.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Matrix {
    /// How many channels come out; as many as the gains or the preset need without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub outputs: Option<usize>,
    /// What goes where: `[{ from = 0, to = [0, 1], gain = "-3 dB" }]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<Entry>,
    /// A matrix that is often needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
}

/// One input channel on its way to one or more outputs.
///
/// ```
/// use patchline_nodes::{Entry, Level, Targets};
///
/// // `{ from = 0, to = [0, 1], gain = "-6 dB" }` in a patch.
/// let entry = Entry { from: 0, to: Targets::Several(vec![0, 1]), gain: "-6 dB".parse()?, invert: false };
/// assert!(entry.gain < Level::UNITY);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Entry {
    /// The input channel, counted from 0.
    #[schemars(range(min = 0, max = 1023))]
    pub from: usize,
    /// The output channel, counted from 0, or a list of them.
    pub to: Targets,
    /// What it is multiplied by, linear or in dB.
    #[serde(default = "unity")]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub gain: Level,
    /// Turns its polarity over.
    #[serde(default)]
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub invert: bool,
}

/// One output channel or several.
///
/// ```
/// use patchline_nodes::Targets;
///
/// assert_eq!(serde_json::from_str::<Targets>("1")?, Targets::One(1));
/// assert_eq!(serde_json::from_str::<Targets>("[0, 1]")?, Targets::Several(vec![0, 1]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an output channel counted from 0, or a list of them")]
#[schemars(inline)]
pub enum Targets {
    /// One.
    One(#[schemars(range(min = 0, max = 1023))] usize),
    /// Several.
    Several(Vec<usize>),
}

fn unity() -> Level {
    Level::UNITY
}

impl Targets {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(output) => std::slice::from_ref(output),
            Self::Several(outputs) => outputs,
        }
    }
}

impl Matrix {
    /// A matrix from its gains.
    #[must_use]
    pub fn of(gains: Vec<Entry>) -> Self {
        Self { gains, ..Self::default() }
    }

    /// Passes every (input, output, factor) for `inputs` input channels to `each`, in the order of their summation
    /// within an output. Does not allocate.
    fn each(&self, inputs: usize, mut each: impl FnMut(usize, usize, f32)) {
        if let Some(preset) = self.preset {
            return preset.each(inputs, each);
        }
        for entry in &self.gains {
            let gain = entry.gain.linear();
            let factor = if entry.invert { -gain } else { gain };
            for &to in entry.to.as_slice() {
                each(entry.from, to, factor);
            }
        }
    }

    /// The outputs that gains or preset need.
    fn needed(&self) -> usize {
        let targets = self.gains.iter().flat_map(|entry| entry.to.as_slice());
        let highest = targets.max().map_or(0, |highest| highest.saturating_add(1));
        self.preset.map_or(highest, Preset::outputs)
    }

    fn output_channels(&self) -> usize {
        self.outputs.unwrap_or_else(|| self.needed())
    }

    fn check_inputs(&self, inputs: usize) -> Result<(), NodeError> {
        let taken = self.preset.and_then(|preset| Some((preset, preset.inputs()?)));
        if let Some((preset, needed)) = taken.filter(|&(_, needed)| needed != inputs) {
            return Err(NodeError::of("preset", format!("{preset} takes {}; {}", channels(needed), arrive(inputs))));
        }
        let wrong = || self.gains.iter().enumerate().filter(|(_, entry)| entry.from >= inputs);
        let Some((first, _)) = wrong().next() else { return Ok(()) };
        let all: BTreeSet<usize> = wrong().map(|(_, entry)| entry.from).collect();
        let are = if all.len() == 1 { "is no input channel" } else { "are no input channels" };
        let all = all.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("`from = {all}` {are}; {}, counted from 0", arrive(inputs));
        Err(NodeError::of(format!("gains[{first}].from"), message))
    }

    /// How many products it takes at most, of gains or of any preset.
    fn most_wires(&self, inputs: usize) -> usize {
        let entries = self.gains.iter().map(|entry| entry.to.as_slice().len()).sum::<usize>();
        entries.max(2 * inputs.max(6))
    }

    /// What is wired to what, without the factors.
    fn wiring(&self) -> Vec<(usize, &[usize])> {
        self.gains.iter().map(|entry| (entry.from, entry.to.as_slice())).collect()
    }

    fn mistakes(&self) -> Vec<NodeError> {
        let mut errors = Vec::new();
        let mut wrong = |parameter: String, message: String| errors.push(NodeError::of(parameter, message));
        let either = "a matrix takes entries in `gains`, or a `preset`";
        match (self.gains.is_empty(), self.preset) {
            (true, None) => wrong("gains".to_owned(), format!("{either}; it has neither")),
            (false, Some(_)) => wrong("preset".to_owned(), format!("{either}; remove one of them")),
            _ => {}
        }
        for (index, entry) in self.gains.iter().enumerate() {
            let at = || format!("gains[{index}].to");
            match entry.to.as_slice().iter().max() {
                None => wrong(at(), "`to = []` goes nowhere: name an output".to_owned()),
                Some(&to) if to >= MOST_OUTPUTS => {
                    wrong(at(), format!("output {to} is too high; they are counted from 0 to {}", MOST_OUTPUTS - 1));
                }
                Some(_) => {}
            }
        }
        let needed = self.needed();
        if let Some(outputs) = self.outputs.filter(|&outputs| outputs < needed && needed <= MOST_OUTPUTS) {
            let are = if outputs == 1 { "1 output is" } else { &format!("{outputs} outputs are") };
            wrong("outputs".to_owned(), format!("{are} too few, {needed} are named (counted from 0)"));
        }
        errors
    }
}

fn channels(count: usize) -> String {
    if count == 1 { "1 channel".to_owned() } else { format!("{count} channels") }
}

fn arrive(count: usize) -> String {
    format!("{} {}", channels(count), if count == 1 { "arrives" } else { "arrive" })
}

impl Node for Matrix {
    const KIND: &'static str = "matrix";
    type Processor = MatrixProcessor;

    fn ports(&self) -> Ports {
        Ports::converter(self.output_channels())
    }

    fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
        self.mistakes().into_iter().next().map_or_else(|| self.check_inputs(spec.channels()), Err)
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<MatrixProcessor, NodeError> {
        let inputs = spec.channels();
        let most = self.most_wires(inputs);
        let (mut wires, mut factors) = (Vec::with_capacity(most), Vec::with_capacity(most));
        self.each(inputs, |from, to, factor| {
            wires.push(Wire { from, to });
            factors.push(Smoothed::new(factor));
        });
        Ok(MatrixProcessor { wires, factors, inputs, glide: GLIDE.frames(f64::from(spec.rate)) })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let wire = size_of::<Wire>() + size_of::<Smoothed>();
        size_of::<MatrixProcessor>() + self.most_wires(spec.channels()) * wire
    }

    fn mixing(&self, spec: &PrepareSpec) -> Option<Mixing> {
        let mut summands = Vec::with_capacity(self.most_wires(spec.channels()));
        self.each(spec.channels(), |from, to, _| summands.push(Summand { from, to, factor: summands.len() }));
        Some(Mixing::Sums(summands.into_iter().collect()))
    }

    /// Gains may change while playing, what is wired to what may not.
    fn rebuilds(&self, previous: &Self) -> bool {
        let same_outputs = self.output_channels() == previous.output_channels();
        !(same_outputs && self.preset == previous.preset && self.wiring() == previous.wiring())
    }
}

impl PatchNode for Matrix {
    fn example() -> Self {
        let entry = |to, gain: &str| Entry {
            from: 0,
            to: Targets::One(to),
            gain: gain.parse().expect("a level"),
            invert: to == 1,
        };
        Self::of(vec![entry(0, "-3 dB"), entry(1, "-6 dB")])
    }

    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        let errors = self.mistakes();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The processor of [`Matrix`].
pub struct MatrixProcessor {
    wires: Vec<Wire>,
    /// One for each of them.
    factors: Vec<Smoothed>,
    inputs: usize,
    glide: u64,
}

/// One product of the sums, but for its factor.
struct Wire {
    from: usize,
    to: usize,
}

impl Processor for MatrixProcessor {
    type Params = Matrix;

    fn update(&mut self, params: &Matrix) {
        self.glide(params, self.glide);
    }

    fn glide(&mut self, params: &Matrix, over: Frames) {
        let mut factors = self.factors.iter_mut();
        params.each(self.inputs, |_, _, target| {
            if let Some(factor) = factors.next() {
                factor.glide(target, over, Law::Exponential);
            }
        });
    }

    /// Called around the time that it is left out: otherwise the products are parts of mixes.
    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let (frames, input) = (io.frames(), io.inputs.port(0));
        let mut out = io.main();
        for (to, sum) in out.channels().enumerate() {
            let mut wires = self.wires.iter().zip(&mut self.factors).filter(|(wire, _)| wire.to == to);
            match wires.next() {
                Some((first, factor)) => first_product(sum, input.channel(first.from), factor.take(frames)),
                None => sum.fill(0.0),
            }
            for (wire, factor) in wires {
                add_product(sum, input.channel(wire.from), factor.take(frames));
            }
        }
    }

    fn factors(&mut self) -> &mut [Smoothed] {
        &mut self.factors
    }

    fn rests(&mut self, _position: Frame) -> bool {
        self.factors.iter().all(Smoothed::is_steady)
    }

    fn reset(&mut self) {
        self.factors.iter_mut().for_each(Smoothed::finish);
    }
}

#[inline(always)]
fn first_product(sum: &mut [f32], source: &[f32], factor: Ramp) {
    sum.copy_from_slice(source);
    factor.scale(sum);
}

#[inline(always)]
fn add_product(sum: &mut [f32], source: &[f32], factor: Ramp) {
    match factor.steady() {
        Some(factor) => sum.iter_mut().zip(source).for_each(|(sum, x)| *sum += x * factor),
        None => sum.iter_mut().zip(source).enumerate().for_each(|(frame, (sum, x))| *sum += x * factor.at(frame)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(toml: &str, parameter: &str, part: &str) {
        let errors = matrix(toml).resolve(&Surroundings::new("bus", std::path::Path::new("."))).unwrap_err();
        assert_eq!(errors[0].parameter.as_deref(), Some(parameter), "{toml}");
        assert!(errors[0].message.contains(part), "{toml}: {}", errors[0].message);
    }

    fn matrix(toml: &str) -> Matrix {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn mistakes_are_named() {
        check("", "gains", "neither");
        check("preset = \"mono_mix\"\ngains = [{ from = 0, to = 0 }]", "preset", "remove one");
        check("gains = []", "gains", "neither");
        check("gains = [{ from = 0, to = [] }]", "gains[0].to", "nowhere");
        check("outputs = 1\ngains = [{ from = 0, to = 1 }]", "outputs", "1 output is too few, 2 are named");
        check("gains = [{ from = 0, to = 1 }, { from = 0, to = 5000 }]", "gains[1].to", "output 5000 is too high");
    }

    #[test]
    fn mistakes_come_together() {
        let wrong = matrix("outputs = 1\ngains = [{ from = 0, to = [] }, { from = 0, to = 2 }]").mistakes();
        let places: Vec<_> = wrong.iter().filter_map(|error| error.parameter.as_deref()).collect();
        assert_eq!(places, ["gains[0].to", "outputs"]);
        let gains = "gains = [{ from = 0, to = 0 }, { from = 9, to = 0 }, { from = 1, to = 0 }, { from = 9, to = 1 }]";
        let wrong = matrix(gains).check_inputs(1).unwrap_err();
        assert_eq!(wrong.message, "`from = 1, 9` are no input channels; 1 channel arrives, counted from 0");
        assert_eq!(wrong.parameter.as_deref(), Some("gains[1].from"));
        let wrong = matrix("preset = \"mono_to_stereo\"").check_inputs(2).unwrap_err();
        assert_eq!(wrong.message, "mono_to_stereo takes 1 channel; 2 channels arrive");
    }

    #[test]
    fn one_entry_may_have_several_outputs() {
        let matrix = matrix("gains = [{ from = 2, to = [0, 3], gain = \"-20 dB\", invert = true }]");
        let mut all = Vec::new();
        matrix.each(3, |from, to, factor| all.push((from, to, factor)));
        assert_eq!(all, [(2, 0, -0.1), (2, 3, -0.1)]);
        assert_eq!(matrix.output_channels(), 4);
        assert_eq!(matrix.check_inputs(2).unwrap_err().parameter.as_deref(), Some("gains[0].from"));
    }
}
