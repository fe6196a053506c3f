//! Files that somebody left unfinished: what is wrong with them, and how to put it right.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::create::{create_parent, is_locked, without_links};
use crate::layout::{Layout, chunks_end, with_sizes};
use crate::part::PartFile;
use crate::reader::open_regular;
use crate::storage::write_all_at;
use crate::{Encoding, ReadError, Storage, WriteError, header};

/// Something wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The header was never completed, or comes from a pipe.
    #[error("the header does not say how many frames there are")]
    NoLength,
    /// The file was cut, or never had what the header promises.
    #[error("the header names {declared} bytes of samples, and the file has {present}")]
    Cut {
        /// Bytes of samples by the header.
        declared: u64,
        /// Bytes there are.
        present: u64,
    },
    /// The recorder died after its last look at the header, or counted past 4 GiB in 32 bits.
    #[error("{bytes} bytes of samples lie behind the end that the header names")]
    Behind {
        /// Bytes behind the end.
        bytes: u64,
    },
    /// The last frame is incomplete.
    #[error("the last frame has {bytes} bytes only, and is left out")]
    PartOfFrame {
        /// Bytes of it.
        bytes: u64,
    },
    /// What follows the samples (text, markers) is incomplete.
    #[error("{bytes} bytes behind the samples are no whole chunk, and are left out")]
    PartOfChunk {
        /// Bytes that belong to no whole chunk.
        bytes: u64,
    },
    /// The file's own size is not what the header says.
    #[error("the header gives the file another size than it has")]
    RiffSize,
    /// Samples of an odd number of bytes are to be followed by one more.
    #[error("the pad byte behind the samples is missing")]
    NoPad,
}

/// What is wrong with a file, and what would put it right: other sizes in the header, never other samples.
#[derive(Debug)]
pub struct Repair {
    path: PathBuf,
    rate: u32,
    channels: u16,
    encoding: Encoding,
    declared: Option<u64>,
    frames: u64,
    problems: Vec<Problem>,
    is_busy: bool,
    file_bytes: u64,
    data_start: u64,
    data_bytes: u64,
    /// Bytes of whole chunks behind the samples and their pad byte.
    chunk_bytes: u64,
    old: Vec<u8>,
    /// The header that the file gets in place; `None` when its sizes need room that is not there.
    new: Option<Vec<u8>>,
    copied: Vec<u8>,
}

