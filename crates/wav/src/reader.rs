//! Frames out of WAV, RF64 and BW64, from files and pipes, whole or cut.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::convert::{decode, decode_planar};
use crate::create::lock_to_read;
use crate::parse::{Head, parse, read_as_far, skip_by_reading};
use crate::source::shape;
use crate::{Encoding, ReadError};

/// Samples are converted in pieces of about this many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// A reader for a file on disk.
pub type FileReader = Reader<BufReader<File>>;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Frames per second, in Hz.
    pub rate: u32,
    /// Samples per frame.
    pub channels: u16,
    /// How a sample is stored.
    pub encoding: Encoding,
    /// Frames there are. From a pipe: what the header promises (it may end sooner), `None` when it leaves that open.
    pub frames: Option<u64>,
}

/// Reads frames from RIFF, RF64 or BW64: PCM of 8 to 32 bits, floats of 32 and 64.
///
/// A file that a killed recorder or a pipe left without a length (0, all ones, or past the end) is read to its end, in
/// whole frames. Memory is bounded whatever the header says.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    info: Info,
    /// Offset of the first sample from the source's start, in bytes.
    data_start: u64,
    position: u64,
    /// Frames still to come; `None` when only the source's end will tell.
    left: Option<u64>,
    /// Frames that the header names; `None` when it names none that were ever meant.
    promised: Option<u64>,
    /// Frames of these that are known to be missing.
    missing: u64,
    piece: Vec<u8>,
}

impl FileReader {
    /// Opens a file. On Unix no [`FileWriter`](crate::FileWriter) replaces it until the reader is dropped.
    ///
    /// # Errors
    /// [`ReadError::Open`] when the system refuses or it is no regular file (a pipe is read by
    /// [`from_stream`](Reader::from_stream)), and those of [`Reader::new`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let file = open_regular(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
        lock_to_read(&file);
        Self::new(BufReader::new(file))
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the header of a seekable source, from where it stands.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] or [`ReadError::Malformed`] when it is no WAV file that can be read, with the byte
    /// offset; [`ReadError::Io`] when the source fails.
    pub fn new(mut source: R) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Io { offset: 0, source };
        let start = source.stream_position().map_err(failed)?;
        let end = source.seek(SeekFrom::End(0)).map_err(failed)?;
        source.seek(SeekFrom::Start(start)).map_err(failed)?;
        let head = parse(&mut source, &mut |source, bytes| {
            let bytes = bytes.min(end.saturating_sub(source.stream_position()?));
            source.seek_relative(bytes as i64)?;
            Ok(bytes)
        })?;
        let data_bytes = data_bytes(&head, Some(end.saturating_sub(start)));
        Ok(Self::after(source, &head, start, data_bytes))
    }

    /// Goes to a frame; the next read starts there. The end itself is a frame to go to.
    ///
    /// # Errors
    /// [`ReadError::PastEnd`] when there are fewer frames, [`ReadError::Io`] when the source fails; the position is
    /// unchanged after the first, and the end after the second.
    pub fn seek(&mut self, frame: u64) -> Result<(), ReadError> {
        let frames = self.info.frames.unwrap_or(u64::MAX);
        if frame > frames {
            return Err(ReadError::PastEnd { frame, frames });
        }
        let offset = self.data_start.saturating_add(frame.saturating_mul(self.frame_bytes() as u64));
        self.left = Some(0);
        self.source.seek(SeekFrom::Start(offset)).map_err(|source| ReadError::Io { offset, source })?;
        self.position = frame;
        self.left = self.info.frames.map(|frames| frames - frame);
        Ok(())
    }
}

impl<R: Read> Reader<R> {
    /// Reads the header of a source that cannot seek, as standard input.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] or [`ReadError::Malformed`] when it is no WAV file that can be read, with the byte
    /// offset; [`ReadError::Io`] when the source fails.
    pub fn from_stream(mut source: R) -> Result<Self, ReadError> {
        let head = parse(&mut source, &mut skip_by_reading)?;
        let data_bytes = data_bytes(&head, None);
        Ok(Self::after(source, &head, 0, data_bytes))
    }

