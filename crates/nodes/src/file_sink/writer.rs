//! The recorder's own thread: takes frames out of the ring and writes them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use patchline_graph::{Companion, Readings};
use rtrb::Consumer;

use super::feed::{Mark, RECORD, RESTART};
use super::takes::{Books, Takes};
use crate::helper_thread::HelperThread;

/// How long the thread rests when there is nothing to do: the audio thread cannot wake it.
const REST: Duration = Duration::from_millis(5);
/// The most frames taken out of the ring at a time.
const BATCH: usize = 4096;

/// Indexes of the readings.
pub(super) const WRITTEN: usize = 0;
pub(super) const LOST: usize = 1;
pub(super) const FILES: usize = 2;
pub(super) const CLIPPED: usize = 3;
pub(super) const NON_FINITE: usize = 4;
pub(super) const GAPS: usize = 5;

/// What both ends of the ring and the control side share.
#[derive(Default)]
pub(super) struct Shared {
    /// Frames pushed into the ring, written by the audio thread.
    pub(super) pushed: AtomicU64,
    /// Frames taken out of it.
    consumed: AtomicU64,
    pub(super) counts: Counts,
    /// Only for the two below; the audio thread never touches them.
    lock: Mutex<()>,
    work: Condvar,
    room: Condvar,
}

/// What the audio thread counts.
#[derive(Default)]
pub(super) struct Counts {
    /// Frames to be recorded that found no room.
    pub(super) lost: AtomicU64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Starts the thread.
    pub(super) fn start(writer: Writer, shared: Arc<Shared>, capacity: usize) -> std::io::Result<Self> {
        let thread = HelperThread::start("recorder", move || writer.run())?;
        Ok(Self { shared, capacity: capacity as u64, thread })
    }

    fn has_room(&self, frames: u64) -> bool {
        let queued = self.shared.pushed.load(Ordering::Acquire) - self.shared.consumed.load(Ordering::Acquire);
        self.capacity - queued >= frames.min(self.capacity)
    }
}

impl Companion for Handle {
    fn wait_ready(&self, frames: usize) {
        if self.has_room(frames as u64) {
            return;
        }
        let mut guard = self.shared.lock();
        while !self.has_room(frames as u64) && !self.thread.is_finished() {
            self.shared.work.notify_one();
            guard = self.shared.room.wait_timeout(guard, REST).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    fn finish(&self) {
        self.thread.finish(|| self.shared.work.notify_one());
    }
}

/// The consuming side. Lives on its own thread and ends when the processor is gone and the ring is empty.
pub(super) struct Writer {
    pub(super) samples: Consumer<f32>,
    pub(super) marks: Consumer<Mark>,
    pub(super) readings: Consumer<Readings>,
    pub(super) shared: Arc<Shared>,
    pub(super) channels: usize,
    pub(super) takes: Takes,
    pub(super) batch: Vec<f32>,
    pub(super) published: Option<Readings>,
}

impl Writer {
    /// Samples of the longest batch.
    pub(super) fn batch_samples(channels: usize) -> usize {
        BATCH * channels
    }

    fn run(mut self) {
        loop {
            let last = self.samples.is_abandoned();
            let mut idle = true;
            while self.drain() {
                idle = false;
                // Here too: with a slow disk, or faster than real time, the ring may never be empty.
                self.tick();
            }
            if last {
                break;
            }
            self.tick();
            if idle {
                let guard = self.shared.lock();
                drop(self.shared.work.wait_timeout(guard, REST));
            }
        }
        self.takes.end();
        self.publish();
    }

    fn tick(&mut self) {
        self.takes.tick(Instant::now());
        self.publish();
    }

    /// Takes up to a batch out of the ring; says whether there was anything.
    fn drain(&mut self) -> bool {
        let consumed = self.shared.consumed.load(Ordering::Relaxed);
        // Marks are pushed before the frames they stand for: whatever is counted here has its mark in the other ring.
        let mut frames = (self.samples.slots() / (self.channels + 1)).min(BATCH);
        if frames == 0 {
            return false;
        }
        if let Ok(mark) = self.marks.peek().copied() {
            if mark.at == consumed {
                self.takes.jump(&mark, consumed == 0);
                let _ = self.marks.pop();
                frames = self.marks.peek().map_or(frames, |next| frames.min((next.at - consumed) as usize));
            } else {
                frames = frames.min((mark.at - consumed) as usize);
            }
        }
        self.take(frames);
        self.shared.consumed.store(consumed + frames as u64, Ordering::Release);
        self.shared.room.notify_all();
        true
    }

    /// Takes `frames` frames out and hands them over in runs that are recorded or not.
    fn take(&mut self, frames: usize) {
        let width = self.channels + 1;
        let chunk = self.samples.read_chunk(frames * width).expect("the frames were just counted");
        let mut values = chunk.into_iter();
        let mut recording = false;
        for _ in 0..frames {
            let flags = values.next().expect("frames are whole") as u32;
            let up = flags & RECORD != 0;
            let restart = flags & RESTART != 0;
            if (up != recording || restart) && !self.batch.is_empty() {
                self.takes.push(recording, &mut self.batch);
                self.batch.clear();
            }
            if restart {
                self.takes.restart();
            }
            recording = up;
            self.batch.extend(values.by_ref().take(self.channels));
        }
        if !self.batch.is_empty() {
            self.takes.push(recording, &mut self.batch);
            self.batch.clear();
        }
    }

    fn publish(&mut self) {
        if let Ok(readings) = self.readings.pop() {
            self.published = Some(readings);
        }
        let Some(readings) = &self.published else { return };
        let Books { written, lost, files, clipped, non_finite, gaps } = self.takes.books();
        let unheard = self.shared.counts.lost.load(Ordering::Relaxed);
        let values = [(WRITTEN, written), (LOST, lost + unheard), (FILES, files), (CLIPPED, clipped)];
        for (reading, value) in values.into_iter().chain([(NON_FINITE, non_finite), (GAPS, gaps)]) {
            readings.set(reading, 0, value as f64);
        }
    }
}
