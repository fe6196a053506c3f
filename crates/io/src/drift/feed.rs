//! The input device's end.

use std::sync::Arc;
use std::time::Duration;

use rtrb::Producer;

use super::cells::Cells;

/// Where the input device stood when a block came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamp {
    /// When the block came.
    pub(super) now: Duration,
    /// The device's frame after the block.
    pub(super) device: u64,
    /// Frames that were in the ring before the block or had been.
    pub(super) before: u64,
    /// Frames of the block that are in the ring.
    pub(super) frames: usize,
}

/// What the input device's callback writes to.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::drift::{DriftConfig, pair};
///
/// let (mut feed, _draw, _monitor) = pair(&DriftConfig { channels: 2, ..DriftConfig::default() })?;
/// // Two blocks of 64 frames: one as slices, one as it came from the device.
/// assert_eq!(feed.push(Duration::ZERO, 0, &[&[0.5; 64], &[0.25; 64]]), 0);
/// assert_eq!(feed.push_interleaved(Duration::from_micros(1_333), 64, &[0.5; 128]), 0);
/// # Ok::<(), patchline_io::IoError>(())
/// ```
pub struct Feed {
    ring: Producer<f32>,
    stamps: Producer<Stamp>,
    channels: usize,
    /// The device's frame after the last block.
    device: Option<u64>,
    /// Frames that have ever been in the ring.
    put: u64,
    cells: Arc<Cells>,
}

impl Feed {
    pub(super) fn new(ring: Producer<f32>, stamps: Producer<Stamp>, channels: usize, cells: Arc<Cells>) -> Self {
        Self { ring, stamps, channels, device: None, put: 0, cells }
    }

    /// Takes a block: channels × frames, all of one length. Channels that are missing are silent.
    ///
    /// `now` is when the callback was called, by any clock that does not jump and that [`Draw`](super::Draw) is told,
    /// too. `position` is the device's frame that the block starts at: silence takes the place of frames that it
    /// skipped. Where the device cannot tell what it lost, the frames that were delivered do as a position; a loss is
    /// then recognised by the time.
    ///
    /// Returns how many frames there was no room for: they are lost, and counted.
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub fn push(&mut self, now: Duration, position: u64, planar: &[&[f32]]) -> usize {
        let frames = planar.first().map_or(0, |channel| channel.len());
        self.put(now, position, frames, |frame, samples| {
            let missing = samples.len().saturating_sub(planar.len());
            let (given, silent) = samples.split_at_mut(samples.len() - missing);
            given.iter_mut().zip(planar).for_each(|(sample, channel)| *sample = channel.get(frame).map_or(0.0, |s| *s));
            silent.fill(0.0);
        })
    }

    /// As [`push`](Self::push), from interleaved samples: frames × channels.
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub fn push_interleaved(&mut self, now: Duration, position: u64, interleaved: &[f32]) -> usize {
        let channels = self.channels;
        self.put(now, position, interleaved.len() / channels, |frame, samples| {
            samples.copy_from_slice(&interleaved[frame * channels..][..channels]);
        })
    }

    /// Puts `frames` frames into the ring, each filled by `fill` from its index.
    fn put(&mut self, now: Duration, position: u64, frames: usize, fill: impl Fn(usize, &mut [f32])) -> usize {
        let room = self.ring.slots() / self.channels;
        let taken = frames.min(room);
        let skipped = position.saturating_sub(self.device.unwrap_or(position));
        let gap = usize::try_from(skipped).unwrap_or(usize::MAX).min(room - taken);
        let device = position + frames as u64;
        let before = self.put + gap as u64;
        // Before the samples: whoever finds them knows what became of the clock. A stamp that does not fit says nothing
        // that the next one does not say as well.
        let _ = self.stamps.push(Stamp { now, device, before, frames: taken });
        self.write(gap, |_, samples| samples.fill(0.0));
        self.write(taken, fill);
        (self.device, self.put) = (Some(device), before + taken as u64);
        self.cells.overflowed(frames - taken);
        frames - taken
    }

    /// Frames that there is room for.
    fn write(&mut self, frames: usize, fill: impl Fn(usize, &mut [f32])) {
        let Ok(mut chunk) = self.ring.write_chunk(frames * self.channels) else { return };
        let (first, second) = chunk.as_mut_slices();
        let slices = first.chunks_exact_mut(self.channels).chain(second.chunks_exact_mut(self.channels));
        slices.enumerate().for_each(|(frame, samples)| fill(frame, samples));
        chunk.commit_all();
    }
}
