//! A source at another rate.

use crate::{FrameSource, RateConverter, RateError, ReadError};

/// Frames read from the source at a time.
const PIECE_FRAMES: usize = 4096;

/// A source at another rate: its `n` frames become round(`n` · rate / the source's rate), without delay.
///
/// ```
/// use patchline_wav::{FileReader, FileWriter, Format, FrameSource, Options, Resampled, Subtype};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("tone.wav");
/// let format = Format { rate: 44_100, channels: 1, subtype: Subtype::Float };
/// let mut writer = FileWriter::create(&path, Options::new(format))?;
/// writer.write_interleaved(&[0.5; 44_100])?;
/// writer.finish()?;
///
/// let mut tone = Resampled::new(FileReader::open(&path)?, 48_000)?;
/// assert_eq!((tone.rate(), tone.frames()), (48_000, Some(48_000)));
/// let mut second = vec![0.0; 50_000];
/// assert_eq!(tone.read_interleaved(&mut second)?, 48_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Resampled<S> {
    source: S,
    rate: u32,
    /// `None` after the end.
    converter: Option<RateConverter>,
    piece: Vec<f32>,
    ready: Vec<f32>,
    /// Samples of `ready` that were read.
    read: usize,
}

impl<S: FrameSource> Resampled<S> {
    /// Reads `source` at `rate` Hz.
    ///
    /// # Errors
    /// As [`RateConverter::new`].
    pub fn new(source: S, rate: u32) -> Result<Self, RateError> {
        let converter = RateConverter::new(source.rate(), rate, source.channels())?;
        let piece = vec![0.0; PIECE_FRAMES * source.channels()];
        Ok(Self { source, rate, converter: Some(converter), piece, ready: Vec::new(), read: 0 })
    }

    /// What is read from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Converts the next piece; `false` at the end.
    fn refill(&mut self) -> Result<bool, ReadError> {
        let Some(mut converter) = self.converter.take() else { return Ok(false) };
        self.ready.clear();
        self.read = 0;
        let frames = self.source.read_interleaved(&mut self.piece)?;
        converter.push(&self.piece[..frames * self.source.channels()], &mut self.ready);
        if frames < PIECE_FRAMES {
            converter.finish(&mut self.ready);
        } else {
            self.converter = Some(converter);
        }
        Ok(true)
    }
}

impl<S: FrameSource> FrameSource for Resampled<S> {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn channels(&self) -> usize {
        self.source.channels()
    }

    fn frames(&self) -> Option<u64> {
        let frames = self.source.frames()?;
        Some(RateConverter::converted_frames(self.source.rate(), self.rate, frames))
    }

    fn missing(&self) -> u64 {
        self.source.missing()
    }

    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        let channels = self.channels();
        let wanted = out.len() / channels * channels;
        let mut done = 0;
        while done < wanted {
            let now = (wanted - done).min(self.ready.len() - self.read);
            out[done..done + now].copy_from_slice(&self.ready[self.read..self.read + now]);
            self.read += now;
            done += now;
            if done < wanted && !self.refill()? {
                break;
            }
        }
        Ok(done / channels)
    }
}
