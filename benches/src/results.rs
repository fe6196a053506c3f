//! What was measured, as it is written down.

use serde::{Deserialize, Serialize};

use crate::measure::Spread;

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
    /// Ours by theirs, round by round.
    pub ratio: Spread,
}

/// A peer that did not compute the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Where.
    pub case: String,
    /// Who.
    pub name: String,
    /// How far off.
    pub why: String,
}