    /// What the file holds.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Frames that the header promises and that are not there: the source was cut short. Of a pipe this is known once it
    /// was read to its end. Sizes that stand for none (0, all ones, just below 2 or 4 GiB), as killed recorders and pipes
    /// leave them, promise nothing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The frame the next read starts at.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Reads frames, their samples side by side, and says how many: fewer than `out` holds only at the end, then 0.
    ///
    /// What `out` (frames × channels) holds beyond its last whole frame stays as it is. Samples come as stored: floats
    /// may be beyond ±1, infinite or NaN.
    ///
    /// # Errors
    /// [`ReadError::Io`] when the source fails; it is at its end then, unless seeking brings it back.
    pub fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        let channels = usize::from(self.info.channels);
        self.read_pieces(out.len() / channels, |encoding, bytes, done| {
            let samples = bytes.len() / encoding.bytes();
            decode(encoding, bytes, &mut out[done * channels..][..samples]);
        })
    }

    /// As [`read_interleaved`](Self::read_interleaved), into one slice per channel, all of one length: channels × frames.
    ///
    /// # Errors
    /// As [`read_interleaved`](Self::read_interleaved).
    ///
    /// # Panics
    /// If there is not one slice per channel, or they differ in length.
    pub fn read_planar(&mut self, planes: &mut [&mut [f32]]) -> Result<usize, ReadError> {
        let (channels, frames) = shape(planes, usize::from(self.info.channels));
        self.read_pieces(frames, |encoding, bytes, done| {
            let frames = bytes.len() / encoding.bytes() / channels;
            if let [left, right] = planes {
                // By far the most common: no list of slices is made.
                return decode_planar(
                    encoding,
                    bytes,
                    &mut [&mut left[done..][..frames], &mut right[done..][..frames]],
                );
            }
            let mut planes: Vec<&mut [f32]> = planes.iter_mut().map(|plane| &mut plane[done..][..frames]).collect();
            decode_planar(encoding, bytes, &mut planes);
        })
    }

    /// Reads up to `asked` frames and gives their bytes to `take`, in pieces, with the frames before them.
    fn read_pieces(&mut self, asked: usize, mut take: impl FnMut(Encoding, &[u8], usize)) -> Result<usize, ReadError> {
        let frame_bytes = self.frame_bytes();
        let wanted = self.left.map_or(asked as u64, |left| left.min(asked as u64)) as usize;
        let mut done = 0;
        while done < wanted {
            let bytes = (wanted - done).min(self.piece.len() / frame_bytes) * frame_bytes;
            let got = self.fill(bytes)?;
            let frames = got / frame_bytes;
            take(self.info.encoding, &self.piece[..frames * frame_bytes], done);
            self.position += frames as u64;
            self.left = self.left.map(|left| left - frames as u64);
            done += frames;
            if got < bytes {
                self.left = Some(0);
                self.missing = self.promised.map_or(0, |promised| promised.saturating_sub(self.position));
                break;
            }
        }
        Ok(done)
    }

    fn fill(&mut self, bytes: usize) -> Result<usize, ReadError> {
        let (done, result) = read_as_far(&mut self.source, &mut self.piece[..bytes]);
        result.map(|()| done).map_err(|source| {
            self.left = Some(0);
            let offset = self.data_start + self.position * self.frame_bytes() as u64 + done as u64;
            ReadError::Io { offset, source }
        })
    }

    fn after(source: R, head: &Head, start: u64, data_bytes: Option<u64>) -> Self {
        let frame_bytes = usize::from(head.channels) * head.encoding.bytes();
        let frames = data_bytes.map(|bytes| bytes / frame_bytes as u64);
        let promised = head.data_bytes.filter(|&bytes| !is_placeholder(bytes)).map(|bytes| bytes / frame_bytes as u64);
        let missing = promised.zip(frames).map_or(0, |(promised, frames)| promised.saturating_sub(frames));
        Self {
            source,
            info: Info { rate: head.rate, channels: head.channels, encoding: head.encoding, frames },
            data_start: start + head.data_start,
            position: 0,
            left: frames,
            promised,
            missing,
            piece: vec![0; (PIECE_BYTES / frame_bytes).max(1) * frame_bytes],
        }
    }

    fn frame_bytes(&self) -> usize {
        usize::from(self.info.channels) * self.info.encoding.bytes()
    }
}

/// Opens a file that can be rewound. Never waits, as opening a pipe would that nobody writes to.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = at_once(OpenOptions::new().read(true)).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
    }
}

#[cfg(unix)]
fn at_once(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
}

#[cfg(not(unix))]
fn at_once(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Whether a size of the samples is one that programs write who do not know it: the largest of 31 or 32 bits, or some
/// whole frames or pages below.
fn is_placeholder(bytes: u64) -> bool {
    const BELOW: u64 = 4096;
    [1_u64 << 31, 1 << 32].iter().any(|&end| (end - BELOW..=end).contains(&bytes))
}

/// How many bytes of samples there are: what the header says, as far as it can be believed.
///
/// A size of 0 is what a killed recorder leaves, unless the file's own size agrees that nothing, or only other chunks,
/// follow.
fn data_bytes(head: &Head, file_bytes: Option<u64>) -> Option<u64> {
    let available = file_bytes.map(|bytes| bytes.saturating_sub(head.data_start));
    let empty_on_purpose = match (head.file_end, file_bytes) {
        (Some(end), Some(bytes)) => end == bytes,
        (Some(end), None) => end > head.data_start,
        (None, _) => false,
    };
    let declared = head.data_bytes.filter(|&bytes| bytes > 0 || empty_on_purpose);
    match (declared, available) {
        (Some(declared), Some(available)) => Some(declared.min(available)),
        (declared, available) => declared.or(available),
    }
}
