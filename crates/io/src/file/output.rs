//! Where a render's output channels go.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use patchline_wav::{AtomicWriter, Format, Options, StreamWriter, Subtype, WriteError};

/// Where a render's output channels go.
///
/// ```
/// use std::io::Write;
/// use std::ops::ControlFlow;
/// use std::path::PathBuf;
///
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_io::file::{Length, Output, Render};
/// use patchline_wav::Subtype;
///
/// /// A file, or standard output where its name is `-`.
/// fn output(name: &str, stdout: impl Write + Send + 'static) -> Output {
///     match name {
///         "-" => Output::Stream { sink: Box::new(stdout), subtype: Subtype::Float },
///         _ => Output::File { path: PathBuf::from(name), subtype: Subtype::Pcm24, overwrite: false },
///     }
/// }
/// let (mut engine, mut renderer) = engine(StreamSpec { outputs: Some(1), ..StreamSpec::new(48_000, 1_024, 0, 1) });
/// engine.load(Graph::new())?;
/// let render = Render { output: output("-", std::io::sink()), length: Length::Exactly(480), ..Render::default() };
/// let summary = render.run(&mut engine, &mut renderer, |_, _| ControlFlow::Continue(()))?;
/// assert_eq!(summary.written.unwrap().frames, 480);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub enum Output {
    /// Nowhere: they are only measured.
    None,
    /// A WAV file, which appears at its name when it is complete.
    File {
        /// Its name; missing folders are made.
        path: PathBuf,
        /// How samples are stored.
        subtype: Subtype,
        /// Whether a file of that name may be replaced.
        overwrite: bool,
    },
    /// A WAV stream, as to standard output.
    Stream {
        /// Where the bytes go.
        sink: Box<dyn Write + Send>,
        /// How samples are stored.
        subtype: Subtype,
    },
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::File { path, subtype, overwrite } => {
                f.debug_tuple("File").field(path).field(subtype).field(overwrite).finish()
            }
            Self::Stream { subtype, .. } => f.debug_tuple("Stream").field(subtype).finish(),
        }
    }
}

/// An open output.
pub(super) enum Sink {
    None,
    File(AtomicWriter),
    Stream(StreamWriter<Box<dyn Write + Send>>),
}

impl Sink {
    pub(super) fn open(output: Output, rate: u32, channels: usize) -> Result<Self, WriteError> {
        // More than 65,535 channels are more than any file holds: the format says so.
        let channels = u16::try_from(channels).unwrap_or(u16::MAX);
        let format = |subtype| Format { rate, channels, subtype };
        Ok(match output {
            Output::None => Self::None,
            Output::File { path, subtype, overwrite } => {
                Self::File(AtomicWriter::create(path, Options { format: format(subtype), overwrite })?)
            }
            Output::Stream { sink, subtype } => Self::Stream(StreamWriter::stream(sink, format(subtype))?),
        })
    }

    pub(super) fn write(&mut self, channels: &[&[f32]]) -> Result<(), WriteError> {
        match self {
            Self::None => Ok(()),
            Self::File(writer) => writer.write_planar(channels),
            Self::Stream(writer) => writer.write_planar(channels),
        }
    }

    /// Completes the output: only now does a file appear at its name.
    pub(super) fn commit(self) -> Result<Option<patchline_wav::Summary>, WriteError> {
        match self {
            Self::None => Ok(None),
            Self::File(writer) => writer.commit().map(Some),
            Self::Stream(writer) => writer.finish().map(Some),
        }
    }
}
