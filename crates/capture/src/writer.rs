//! The thread that writes the file.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::hash::Hash;
use crate::reader::opening;
use crate::record::{End, FileSeen, Header, Record, Start};
use crate::tap::Tape;

/// From one look at the ring to the next.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes that gather before they are written.
const BATCH: usize = 1 << 20;
/// What is looked at of a long file at either end, in bytes.
const PART: u64 = 64 << 20;

/// What the control thread has to say.
pub(crate) enum Order {
    /// An engine begins.
    Begin(Start, Tape),
    Record(Record),
    /// A file that a node reads.
    Look {
        node: String,
        path: PathBuf,
    },
    /// What is in the ring is wanted in the file now.
    Hurry,
    /// The engine's callback has ended.
    End(Vec<String>),
    Finish,
}

/// What became of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Blocks that the callback got.
    pub blocks: u64,
    /// Their frames.
    pub frames: u64,
    /// Blocks that are not in the file: the disk was too slow for them, or took no more.
    pub missing_blocks: u64,
    /// Their frames.
    pub missing_frames: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Why the file could not be written on, or is gone.
    pub error: Option<String>,
    /// Whether the file is not where it was made: somebody has removed it, moved it, or put another one in its place.
    pub gone: bool,
}

impl Summary {
    /// Whether all that happened is in the file.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing_blocks == 0 && self.error.is_none()
    }
}

/// Writes records to a sink.
pub(crate) struct Writer<W> {
    sink: W,
    /// Why it cannot be written on, for those who ask meanwhile.
    trouble: Arc<OnceLock<String>>,
    bytes: Vec<u8>,
    /// Blocks of the bytes above, and their frames.
    held: [u64; 2],
    tape: Option<Tape>,
    /// Of the engine at hand, what the disk did not take.
    refused: [u64; 2],
    summary: Summary,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(sink: W, trouble: Arc<OnceLock<String>>) -> Self {
        let mut bytes = opening();
        Record::Header(Header::here()).write(&mut bytes);
        Self { sink, trouble, bytes, held: [0; 2], tape: None, refused: [0; 2], summary: Summary::default() }
    }

    /// Writes until it is told to finish, or nobody is left to tell.
    pub(crate) fn run(mut self, orders: &Receiver<Order>) -> Summary {
        loop {
            let order = orders.recv_timeout(LOOK);
            match order {
                Ok(Order::Begin(start, tape)) => {
                    self.end(Vec::new());
                    self.put(&Record::Start(start));
                    self.tape = Some(tape);
                }
                Ok(Order::Record(record)) => self.put(&record),
                Ok(Order::Look { node, path }) => self.put(&Record::File(look(node, &path))),
                Ok(Order::End(notes)) => self.end(notes),
                Ok(Order::Hurry) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => {
                    self.end(Vec::new());
                    return self.summary;
                }
            }
            self.drain();
        }
    }

    fn put(&mut self, record: &Record) {
        record.write(&mut self.bytes);
        if let Record::Block(block) = record {
            self.held = [self.held[0] + 1, self.held[1] + block.frames as u64];
        }
        if self.bytes.len() >= BATCH {
            self.flush();
        }
    }

    fn drain(&mut self) {
        while let Some(block) = self.tape.as_mut().and_then(Tape::next) {
            self.put(&Record::Block(block));
        }
        self.flush();
    }

    /// Hands on what has gathered. After an error nothing more is written: what is there stays readable.
    fn flush(&mut self) {
        if self.summary.error.is_none() {
            match self.sink.write_all(&self.bytes).and_then(|()| self.sink.flush()) {
                Ok(()) => {
                    self.summary.bytes += self.bytes.len() as u64;
                    (self.held, _) = ([0; 2], self.bytes.clear());
                    return;
                }
                Err(error) => {
                    self.summary.error = Some(error.to_string());
                    let _ = self.trouble.set(error.to_string());
                }
            }
        }
        self.refused = [self.refused[0] + self.held[0], self.refused[1] + self.held[1]];
        self.held = [0; 2];
        self.bytes.clear();
    }

    /// The engine at hand is done with, if there is one.
    fn end(&mut self, notes: Vec<String>) {
        self.drain();
        let Some(tape) = self.tape.take() else { return };
        let cells = &tape.cells;
        let [blocks, frames, missing_blocks, missing_frames] =
            [&cells.blocks, &cells.frames, &cells.missing_blocks, &cells.missing_frames]
                .map(|cell| cell.load(Ordering::Acquire));
        self.put(&Record::End(End { blocks, frames, missing_blocks, missing_frames, notes }));
        self.flush();
        self.summary.blocks += blocks;
        self.summary.frames += frames;
        self.summary.missing_blocks += missing_blocks + self.refused[0];
        self.summary.missing_frames += missing_frames + self.refused[1];
        self.refused = [0; 2];
    }
}

/// What can be said of a file without reading all of a long one.
pub(crate) fn look(node: String, path: &Path) -> FileSeen {
    // Opening anything else may wait for ever: a capture from elsewhere names what it likes.
    let regular = path.metadata().and_then(|found| match found.is_file() {
        true => File::open(path),
        false => Err(ErrorKind::InvalidInput.into()),
    });
    let seen = regular.and_then(|mut file| {
        let bytes = file.metadata()?.len();
        let mut hash = Hash::new();
        feed(&mut hash, &mut file, PART)?;
        if bytes > 2 * PART {
            file.seek(SeekFrom::End(-(PART as i64)))?;
        }
        feed(&mut hash, &mut file, PART)?;
        Ok((bytes, hash.finish()))
    });
    let (bytes, hash) = seen.map_or((None, 0), |(bytes, hash)| (Some(bytes), hash));
    FileSeen { node, path: path.to_string_lossy().into_owned(), bytes, hash }
}

fn feed(hash: &mut Hash, file: &mut File, most: u64) -> std::io::Result<()> {
    let (mut part, mut left) = (Vec::new(), most);
    while left > 0 {
        part.clear();
        // Whole parts, however the system portions them.
        (&mut *file).take(left.min(1 << 16)).read_to_end(&mut part)?;
        if part.is_empty() {
            break;
        }
        hash.bytes(&part);
        left -= part.len() as u64;
    }
    Ok(())
}