impl Repair {
    /// Looks at a file and changes nothing.
    ///
    /// # Errors
    /// As [`FileReader::open`](crate::FileReader::open): what is no WAV file cannot be repaired.
    pub fn examine(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let file = open_regular(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
        let is_busy = is_locked(&file);
        let mut source = BufReader::new(file);
        let layout = Layout::read(&mut source)?;
        let found = Found::new(&mut source, &layout).map_err(|source| ReadError::Io { offset: 0, source })?;
        Ok(Self::new(path, &layout, found, is_busy))
    }

    fn new(path: &Path, layout: &Layout, found: Found, is_busy: bool) -> Self {
        let Found { data_bytes, chunk_bytes, mut problems, has_pad } = found;
        let head = &layout.head;
        let frame_bytes = u64::from(head.channels) * head.encoding.bytes() as u64;
        let frames = data_bytes / frame_bytes;
        let after = data_bytes % 2 + chunk_bytes;
        let riff_bytes = layout.bytes.len() as u64 - 8 + data_bytes + after;
        let needs_room = (layout.is_wide || riff_bytes > header::RIFF_LIMIT) && layout.sizes.is_none();
        let copied = with_sizes(layout, data_bytes, after, frames, needs_room);
        let expected_end = head.data_start + data_bytes + after;
        // The end without a pad byte that is missing is right, too.
        let is_end = |end: u64| end == expected_end || (!has_pad && end + 1 == expected_end);
        if problems.is_empty() && !head.file_end.is_some_and(is_end) {
            problems.push(Problem::RiffSize);
        }
        if !has_pad {
            problems.push(Problem::NoPad);
        }
        Self {
            path: path.to_owned(),
            rate: head.rate,
            channels: head.channels,
            encoding: head.encoding,
            declared: head.data_bytes.map(|bytes| bytes / frame_bytes),
            frames,
            problems,
            is_busy,
            file_bytes: layout.file_bytes,
            data_start: head.data_start,
            data_bytes,
            chunk_bytes,
            old: layout.bytes.clone(),
            new: (!needs_room).then(|| copied.clone()),
            copied,
        }
    }

    /// Frames per second, in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Samples per frame.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// How a sample is stored.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Frames by the header; `None` where it leaves that open.
    pub fn declared_frames(&self) -> Option<u64> {
        self.declared
    }

    /// Whole frames that there are.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// What is wrong; nothing, if the file is whole.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether the file can be repaired where it is. The sizes of more than 4 GiB need room in the header.
    pub fn fits_in_place(&self) -> bool {
        self.new.is_some()
    }

    /// Whether somebody is writing the file at the moment, as far as one can tell.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Puts the file right where it is: by a pad byte, if need be, and one write of the sizes in its header.
    ///
    /// # Errors
    /// [`WriteError::Busy`] when somebody writes it or it has changed since it was examined, [`WriteError::NoRoom`] when
    /// the sizes have no room, [`WriteError::Symlink`] for a link, [`WriteError::Create`] when the system refuses.
    pub fn write(&self) -> Result<(), WriteError> {
        let Some(new) = &self.new else { return Err(WriteError::NoRoom(self.path.clone())) };
        let failed = |source| WriteError::Create { path: self.path.clone(), source };
        if self.path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            return Err(WriteError::Symlink(self.path.clone()));
        }
        let mut file = without_links(OpenOptions::new().read(true).write(true)).open(&self.path).map_err(failed)?;
        self.check_unchanged(&mut file)?;
        let end = self.data_start + self.data_bytes;
        if self.data_bytes % 2 == 1 && end == self.file_bytes {
            write_all_at(&mut file, &[0], end).1.map_err(failed)?;
        }
        let differs = |at: &usize| self.old[*at] != new[*at];
        if let (Some(first), Some(last)) = ((0..new.len()).find(differs), (0..new.len()).rfind(differs)) {
            write_all_at(&mut file, &new[first..=last], first as u64).1.map_err(failed)?;
        }
        file.sync_all().map_err(failed)
    }

    /// Writes a repaired copy, which appears at its name when it is whole; the file stays as it is.
    ///
    /// # Errors
    /// As [`AtomicWriter`](crate::AtomicWriter): what is there already is replaced only with `overwrite`.
    pub fn copy(&self, to: impl AsRef<Path>, overwrite: bool) -> Result<(), WriteError> {
        let to = to.as_ref();
        create_parent(to)?;
        crate::create::check_target(to, overwrite)?;
        let mut part = PartFile::create(to, overwrite && to.symlink_metadata().is_ok())?;
        let failed = |source| WriteError::Create { path: to.to_owned(), source };
        let mut source = open_regular(&self.path).map_err(failed)?;
        self.check_unchanged(&mut source)?;
        self.copy_into(&mut source, &mut part).map_err(failed)?;
        part.sync().map_err(failed)?;
        part.place()
    }

    fn copy_into(&self, source: &mut File, part: &mut PartFile) -> io::Result<()> {
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            at += bytes.len() as u64;
            write_all_at(part, bytes, at - bytes.len() as u64).1
        };
        put(&self.copied)?;
        let mut piece = vec![0; 256 * 1024];
        let pad = self.data_bytes % 2;
        let end = self.data_start + self.data_bytes;
        for (from, bytes) in [(self.data_start, self.data_bytes), (end + pad, self.chunk_bytes)] {
            source.seek(SeekFrom::Start(from))?;
            let mut rest = source.take(bytes);
            loop {
                let got = rest.read(&mut piece)?;
                if got == 0 {
                    break;
                }
                put(&piece[..got])?;
            }
            if from == self.data_start && pad == 1 {
                put(&[0])?;
            }
        }
        Ok(())
    }

    /// Refuses a file that is being written, or is another one than was examined.
    fn check_unchanged(&self, file: &mut File) -> Result<(), WriteError> {
        let mut head = vec![0; self.old.len()];
        let same = file.metadata().is_ok_and(|found| found.len() == self.file_bytes)
            && file.read_exact(&mut head).is_ok()
            && head == self.old;
        if is_locked(file) || !same { Err(WriteError::Busy(self.path.clone())) } else { Ok(()) }
    }
}

