//! Where in a file the parts of its header are, and whether what follows the samples is whole.

use std::io::{self, Read, Seek, SeekFrom};

use crate::header::DS64_BYTES;
use crate::parse::{Head, parse, read_full};
use crate::{ReadError, header};

/// The longest header that is looked into: some hold pictures.
const MOST_HEADER_BYTES: u64 = 64 * 1024 * 1024;

/// A file taken apart.
pub(crate) struct Layout {
    pub(crate) head: Head,
    /// Everything in front of the samples.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is RF64 or BW64.
    pub(crate) is_wide: bool,
    /// Offset of a chunk right behind `WAVE` that holds the 64-bit sizes, or could.
    pub(crate) sizes: Option<usize>,
    /// Offset of the number of frames in a `fact` chunk.
    pub(crate) fact: Option<usize>,
    pub(crate) file_bytes: u64,
}

impl Layout {
    pub(crate) fn read<R: Read + Seek>(source: &mut R) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Io { offset: 0, source };
        let file_bytes = source.seek(SeekFrom::End(0)).map_err(failed)?;
        source.rewind().map_err(failed)?;
        let head = parse(source, &mut |source, bytes| {
            let bytes = bytes.min(file_bytes.saturating_sub(source.stream_position()?));
            source.seek_relative(bytes as i64)?;
            Ok(bytes)
        })?;
        if head.data_start > MOST_HEADER_BYTES {
            let what = format!("the samples come after {} bytes of header", head.data_start);
            return Err(crate::parse::malformed(head.data_start, what));
        }
        source.rewind().map_err(failed)?;
        let mut bytes = vec![0; head.data_start as usize];
        read_full(source, &mut bytes).map_err(failed)?;
        let is_wide = bytes[..4] != *b"RIFF";
        let sizes = match &bytes[12..16] {
            b"ds64" | b"JUNK" | b"junk" => (size_at(&bytes, 16) >= DS64_BYTES).then_some(12),
            _ => None,
        };
        let fact = find(&bytes, b"fact");
        Ok(Self { head, is_wide, sizes, fact, file_bytes, bytes })
    }
}

/// The body of a chunk in front of the samples.
fn find(bytes: &[u8], id: &[u8; 4]) -> Option<usize> {
    let mut at = 12;
    while at + 12 <= bytes.len() {
        if bytes[at..at + 4] == *id {
            return Some(at + 8);
        }
        at = at.checked_add(8 + size_at(bytes, at + 4) as usize)?.next_multiple_of(2);
    }
    None
}

fn size_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// How far whole chunks follow each other from `from` on: the end of the last one, `from` itself if there is none.
pub(crate) fn chunks_end<R: Read + Seek>(source: &mut R, from: u64, file_bytes: u64) -> io::Result<u64> {
    let mut at = from;
    while at + 8 <= file_bytes {
        let mut head = [0; 8];
        source.seek(SeekFrom::Start(at))?;
        read_full(source, &mut head)?;
        let named = head[..4].iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let end = at + 8 + u64::from(size_at(&head, 4));
        if !named || end > file_bytes {
            break;
        }
        // Some leave out the last pad byte.
        at = (end + end % 2).min(file_bytes);
    }
    Ok(at)
}

/// What is to be put in place of the sizes: a header of the same length, or, with `insert`, one with room for them.
pub(crate) fn with_sizes(layout: &Layout, data_bytes: u64, after: u64, frames: u64, insert: bool) -> Vec<u8> {
    let mut out = layout.bytes.clone();
    if insert {
        let mut room = Vec::new();
        header::chunk(&mut room, b"JUNK", DS64_BYTES);
        room.resize(8 + DS64_BYTES as usize, 0);
        out.splice(12..12, room);
    }
    let riff_bytes = out.len() as u64 - 8 + data_bytes + after;
    let data_size = out.len() - 4;
    let wide = layout.is_wide || riff_bytes > header::RIFF_LIMIT;
    let narrow = |size: u64| if wide { header::UNKNOWN } else { size as u32 };
    out[4..8].copy_from_slice(&narrow(riff_bytes).to_le_bytes());
    out[data_size..].copy_from_slice(&narrow(data_bytes).to_le_bytes());
    if wide {
        if !layout.is_wide {
            out[..4].copy_from_slice(b"RF64");
        }
        out[12..16].copy_from_slice(b"ds64");
        for (at, value) in [(20, riff_bytes), (28, data_bytes), (36, frames)] {
            out[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
    if let Some(fact) = layout.fact {
        let fact = fact + out.len() - layout.bytes.len();
        out[fact..fact + 4].copy_from_slice(&(u32::try_from(frames).unwrap_or(header::UNKNOWN)).to_le_bytes());
    }
    out
}
