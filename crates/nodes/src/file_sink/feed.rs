//! The audio thread's end of a recorder: frames go into a ring, nothing else happens there.

use std::iter::once;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use patchline_graph::{Frame, Io, PortIn, Readings};
use rtrb::Producer;

use super::writer::Shared;

/// Set in a frame's first value while `record` is up.
pub(super) const RECORD: u32 = 1;
/// Set in the first frame after a reset.
pub(super) const RESTART: u32 = 2;

/// Where in the stream the next frame of the ring stands: sent at the start and after every gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Frames pushed before it.
    pub(super) at: u64,
    /// The stream's position of the frame that follows.
    pub(super) position: Frame,
    /// Of the frames missing before it, those that were to be recorded.
    pub(super) missed: u64,
}

/// The producing side. Lives on the audio thread.
///
/// Each frame is one value of flags and one sample per channel. What finds no room is counted, and the next frame
/// that does find room is preceded by a mark, so that time stays true.
pub(super) struct Feed {
    pub(super) samples: Producer<f32>,
    pub(super) marks: Producer<Mark>,
    pub(super) readings: Producer<Readings>,
    pub(super) shared: Arc<Shared>,
    pub(super) channels: usize,
    pub(super) pushed: u64,
    /// Where the writer believes the next frame to stand.
    pub(super) expected: Option<Frame>,
    /// Frames to be recorded that found no room since the last mark.
    pub(super) missed: u64,
    pub(super) restart: bool,
}

impl Feed {
    /// Takes one block in.
    pub(super) fn push(&mut self, io: &Io<'_>) {
        if self.pushed == 0 && !self.readings.is_full() {
            // The writer publishes the counts itself, so that they are right to the last frame. It never fails: there
            // is room for one, and `is_full` says whether it has been sent.
            let _ = self.readings.push(io.readings.clone());
        }
        let (input, record) = (io.inputs.port(0), io.inputs.port(1));
        let room = self.samples.slots() / (self.channels + 1);
        // A mark without a frame behind it would never be taken: a full ring of them would end the recording.
        let room = if room > 0 && self.in_place(io.position()) { room } else { 0 };
        let taken = room.min(io.frames());
        self.write(taken, input, record);
        let lost = (taken..io.frames()).filter(|&frame| recording(record, frame)).count();
        self.missed += lost as u64;
        self.shared.counts.lost.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// Whether the writer knows where the next frame stands.
    fn in_place(&mut self, position: Frame) -> bool {
        let mark = Mark { at: self.pushed, position, missed: self.missed };
        if self.expected != Some(position) && self.marks.push(mark).is_ok() {
            self.expected = Some(position);
            self.missed = 0;
        }
        self.expected == Some(position)
    }

    fn write(&mut self, frames: usize, input: PortIn<'_>, record: PortIn<'_>) {
        if frames == 0 {
            return;
        }
        let restart = std::mem::take(&mut self.restart);
        let flags = |frame: usize| {
            let up = if recording(record, frame) { RECORD } else { 0 };
            let first = if restart && frame == 0 { RESTART } else { 0 };
            (up | first) as f32
        };
        let samples = |frame: usize| input.channels().map(move |channel| channel[frame]);
        let chunk = self.samples.write_chunk_uninit(frames * (self.channels + 1));
        let chunk = chunk.expect("the room was just counted, and only this side takes it");
        chunk.fill_from_iter((0..frames).flat_map(|frame| once(flags(frame)).chain(samples(frame))));
        self.pushed += frames as u64;
        self.expected = self.expected.map(|position| position + frames as Frame);
        self.shared.pushed.store(self.pushed, Ordering::Release);
    }
}

/// Unlinked, a recorder always records; linked, while its input is at least one half.
fn recording(record: PortIn<'_>, frame: usize) -> bool {
    record.is_empty() || record.channel(0)[frame] >= 0.5
}
