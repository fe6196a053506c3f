//! The other end of a stream, which waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer};

use super::pump::Gap;
use crate::DeviceSpec;

/// How long to sleep between two looks, at least and at most.
const SLEEPS: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(10));

/// Frames to and from a device, for a thread that may wait. Samples are interleaved: frames × channels, full scale ±1.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::blocking::{StreamError, stream};
/// use patchline_io::{Block, Callback, DeviceSpec};
///
/// let spec = DeviceSpec { rate: 48_000, max_frames: 64, inputs: 1, outputs: 2, ..DeviceSpec::default() };
/// let (mut pump, mut stream) = stream(&spec, 256)?;
/// stream.set_patience(Duration::from_millis(10));
/// assert_eq!((stream.inputs(), stream.outputs()), (1, 2));
/// assert_eq!((stream.readable(), stream.writable()), (0, 256));
///
/// // 64 frames of two channels.
/// stream.write(&[0.5; 128])?;
/// pump.process(Block { frames: 64, position: 0, discontinuity: false }, &[&[0.25; 64]], &mut [&mut [0.0; 64], &mut [0.0; 64]]);
/// assert_eq!(stream.read(32)?.samples, [0.25; 32]);
/// assert_eq!(stream.read_available().samples.len(), 32);
/// // The device does not call any more.
/// assert!(matches!(stream.read(64), Err(StreamError::Silent { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stream {
    recorded: Consumer<f32>,
    written: Producer<f32>,
    gaps: Consumer<Gap>,
    missed: Arc<AtomicU64>,
    /// Missed frames that were told.
    told: u64,
    inputs: usize,
    outputs: usize,
    rate: u32,
    patience: Duration,
    /// Frames that have been read, and lost before them.
    taken: u64,
    lost: u64,
    /// What was read last.
    samples: Vec<f32>,
}

/// What was recorded.
///
/// ```
/// use patchline_io::blocking::{Read, stream};
/// use patchline_io::{Block, Callback, DeviceSpec};
///
/// let spec = DeviceSpec { rate: 48_000, max_frames: 64, inputs: 1, ..DeviceSpec::default() };
/// let (mut pump, mut stream) = stream(&spec, 64)?;
/// // The device delivers twice as much as there is room for, and somebody reads only then.
/// for position in [0, 64] {
///     pump.process(Block { frames: 64, position, discontinuity: false }, &[&[0.5; 64]], &mut []);
/// }
/// assert_eq!(stream.read(64)?.position, 0);
/// pump.process(Block { frames: 64, position: 128, discontinuity: false }, &[&[0.5; 64]], &mut []);
/// let Read { position, lost, .. } = stream.read(64)?;
/// assert_eq!((position, lost), (128, 64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Read<'a> {
    /// Frames × channels, interleaved.
    pub samples: &'a [f32],
    /// Where the first of these frames stands, counted from the first that the device delivered, lost ones included.
    pub position: u64,
    /// Frames that are missing, before these or between them: nobody read in time, or the device lost them. Whatever is
    /// lost is told once, with the frame that follows it, or with the last one when the device is gone.
    pub lost: u64,
}

/// Why a stream does not go on.
///
/// ```
/// use patchline_io::DeviceSpec;
/// use patchline_io::blocking::{StreamError, stream};
///
/// let spec = DeviceSpec { rate: 48_000, max_frames: 64, inputs: 1, ..DeviceSpec::default() };
/// let (pump, mut stream) = stream(&spec, 256)?;
/// assert_eq!(stream.read(1_000), Err(StreamError::TooMany { asked: 1_000, room: 256 }));
/// // The device was stopped, and its callback dropped.
/// drop(pump);
/// assert_eq!(stream.read(64), Err(StreamError::Gone { done: 0 }));
/// # Ok::<(), patchline_io::IoError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The device has not called for too long.
    #[error("the device has not called for {waited:?}; {done} frames are done")]
    Silent {
        /// How long.
        waited: Duration,
        /// Frames that were written all the same; 0 of a read, whose frames stay where they are.
        done: usize,
    },
    /// The device and its callback are gone.
    #[error("the device is gone; {done} frames are done")]
    Gone {
        /// Frames that were written all the same; 0 of a read, whose frames stay where they are.
        done: usize,
    },
    /// The device has no such side, or there is never room for as many.
    #[error("{asked} frames cannot be had at once; the stream has room for {room}")]
    TooMany {
        /// How many were asked for.
        asked: usize,
        /// How many there is room for.
        room: usize,
    },
}

impl Stream {
    pub(super) fn new(
        recorded: Consumer<f32>,
        written: Producer<f32>,
        gaps: Consumer<Gap>,
        missed: Arc<AtomicU64>,
        spec: &DeviceSpec,
        patience: Duration,
    ) -> Self {
        Self {
            samples: vec![0.0; recorded.buffer().capacity()],
            recorded,
            written,
            gaps,
            missed,
            told: 0,
            inputs: spec.inputs,
            outputs: spec.outputs,
            rate: spec.rate,
            patience,
            taken: 0,
            lost: 0,
        }
    }

