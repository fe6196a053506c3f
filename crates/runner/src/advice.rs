//! What to do when the sound stutters: how loaded the callback was, which nodes weigh most, which block would help.

mod sizes;
mod text;

use patchline_graph::NodeCost;
use patchline_io::load::Load;
use serde_json::{Value, json};

use crate::rights::Rights;

/// A callback that takes less than this part of its time at worst has not caused an xrun.
const EASY: f64 = 0.7;
/// Nodes named at most.
const NAMED: usize = 3;
/// A node with a smaller part of the patch's time is not worth naming.
const WORTH: f64 = 0.1;

/// What is known of a run.
pub(crate) struct Situation<'a> {
    /// Frames per second, in Hz.
    pub(crate) rate: u32,
    /// Frames of the device's usual block.
    pub(crate) block: usize,
    /// The longest block that the device can have, in frames, where that is known.
    pub(crate) longest_block: Option<usize>,
    /// Missed deadlines.
    pub(crate) xruns: u64,
    /// How loaded the callback is; `None` where nobody measured it.
    pub(crate) strain: Option<Strain>,
    /// What the nodes cost, the heaviest first; may be empty.
    pub(crate) costs: &'a [NodeCost],
    /// How the audio thread is scheduled, where somebody has looked.
    pub(crate) rights: Option<&'a Rights>,
}

/// How much of the time of its blocks the callback takes: 1.0 is all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Strain {
    pub(crate) mean: f64,
    /// The worst block.
    pub(crate) peak: f64,
}

impl Strain {
    /// As it was since the start.
    pub(crate) fn overall(load: &Load) -> Self {
        Self { mean: load.overall, peak: load.worst }
    }
}

/// What makes the sound stutter, as far as figures tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The patch takes more time than there is, always: no block is long enough.
    Overload,
    /// Some blocks take too long, most do not.
    Peaks,
    /// The callback had time to spare: it was called late, or the device lost the samples elsewhere.
    Elsewhere,
    /// Nobody measured.
    Unknown,
}

/// What helps. Its text is one or two sentences.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Advice {
    xruns: u64,
    cause: Cause,
    strain: Option<Strain>,
    rate: u32,
    block: usize,
    /// A longer block that helps, in frames.
    longer: Option<usize>,
    /// A lower rate that helps, in Hz.
    slower: Option<u32>,
    /// Nodes to make lighter, the heaviest first.
    nodes: Vec<Heavy>,
    /// Whether anybody knows what the nodes cost.
    profiled: bool,
    /// Whether the audio thread goes before others; `None` where the system does not tell.
    real_time: Option<bool>,
}

/// A node and its parts: of the patch's time, and of the time there is.
#[derive(Clone, Debug, PartialEq)]
struct Heavy {
    name: String,
    share: f64,
    load: f64,
}

impl Advice {
    /// Advice on what has been missed; `None` where nothing was.
    pub(crate) fn for_xruns(situation: &Situation<'_>) -> Option<Self> {
        let &Situation { rate, block, longest_block, xruns, strain, costs, rights } = situation;
        let cause = Cause::of(strain);
        let real_time = match rights {
            Some(Rights::RealTime(_)) => Some(true),
            Some(Rights::Shared) => Some(false),
            Some(Rights::Unknown) | None => None,
        };
        let advice = Self {
            xruns,
            cause,
            strain,
            rate,
            block,
            longer: sizes::longer(cause, strain, block, longest_block),
            slower: strain.filter(|_| cause == Cause::Overload).and_then(|strain| sizes::slower(rate, strain.mean)),
            nodes: if cause == Cause::Elsewhere { Vec::new() } else { heaviest(strain, costs, rate) },
            profiled: !costs.is_empty(),
            real_time,
        };
        (xruns > 0).then_some(advice)
    }

    /// The same for programs.
    pub(crate) fn data(&self) -> Value {
        let nodes = self.nodes.iter();
        json!({
            "cause": self.cause.word(),
            "xruns": self.xruns,
            "load_mean": self.strain.map(|strain| strain.mean),
            "load_peak": self.strain.map(|strain| strain.peak),
            "block": self.block,
            "suggested_block": self.longer,
            "suggested_sample_rate": self.slower,
            "heaviest": nodes
                .map(|node| json!({ "node": node.name, "share": node.share, "load": node.load }))
                .collect::<Vec<_>>(),
            "real_time": self.real_time,
            "text": self.to_string(),
        })
    }
}

impl Cause {
    fn of(strain: Option<Strain>) -> Self {
        match strain {
            None => Self::Unknown,
            Some(Strain { mean, .. }) if mean >= 1.0 => Self::Overload,
            Some(Strain { mean, peak }) if mean.max(peak) >= EASY => Self::Peaks,
            Some(_) => Self::Elsewhere,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Peaks => "peaks",
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "unknown",
        }
    }
}

/// The nodes without which there would be time to spare, or as many as are worth it.
fn heaviest(strain: Option<Strain>, costs: &[NodeCost], rate: u32) -> Vec<Heavy> {
    let mean = strain.map_or(1.0, |strain| strain.mean);
    let mut left = mean;
    let mut nodes = Vec::new();
    for cost in costs.iter().filter(|cost| cost.share >= WORTH).take(NAMED) {
        // Sampled, and perhaps over another time than the mean: still a part of it.
        let load = cost.load(rate).min(mean);
        nodes.push(Heavy { name: cost.node.clone(), share: cost.share, load });
        left -= load;
        if left <= EASY {
            break;
        }
    }
    nodes
}

#[cfg(test)]
mod tests;
