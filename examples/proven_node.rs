//! A node with memory, latency and a tail, and the proof of what real-time audio asks of it.
//!
//!     cargo run --example proven_node
//!
//! It takes the mean of so many frames, which softens a signal: centred, so that nothing but high frequencies is lost, and
//! therefore late by half of them. `patchline-prove` calls it as a hostile device would, and prints what it tried.

use std::error::Error;

use patchline::graph::{Frames, Tail, touched};
use patchline::{Io, Node, NodeError, Ports, PrepareSpec, Processor};
use patchline_guard::CountingAllocator;
use patchline_prove::Prove;

/// What sees allocations in the callback.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// The mean of `frames` frames, an odd number.
#[derive(Clone, Debug, PartialEq)]
struct Mean {
    frames: usize,
}

impl Node for Mean {
    const KIND: &'static str = "mean";
    type Processor = MeanProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn check(&self, _spec: &PrepareSpec) -> Result<(), NodeError> {
        match self.frames % 2 == 1 && self.frames <= 255 {
            true => Ok(()),
            false => Err(NodeError::of("frames", "a mean has a frame in the middle: an odd number up to 255")),
        }
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<MeanProcessor, NodeError> {
        // Written to, as `vec![0.0; …]` need not be: no page is touched for the first time in the callback.
        let history = (0..spec.channels()).map(|_| touched::zeros(self.frames)).collect();
        Ok(MeanProcessor { history, at: 0, share: 1.0 / self.frames as f32 })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let channel = size_of::<Vec<f32>>() + self.frames * size_of::<f32>();
        size_of::<MeanProcessor>() + spec.channels() * channel
    }

    fn latency(&self, _spec: &PrepareSpec) -> Frames {
        self.frames as Frames / 2
    }

    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::Frames(self.frames as Frames - 1)
    }

    /// The history has another length then.
    fn rebuilds(&self, previous: &Self) -> bool {
        self.frames != previous.frames
    }
}

struct MeanProcessor {
    /// The last frames of each channel, in a ring.
    history: Vec<Vec<f32>>,
    /// Where in the ring the next frame goes.
    at: usize,
    share: f32,
}

impl Processor for MeanProcessor {
    type Params = Mean;

    /// Nothing can change without a new processor.
    fn update(&mut self, _params: &Mean) {}

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let (frames, start) = (io.frames(), self.at);
        for (channel, history) in io.main().channels().zip(&mut self.history) {
            let mut at = start;
            for sample in channel {
                history[at] = *sample;
                at = (at + 1) % history.len();
                // From the oldest to the newest, wherever a block began: the order of a sum is part of its bits.
                let (newer, older) = history.split_at(at);
                *sample = older.iter().chain(newer).sum::<f32>() * self.share;
            }
        }
        if let Some(history) = self.history.first() {
            self.at = (start + frames) % history.len();
        }
    }

    fn reset(&mut self) {
        self.at = 0;
        self.history.iter_mut().for_each(|history| history.fill(0.0));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let proof = Prove::new(Mean { frames: 9 }).with(Mean { frames: 33 }).run();
    println!("{proof}");
    proof.assert_where_checked();
    Ok(())
}
