//! `gain`: makes a signal louder or softer.

use std::slice;

use patchline_graph::{Frames, Io, Mixing, Node, NodeError, Ports, PrepareSpec, Processor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::smooth::{Law, Smoothed};
use crate::{Level, PatchNode, Time};

/// Multiplies every channel by one factor.
///
/// A steady factor is one multiplication per sample in f32, rounded once: a gain of 0.5 is exact. A new factor is
/// reached over `smooth`, as far in decibels in each frame; to and from silence, and where the sign changes, in a straight
/// line.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Gain, Input, Output};
///
/// let mut graph = Graph::new();
/// let trim = Gain { gain: "-20 dB".parse()?, ..Gain::default() };
/// graph.add("mic", Input::default())?.add("trim", trim)?.add("out", Output::default())?;
/// graph.chain(&["mic", "trim", "out"])?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// engine.load(graph)?;
/// let mut output = [0.0; 2];
/// renderer.render(2, &[&[1.0, -0.5]], &mut [&mut output]);
/// assert_eq!(output, [0.1, -0.05]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gain {
    /// The factor, linear or in dB. A negative one inverts.
    #[schemars(range(min = -1000.0, max = 1000.0))]
    #[schemars(extend("x-change" = "exponential smooth"))]
    pub gain: Level,
    /// How long a change takes.
    #[schemars(extend("x-change" = "now"))]
    pub smooth: Time,
    /// Silences the signal, whatever `gain` is.
    #[schemars(extend("x-change" = "linear smooth"))]
    pub mute: bool,
    /// Turns the signal's polarity over.
    #[schemars(extend("x-change" = "linear smooth"))]
    pub invert: bool,
}

impl Default for Gain {
    fn default() -> Self {
        Self { gain: Level::UNITY, smooth: Time::Seconds(0.02), mute: false, invert: false }
    }
}

impl Gain {
    /// What a sample is multiplied by.
    fn factor(&self) -> f32 {
        match (self.mute, self.invert) {
            (true, _) => 0.0,
            (false, true) => -self.gain.linear(),
            (false, false) => self.gain.linear(),
        }
    }
}

impl Node for Gain {
    const KIND: &'static str = "gain";
    type Processor = GainProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<GainProcessor, NodeError> {
        Ok(GainProcessor { factor: Smoothed::new(self.factor()), rate: f64::from(spec.rate) })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<GainProcessor>()
    }

    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        Some(Mixing::Scales)
    }
}

impl PatchNode for Gain {
    fn example() -> Self {
        Self::default()
    }
}

/// The processor of [`Gain`].
pub struct GainProcessor {
    factor: Smoothed,
    rate: f64,
}

impl Processor for GainProcessor {
    type Params = Gain;

    fn update(&mut self, params: &Gain) {
        self.glide(params, params.smooth.frames(self.rate));
    }

    fn glide(&mut self, params: &Gain, over: Frames) {
        self.factor.glide(params.factor(), over, Law::Exponential);
    }

    /// Not called: the factor is part of the mixes that read the node.
    fn process(&mut self, _io: &mut Io<'_>) {}

    fn factors(&mut self) -> &mut [Smoothed] {
        slice::from_mut(&mut self.factor)
    }

    fn reset(&mut self) {
        self.factor.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mute_beats_invert_beats_gain() {
        let gain = Gain { gain: "-6 dB".parse().unwrap(), ..Gain::default() };
        assert_eq!(gain.factor(), 0.501_187_2);
        assert_eq!(Gain { invert: true, ..gain.clone() }.factor(), -0.501_187_2);
        assert_eq!(Gain { invert: true, mute: true, ..gain }.factor(), 0.0);
    }
}
