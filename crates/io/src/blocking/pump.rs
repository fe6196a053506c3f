//! The device's end of a stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer};

use crate::{Block, Callback};

/// Frames of input that are missing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gap {
    /// The frame that they are missing before, of those that are there.
    pub(super) before: u64,
    /// How many.
    pub(super) lost: u64,
}

/// The callback of a stream: puts what the device delivers where the [`Stream`](super::Stream) reads, and plays what it
/// wrote, or silence.
///
/// ```
/// use patchline_io::blocking::stream;
/// use patchline_io::{Block, Callback, DeviceSpec};
///
/// let spec = DeviceSpec { rate: 48_000, max_frames: 64, inputs: 1, outputs: 1, ..DeviceSpec::default() };
/// let (mut pump, mut stream) = stream(&spec, 256)?;
/// stream.write(&[0.5; 64])?;
/// // What the device does.
/// let mut output = [0.0; 64];
/// pump.process(Block { frames: 64, position: 0, discontinuity: false }, &[&[0.25; 64]], &mut [&mut output]);
/// assert_eq!((output, stream.read(64)?.samples), ([0.5; 64], &[0.25; 64][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pump {
    recorded: Producer<f32>,
    written: Consumer<f32>,
    gaps: Producer<Gap>,
    missed: Arc<AtomicU64>,
    /// Channels in and out.
    inputs: usize,
    outputs: usize,
    /// Frames that have been recorded.
    put: u64,
    /// Lost frames that were not told yet.
    lost: u64,
    /// The device's frame after the last block.
    position: Option<u64>,
    /// Whether anything has been written so far.
    plays: bool,
}

impl Pump {
    pub(super) fn new(
        recorded: Producer<f32>,
        written: Consumer<f32>,
        gaps: Producer<Gap>,
        missed: Arc<AtomicU64>,
        (inputs, outputs): (usize, usize),
    ) -> Self {
        Self { recorded, written, gaps, missed, inputs, outputs, put: 0, lost: 0, position: None, plays: false }
    }

    /// Records as many frames as there is room for, and tells what is missing before whoever reads can notice.
    fn record(&mut self, block: Block, inputs: &[&[f32]]) {
        if self.inputs == 0 {
            return;
        }
        self.lost += block.position.saturating_sub(self.position.unwrap_or(block.position));
        self.position = Some(block.position + block.frames as u64);
        self.tell();
        let frames = block.frames.min(self.recorded.slots() / self.inputs);
        if let Ok(mut chunk) = self.recorded.write_chunk(frames * self.inputs) {
            let (first, second) = chunk.as_mut_slices();
            let slices = first.chunks_exact_mut(self.inputs).chain(second.chunks_exact_mut(self.inputs));
            for (frame, samples) in slices.enumerate() {
                for (channel, sample) in samples.iter_mut().enumerate() {
                    *sample = inputs.get(channel).map_or(0.0, |input| input[frame]);
                }
            }
            chunk.commit_all();
        }
        self.put += frames as u64;
        self.lost += (block.frames - frames) as u64;
        self.tell();
    }

    /// Tells what is lost before the next frame; what does not fit is told with the next loss.
    fn tell(&mut self) {
        if self.lost > 0 && self.gaps.push(Gap { before: self.put, lost: self.lost }).is_ok() {
            self.lost = 0;
        }
    }

    /// Plays as many frames as were written, and silence.
    fn play(&mut self, frames: usize, outputs: &mut [&mut [f32]]) {
        let there = self.written.slots().checked_div(self.outputs).unwrap_or(0).min(frames);
        if let Ok(chunk) = self.written.read_chunk(there * self.outputs) {
            let (first, second) = chunk.as_slices();
            let slices = first.chunks_exact(self.outputs.max(1)).chain(second.chunks_exact(self.outputs.max(1)));
            for (frame, samples) in slices.enumerate() {
                outputs.iter_mut().zip(samples).for_each(|(output, sample)| output[frame] = *sample);
            }
            chunk.commit_all();
        }
        let spare = outputs.len().min(self.outputs);
        let (ours, others) = outputs.split_at_mut(spare);
        ours.iter_mut().for_each(|output| output[there..].fill(0.0));
        others.iter_mut().for_each(|output| output.fill(0.0));
        self.plays |= there > 0;
        if self.plays {
            self.missed.fetch_add((frames - there) as u64, Ordering::Relaxed);
        }
    }
}

impl Callback for Pump {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.record(block, inputs);
        self.play(block.frames, outputs);
    }
}
