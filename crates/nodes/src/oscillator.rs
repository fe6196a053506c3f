//! `oscillator`: a test tone.

use patchline_graph::{Frames, Io, Node, NodeError, Ports, PrepareSpec, Processor, Tail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::oscillator::{Oscillator as Kernel, Shape as KernelShape};
use crate::dsp::smooth::{Law, Smoothed};
use crate::{Frequency, Level, PatchNode, Time};

/// How long changes take.
const GLIDE: Time = Time::Seconds(0.02);

/// A periodic signal, the same on every channel.
///
/// It starts at phase 0, never drifts and has the same bits on every machine. The edges of square, saw and triangle are
/// rounded against aliasing. Frequency and level glide over 20 ms, as far in octaves and decibels in each frame, without a
/// break in the phase; a new shape is crossfaded with the old one as long.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Frequency, Level, Oscillator, Output, Shape};
///
/// let mut graph = Graph::new();
/// let hum = Oscillator { frequency: Frequency::new(50.0)?, shape: Shape::Square, level: Level::UNITY, channels: 1 };
/// graph.add("hum", hum)?.add("out", Output::default())?.link("hum", "out")?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
/// engine.load(graph)?;
/// let mut output = [0.0; 960];
/// renderer.render(960, &[], &mut [&mut output]);
/// assert_eq!((output[240], output[720]), (1.0, -1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Oscillator {
    /// Periods per second, held below half the sample rate.
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub frequency: Frequency,
    /// What one period looks like.
    #[schemars(extend("x-change" = "crossfade 20 ms"))]
    pub shape: Shape,
    /// The peak.
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub level: Level,
    /// How many channels it has.
    #[schemars(range(min = 1, max = 1024))]
    pub channels: usize,
}

/// What one period looks like.
///
/// ```
/// use patchline_nodes::{Oscillator, Shape};
///
/// let ramp = Oscillator { shape: Shape::Saw, ..Oscillator::default() };
/// assert_eq!(serde_json::to_value(ramp)?["shape"], "saw");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Shape {
    /// A sine.
    #[default]
    Sine,
    /// Up for the first half, down for the second.
    Square,
    /// A straight line up, and a step down.
    Saw,
    /// Straight lines up and down.
    Triangle,
}

impl Default for Oscillator {
    fn default() -> Self {
        Self {
            frequency: Frequency::new(440.0).expect("a finite frequency"),
            shape: Shape::Sine,
            level: Level::new(0.25).expect("a finite level"),
            channels: 1,
        }
    }
}

impl From<Shape> for KernelShape {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Sine => Self::Sine,
            Shape::Square => Self::Square,
            Shape::Saw => Self::Saw,
            Shape::Triangle => Self::Triangle,
        }
    }
}

impl Node for Oscillator {
    const KIND: &'static str = "oscillator";
    type Processor = OscillatorProcessor;

    fn ports(&self) -> Ports {
        Ports::source(self.channels)
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<OscillatorProcessor, NodeError> {
        let rate = f64::from(spec.rate);
        let kernel = Kernel::new(self.shape.into(), rate, self.frequency.hz());
        Ok(OscillatorProcessor { kernel, level: Smoothed::new(self.level.linear()), glide: GLIDE.frames(rate) })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<OscillatorProcessor>()
    }

    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::Infinite
    }
}

impl PatchNode for Oscillator {
    fn example() -> Self {
        Self::default()
    }
}

/// The processor of [`Oscillator`].
pub struct OscillatorProcessor {
    kernel: Kernel,
    level: Smoothed,
    glide: u64,
}

impl Processor for OscillatorProcessor {
    type Params = Oscillator;

    fn update(&mut self, params: &Oscillator) {
        self.glide(params, self.glide);
    }

    fn glide(&mut self, params: &Oscillator, over: Frames) {
        self.kernel.set_shape(params.shape.into(), self.glide);
        self.kernel.set_frequency(params.frequency.hz(), over);
        self.level.glide(params.level.linear(), over, Law::Exponential);
    }

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let level = self.level.take(io.frames());
        let mut out = io.main();
        let mut channels = out.channels();
        let Some(first) = channels.next() else { return };
        self.kernel.fill(first);
        level.scale(first);
        for other in channels {
            other.copy_from_slice(first);
        }
    }

    fn reset(&mut self) {
        self.kernel.reset();
        self.level.finish();
    }
}
