//! Frames in, a file that is readable at any moment out.

use std::io;

use crate::convert::Encoder;
use crate::storage::write_all_at;
use crate::{Broadcast, Format, Storage, WriteError, header};

/// Frames gather up to this many bytes before they are written: of a quarter of that, the system takes half as long again
/// for a long file, and much more leaves the nearer caches.
const BUFFER_BYTES: usize = 256 * 1024;
/// Zero bytes are silence in every subtype.
static ZEROS: [u8; BUFFER_BYTES] = [0; BUFFER_BYTES];

/// Writes frames to a [`Storage`].
///
/// Frames gather in a buffer of 256 KiB; [`checkpoint`](Self::checkpoint) writes them and the header, so a recorder
/// calls it every 100 ms or so. Dropping the writer finishes the file, too, but swallows errors.
///
/// After an error the file is whole up to its last frame and the writer stays usable: what is written next follows
/// there. The books balance: frames handed over = frames in the file + frames the errors named lost + buffered ones.
#[derive(Debug)]
pub struct Writer<S: Storage> {
    storage: S,
    format: Format,
    /// Chunks of the header between the sizes and the format.
    extra: Vec<u8>,
    riff_limit: u64,
    /// Whole frames, encoded: the first `filled` bytes.
    buffer: Box<[u8]>,
    filled: usize,
    encoder: Encoder,
    handed_over: u64,
    /// Frames in the file, skipped ones included.
    written: u64,
    /// Frames of `written` that were skipped.
    skipped: u64,
    /// Frames to be skipped before the buffer.
    ahead: u64,
    lost: u64,
    closed: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Frames in the file.
    pub frames: u64,
    /// Frames handed over that the errors on the way named lost.
    pub lost: u64,
    /// Samples handed over beyond full scale, held there; always 0 for `FLOAT`.
    pub clipped: u64,
    /// Samples handed over that were NaN or infinite, written as 0; always 0 for `FLOAT`, which keeps them.
    pub non_finite: u64,
    /// Size of the file, header and padding included.
    pub bytes: u64,
}

impl<S: Storage> Writer<S> {
    /// Writes the header of an empty file to `storage`, which is empty.
    ///
    /// # Errors
    /// [`WriteError::Format`] when the format cannot be written, [`WriteError::Update`] when the storage fails.
    pub fn new(storage: S, format: Format) -> Result<Self, WriteError> {
        Self::with_chunks(storage, format, Vec::new())
    }

