//! Offline: files in, a file out, as fast as the machine.
//!
//! This is no [`Backend`](crate::Backend): nothing paces it, so between two blocks it asks the engine to wait until
//! every node is ready, and nothing is ever lost.

mod end;
mod error;
mod input;
mod job;
mod level;
mod output;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use patchline_graph::Engine;

use self::end::End;
pub use self::error::RenderError;
pub use self::input::Input;
use self::job::Job;
pub use self::level::Level;
pub use self::output::Output;
use crate::Callback;

/// A render: what goes in, what comes out, and how long.
///
/// ```
/// use std::ops::ControlFlow;
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_io::file::{Length, Output, Render};
/// use patchline_wav::Subtype;
///
/// let folder = tempfile::tempdir()?;
/// let (mut engine, mut renderer) = engine(StreamSpec { outputs: Some(2), ..StreamSpec::new(48_000, 512, 0, 2) });
/// engine.load(Graph::new())?;
/// let path = folder.path().join("silence.wav");
/// let render = Render {
///     output: Output::File { path: path.clone(), subtype: Subtype::Float, overwrite: false },
///     length: Length::Exactly(48_000),
///     ..Render::default()
/// };
/// let summary = render.run(&mut engine, &mut renderer, |engine, progress| {
///     while let Some(event) = engine.next_event() {
///         println!("{} of {:?}: {event:?}", progress.frames, progress.total);
///     }
///     ControlFlow::Continue(())
/// })?;
/// engine.close(renderer);
/// assert_eq!((summary.frames, summary.channels[0].peak()), (48_000, 0.0));
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Render {
    /// Where the device's input channels come from: those of the first input, then those of the second, and so on.
    pub inputs: Vec<Input>,
    /// Where the device's output channels go.
    pub output: Output,
    /// Frames rendered in one go, 1 to 1 048 576, and at most the engine's longest block; changes no sample.
    pub block: usize,
    /// How much is rendered.
    pub length: Length,
}

impl Default for Render {
    /// Nothing in, nothing out, blocks of 1024 frames, as long as the inputs.
    fn default() -> Self {
        Self { inputs: Vec::new(), output: Output::None, block: 1024, length: Length::Inputs { tail: 0 } }
    }
}

/// How much is rendered.
///
/// ```
/// use patchline_io::file::Length;
///
/// assert_eq!(Length::Exactly(48_000).frames(&[]), Some(48_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As long as the longest input, and then for a tail.
    Inputs {
        /// Frames of silent input after the longest one has ended.
        tail: u64,
    },
    /// This many frames: longer inputs are cut, shorter ones end in silence.
    Exactly(u64),
}

impl Length {
    /// Frames that are rendered with these inputs; `None` while only the end of a pipe will tell.
    #[must_use]
    pub fn frames(self, inputs: &[Input]) -> Option<u64> {
        End::new(self, inputs).total()
    }
}

/// How far a render is.
///
/// ```
/// use patchline_io::file::Progress;
///
/// /// `None` as long as nobody knows.
/// fn percent(Progress { frames, total }: Progress) -> Option<u64> {
///     total.map(|total| 100 * frames / total.max(1))
/// }
/// assert_eq!(percent(Progress { frames: 24_000, total: Some(48_000) }), Some(50));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Frames rendered.
    pub frames: u64,
    /// Frames there will be; `None` while only the end of a pipe will tell.
    pub total: Option<u64>,
}

/// What a render made.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_io::file::{Length, Render};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 1_024, 0, 0));
/// engine.load(Graph::new())?;
/// let render = Render { length: Length::Exactly(48_000), ..Render::default() };
/// let summary = render.run(&mut engine, &mut renderer, |_, _| ControlFlow::Continue(()))?;
/// println!("{} s, {:.0} times as fast", summary.frames / u64::from(summary.rate), summary.real_time_factor());
/// assert!(summary.cut.is_empty() && summary.real_time_factor() > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Frames rendered.
    pub frames: u64,
    /// Frames per second, in Hz.
    pub rate: u32,
    /// What each channel of the output held.
    pub channels: Vec<Level>,
    /// Inputs that hold less than their headers promise: heard to their end, then as silence.
    pub cut: Vec<CutInput>,
    /// Samples of the input that were NaN or infinite, heard as 0.
    pub non_finite_inputs: u64,
    /// Samples on their way to the output that were NaN or infinite, written as 0.
    pub non_finite_outputs: u64,
    /// What became of the output, if there is one: frames and bytes written, samples clipped.
    pub written: Option<patchline_wav::Summary>,
    /// How long it took.
    pub elapsed: Duration,
}

/// An input that was cut short.
///
/// ```
/// use patchline_io::file::CutInput;
///
/// fn warning(CutInput { name, missing }: &CutInput) -> String {
///     format!("{name} ends {missing} frames before the end that its header promises")
/// }
/// let cut = CutInput { name: "take.wav".to_owned(), missing: 480 };
/// assert!(warning(&cut).starts_with("take.wav ends 480 frames"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutInput {
    /// Its name, for people.
    pub name: String,
    /// Frames that are missing, at its own rate.
    pub missing: u64,
}

impl Summary {
    /// How many times faster than real time it was.
    #[must_use]
    pub fn real_time_factor(&self) -> f64 {
        let audio = self.frames as f64 / f64::from(self.rate);
        audio / self.elapsed.as_secs_f64().max(1e-9)
    }
}

impl Render {
    /// Renders all of it with `callback`, which is `engine`'s renderer (or wraps it).
    ///
    /// `each` is called after every block, with the engine: to read events and meters, set parameters, show progress,
    /// or end the render. Afterwards close the engine: files that nodes write are complete only then.
    ///
    /// # Errors
    /// See [`RenderError`]; a broken render leaves no file behind. [`RenderError::Cancelled`] when `each` breaks.
    pub fn run<C: Callback>(
        self,
        engine: &mut Engine,
        callback: &mut C,
        mut each: impl FnMut(&mut Engine, Progress) -> ControlFlow<()>,
    ) -> Result<Summary, RenderError> {
        let (before, started) = (engine.stats(), Instant::now());
        let mut job = Job::new(self, engine)?;
        while let Some(frames) = job.read()? {
            engine.wait_ready(frames);
            job.process(callback)?;
            if each(engine, job.progress()).is_break() {
                return Err(RenderError::Cancelled { frames: job.progress().frames });
            }
        }
        let cut = job.cut();
        let (frames, levels, written) = job.finish()?;
        let after = engine.stats();
        Ok(Summary {
            frames,
            rate: engine.stream().rate,
            channels: levels,
            cut,
            non_finite_inputs: after.non_finite_inputs - before.non_finite_inputs,
            non_finite_outputs: after.non_finite_outputs - before.non_finite_outputs,
            written,
            elapsed: started.elapsed(),
        })
    }
}
