//! What Patchline's engine costs, as ratios: to hand-written fused loops that compute the same bits, and to other engines.
//!
//! `./x bench` runs it. Everybody who computes a [workload](Workload) is a [`Contestant`]; those of one workload take turns in
//! one process, round by round, and the ratios of the rounds are what counts: the machine's mood hits all of them.
//! Other engines are [`Peer`]s, which live in a package of their own, `benches/peers`.

mod agree;
mod contestant;
mod graphs;
mod limit;
pub mod measure;
mod opaque;
mod ours;
mod play;
mod results;
mod suite;
mod workload;

use std::process::ExitCode;

pub use contestant::{Contestant, Extra, Peer};
pub use graphs::graph;
pub use limit::{InstructionSet, limit};
pub use ours::Ours;
pub use play::Case;
pub use results::{LeftOut, Measurement, Versus};
pub use suite::measure as measure_case;
pub use workload::{DELAY, FEEDBACK, GAIN, METER_WINDOW, MIX, RATE, SEEDS_DELAY, Signal, Workload, gains, mix};

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
    use Workload::*;
    let filter = std::env::args().nth(1).unwrap_or_default();
    let blocks = [16, 64, 128, 512];
    let all = [
        Empty,
        Through,
        Chain { nodes: 1 },
        Chain { nodes: 10 },
        Chain { nodes: 100 },
        Chain { nodes: 1000 },
        Moving { nodes: 100 },
        OpaqueChain { nodes: 10 },
        OpaqueChain { nodes: 100 },
        Delays { nodes: 1, feedback: false },
        Delays { nodes: 10, feedback: false },
        Delays { nodes: 10, feedback: true },
        Delays { nodes: 100, feedback: false },
        Wide { nodes: 10 },
        Wide { nodes: 100 },
        Wide { nodes: 1000 },
        OpaqueWide { nodes: 100 },
        Meter,
        Seeds,
    ];
    for workload in all {
        for block in blocks {
            let case = Case { workload: workload.clone(), block };
            if !case.to_string().contains(&filter) {
                continue;
            }
            let measured = measure_case(&case, &others.peers, measure::Effort::QUICK).unwrap();
            print!("{case}: {:.0} ns", measured.ours_ns.median);
            for versus in &measured.versus {
                print!("; {} {:.0} ns, {:.2}", versus.name, versus.ns.median, versus.ratio.median);
            }
            println!();
            for left in &measured.left_out {
                println!("left out: {} {}", left.name, left.why);
            }
        }
    }
    ExitCode::SUCCESS
}