    /// As [`new`](Self::new), and says in the header where the file comes from and when it began.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_broadcast(storage: S, format: Format, broadcast: &Broadcast) -> Result<Self, WriteError> {
        Self::with_chunks(storage, format, broadcast.chunk())
    }

    fn with_chunks(mut storage: S, format: Format, extra: Vec<u8>) -> Result<Self, WriteError> {
        format.check()?;
        let first = match S::REWRITABLE {
            true => header::sized(&format, &extra, 0, 0, header::RIFF_LIMIT),
            false => header::unsized_(&format, &extra),
        };
        let (_, result) = write_all_at(&mut storage, &first, 0);
        result.map_err(|source| WriteError::Update { written: 0, source })?;
        Ok(Self {
            storage,
            format,
            extra,
            riff_limit: header::RIFF_LIMIT,
            buffer: vec![0; (BUFFER_BYTES / format.frame_bytes()).max(1) * format.frame_bytes()].into(),
            filled: 0,
            encoder: Encoder::new(format.subtype),
            handed_over: 0,
            written: 0,
            skipped: 0,
            ahead: 0,
            lost: 0,
            closed: false,
        })
    }

    /// Turns into RF64 when the RIFF size (the file's, less 8 bytes) passes `bytes` instead of 4 GiB − 2.
    ///
    /// For tests of readers: a small RF64 file. A limit above 4 GiB − 2 is lowered to it.
    pub fn rf64_above(&mut self, bytes: u64) {
        self.riff_limit = bytes.min(header::RIFF_LIMIT);
    }

    /// What the file holds.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Where in the file the next frame will stand, if the storage takes it: after those in the file, those that are
    /// [skipped](Self::skip) and those in the buffer.
    pub fn frames(&self) -> u64 {
        self.handed_over - self.lost + self.skipped()
    }

    /// Frames skipped so far, with those that no other frame has followed yet.
    pub fn skipped(&self) -> u64 {
        self.skipped + self.ahead
    }

    /// Samples handed over so far beyond full scale, held there; always 0 for `FLOAT`.
    pub fn clipped(&self) -> u64 {
        self.encoder.changed.clipped
    }

    /// Size of the file, in bytes, once the buffer is written.
    pub fn bytes(&self) -> u64 {
        let data_bytes = self.frames() * self.format.frame_bytes() as u64;
        let pad = if S::REWRITABLE { data_bytes % 2 } else { 0 };
        self.header_bytes() + data_bytes + pad
    }

    /// Writes frames, their samples side by side: frames × channels.
    ///
    /// # Errors
    /// [`WriteError::Shape`] when `samples` are no whole frames (nothing is written then), [`WriteError::Frames`] when
    /// the storage fails.
    pub fn write_interleaved(&mut self, samples: &[f32]) -> Result<(), WriteError> {
        let channels = usize::from(self.format.channels);
        if !samples.len().is_multiple_of(channels) {
            let what = format!("{} samples are no whole frames of {channels} channels", samples.len());
            return Err(WriteError::Shape(what));
        }
        self.handed_over += (samples.len() / channels) as u64;
        let result = self.push(samples);
        self.account(result)
    }

    /// Writes frames, one slice per channel: channels × frames.
    ///
    /// # Errors
    /// [`WriteError::Shape`] when there is not one slice per channel or they differ in length (nothing is written
    /// then), [`WriteError::Frames`] when the storage fails.
    pub fn write_planar(&mut self, planes: &[&[f32]]) -> Result<(), WriteError> {
        let channels = usize::from(self.format.channels);
        if planes.len() != channels {
            let what = format!("{} slices for {channels} channels", planes.len());
            return Err(WriteError::Shape(what));
        }
        let frames = planes[0].len();
        if planes.iter().any(|plane| plane.len() != frames) {
            return Err(WriteError::Shape("the channels differ in length".to_owned()));
        }
        self.handed_over += frames as u64;
        let result = self.push_planar(planes, frames);
        self.account(result)
    }

    /// Writes `frames` of digital silence, as for a gap in what was recorded.
    ///
    /// # Errors
    /// [`WriteError::Frames`] when the storage fails.
    pub fn write_silence(&mut self, frames: u64) -> Result<(), WriteError> {
        self.handed_over += frames;
        let result = self.push_silence(frames);
        self.account(result)
    }

    /// Leaves a gap of `frames`, which reads as digital silence and takes no room where the file system knows holes.
    ///
    /// It is part of the file as soon as a frame follows it, or by [`fill`](Self::fill): a file never ends with a gap
    /// that nothing came after. The buffer is written first, so what the storage refuses stands before the gap.
    ///
    /// # Errors
    /// [`WriteError::Frames`] when the storage fails; the gap is left all the same.
    pub fn skip(&mut self, frames: u64) -> Result<(), WriteError> {
        let result = self.write_out();
        self.ahead += frames;
        result
    }

    /// Makes the gap at the end, if there is one, part of the file.
    ///
    /// # Errors
    /// [`WriteError::Frames`] when the storage fails at what is in the buffer, [`WriteError::Update`] when it fails at
    /// the gap, which stays ahead then.
    pub fn fill(&mut self) -> Result<(), WriteError> {
        self.write_out()?;
        let frames = self.ahead;
        self.pass(frames).map_err(|source| self.stale(source))
    }

    /// Frames at the end that are skipped and not part of the file yet.
    pub fn ahead(&self) -> u64 {
        if self.filled == 0 { self.ahead } else { 0 }
    }

    /// Writes the buffer, and leaves the header as it is.
    ///
    /// # Errors
    /// [`WriteError::Frames`] when the storage fails.
    pub fn write_out(&mut self) -> Result<(), WriteError> {
        let result = self.drain();
        self.account(result)
    }

    /// Writes the buffer and brings the header up to date: a reader sees every frame from now on, even if this
    /// process is killed.
    ///
    /// # Errors
    /// [`WriteError::Frames`] or [`WriteError::Update`] when the storage fails.
    pub fn checkpoint(&mut self) -> Result<(), WriteError> {
        self.write_out()?;
        self.settle().map_err(|source| self.stale(source))
    }

    /// A [`checkpoint`](Self::checkpoint) that also waits until the frames would survive a loss of power.
    ///
    /// # Errors
    /// [`WriteError::Frames`] or [`WriteError::Update`] when the storage fails.
    pub fn sync(&mut self) -> Result<(), WriteError> {
        self.checkpoint()?;
        self.storage.sync().map_err(|source| self.stale(source))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`WriteError::Frames`] or [`WriteError::Update`] when the storage fails.
    pub fn finish(mut self) -> Result<Summary, WriteError> {
        self.close()
    }

    pub(crate) fn close(&mut self) -> Result<Summary, WriteError> {
        self.closed = true;
        self.checkpoint()?;
        self.ahead = 0;
        Ok(Summary {
            frames: self.written,
            lost: self.lost,
            clipped: self.encoder.changed.clipped,
            non_finite: self.encoder.changed.non_finite,
            bytes: self.bytes(),
        })
    }

    pub(crate) fn storage(&mut self) -> &mut S {
        &mut self.storage
    }

    fn push_planar(&mut self, planes: &[&[f32]], frames: usize) -> io::Result<()> {
        let mut done = 0;
        while done < frames {
            let now = self.room().min(frames - done);
            self.encode_planar(planes, done, now);
            done += now;
            if self.room() == 0 {
                self.drain()?;
            }
        }
        Ok(())
    }

    /// Encodes `frames` frames from `start` on into the buffer.
    fn encode_planar(&mut self, planes: &[&[f32]], start: usize, frames: usize) {
        let bytes = frames * self.format.frame_bytes();
        let to = &mut self.buffer[self.filled..][..bytes];
        self.filled += bytes;
        if let [left, right] = planes {
            // By far the most common: no list of slices is made.
            let planes = [left, right].map(|plane| &plane[start..][..frames]);
            return self.encoder.encode_planar(&planes, to);
        }
        let planes: Vec<&[f32]> = planes.iter().map(|plane| &plane[start..][..frames]).collect();
        self.encoder.encode_planar(&planes, to);
    }

    fn push(&mut self, mut samples: &[f32]) -> io::Result<()> {
        while !samples.is_empty() {
            let room = self.room() * usize::from(self.format.channels);
            let (now, later) = samples.split_at(samples.len().min(room));
            let bytes = now.len() * self.format.subtype.bytes();
            self.encoder.encode(now, &mut self.buffer[self.filled..][..bytes]);
            self.filled += bytes;
            samples = later;
            if self.room() == 0 {
                self.drain()?;
            }
        }
        Ok(())
    }

    fn push_silence(&mut self, mut frames: u64) -> io::Result<()> {
        while frames > 0 {
            let now = frames.min(self.room() as u64);
            let bytes = now as usize * self.format.frame_bytes();
            self.buffer[self.filled..][..bytes].fill(0);
            self.filled += bytes;
            frames -= now;
            if self.room() == 0 {
                self.drain()?;
            }
        }
        Ok(())
    }

    /// Frames the buffer can still take; never 0 between calls.
    fn room(&self) -> usize {
        (self.buffer.len() - self.filled) / self.format.frame_bytes()
    }

    /// Writes the buffer, behind the gap before it. After an error `written` counts the whole frames that went.
    fn drain(&mut self) -> io::Result<()> {
        if self.filled == 0 {
            return Ok(());
        }
        if !S::REWRITABLE {
            self.pass(self.ahead)?;
        }
        // A file that is written beyond its end reads as zeros in between.
        let at = self.data_end() + self.ahead * self.format.frame_bytes() as u64;
        let (done, result) = write_all_at(&mut self.storage, &self.buffer[..self.filled], at);
        let frames = (done / self.format.frame_bytes()) as u64;
        if frames > 0 {
            self.written += self.ahead + frames;
            self.skipped += std::mem::take(&mut self.ahead);
        }
        self.filled = 0;
        result
    }

    /// Makes the first `frames` of the gap ahead part of the file: zeros at its end.
    fn pass(&mut self, frames: u64) -> io::Result<()> {
        let (end, frame_bytes) = (self.data_end(), self.format.frame_bytes() as u64);
        let new_end = end + frames * frame_bytes;
        if S::REWRITABLE {
            self.storage.set_len(new_end)?;
        } else {
            for at in (end..new_end).step_by(BUFFER_BYTES) {
                let piece = &ZEROS[..(new_end - at).min(BUFFER_BYTES as u64) as usize];
                write_all_at(&mut self.storage, piece, at).1?;
            }
        }
        self.written += frames;
        self.skipped += frames;
        self.ahead -= frames;
        Ok(())
    }

    /// After an error, cuts the file behind its last whole frame, brings the header up to date and counts the rest.
    fn account(&mut self, result: io::Result<()>) -> Result<(), WriteError> {
        let Err(source) = result else { return Ok(()) };
        // If these fail as well, the header still names whole frames only, and `finish` tries and reports again.
        let _ = self.storage.set_len(self.data_end());
        let _ = self.settle();
        // What is written and was not skipped came over; the buffer is empty by now.
        self.filled = 0;
        let lost = self.handed_over - (self.written - self.skipped) - self.lost;
        self.lost += lost;
        Err(WriteError::Frames { written: self.written, lost, source })
    }

    /// Brings the header up to date by one write, after the pad byte that a chunk of odd length needs.
    fn settle(&mut self) -> io::Result<()> {
        if S::REWRITABLE {
            let end = self.data_end();
            let data_bytes = end - self.header_bytes();
            let odd = data_bytes % 2 == 1;
            // Without room for the pad byte the last chunk does without: every reader takes that.
            let padded = odd && write_all_at(&mut self.storage, &[0], end).1.is_ok();
            let pad = u64::from(padded);
            let header = header::sized(&self.format, &self.extra, data_bytes, pad, self.riff_limit);
            write_all_at(&mut self.storage, &header, 0).1?;
        }
        self.storage.flush()
    }

    fn stale(&self, source: io::Error) -> WriteError {
        WriteError::Update { written: self.written, source }
    }

    fn data_end(&self) -> u64 {
        self.header_bytes() + self.written * self.format.frame_bytes() as u64
    }

    fn header_bytes(&self) -> u64 {
        let fixed = if S::REWRITABLE { header::sized_len(&self.format) } else { header::unsized_len(&self.format) };
        fixed + self.extra.len() as u64
    }
}

impl<S: Storage> Drop for Writer<S> {
    fn drop(&mut self) {
        if !self.closed {
            let _ = self.close();
        }
    }
}
