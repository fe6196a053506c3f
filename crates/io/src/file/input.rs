//! Where a render's input channels come from.

use std::fmt;
use std::io::Read;
use std::path::Path;

use patchline_wav::{FileReader, FrameSource, Reader, Resampled};

use super::RenderError;
use crate::channels::{Planar, with_outputs};

/// An input of a render: a WAV file, a pipe, or frames from anywhere.
///
/// ```
/// use patchline_io::file::Input;
/// use patchline_wav::{FrameSource, ReadError};
///
/// /// A second of silence.
/// struct Silence(usize);
///
/// impl FrameSource for Silence {
///     fn rate(&self) -> u32 {
///         48_000
///     }
///
///     fn channels(&self) -> usize {
///         1
///     }
///
///     fn frames(&self) -> Option<u64> {
///         Some(48_000)
///     }
///
///     fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
///         let frames = out.len().min(self.0);
///         out[..frames].fill(0.0);
///         self.0 -= frames;
///         Ok(frames)
///     }
/// }
///
/// let input = Input::from_source("silence", Silence(48_000));
/// assert_eq!((input.name(), input.rate(), input.channels(), input.frames()), ("silence", 48_000, 1, Some(48_000)));
/// let input = input.at_rate(44_100)?;
/// assert_eq!((input.rate(), input.converted_from(), input.missing()), (44_100, Some(48_000), 0));
///
/// // Files, and pipes such as standard input.
/// assert!(Input::open("no/such/file.wav").is_err());
/// assert!(Input::stream("standard input", &b"not a WAV stream"[..]).is_err());
/// # Ok::<(), patchline_io::file::RenderError>(())
/// ```
pub struct Input {
    name: String,
    source: Box<dyn FrameSource + Send>,
    converted_from: Option<u32>,
}

impl Input {
    /// Opens a WAV file.
    ///
    /// # Errors
    /// [`RenderError::Read`] when it cannot be opened or is no WAV file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RenderError> {
        let name = path.as_ref().display().to_string();
        match FileReader::open(path) {
            Ok(reader) => Ok(Self::from_source(name, reader)),
            Err(source) => Err(RenderError::Read { name, source }),
        }
    }

    /// Reads the header of a WAV stream, as of standard input.
    ///
    /// # Errors
    /// [`RenderError::Read`] when it is no WAV stream.
    pub fn stream(name: &str, pipe: impl Read + Send + 'static) -> Result<Self, RenderError> {
        match Reader::from_stream(pipe) {
            Ok(reader) => Ok(Self::from_source(name, reader)),
            Err(source) => Err(RenderError::Read { name: name.to_owned(), source }),
        }
    }

    /// Takes frames from anywhere; `name` is for messages.
    pub fn from_source(name: impl Into<String>, source: impl FrameSource + Send + 'static) -> Self {
        Self { name: name.into(), source: Box::new(source), converted_from: None }
    }

    /// The same at `rate` Hz, converted unless that is its rate already.
    ///
    /// # Errors
    /// [`RenderError::Convert`] when the two rates do not go together.
    pub fn at_rate(self, rate: u32) -> Result<Self, RenderError> {
        let from = self.rate();
        if from == rate {
            return Ok(self);
        }
        let Self { name, source, converted_from, .. } = self;
        match Resampled::new(source, rate) {
            Ok(source) => Ok(Self { converted_from: converted_from.or(Some(from)), ..Self::from_source(name, source) }),
            Err(source) => Err(RenderError::Convert { name, source }),
        }
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Frames per second, in Hz, after any conversion.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.source.rate()
    }

    /// The rate it had before it was converted, in Hz.
    #[must_use]
    pub fn converted_from(&self) -> Option<u32> {
        self.converted_from
    }

    /// Samples per frame.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.source.channels()
    }

    /// Frames in all, after any conversion, where that is known.
    #[must_use]
    pub fn frames(&self) -> Option<u64> {
        self.source.frames()
    }

    /// Frames, at the file's own rate, that its header promises and that are not there; of a pipe, known once it has
    /// ended.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.source.missing()
    }

    /// Reads the next `frames` frames into the channels from `first` on, silence after the end; says how many there
    /// were.
    pub(super) fn read(&mut self, frames: usize, first: usize, to: &mut Planar) -> Result<usize, RenderError> {
        let channels = self.channels();
        let planes = to.iter_mut(frames).skip(first).take(channels);
        let read = with_outputs(channels, planes, |planes| self.source.read_planar(planes));
        let got = read.map_err(|source| RenderError::Read { name: self.name.clone(), source })?;
        if got < frames {
            to.iter_mut(frames).skip(first).take(channels).for_each(|plane| plane[got..].fill(0.0));
        }
        Ok(got)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({:?}, {} Hz, {} channels)", self.name, self.rate(), self.channels())
    }
}
