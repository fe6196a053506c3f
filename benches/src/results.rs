//! What was measured, as it is written down.

use serde::{Deserialize, Serialize};

use crate::goals::Goal;
use crate::machine::Machine;
use crate::measure::{Spread, Timed};

/// Everything of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// What was promised, and whether it holds.
    pub goals: Vec<Goal>,
    /// Where and when it was measured.
    pub machine: Machine,
    /// Whether it was only a quick look.
    pub quick: bool,
    /// Who took part.
    pub peers: Vec<PeerInfo>,
    /// The workloads.
    pub measurements: Vec<Measurement>,
    /// What is no workload: files, edits, other languages.
    pub extras: Vec<ExtraResult>,
    /// Times and ratios of this engine alone.
    pub quantities: Vec<Quantity>,
    /// How cost grows.
    pub growth: Vec<Growth>,
}

/// Another engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerInfo {
    /// Its name, and the way it is used.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does not do that this engine does, or the other way round.
    pub differs: String,
}

/// A case, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The workload, in words.
    pub workload: String,
    /// Frames per block.
    pub block: usize,
    /// Nanoseconds the engine takes for a block.
    pub ours_ns: Spread,
    /// Everybody else.
    pub versus: Vec<Versus>,
    /// Rounds.
    pub samples: usize,
    /// Who would have taken part, but computed something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Who cannot do it, and says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cannot: Vec<LeftOut>,
}

/// Somebody else's time for the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    /// Who.
    pub name: String,
    /// Whether it is the hand-written loop.
    pub is_limit: bool,
    /// Nanoseconds for a block.
    pub ns: Spread,
    /// Ours by theirs, round by round: below 1, ours is the faster.
    pub ratio: Spread,
}

/// A peer that takes no part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Who.
    pub name: String,
    /// How far off it is, or what it cannot do.
    pub why: String,
}

/// Something else that was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtraResult {
    /// The key of its goal.
    pub goal: String,
    /// What was compared.
    pub case: String,
    /// The times, if it could be measured.
    pub timed: Option<Timed>,
    /// Why it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// One number of this engine alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The key of its goal, where it has one.
    pub goal: String,
    /// What it is.
    pub case: String,
    /// `"ns"`, `"µs"`, `"×"`.
    pub unit: String,
    /// The number.
    pub value: Spread,
    /// How often it was measured.
    pub samples: usize,
}

/// Cost against size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// What grows: `"nodes"`, `"frames"`, `"channels"`.
    pub of: String,
    /// Of which graph.
    pub case: String,
    /// Sizes, and nanoseconds each.
    pub points: Vec<Point>,
    /// How many times the cost grows when the size grows tenfold, as a power of ten: 1 is linear. Over the upper half.
    #[serde(serialize_with = "crate::measure::rounded")]
    pub slope: f64,
    /// Rounds.
    pub samples: usize,
}

/// One size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// How many.
    pub size: usize,
    /// What it costs, in nanoseconds.
    pub ns: Spread,
}

impl Measurement {
    /// The hand-written loop.
    #[must_use]
    pub fn limit(&self) -> Option<&Versus> {
        self.versus.iter().find(|versus| versus.is_limit)
    }

    /// Other engines.
    pub fn peers(&self) -> impl Iterator<Item = &Versus> {
        self.versus.iter().filter(|versus| !versus.is_limit)
    }

    /// The fastest of them.
    #[must_use]
    pub fn best_peer(&self) -> Option<&Versus> {
        self.peers().min_by(|a, b| a.ns.median.total_cmp(&b.ns.median))
    }

    /// Its case, as [`crate::Case`] shows it.
    #[must_use]
    pub fn case(&self) -> String {
        format!("{}, blocks of {}", self.workload, self.block)
    }
}
