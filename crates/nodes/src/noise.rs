//! `noise`: a test signal that holds every frequency.

use patchline_graph::{Frames, Io, Node, NodeError, Ports, PrepareSpec, Processor, Tail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::noise::{Pink, White, fnv1a};
use crate::dsp::smooth::{Law, Smoothed};
use crate::{Level, PatchNode, Time};

/// How long a change of level takes.
const GLIDE: Time = Time::Seconds(0.02);

/// White or pink noise, independent on every channel, and the same in every run.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Level, Noise, Output};
///
/// let mut graph = Graph::new();
/// let hiss = Noise { level: Level::UNITY, channels: 2, ..Noise::default() };
/// graph.add("hiss", hiss)?.add("out", Output::default())?.link("hiss", "out")?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 2));
/// engine.load(graph)?;
/// let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
/// renderer.render(64, &[], &mut [&mut left, &mut right]);
/// assert!(left.iter().all(|sample| sample.abs() <= 1.0));
/// assert_ne!(left, right);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Noise {
    /// How the power is spread over the frequencies.
    pub color: Color,
    /// What the noise is multiplied by. At 1, white noise lies between -1 and 1 (RMS 0.58) and pink noise has an RMS of
    /// about 0.27.
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub level: Level,
    /// Equal seeds make equal noise; without it the seed is the FNV-1a hash of the node's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How many channels it has.
    #[schemars(range(min = 1, max = 1024))]
    pub channels: usize,
}

/// How noise spreads its power over the frequencies.
///
/// ```
/// use patchline_nodes::{Color, Noise};
///
/// let pink = Noise { color: Color::Pink, ..Noise::default() };
/// assert_eq!(serde_json::to_value(pink)?["color"], "pink");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Color {
    /// Evenly.
    #[default]
    White,
    /// Evenly over octaves: 3 dB less in each.
    Pink,
}

impl Default for Noise {
    fn default() -> Self {
        Self { color: Color::White, level: Level::new(0.25).expect("a finite level"), seed: None, channels: 1 }
    }
}

impl Node for Noise {
    const KIND: &'static str = "noise";
    type Processor = NoiseProcessor;

    fn ports(&self) -> Ports {
        Ports::source(self.channels)
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<NoiseProcessor, NodeError> {
        let seed = self.seed.unwrap_or_else(|| fnv1a(spec.name.as_bytes()));
        let channel = |channel| match self.color {
            Color::White => Generator::White(White::new(seed, channel)),
            Color::Pink => Generator::Pink(Pink::new(seed, channel)),
        };
        let level = Smoothed::new(self.level.linear());
        let glide = GLIDE.frames(f64::from(spec.rate));
        Ok(NoiseProcessor { channels: (0..self.channels).map(channel).collect(), level, glide })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<NoiseProcessor>() + self.channels * size_of::<Generator>()
    }

    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::Infinite
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        Self { level: previous.level, ..self.clone() } != *previous
    }
}

impl PatchNode for Noise {
    fn example() -> Self {
        Self::default()
    }
}

/// The processor of [`Noise`].
pub struct NoiseProcessor {
    channels: Box<[Generator]>,
    level: Smoothed,
    glide: u64,
}

enum Generator {
    White(White),
    Pink(Pink),
}

impl Processor for NoiseProcessor {
    type Params = Noise;

    fn update(&mut self, params: &Noise) {
        self.glide(params, self.glide);
    }

    fn glide(&mut self, params: &Noise, over: Frames) {
        self.level.glide(params.level.linear(), over, Law::Exponential);
    }

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let level = self.level.take(io.frames());
        for (generator, samples) in self.channels.iter_mut().zip(io.main().channels()) {
            match generator {
                Generator::White(white) => white.fill(samples),
                Generator::Pink(pink) => pink.fill(samples),
            }
            level.scale(samples);
        }
    }

    fn reset(&mut self) {
        self.level.finish();
        for generator in &mut self.channels {
            match generator {
                Generator::White(white) => white.reset(),
                Generator::Pink(pink) => pink.reset(),
            }
        }
    }
}