/// What there is behind the header.
struct Found {
    data_bytes: u64,
    chunk_bytes: u64,
    problems: Vec<Problem>,
    /// False when a pad byte is due and the file ends without it.
    has_pad: bool,
}

impl Found {
    fn new<R: Read + Seek>(source: &mut R, layout: &Layout) -> io::Result<Self> {
        let head = &layout.head;
        let present = layout.file_bytes.saturating_sub(head.data_start);
        let Some(declared) = head.data_bytes else {
            return Ok(Self::samples_only(layout, present, Some(Problem::NoLength)));
        };
        if declared > present {
            return Ok(Self::samples_only(layout, present, Some(Problem::Cut { declared, present })));
        }
        let pad = (declared % 2).min(present - declared);
        let end = head.data_start + declared + pad;
        if end == layout.file_bytes {
            return Ok(Self::samples_only(layout, declared, None));
        }
        let chunks_end = chunks_end(source, end, layout.file_bytes)?;
        // Beyond what the file calls its own, anything but chunks and a tag of another kind is samples.
        let is_last = head.file_end.is_none_or(|file_end| file_end <= end);
        let is_whole = chunks_end == layout.file_bytes;
        let bytes = present - declared;
        // Less than a frame, behind whole ones: what a killed recorder or a repair leaves, and nothing is to be had of it.
        let frame_bytes = u64::from(head.channels) * head.encoding.bytes() as u64;
        let is_scrap = bytes < frame_bytes && declared.is_multiple_of(frame_bytes);
        let are_samples = !is_whole && (is_last || declared == 0) && !(is_last && is_scrap);
        if are_samples && !is_tag(source, end, layout.file_bytes)? {
            let problem = if declared == 0 { Problem::NoLength } else { Problem::Behind { bytes } };
            return Ok(Self::samples_only(layout, present, Some(problem)));
        }
        // What lies beyond the end that the header gives the file is nobody's, and harmless.
        let claimed = head.file_end.is_some_and(|file_end| file_end > chunks_end);
        let rest = layout.file_bytes - chunks_end;
        let cut = (!is_whole && claimed).then_some(Problem::PartOfChunk { bytes: rest });
        let problems = cut.into_iter().collect();
        Ok(Self { data_bytes: declared, chunk_bytes: chunks_end - end, problems, has_pad: true })
    }

    /// Nothing but `bytes` of samples, of which only whole frames count.
    fn samples_only(layout: &Layout, bytes: u64, problem: Option<Problem>) -> Self {
        let frame_bytes = u64::from(layout.head.channels) * layout.head.encoding.bytes() as u64;
        let part = bytes % frame_bytes;
        let data_bytes = bytes - part;
        // Behind the odd bytes of a killed recorder, its own pad byte is no part of a frame.
        let is_pad = part == 1 && data_bytes % 2 == 1;
        let cut = (part > 0 && !is_pad).then_some(Problem::PartOfFrame { bytes: part });
        let has_pad = data_bytes.is_multiple_of(2) || layout.file_bytes > layout.head.data_start + data_bytes;
        Self { data_bytes, chunk_bytes: 0, problems: problem.into_iter().chain(cut).collect(), has_pad }
    }
}

/// Whether the rest of the file is an ID3v1 tag, which stands outside of all chunks.
fn is_tag<R: Read + Seek>(source: &mut R, from: u64, file_bytes: u64) -> io::Result<bool> {
    if file_bytes - from != 128 {
        return Ok(false);
    }
    let mut id = [0; 3];
    source.seek(SeekFrom::Start(from))?;
    source.read_exact(&mut id)?;
    Ok(id == *b"TAG")
}
