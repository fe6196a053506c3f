//! The thread that reads a file ahead of its player.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use patchline_graph::{Companion, PrepareSpec, Reports, Severity};
use patchline_wav::{FileReader, RateConverter, RateError};
use rtrb::Producer;

use crate::dsp::flush::sanitize_input;
use crate::helper_thread::HelperThread;

/// How long the thread rests when the ring is full: the audio thread cannot wake it.
const REST: Duration = Duration::from_millis(5);
/// File frames read at a time.
const PIECE: usize = 4096;

/// Where in the ring a rewound file begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Frames pushed before it.
    pub(super) at: u64,
    /// Which rewind it answers.
    pub(super) epoch: u64,
}

/// What both ends of the ring and the control side share.
#[derive(Default)]
pub(super) struct Shared {
    /// Frames taken out of the ring, written by the audio thread.
    consumed: AtomicU64,
    /// How often the file is to be rewound, written by the audio thread.
    epoch: AtomicU64,
    /// The epoch in which the whole file is in the ring, plus one.
    ended: AtomicU64,
    non_finite: AtomicU64,
    /// Not for the audio thread, as the two below.
    progress: Mutex<Progress>,
    work: Condvar,
    more: Condvar,
}

/// How far the reader is.
#[derive(Clone, Copy, Default)]
struct Progress {
    pushed: u64,
    epoch: u64,
    /// Frames pushed before the present epoch.
    since: u64,
    ended: bool,
}

impl Shared {
    /// # Real-time
    /// As all of these, one atomic operation.
    pub(super) fn has_ended(&self, epoch: u64) -> bool {
        self.ended.load(Ordering::Acquire) == epoch + 1
    }

    pub(super) fn consume(&self, consumed: u64) {
        self.consumed.store(consumed, Ordering::Release);
    }

