//! Why a render failed.

use patchline_wav::{RateError, ReadError, WriteError};

use crate::IoError;

/// Why a render failed. Nothing is left of its output then.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_io::file::{Render, RenderError};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 1_024, 0, 0));
/// engine.load(Graph::new())?;
/// // Neither an input nor a length.
/// let render = Render::default().run(&mut engine, &mut renderer, |_, _| ControlFlow::Continue(()));
/// assert!(matches!(render, Err(RenderError::Endless)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// An input cannot be opened or read.
    #[error("{name}: {source}")]
    Read {
        /// The input.
        name: String,
        /// What is wrong with it.
        source: ReadError,
    },
    /// An input cannot be converted to another rate.
    #[error("{name}: {source}")]
    Convert {
        /// The input.
        name: String,
        /// Why.
        source: RateError,
    },
    /// An input has another rate than the graph.
    #[error("{name} has {input} Hz and the graph {graph} Hz; convert the input first")]
    Rate {
        /// The input.
        name: String,
        /// Its rate, in Hz.
        input: u32,
        /// The rate the graph was compiled for, in Hz.
        graph: u32,
    },
    /// The inputs have another number of channels than the graph was compiled for.
    #[error("the inputs have {given} channels in all and the graph was made for {expected}")]
    Channels {
        /// Channels of all inputs.
        given: usize,
        /// Channels that the graph expects.
        expected: usize,
    },
    /// Nothing says when it ends.
    #[error("without an input, a render needs a duration")]
    Endless,
    /// There is an output, and nothing goes there.
    #[error("the graph has no output, so there is nothing to write; render without an output file")]
    NoOutput,
    /// A setting out of range.
    #[error(transparent)]
    Setting(#[from] IoError),
    /// The output cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It was ended before its time.
    #[error("cancelled after {frames} frames; nothing was kept")]
    Cancelled {
        /// Frames rendered until then.
        frames: u64,
    },
}