    /// Waits no longer than this for a device that does not call; 2 s otherwise.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Channels of what is read.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Channels of what is written.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Frames that could be read without waiting.
    #[must_use]
    pub fn readable(&self) -> usize {
        self.recorded.slots() / self.inputs.max(1)
    }

    /// Frames that could be written without waiting.
    #[must_use]
    pub fn writable(&self) -> usize {
        self.written.slots() / self.outputs.max(1)
    }

    /// Waits for the next `frames` frames, and reads them.
    ///
    /// # Errors
    /// [`StreamError`]; what is there can still be had by [`read_available`](Self::read_available).
    pub fn read(&mut self, frames: usize) -> Result<Read<'_>, StreamError> {
        let room = self.samples.len() / self.inputs.max(1);
        if frames > room {
            return Err(StreamError::TooMany { asked: frames, room });
        }
        let mut wait = Wait::new(self.rate, self.patience);
        while self.readable() < frames {
            // Whoever is gone may have left something just before.
            if self.recorded.is_abandoned() && self.readable() < frames {
                return Err(StreamError::Gone { done: 0 });
            }
            let there = self.readable();
            wait.for_frames(frames - there, there).map_err(|waited| StreamError::Silent { waited, done: 0 })?;
        }
        Ok(self.take(frames))
    }

    /// Reads what is there now: possibly nothing.
    pub fn read_available(&mut self) -> Read<'_> {
        self.take(self.readable())
    }

    /// Writes frames × channels, interleaved; waits until all of them have found room.
    ///
    /// Returns how many frames of silence the device has played since the last call because nothing was written: none
    /// before the first write.
    ///
    /// # Errors
    /// [`StreamError`], which says how many frames were written.
    ///
    /// # Panics
    /// If the last frame is incomplete.
    pub fn write(&mut self, samples: &[f32]) -> Result<u64, StreamError> {
        let frames = samples.len() / self.outputs.max(1);
        if self.outputs == 0 && frames > 0 {
            return Err(StreamError::TooMany { asked: frames, room: 0 });
        }
        assert_eq!(frames * self.outputs, samples.len(), "{} samples in {} channels", samples.len(), self.outputs);
        let mut wait = Wait::new(self.rate, self.patience);
        let mut done = 0;
        loop {
            // There may be room left that nobody will ever play.
            if self.written.is_abandoned() {
                return Err(StreamError::Gone { done });
            }
            let now = (frames - done).min(self.writable());
            let written = self.written.push_entire_slice(&samples[done * self.outputs..][..now * self.outputs]);
            written.expect("there is room for as many");
            done += now;
            if done == frames {
                return Ok(self.missed_since());
            }
            wait.for_frames(frames - done, done).map_err(|waited| StreamError::Silent { waited, done })?;
        }
    }

    fn missed_since(&mut self) -> u64 {
        let missed = self.missed.load(Ordering::Relaxed);
        missed - std::mem::replace(&mut self.told, missed)
    }

    /// Reads frames that are there.
    fn take(&mut self, frames: usize) -> Read<'_> {
        let gone = self.recorded.is_abandoned();
        let samples = &mut self.samples[..frames * self.inputs];
        self.recorded.pop_entire_slice(samples).expect("as many are there");
        let start = self.lost;
        let (first, next) = (self.taken, self.taken + frames as u64);
        let until = next + u64::from(gone);
        let mut position = first + start;
        while let Some(&Gap { before, lost }) = self.gaps.peek().ok().filter(|gap| gap.before < until) {
            let _ = self.gaps.pop();
            self.lost += lost;
            if before <= first {
                position += lost;
            }
        }
        self.taken = next;
        Read { samples, position, lost: self.lost - start }
    }
}

/// Looks again and again, at the pace of the device, as long as something moves.
struct Wait {
    rate: u32,
    patience: Duration,
    moved: Instant,
    before: usize,
}

impl Wait {
    fn new(rate: u32, patience: Duration) -> Self {
        Self { rate, patience, moved: Instant::now(), before: 0 }
    }

    /// Sleeps, with `missing` frames to go after `done`; when nothing has moved for too long, says for how long.
    fn for_frames(&mut self, missing: usize, done: usize) -> Result<(), Duration> {
        if done != std::mem::replace(&mut self.before, done) {
            self.moved = Instant::now();
        }
        let waited = self.moved.elapsed();
        if waited >= self.patience {
            return Err(waited);
        }
        let due = Duration::from_secs_f64(missing as f64 / f64::from(self.rate));
        std::thread::sleep(due.clamp(SLEEPS.0, SLEEPS.1).min(self.patience - waited));
        Ok(())
    }
}
