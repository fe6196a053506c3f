//! What is measured: graphs in stereo at 48 kHz, each defined so that anybody can compute the same.

use std::fmt;

/// Frames per second of every workload.
pub const RATE: u32 = 48_000;
/// How late the echo of [`Workload::Delays`] is, in frames.
pub const DELAY: usize = 24_000;
/// How late the echo of [`Workload::Seeds`] is, in frames.
pub const SEEDS_DELAY: usize = 22_050;
/// The echo's share of the output of up to 10 delays in series; the rest is dry.
pub const MIX: f64 = 0.4;
/// How much of the echo is echoed again where a delay feeds back.
pub const FEEDBACK: f64 = 0.5;
/// The factor before the meter, and at the start of the seeds' chain.
pub const GAIN: f32 = 0.5;
/// Frames of a meter's window (50 ms).
pub const METER_WINDOW: usize = 2_400;

/// A graph, by what it computes. `x` is the input, both channels alike, everything in f32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workload {
    /// No node at all: the output is silence.
    Empty,
    /// The input linked to the output.
    Through,
    /// Gains in series: `x·g₀·g₁·…`, multiplied from left to right; the factors are [`gains`].
    Chain {
        /// How many.
        nodes: usize,
    },
    /// The same while every gain glides from its factor to 1.001 times that, exponentially over 2³⁰ frames.
    Moving {
        /// How many.
        nodes: usize,
    },
    /// The same factors in nodes that only offer a `process`: nobody but them knows that they scale.
    OpaqueChain {
        /// How many.
        nodes: usize,
    },
    /// Delays in series, each [`DELAY`] frames long. Per sample: `d = ring[pos]; out = x·(1 − mix) + d·mix;
    /// ring[pos] = x + d·feedback`, with both weights rounded to f32 once, and the mix of [`mix`].
    Delays {
        /// How many.
        nodes: usize,
        /// Whether `feedback` is [`FEEDBACK`] and not 0.
        feedback: bool,
    },
    /// One input through gains side by side, summed: `x·g₀ + x·g₁ + …` from left to right.
    Wide {
        /// How many.
        nodes: usize,
    },
    /// The same in nodes that nobody else knows to scale.
    OpaqueWide {
        /// How many.
        nodes: usize,
    },
    /// A gain of [`GAIN`], then a meter: peak and RMS of each channel over windows of [`METER_WINDOW`] frames that
    /// follow each other from the first frame on.
    Meter,
    /// A gain of [`GAIN`], a delay of [`SEEDS_DELAY`] frames (mix [`MIX`], no feedback), a meter, and a gate.
    ///
    /// The gate: hops of 60 frames from the first frame on; at each hop's end the RMS of the last 8 hops over both
    /// channels (silence before the first) is judged, and what is decided holds from the next frame on. Closed, it opens
    /// when the RMS exceeds 0.02. Open, it closes at the end of the first hop that lies 48,000 frames or more after the hop
    /// at whose end the RMS was first found below 0.015, unless it was found not below in between. It opens at once and
    /// closes over 960 frames: frame k after the closing (from 0) is multiplied by `1 + (0 − 1)·((k + 1)·(1/960))` in
    /// f32, and by 0 from frame 959 on.
    Seeds,
    /// Gains, opaque nodes, delays of 4,800 frames (mix [`MIX`]), meters and sums, drawn by chance.
    Mixed {
        /// Decides everything.
        seed: u32,
        /// How many nodes.
        nodes: usize,
    },
}

impl Workload {
    /// Frames after which the input repeats itself, where that is longer than a block; a measurement takes all of it.
    #[must_use]
    pub fn period(&self) -> Option<usize> {
        (*self == Self::Seeds).then_some(SEEDS_PERIOD)
    }

    /// Whether the block that starts at `frame` is loud: all are, but for [`Workload::Seeds`], whose gate has to open and
    /// close.
    #[must_use]
    pub fn is_loud(&self, frame: usize) -> bool {
        self.period().is_none_or(|period| frame % period < SEEDS_LOUD)
    }

    /// Processing nodes of the graph.
    #[must_use]
    pub fn nodes(&self) -> usize {
        match *self {
            Self::Empty | Self::Through => 0,
            Self::Meter => 2,
            Self::Seeds => 4,
            Self::Chain { nodes }
            | Self::Moving { nodes }
            | Self::OpaqueChain { nodes }
            | Self::Delays { nodes, .. }
            | Self::Wide { nodes }
            | Self::OpaqueWide { nodes }
            | Self::Mixed { nodes, .. } => nodes,
        }
    }
}

/// Half a second loud in three: the echo makes it one, the gate's hold two.
const SEEDS_LOUD: usize = 24_576;
const SEEDS_PERIOD: usize = 147_456;

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        match *self {
            Self::Empty => write!(f, "no nodes"),
            Self::Through => write!(f, "input to output"),
            Self::Chain { nodes } => write!(f, "chain of {}", some(nodes, "gain")),
            Self::Moving { nodes } => write!(f, "chain of {}, all moving", some(nodes, "gain")),
            Self::OpaqueChain { nodes } => write!(f, "chain of {}", some(nodes, "opaque node")),
            Self::Delays { nodes, feedback: false } => write!(f, "{} with mix", some(nodes, "delay")),
            Self::Delays { nodes, feedback: true } => write!(f, "{} with feedback", some(nodes, "delay")),
            Self::Wide { nodes } => write!(f, "{} in parallel", some(nodes, "gain")),
            Self::OpaqueWide { nodes } => write!(f, "{} in parallel", some(nodes, "opaque node")),
            Self::Meter => write!(f, "gain, meter"),
            Self::Seeds => write!(f, "gain, delay, meter, gate"),
            Self::Mixed { seed, nodes } => write!(f, "mixed graph {seed} of {}", some(nodes, "node")),
        }
    }
}

/// Factors around 1 whose product stays around 1.
#[must_use]
pub fn gains(count: usize) -> Vec<f32> {
    (0..count).map(|index| if index % 2 == 0 { 0.8 } else { 1.25 } + (index % 7) as f32 * 1e-4).collect()
}

/// The echo's share in each of so many delays in series: of a hundred, little, so that something arrives.
#[must_use]
pub fn mix(delays: usize) -> f64 {
    if delays > 10 { MIX / 10.0 } else { MIX }
}

/// The input: noise that comes again and again, loud or soft, so that it stays in the cache.
#[derive(Clone, Debug)]
pub struct Signal {
    loud: [Vec<f32>; 2],
    soft: [Vec<f32>; 2],
}

/// Below every threshold, and far above the denormals.
const SOFT: f32 = 1e-3;

impl Signal {
    /// `frames` frames that come again and again.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        let loud = [1, 2].map(|seed| noise(seed, frames));
        let soft = loud.clone().map(|channel| channel.iter().map(|sample| sample * SOFT).collect());
        Self { loud, soft }
    }

    /// What a workload hears from `frame` on, where the signal begins anew: 2 channels × its frames.
    #[must_use]
    #[inline]
    pub fn at(&self, workload: &Workload, frame: usize) -> [&[f32]; 2] {
        let [left, right] = if workload.is_loud(frame) { &self.loud } else { &self.soft };
        [left, right]
    }

    /// Frames until it comes again.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.loud[0].len()
    }
}

/// Between −0.5 and 0.5, without zeros (a linear congruential generator).
fn noise(seed: u32, samples: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 9) as f32 + 0.5) / (1 << 23) as f32 - 0.5
    };
    (0..samples).map(|_| next()).collect()
}
