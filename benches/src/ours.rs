//! The engine as a contestant.

use patchline_graph::{Engine, Renderer, StreamSpec, engine};

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
        let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, block, 2, 2));
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
