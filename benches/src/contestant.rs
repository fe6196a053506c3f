//! Whoever computes a workload: the engine, the hand-written loop, another engine.

use crate::measure::{Effort, Timed};
use crate::workload::Workload;

/// A workload, ready to be computed block by block.
pub trait Contestant {
    /// Computes the next `frames` frames: 2 channels in, 2 channels out. State goes on from call to call.
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]);
}

/// Another engine.
pub trait Peer {
    /// Its name, and the way it is used where there are several: `"fundsp (Net)"`.
    fn name(&self) -> &'static str;

    /// The version that was built in, as in its lock file.
    fn version(&self) -> &'static str;

    /// One sentence on what it does not do that Patchline does, or the other way round: for the page on performance.
    fn differs(&self) -> &'static str;

    /// The workload in blocks of `block` frames, as a user of that engine would write it; `None` where it cannot be done.
    ///
    /// What it computes is compared with the hand-written loop before anything is timed, from the first frame on.
    fn contestant(&self, workload: &Workload, block: usize) -> Option<Box<dyn Contestant>>;

    /// Why there is no contestant for this, where that says something about the engine.
    fn cannot(&self, _workload: &Workload, _block: usize) -> Option<String> {
        None
    }

    /// How far a sample may be from the hand-written loop's, as a share of the loudest one.
    fn tolerance(&self, _workload: &Workload) -> f32 {
        1e-5
    }

    /// Frames at the start that are not compared, for engines whose gains glide when they start.
    fn settles(&self, _workload: &Workload) -> usize {
        0
    }

    /// How many blocks one call of `run` takes at once, for engines that cannot be driven block by block: a power of two,
    /// at most 8,192 frames.
    fn blocks_per_run(&self, _workload: &Workload, _block: usize) -> usize {
        1
    }
}

/// A comparison that is no workload: whole files, edits, other languages.
pub trait Extra {
    /// Which of the goals it is one of, by its key.
    fn goal(&self) -> &'static str;

    /// What is compared, for the table: `"10 minutes of stereo: ffmpeg 7.1"`.
    fn case(&self) -> String;

    /// Measures it, interleaved; use [`crate::measure::rounds`] and [`Timed::over`].
    ///
    /// # Errors
    /// Why it could not be measured here: what is not installed, what went wrong.
    fn measure(&mut self, effort: Effort) -> Result<Timed, String>;
}
