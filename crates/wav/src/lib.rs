//! Crash-safe WAV and RF64 writing, and reading, for recorders.
//!
//! A file is readable at any moment of its life: the header is rewritten by one positional write at every
//! [`Writer::checkpoint`], so a killed recorder loses at most what came after it. Past 4 GiB a file turns into RF64 in
//! place. A full disk costs whole frames only, and the error counts them.
//!
//! Samples are `f32`, linear, full scale ±1. A *frame* is one sample per channel.
//!
//! ```
//! use patchline_wav::{FileReader, FileWriter, Format, Options, Subtype};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("takes/first.wav");
//! let format = Format { rate: 48_000, channels: 2, subtype: Subtype::Pcm24 };
//! let mut writer = FileWriter::create(&path, Options::new(format))?;
//! writer.write_interleaved(&[0.5, -0.5, 0.25, -0.25])?;
//! assert_eq!(writer.finish()?.frames, 2);
//!
//! let mut reader = FileReader::open(&path)?;
//! let mut samples = [0.0; 4];
//! assert_eq!(reader.read_interleaved(&mut samples)?, 2);
//! assert_eq!(samples, [0.5, -0.5, 0.25, -0.25]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A stream whose rate is not the one wanted is [`Resampled`] (feature `convert`, on by default, brings rubato).
//!
//! Nothing here belongs on the audio thread: everything allocates or makes system calls.

mod broadcast;
mod convert;
mod create;
mod ending;
mod error;
mod format;
mod header;
mod layout;
mod parse;
mod part;
mod place;
#[cfg(feature = "convert")]
mod rate;
mod reader;
mod repair;
#[cfg(feature = "convert")]
mod resampled;
mod source;
mod storage;
mod stream;
mod writer;

pub use broadcast::Broadcast;
pub use create::{FileWriter, Hold, Options};
pub use ending::wav_name;
pub use error::{ReadError, WriteError};
pub use format::{Encoding, Format, MAX_CHANNELS, MAX_RATE, Subtype, UnknownSubtype};
pub use part::{AtomicWriter, PartFile};
pub use place::Place;
#[cfg(feature = "convert")]
pub use rate::{RateConverter, RateError};
pub use reader::{FileReader, Info, Reader};
pub use repair::{Problem, Repair};
#[cfg(feature = "convert")]
pub use resampled::Resampled;
pub use source::FrameSource;
pub use storage::Storage;
pub use stream::{Stream, StreamWriter};
pub use writer::{Summary, Writer};
