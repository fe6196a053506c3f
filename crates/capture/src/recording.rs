//! A capture's file, read.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::reader::{Opening, Records, open};
use crate::record::{Call, End, FileSeen, Header, Note, Record, Start, VERSION};
use crate::{Ending, ReplayError};

/// A capture, without its blocks: those are read as they are replayed.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(crate) path: PathBuf,
    /// What made it.
    pub header: Option<Header>,
    /// What the engines played, one after the other.
    pub takes: Vec<Take>,
    /// How the file ends.
    pub ending: Ending,
    /// Its size in bytes, up to the end of the last whole record.
    pub bytes: u64,
}

/// What one engine played.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    /// What it played on.
    pub start: Start,
    /// What it was told, in order.
    pub calls: Vec<Call>,
    /// The files that its nodes read.
    pub files: Vec<FileSeen>,
    /// What happened to the device.
    pub notes: Vec<Note>,
    /// Its end, where that was written.
    pub end: Option<End>,
    /// Blocks in the file.
    pub blocks: u64,
    /// Their frames.
    pub frames: u64,
    /// Blocks that did not follow the one before.
    pub discontinuities: u64,
    /// The shortest block and the longest, in frames.
    pub block_frames: (usize, usize),
    /// Blocks that are missing, and their frames.
    pub missing: (u64, u64),
}

impl Recording {
    /// Reads everything but samples.
    ///
    /// # Errors
    /// A file that cannot be read, or is no capture. One that was cut off, or is damaged further on, is read up to there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReplayError> {
        let path = path.as_ref().to_owned();
        let mut records = records(&path)?;
        let mut recording =
            Self { path: path.clone(), header: None, takes: Vec::new(), ending: Ending::Whole, bytes: 0 };
        while let Some(record) = next(&mut records, &path)? {
            recording.take_in(record);
        }
        recording.ending = records.ending();
        recording.bytes = records.at();
        Ok(recording)
    }

    fn take_in(&mut self, record: Record) {
        match (record, self.takes.last_mut()) {
            (Record::Header(header), _) => self.header = Some(header),
            (Record::Start(start), _) => self.takes.push(Take::new(start)),
            (Record::Call(call), Some(take)) => take.calls.push(call),
            (Record::File(file), Some(take)) => take.files.push(file),
            (Record::Note(note), Some(take)) => take.notes.push(note),
            (Record::End(end), Some(take)) => {
                let [blocks, frames] = [end.missing_blocks, end.missing_frames];
                take.missing = (take.missing.0.max(blocks), take.missing.1.max(frames));
                take.end = Some(end);
            }
            (Record::Block(block), Some(take)) => {
                take.blocks += 1;
                take.frames = take.frames.saturating_add(block.frames as u64);
                take.discontinuities += u64::from(block.discontinuity);
                let (shortest, longest) = take.block_frames;
                take.block_frames = (shortest.min(block.frames), longest.max(block.frames));
                let (blocks, frames) = take.missing;
                take.missing =
                    (blocks.saturating_add(block.missing_blocks), frames.saturating_add(block.missing_frames));
            }
            // Before any engine there is nothing that it could belong to.
            (_, None) => {}
        }
    }
}

impl Take {
    fn new(start: Start) -> Self {
        Self {
            start,
            calls: Vec::new(),
            files: Vec::new(),
            notes: Vec::new(),
            end: None,
            blocks: 0,
            frames: 0,
            discontinuities: 0,
            block_frames: (usize::MAX, 0),
            missing: (0, 0),
        }
    }
}

/// The records of a file.
pub(crate) fn records(path: &Path) -> Result<Records<BufReader<File>>, ReplayError> {
    let failed = |source| ReplayError::Read { path: path.to_owned(), source };
    // A pipe would be waited for.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(ReplayError::NoFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    match open(BufReader::with_capacity(1 << 18, file)).map_err(failed)? {
        Opening::Capture(records) => Ok(records),
        Opening::OtherVersion(found) => Err(ReplayError::Version { found, known: VERSION }),
        Opening::Other => Err(ReplayError::NoCapture(path.to_owned())),
    }
}

/// The next of them.
pub(crate) fn next(records: &mut Records<BufReader<File>>, path: &Path) -> Result<Option<Record>, ReplayError> {
    records.next().map_err(|source| ReplayError::Read { path: path.to_owned(), source })
}
