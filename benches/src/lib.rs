//! What Patchline's engine costs, as ratios: to hand-written fused loops that compute the same bits, and to other engines.
//!
//! `./x bench` runs it. Everybody who computes a [workload](Workload) is a [`Contestant`]; those of one workload take turns in
//! one process, round by round, and the ratios of the rounds are what counts: the machine's mood hits all of them.
//! Other engines are [`Peer`]s, which live in a package of their own, `benches/peers`.

mod agree;
mod cells;
mod cli;
mod contestant;
mod edit;
mod goals;
mod graphs;
mod growth;
mod limit;
mod machine;
pub mod measure;
mod mixed;
mod opaque;
mod ours;
mod play;
mod report;
mod results;
mod start;
mod suite;
#[cfg(test)]
mod testing;
mod threads;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

pub use contestant::{Contestant, Extra, Peer};
pub use goals::{Goal, GoalCase};
pub use graphs::graph;
pub use limit::{InstructionSet, limit};
pub use machine::Machine;
pub use ours::Ours;
pub use play::Case;
pub use report::{Document, documents};
pub use results::{ExtraResult, Growth, LeftOut, Measurement, PeerInfo, Point, Quantity, Results, Versus};
pub use workload::{DELAY, FEEDBACK, GAIN, METER_WINDOW, MIX, RATE, SEEDS_DELAY, Signal, Workload, gains, mix};

/// The results that the page on performance is made of, below the repository's root.
pub const RESULTS: &str = "docs/performance.json";

/// Whom to compare with, besides the hand-written loops.
#[derive(Default)]
pub struct Others {
    /// Engines, which compute workloads.
    pub peers: Vec<Box<dyn Peer>>,
    /// Comparisons that are no workloads.
    pub extras: Vec<Box<dyn Extra>>,
}

/// The whole program: reads the command line, measures, prints.
#[must_use]
pub fn main(others: Others) -> ExitCode {
    cli::main(others)
}

/// Results as they are written down.
fn to_json(results: &Results) -> String {
    serde_json::to_string_pretty(results).expect("results are plain data") + "\n"
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Says what is going on, where it is not in the way of results.
fn progress(what: &str) {
    eprintln!("{what}");
}