    pub(super) fn rewind(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    pub(super) fn non_finite(&self) -> u64 {
        self.non_finite.load(Ordering::Relaxed)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `frames` frames can be played, or all there are.
    fn is_ready(&self, progress: &Progress, frames: u64) -> bool {
        let from = self.consumed.load(Ordering::Acquire).max(progress.since);
        let current = progress.epoch == self.epoch.load(Ordering::Acquire);
        current && (progress.ended || progress.pushed - from >= frames)
    }
}

/// The control side's hold on the thread.
pub(super) struct Handle {
    shared: Arc<Shared>,
    /// Frames the ring holds.
    capacity: u64,
    thread: HelperThread,
}

impl Handle {
    /// Fills the ring, then starts the thread.
    pub(super) fn start(mut reader: Reader, shared: Arc<Shared>, capacity: usize) -> std::io::Result<Self> {
        while reader.advance() {}
        let thread = HelperThread::start("player", move || reader.run())?;
        Ok(Self { shared, capacity: capacity as u64, thread })
    }
}

impl Companion for Handle {
    fn wait_ready(&self, frames: usize) {
        // After a rewind, up to a quarter of the ring may hold what the player has yet to throw away.
        let frames = (frames as u64).min(self.capacity - self.capacity / 4);
        let mut progress = self.shared.progress();
        while !self.shared.is_ready(&progress, frames) && !self.thread.is_finished() {
            self.shared.work.notify_one();
            progress = self.shared.more.wait_timeout(progress, REST).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    fn finish(&self) {
        self.thread.finish(|| self.shared.work.notify_one());
    }
}

/// The producing side. Lives on its own thread and ends when the processor is gone.
pub(super) struct Reader {
    tape: Tape,
    samples: Producer<f32>,
    marks: Producer<Mark>,
    shared: Arc<Shared>,
    progress: Progress,
    /// Samples that are to go into the ring, from `sent` on.
    pending: Vec<f32>,
    sent: usize,
}

impl Reader {
    pub(super) fn new(tape: Tape, samples: Producer<f32>, marks: Producer<Mark>, shared: Arc<Shared>) -> Self {
        Self { tape, samples, marks, shared, progress: Progress::default(), pending: Vec::new(), sent: 0 }
    }

    fn run(mut self) {
        while !self.samples.is_abandoned() {
            let epoch = self.shared.epoch.load(Ordering::Acquire);
            if epoch != self.progress.epoch {
                self.rewind(epoch);
            }
            if !self.advance() {
                let progress = self.shared.progress();
                drop(self.shared.work.wait_timeout(progress, REST));
            }
        }
    }

    /// Starts anew, behind a mark that says where; without room for it, tries again later.
    fn rewind(&mut self, epoch: u64) {
        let at = self.progress.pushed;
        if self.marks.push(Mark { at, epoch }).is_err() {
            return;
        }
        self.tape.rewind();
        self.pending.clear();
        self.sent = 0;
        self.progress = Progress { pushed: at, epoch, since: at, ended: false };
        self.tell();
    }

    /// Reads a piece, or passes on as much as there is room for; says whether there was anything to do.
    fn advance(&mut self) -> bool {
        if self.sent == self.pending.len() {
            if self.progress.ended {
                return false;
            }
            self.pending.clear();
            self.sent = 0;
            self.progress.ended = !self.tape.read(&mut self.pending);
            self.shared.non_finite.store(self.tape.non_finite, Ordering::Relaxed);
        }
        let channels = self.tape.channels;
        // At most a quarter at a time: what is pushed while a rewind is on its way leaves room for what comes after it.
        let most = self.samples.buffer().capacity() / 4;
        let room = self.samples.slots().min(most) / channels * channels;
        let (now, _) = self.pending[self.sent..].split_at(room.min(self.pending.len() - self.sent));
        let moved = now.len();
        self.samples.push_entire_slice(now).expect("the room was just counted, and only this side takes it");
        self.sent += moved;
        self.progress.pushed += (moved / channels) as u64;
        self.tell();
        moved > 0 || self.sent == self.pending.len()
    }

    fn tell(&self) {
        let all_sent = self.sent == self.pending.len();
        let ended = self.progress.ended && all_sent;
        *self.shared.progress() = Progress { ended, ..self.progress };
        if ended {
            self.shared.ended.store(self.progress.epoch + 1, Ordering::Release);
        }
        self.shared.more.notify_all();
    }
}

/// The file as one stream at the graph's rate.
pub(super) struct Tape {
    wav: FileReader,
    /// `None` once everything has been converted.
    converter: Option<RateConverter>,
    rates: (u32, u32),
    channels: usize,
    looped: bool,
    piece: Vec<f32>,
    /// Samples that were no numbers.
    non_finite: u64,
    node: String,
    reports: Reports,
}

impl Tape {
    pub(super) fn new(wav: FileReader, spec: &PrepareSpec, looped: bool) -> Result<Self, RateError> {
        let info = *wav.info();
        let (channels, rates) = (usize::from(info.channels), (info.rate, spec.rate));
        Ok(Self {
            wav,
            converter: Some(RateConverter::new(rates.0, rates.1, channels)?),
            rates,
            channels,
            looped,
            piece: vec![0.0; PIECE * channels],
            non_finite: 0,
            node: spec.name.clone(),
            reports: spec.reports.clone(),
        })
    }

    /// Bytes that a tape takes, with the samples in flight.
    pub(super) fn footprint(from: u32, to: u32, channels: usize) -> usize {
        let longer = (PIECE as f64 * (f64::from(to) / f64::from(from)).max(1.0)) as usize;
        let samples = PIECE.saturating_add(longer.saturating_mul(4)).saturating_mul(channels);
        let buffers = samples.saturating_mul(size_of::<f32>());
        buffers.saturating_add(converter_bytes(from, to, channels)).saturating_add(256 * 1024)
    }

    /// Appends the next piece to `out`; says whether there is more.
    fn read(&mut self, out: &mut Vec<f32>) -> bool {
        let Some(converter) = &mut self.converter else { return false };
        let frames = self.wav.read_interleaved(&mut self.piece).unwrap_or_else(|error| {
            self.reports.send(&self.node, Severity::Error, format!("the file cannot be read on: {error}"));
            self.looped = false;
            0
        });
        let samples = &mut self.piece[..frames * self.channels];
        // Before the conversion, whose filter would spread one bad sample over its whole block.
        self.non_finite += sanitize_input(samples) as u64;
        converter.push(samples, out);
        if frames > 0 || (self.looped && self.again()) {
            return true;
        }
        if let Some(converter) = self.converter.take() {
            converter.finish(out);
        }
        false
    }

    /// Goes back to the start, unless there is nothing to repeat: no frames came since the last time.
    fn again(&mut self) -> bool {
        if self.wav.position() == 0 {
            let text = "the file holds no frames, so there is nothing to repeat".to_owned();
            self.reports.send(&self.node, Severity::Error, text);
            return false;
        }
        self.wav.seek(0).is_ok()
    }

    fn rewind(&mut self) {
        let (from, to) = self.rates;
        let again = self.wav.seek(0).map_err(|error| error.to_string());
        let again = again.and_then(|()| RateConverter::new(from, to, self.channels).map_err(|error| error.to_string()));
        match again {
            Ok(converter) => self.converter = Some(converter),
            Err(error) => {
                self.converter = None;
                self.reports.send(&self.node, Severity::Error, format!("the file cannot be rewound: {error}"));
            }
        }
    }
}

/// Bytes that a conversion takes, at most: in f64, per channel what is pending, two blocks in and out, and an overlap;
/// once the transforms with their twiddles, and the filter.
fn converter_bytes(from: u32, to: u32, channels: usize) -> usize {
    if from == to || from == 0 {
        return 0;
    }
    let shortest = (from / divisor(from, to)) as usize;
    let input = 4096_usize.max(2 * shortest);
    let output = input.saturating_mul(to as usize) / from as usize;
    let samples = input.saturating_add(output).saturating_mul(5 * channels + 24);
    samples.saturating_mul(size_of::<f64>())
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}
