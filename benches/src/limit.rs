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
mod mixed;
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
        Workload::Mixed { seed, nodes } => Box::new(mixed::Mixed::new(set, &crate::mixed::draw(seed, nodes))),
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

/// What the meters of the loops read out, beside the meter of the nodes: the same but for the order of the sums.
#[cfg(test)]
mod tests {
    use patchline_graph::level::LevelMeter;

    use super::*;
    use crate::workload::Signal;

    /// Lets a loop run for so many blocks of 128, and gives what it put out, channel by channel.
    fn played(contestant: &mut impl Contestant, blocks: usize) -> [Vec<f32>; 2] {
        let signal = Signal::new(128);
        let mut all = [vec![], vec![]];
        for _ in 0..blocks {
            let (mut left, mut right) = ([0.0; 128], [0.0; 128]);
            contestant.run(signal.at(&Workload::Meter, 0), [&mut left, &mut right]);
            all[0].extend(left);
            all[1].extend(right);
        }
        all
    }

    fn check(peak: [f32; 2], rms: [f32; 2], heard: &[Vec<f32>; 2]) {
        let mut meter = LevelMeter::new(2, METER_WINDOW);
        meter.hear(heard[0].len(), |channel| &heard[channel]);
        for channel in 0..2 {
            assert!((peak[channel] / meter.peak(channel) - 1.0).abs() < 1e-6, "{peak:?}");
            assert!((rms[channel] / meter.rms(channel) - 1.0).abs() < 1e-5, "{rms:?}");
        }
        assert!(meter.windows() > 1);
    }

    #[test]
    fn the_meters_of_the_loops_read_what_the_meter_reads() {
        for set in InstructionSet::here() {
            let mut metered = meter::Metered { set, gain: GAIN, levels: level::Levels::new(METER_WINDOW) };
            let heard = played(&mut metered, 60);
            check(metered.levels.peak, metered.levels.rms, &heard);
            // Two hops of the gate are silent before it opens, which its meter has heard: only later windows are alike.
            let mut effects = effects::Effects::new(set, GAIN, SEEDS_DELAY, MIX);
            let heard = played(&mut effects, 60);
            check(effects.meter().peak, effects.meter().rms, &heard);
        }
    }
}
