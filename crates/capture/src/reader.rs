//! Records in bytes, and out of bytes that anybody may have written.
//!
//! After `PLCAPTUR` and the version (4 bytes) each record is: its length in bytes, its kind, a check of both and of what
//! follows (4 bytes each), and so many bytes. All numbers have their lowest byte first.

use std::fmt;
use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::BlockRecord;
use crate::hash::Hash;
use crate::record::{MAGIC, OLDEST, Record, VERSION};

/// The most bytes of a record: no block can have more.
const MOST_BYTES: u32 = 1 << 29;
/// The most bytes of a record that is no block: a patch has at most 1 MiB, and escapes may blow it up.
const MOST_WORDS: u32 = 1 << 25;

const HEADER: u32 = 1;
const START: u32 = 2;
const CALL: u32 = 3;
const BLOCK: u32 = 4;
const NOTE: u32 = 5;
const FILE: u32 = 6;
const END: u32 = 7;

/// How a capture's file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was finished.
    Whole,
    /// Whoever wrote it was ended: all that is before this byte is whole.
    Cut {
        /// Where the last whole record ends, in bytes.
        at: u64,
    },
    /// What follows this byte is damaged; all before it is whole.
    Damaged {
        /// Where the last whole record ends, in bytes.
        at: u64,
        /// What is wrong with the next one.
        why: &'static str,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => write!(f, "whole"),
            Self::Cut { at } => write!(f, "cut off after byte {at}: all before that is whole"),
            Self::Damaged { at, why } => {
                write!(f, "damaged: the record at byte {at} cannot be used, {why}; all before that is whole")
            }
        }
    }
}

/// The first bytes of a file.
pub(crate) fn opening() -> Vec<u8> {
    [MAGIC.as_slice(), &VERSION.to_le_bytes()].concat()
}

impl Record {
    /// Appends its bytes.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        bytes.extend([0; 12]);
        let kind = match self {
            Self::Header(record) => json(HEADER, record, bytes),
            Self::Start(record) => json(START, record, bytes),
            Self::Call(record) => json(CALL, record, bytes),
            Self::Note(record) => json(NOTE, record, bytes),
            Self::File(record) => json(FILE, record, bytes),
            Self::End(record) => json(END, record, bytes),
            Self::Block(record) => {
                record.write(bytes);
                BLOCK
            }
        };
        let length = (bytes.len() - start - 12) as u32;
        let check = check(length, kind, &bytes[start + 12..]);
        for (place, word) in [length, kind, check].into_iter().enumerate() {
            bytes[start + 4 * place..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }

    fn read(kind: u32, bytes: &[u8]) -> Option<Self> {
        match kind {
            HEADER => of_json(bytes).map(Self::Header),
            START => of_json(bytes).map(Self::Start),
            CALL => of_json(bytes).map(Self::Call),
            BLOCK => BlockRecord::read(bytes).map(Self::Block),
            NOTE => of_json(bytes).map(Self::Note),
            FILE => of_json(bytes).map(Self::File),
            END => of_json(bytes).map(Self::End),
            _ => None,
        }
    }
}

/// A record of this kind (1 header, 2 start, 3 told, 4 block, 5 note, 6 file, 7 end) as it stands in a file, with a check
/// that is right: for those who try what a reader does about records that are wrong.
#[doc(hidden)]
#[must_use]
pub fn seal(kind: u32, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let head = [length, kind, check(length, kind, bytes)].map(u32::to_le_bytes);
    [head.as_flattened(), bytes].concat()
}

fn json(kind: u32, record: &impl Serialize, bytes: &mut Vec<u8>) -> u32 {
    serde_json::to_writer(bytes, record).expect("texts and numbers can be written into memory");
    kind
}

fn of_json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

fn check(length: u32, kind: u32, bytes: &[u8]) -> u32 {
    let mut hash = Hash::new();
    hash.bytes(&length.to_le_bytes());
    hash.bytes(&kind.to_le_bytes());
    hash.bytes(bytes);
    let whole = hash.finish();
    (whole ^ whole >> 32) as u32
}

/// Reads records one after the other.
pub(crate) struct Records<R> {
    source: R,
    at: u64,
    bytes: Vec<u8>,
    ended: bool,
    broken: Option<Ending>,
}

/// What stands at the beginning of a file that is to be a capture.
pub(crate) enum Opening<R> {
    Capture(Records<R>),
    OtherVersion(u32),
    Other,
}

/// Looks at the first bytes.
pub(crate) fn open<R: Read>(mut source: R) -> io::Result<Opening<R>> {
    let mut first = Vec::new();
    source.by_ref().take(12).read_to_end(&mut first)?;
    Ok(match first.split_first_chunk::<8>() {
        Some((magic, version)) if magic == MAGIC && version.len() == 4 => {
            match u32::from_le_bytes([version[0], version[1], version[2], version[3]]) {
                OLDEST..=VERSION => {
                    Opening::Capture(Records { source, at: 12, bytes: Vec::new(), ended: false, broken: None })
                }
                other => Opening::OtherVersion(other),
            }
        }
        _ => Opening::Other,
    })
}

impl<R: Read> Records<R> {
    /// The next record; none after the last whole one.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        if self.broken.is_some() {
            return Ok(None);
        }
        self.bytes.clear();
        self.source.by_ref().take(12).read_to_end(&mut self.bytes)?;
        if self.bytes.is_empty() {
            self.broken = Some(if self.ended { Ending::Whole } else { Ending::Cut { at: self.at } });
            return Ok(None);
        }
        let Some((length, kind, expected)) = self.head() else { return Ok(self.stop(Ending::Cut { at: self.at })) };
        let most = if kind == BLOCK { MOST_BYTES } else { MOST_WORDS };
        if length > most {
            return Ok(self.damaged("it is longer than any record can be"));
        }
        self.bytes.clear();
        // Grows with what is there, whatever the length says.
        self.source.by_ref().take(u64::from(length)).read_to_end(&mut self.bytes)?;
        if self.bytes.len() < length as usize {
            return Ok(self.stop(Ending::Cut { at: self.at }));
        }
        if check(length, kind, &self.bytes) != expected {
            return Ok(self.damaged("its bytes are not those that were written"));
        }
        let Some(record) = Record::read(kind, &self.bytes) else {
            return Ok(self.damaged("it says nothing that a run can have written"));
        };
        self.at += 12 + u64::from(length);
        self.ended = matches!(record, Record::End(_));
        Ok(Some(record))
    }

    fn head(&self) -> Option<(u32, u32, u32)> {
        let word = |index: usize| {
            let bytes = self.bytes.get(4 * index..)?.first_chunk::<4>()?;
            Some(u32::from_le_bytes(*bytes))
        };
        Some((word(0)?, word(1)?, word(2)?))
    }

    fn damaged(&mut self, why: &'static str) -> Option<Record> {
        self.stop(Ending::Damaged { at: self.at, why })
    }

    fn stop(&mut self, ending: Ending) -> Option<Record> {
        self.broken = Some(ending);
        None
    }

    /// Bytes up to the end of the last whole record.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// How it ended, once there is no next record.
    pub(crate) fn ending(&self) -> Ending {
        self.broken.unwrap_or(Ending::Cut { at: self.at })
    }
}
