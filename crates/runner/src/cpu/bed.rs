//! A graph that is called as a device would call it, by nobody but us.

use std::time::{Duration, Instant};

use patchline_graph::{Engine, Graph, LoadError, NodeCost, Renderer, Schedule, StreamSpec, engine};
use patchline_io::channels::{Planar, with_inputs, with_outputs};

/// Frames of noise that go round and round.
const NOISE_FRAMES: usize = 1 << 16;
/// The noise is uniform between this and its negative: -20 dBFS. Silence would let nodes rest.
const LOUDNESS: f32 = 0.173;
/// Calls after which what the engine has to say is taken, so that nothing is lost for want of room.
const LISTEN: u32 = 256;

/// An engine that plays, with noise on all inputs.
pub(crate) struct Bed {
    engine: Engine,
    renderer: Renderer,
    noise: Planar,
    output: Planar,
    block: usize,
    at: usize,
    calls: u32,
}

impl Bed {
    /// The graph on a stream like this, called with `block` frames each time.
    ///
    /// # Errors
    /// What the engine has against the graph.
    pub(crate) fn new(graph: Graph, stream: &StreamSpec, block: usize) -> Result<Self, LoadError> {
        let (mut engine, renderer) = engine(StreamSpec { max_frames: block, ..stream.clone() });
        engine.load(graph)?;
        let mut noise = Planar::new(stream.inputs, NOISE_FRAMES + block);
        // Numerical Recipes' generator: any bits that look random will do.
        let mut dice = 1_u32;
        for channel in 0..stream.inputs {
            for sample in noise.channel_mut(channel) {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = (f64::from(dice >> 8) / f64::from(1 << 23) - 1.0) as f32 * LOUDNESS;
            }
        }
        let output = Planar::new(engine.schedule().device_out.len(), block);
        Ok(Self { engine, renderer, noise, output, block, at: 0, calls: 0 })
    }

    /// What is done in a call.
    pub(crate) fn schedule(&self) -> &Schedule {
        self.engine.schedule()
    }

    /// Frames of a call.
    pub(crate) fn block(&self) -> usize {
        self.block
    }

    /// One call, and how long it took.
    pub(crate) fn call(&mut self) -> Duration {
        self.engine.wait_ready(self.block);
        let Self { renderer, noise, output, block, at, .. } = self;
        let (block, from) = (*block, *at);
        let inputs = (0..noise.channels()).map(|channel| &noise.channel(channel)[from..from + block]);
        let took = with_inputs(noise.channels(), inputs, |inputs| {
            with_outputs(output.channels(), output.iter_mut(block), |outputs| {
                let began = Instant::now();
                renderer.render(block, inputs, outputs);
                began.elapsed()
            })
        });
        self.at = (from + block) % NOISE_FRAMES;
        self.calls += 1;
        if self.calls.is_multiple_of(LISTEN) {
            self.listen();
        }
        took
    }

    /// Calls for about so long; all times in nanoseconds, a call's each.
    pub(crate) fn calls_for(&mut self, time: Duration, each: &mut impl FnMut(u64)) {
        let began = Instant::now();
        while began.elapsed() < time {
            for _ in 0..8 {
                each(self.call().as_nanos().try_into().unwrap_or(u64::MAX));
            }
        }
    }

    /// What each node costs, the heaviest first, by as many calls as fit into this time.
    pub(crate) fn costs(&mut self, time: Duration) -> Vec<NodeCost> {
        self.engine.profile(std::num::NonZeroU32::new(1));
        self.calls_for(time, &mut |_| ());
        let costs = self.engine.costs();
        self.engine.profile(None);
        costs
    }

    fn listen(&mut self) {
        while self.engine.next_event().is_some() {}
        while self.engine.next_report().is_some() {}
        self.engine.collect();
    }

    /// Ends it.
    pub(crate) fn close(mut self) {
        self.engine.close(self.renderer);
    }
}
