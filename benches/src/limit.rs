//! The limit: what somebody would write by hand for exactly this graph, one pass where one pass will do.
//!
//! The same order of operations as the graph's, so the bits are equal, which is checked before anything is timed. What
//! such a loop need not do, these do not: look for NaN and denormals, take other block sizes, let parameters change.

mod chain;
mod delays;
mod effects;
mod gate;
mod level;
mod meter;
mod ring;
mod simd;
mod walk;
mod wide;

use crate::contestant::Contestant;
use crate::workload::{DELAY, FEEDBACK, GAIN, METER_WINDOW, MIX, SEEDS_DELAY, Workload, gains, mix};

pub use simd::InstructionSet;

/// The hand-written loop of a workload, for one instruction set.
#[must_use]
pub fn limit(workload: &Workload, set: InstructionSet) -> Box<dyn Contestant> {
    match *workload {
        Workload::Empty => Box::new(Silence),
        Workload::Through => Box::new(Copy),
        Workload::Chain { nodes } | Workload::OpaqueChain { nodes } | Workload::Moving { nodes } => {
            Box::new(chain::Chain { set, gains: gains(nodes) })
        }
        Workload::Wide { nodes } | Workload::OpaqueWide { nodes } => Box::new(wide::Wide { set, gains: gains(nodes) }),
        Workload::Delays { nodes, feedback } => {
            Box::new(delays::Delays::new(set, nodes, DELAY, mix(nodes), feedback.then_some(FEEDBACK as f32)))
        }
        Workload::Meter => Box::new(meter::Metered { set, gain: GAIN, levels: level::Levels::new(METER_WINDOW) }),
        Workload::Seeds => Box::new(effects::Effects::new(set, GAIN, SEEDS_DELAY, MIX)),
    }
}

struct Silence;

impl Contestant for Silence {
    fn run(&mut self, _input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        output.into_iter().for_each(|channel| channel.fill(0.0));
    }
}

struct Copy;

impl Contestant for Copy {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        input.into_iter().zip(output).for_each(|(from, to)| to.copy_from_slice(from));
    }
}
