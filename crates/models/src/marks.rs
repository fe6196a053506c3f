//! A recorder's gaps: `file_sink`'s `Feed` and `Writer`.
//!
//! Frames that find no room in the ring are missing. The next frame that does find room is preceded by a mark, in a ring
//! of its own, that says where in the stream it stands; so time stays true.

use loom::thread;

use crate::{Consumer, Producer, Ring};

/// Frames that the ring holds, and marks.
const FRAMES: usize = 2;
const MARKS: usize = 4;
/// Frames of the run, of which the writer may miss some.
const RUN: u64 = 4;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakening {
    /// Nothing.
    None,
    /// A mark follows its frame.
    MarkAfterFrame,
    /// The writer looks for marks before it counts the frames.
    MarksBeforeCount,
    /// A gap is not marked.
    Unmarked,
}

impl Weakening {
    /// All that are wrong.
    pub const ALL: [Self; 3] = [Self::MarkAfterFrame, Self::MarksBeforeCount, Self::Unmarked];
}

/// Where the next frame of the ring stands.
#[derive(Clone, Copy)]
struct Mark {
    /// Frames pushed before it.
    at: u64,
    position: u64,
}

/// The model. A frame is its own position, so that the writer's belief can be compared with it.
pub fn model(weakening: Weakening) {
    let (frames, frames_end) = Ring::<u64, FRAMES>::ends();
    let (marks, marks_end) = Ring::<Mark, MARKS>::ends();
    let audio = thread::spawn(move || feed(frames, marks, weakening));
    let mut writer = Writer { frames: frames_end, marks: marks_end, taken: 0, position: 0, weakening };
    for _ in 0..3 {
        writer.drain();
        thread::yield_now();
    }
    audio.join().unwrap();
    writer.drain();
}

/// The audio thread: one frame a block, so that every interleaving of blocks and writes is tried.
fn feed(mut frames: Producer<u64, FRAMES>, mut marks: Producer<Mark, MARKS>, weakening: Weakening) {
    let (mut pushed, mut expected) = (0, None);
    for position in 0..RUN {
        thread::yield_now();
        let mut mark = || {
            if expected != Some(position) && !(weakening == Weakening::Unmarked && pushed > 0) {
                assert!(marks.push(Mark { at: pushed, position }).is_ok(), "there is room for all");
            }
        };
        if weakening == Weakening::MarkAfterFrame {
            if frames.push(position).is_err() {
                continue;
            }
            thread::yield_now();
            mark();
        } else {
            // Only we fill the ring: room that is seen once stays.
            if !frames.has_room() {
                continue;
            }
            mark();
            assert!(frames.push(position).is_ok(), "there was room");
        }
        pushed += 1;
        expected = Some(position + 1);
    }
}

struct Writer {
    frames: Consumer<u64, FRAMES>,
    marks: Consumer<Mark, MARKS>,
    taken: u64,
    /// Where the next frame is believed to stand.
    position: u64,
    weakening: Weakening,
}

impl Writer {
    fn drain(&mut self) {
        loop {
            let early = (self.weakening == Weakening::MarksBeforeCount).then(|| self.marks.peek());
            thread::yield_now();
            let mut count = self.frames.slots() as u64;
            if count == 0 {
                return;
            }
            let next = early.unwrap_or_else(|| self.marks.peek());
            if let Some(mark) = next {
                if mark.at == self.taken {
                    self.position = mark.position;
                    self.marks.pop();
                    count = self.marks.peek().map_or(count, |next| count.min(next.at - self.taken));
                } else {
                    let before = mark.at.checked_sub(self.taken).expect("a mark comes before its frame");
                    count = count.min(before);
                }
            }
            for _ in 0..count {
                assert_eq!(self.frames.pop(), Some(self.position), "every frame is where it belongs");
                self.taken += 1;
                self.position += 1;
            }
        }
    }
}
