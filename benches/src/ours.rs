//! The engine as a contestant.

use patchline_graph::{Engine, Instructions, Renderer, StreamSpec, engine};

use crate::contestant::Contestant;
use crate::graphs::{graph, moves};
use crate::workload::{RATE, Workload};

/// A workload on this engine, as any program embeds it.
pub struct Ours {
    /// Frees what the renderer sends back, and has the schedule.
    engine: Engine,
    renderer: Renderer,
}

impl Ours {
    /// Blocks of `block` frames at most.
    ///
    /// # Panics
    /// If the engine refuses the graph: that is a fault of the bench.
    #[must_use]
    pub fn new(workload: &Workload, block: usize) -> Self {
        Self::with(workload, block, Instructions::best())
    }

    /// The same with other instructions than the best.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with(workload: &Workload, block: usize, instructions: Instructions) -> Self {
        let stream = StreamSpec { instructions, ..StreamSpec::new(RATE, block, 2, 2) };
        let (mut engine, mut renderer) = engine(stream);
        engine.load(graph(workload)).expect("the workload's graph is good");
        renderer.render(0, &[], &mut []);
        if let Workload::Moving { nodes } = *workload {
            for (name, gain) in moves(nodes) {
                engine.set(&name, gain, None).expect("there is a gain of this name");
            }
        }
        Self { engine, renderer }
    }

    /// The engine, for what it knows of the plan.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Contestant for Ours {
    #[inline]
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let [left, right] = output;
        self.renderer.render(input[0].len(), &input, &mut [left, right]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Repeated, ratio, rounds};
    use crate::workload::Signal;

    /// A call of each set in turn: by how much the wider one is slower.
    fn slower(workload: &Workload, block: usize, wide: Instructions) -> f64 {
        let signal = Signal::new(block);
        let mut repeated = [wide, Instructions::Baseline].map(|instructions| {
            let (mut ours, mut left, mut right) =
                (Ours::with(workload, block, instructions), vec![0.0; block], vec![0.0; block]);
            let input = signal.at(workload, 0);
            Repeated::new(1, move || ours.run(input, [&mut left, &mut right]))
        });
        let [wide, baseline] = &mut repeated;
        let rows = rounds(9, &mut [&mut || wide.sample(), &mut || baseline.sample()]);
        ratio(&rows[0], &rows[1]).median
    }

    /// No tool that counts instructions knows AVX-512, so what a compiler makes of it is timed, as a ratio within one run. Mixes whose
    /// tiles did not fit into its unrolling once took twenty times as long.
    #[test]
    fn wider_instructions_are_never_far_slower() {
        let workloads = [
            (Workload::Chain { nodes: 100 }, 64),
            (Workload::Wide { nodes: 100 }, 64),
            (Workload::OpaqueChain { nodes: 10 }, 128),
            (Workload::Delays { nodes: 10, feedback: true }, 128),
            (Workload::Meter, 512),
            (Workload::Moving { nodes: 10 }, 128),
        ];
        for wide in Instructions::available().filter(|&instructions| instructions != Instructions::Baseline) {
            for (workload, block) in &workloads {
                let slower = slower(workload, *block, wide);
                assert!(
                    slower < 1.5,
                    "{workload} in blocks of {block}: {wide} takes {slower:.2} of the baseline's time"
                );
            }
        }
    }
}
