//! What notes each block on the device's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use patchline_graph::{Renderer, touched};
use patchline_io::{Block, Callback};
use rtrb::{Consumer, Producer};

use crate::block::{BlockRecord, Samples};
use crate::hash::Hash;

/// Words of a block in the ring before its samples.
const HEAD: usize = 14;

/// Notes blocks: what came in, a hash of what went out, and how far the engine's messages had come.
///
/// What finds no room in the ring is not noted, and counted: the capture is incomplete then, and says where.
pub struct Tap {
    ring: Producer<u32>,
    inputs: usize,
    /// Channels of output whose samples are noted, too.
    outputs: Option<usize>,
    missing: [u64; 2],
    cells: Arc<Cells>,
}

/// What both ends count. The device's thread alone writes the first four, the file's thread the last.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) blocks: AtomicU64,
    pub(crate) frames: AtomicU64,
    pub(crate) missing_blocks: AtomicU64,
    pub(crate) missing_frames: AtomicU64,
    pub(crate) taken: AtomicU64,
}

/// The other end.
pub(crate) struct Tape {
    ring: Consumer<u32>,
    inputs: usize,
    outputs: Option<usize>,
    pub(crate) cells: Arc<Cells>,
}

/// The two ends of a ring for so many words.
pub(crate) fn tap(words: usize, inputs: usize, outputs: Option<usize>) -> (Tap, Tape) {
    let (ring, tape) = touched::ring(words);
    let cells = Arc::new(Cells::default());
    let tape = Tape { ring: tape, inputs, outputs, cells: Arc::clone(&cells) };
    (Tap { ring, inputs, outputs, missing: [0; 2], cells }, tape)
}

/// Words that a block takes.
pub(crate) fn words(frames: usize, channels: usize) -> usize {
    HEAD + frames * channels
}

impl Tap {
    /// Renders a block of `block.frames` frames and notes it.
    ///
    /// # Real-time
    /// Never allocates, frees, locks, waits or enters the kernel: a copy of the input into a ring, and a hash of the
    /// output.
    pub fn render(&mut self, renderer: &mut Renderer, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let frame = renderer.position();
        renderer.render(block.frames, inputs, outputs);
        let mut hash = Hash::new();
        outputs.iter().for_each(|samples| hash.samples(&samples[..block.frames.min(samples.len())]));
        let head = self.head(block, frame, renderer.received(), hash.finish());
        let noted = self.note(&head, block.frames, inputs, outputs);
        self.count(block.frames as u64, noted);
    }

    fn head(&self, block: Block, frame: u64, messages: u64, hash: u64) -> [u32; HEAD] {
        let mut head = [0; HEAD];
        (head[0], head[1]) = (block.frames as u32, u32::from(block.discontinuity));
        let words = [block.position, frame, messages, self.missing[0], self.missing[1], hash];
        for (place, word) in head[2..].chunks_exact_mut(2).zip(words) {
            (place[0], place[1]) = (word as u32, (word >> 32) as u32);
        }
        head
    }

    /// All of a block or nothing of it.
    fn note(&mut self, head: &[u32], frames: usize, inputs: &[&[f32]], outputs: &[&mut [f32]]) -> bool {
        let channels = self.inputs + self.outputs.unwrap_or(0);
        if frames > u32::MAX as usize || self.ring.slots() < words(frames, channels) {
            return false;
        }
        push(&mut self.ring, head.len(), head.iter().copied());
        for channel in 0..self.inputs {
            push_samples(&mut self.ring, frames, inputs.get(channel).copied().unwrap_or(&[]));
        }
        for channel in 0..self.outputs.unwrap_or(0) {
            push_samples(&mut self.ring, frames, outputs.get(channel).map_or(&[], |samples| &**samples));
        }
        true
    }

    fn count(&mut self, frames: u64, noted: bool) {
        let Cells { blocks, frames: all, missing_blocks, missing_frames, .. } = &*self.cells;
        add(blocks, 1);
        add(all, frames);
        if noted {
            self.missing = [0; 2];
        } else {
            self.missing = [self.missing[0] + 1, self.missing[1] + frames];
            add(missing_blocks, 1);
            add(missing_frames, frames);
        }
    }
}

/// With one writer, a load and a store are enough.
fn add(cell: &AtomicU64, count: u64) {
    cell.store(cell.load(Ordering::Relaxed) + count, Ordering::Release);
}

/// There is room: it was looked for.
fn push(ring: &mut Producer<u32>, count: usize, words: impl Iterator<Item = u32>) {
    if let Ok(chunk) = ring.write_chunk_uninit(count) {
        chunk.fill_from_iter(words);
    }
}

/// A channel that is too short is silent from there on, as it is to the renderer.
fn push_samples(ring: &mut Producer<u32>, frames: usize, samples: &[f32]) {
    let samples = &samples[..frames.min(samples.len())];
    push(ring, samples.len(), samples.iter().map(|sample| sample.to_bits()));
    let rest = frames - samples.len();
    if rest > 0 {
        push(ring, rest, std::iter::repeat_n(0, rest));
    }
}

impl Tape {
    /// The next block, if all of it is there.
    pub(crate) fn next(&mut self) -> Option<BlockRecord> {
        let mut head = [0; HEAD];
        let chunk = self.ring.read_chunk(HEAD).ok()?;
        let (first, second) = chunk.as_slices();
        head[..first.len()].copy_from_slice(first);
        head[first.len()..].copy_from_slice(second);
        let frames = head[0] as usize;
        let long = |index: usize| u64::from(head[index]) | u64::from(head[index + 1]) << 32;
        let chunk = self.ring.read_chunk(words(frames, self.inputs + self.outputs.unwrap_or(0))).ok()?;
        let (first, second) = chunk.as_slices();
        let mut bits = first.iter().chain(second).skip(HEAD).copied().map(f32::from_bits);
        let mut samples =
            |channels: usize| Samples { channels, samples: bits.by_ref().take(channels * frames).collect() };
        let record = BlockRecord {
            frames,
            discontinuity: head[1] == 1,
            position: long(2),
            frame: long(4),
            messages: long(6),
            missing_blocks: long(8),
            missing_frames: long(10),
            hash: long(12),
            inputs: samples(self.inputs),
            outputs: self.outputs.map(samples),
        };
        chunk.commit_all();
        add(&self.cells.taken, 1);
        Some(record)
    }
}

/// A renderer whose blocks are noted: what a device calls.
pub struct Tapped {
    renderer: Renderer,
    tap: Tap,
}

impl Tapped {
    /// Notes what this renderer gets.
    #[must_use]
    pub fn new(renderer: Renderer, tap: Tap) -> Self {
        Self { renderer, tap }
    }

    /// The renderer.
    #[must_use]
    pub fn into_inner(self) -> Renderer {
        self.renderer
    }
}

impl Callback for Tapped {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.tap.render(&mut self.renderer, block, inputs, outputs);
    }
}
