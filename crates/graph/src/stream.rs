//! The stream a graph is compiled for.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::{Frames, GraphError, Instructions, Place};

/// The most channels a port, a device or a slice may have.
pub(crate) const MOST_CHANNELS: usize = 65_536;
/// The most threads that render together.
pub(crate) const MOST_THREADS: usize = 64;
/// The longest block, in frames: a second at the highest rate there is, many times over.
const MOST_FRAMES: usize = 1 << 24;

/// What the device, the file or the embedder gives: rate, block and channels.
///
/// ```
/// use patchline_graph::StreamSpec;
///
/// let stream = StreamSpec {
///     // Channels 3 and 4 are somebody's own.
///     assigned: [("talkback".to_owned(), 2..4)].into(),
///     fade: 0,
///     ..StreamSpec::new(48_000, 128, 4, 2)
/// };
/// assert_eq!(stream.visible_inputs("talkback"), 2..4);
/// assert_eq!(stream.visible_inputs("mic"), 0..2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSpec {
    /// Frames per second, in Hz.
    pub rate: u32,
    /// The longest block rendered in one go, in frames; longer callbacks are split.
    pub max_frames: usize,
    /// Channels of the device's input.
    pub inputs: usize,
    /// Channels of the device's output; `None` takes as many as the graph's outputs name.
    pub outputs: Option<usize>,
    /// The part of the input's channels that an input node of this name sees as the whole device.
    /// The entries name the channels at the end; nodes without one see those before the first of them.
    pub assigned: BTreeMap<String, Range<usize>>,
    /// How late feedback links are, in frames (1 to one second).
    pub feedback: Frames,
    /// The most that buffers and processors may take, in bytes.
    pub max_memory: usize,
    /// How long a load lets sound fade that comes or goes with it, in frames (10 s at most); 0 cuts. Until
    /// [`Engine::set_fade`](crate::Engine::set_fade) says otherwise.
    pub fade: Frames,
    /// The vector instructions that all is computed with: the best that this machine has, unless others are asked for.
    /// The bits are the same with all of them.
    pub instructions: Instructions,
    /// How many threads render, with the audio thread: 1, unless [workers](crate::Engine::workers) are to help it. Graphs that
    /// are too narrow for that are rendered by one. The bits are the same with any number.
    pub threads: usize,
}

impl StreamSpec {
    /// What of the stream makes no sense, if anything.
    pub(crate) fn check(&self) -> Result<(), GraphError> {
        let wrong = |message: String| Err(GraphError::new(Place::Graph, message));
        if self.rate == 0 || self.max_frames == 0 {
            return wrong(format!(
                "a stream of {} Hz in blocks of at most {} frames cannot play",
                self.rate, self.max_frames
            ));
        }
        if self.feedback == 0 || self.feedback > Frames::from(self.rate) {
            let (feedback, rate) = (self.feedback, self.rate);
            return wrong(format!(
                "feedback links are 1 frame to 1 s late ({rate} frames here), not {feedback} frames"
            ));
        }
        if self.max_frames > MOST_FRAMES {
            return wrong(format!("a block has at most {MOST_FRAMES} frames, not {}", self.max_frames));
        }
        if !(1..=MOST_THREADS).contains(&self.threads) {
            return wrong(format!("1 to {MOST_THREADS} threads can render, not {}", self.threads));
        }
        if !self.instructions.is_available() {
            return wrong(format!(
                "this machine has no {} instructions; its best are {}",
                self.instructions,
                Instructions::best()
            ));
        }
        let channels = self.assigned.values().map(|range| range.end).chain([self.inputs, self.outputs.unwrap_or(0)]);
        match channels.max() {
            Some(most) if most > MOST_CHANNELS => {
                wrong(format!("a device has at most {MOST_CHANNELS} channels, not {most}"))
            }
            _ if self.assigned.values().any(|range| range.end > self.inputs || range.start > range.end) => {
                wrong(format!("the assigned channels {:?} are not all among the {} inputs", self.assigned, self.inputs))
            }
            _ => Ok(()),
        }
    }

    /// A stream of `inputs` and `outputs` channels at `rate` Hz in blocks of at most `max_frames` frames, with
    /// feedback links 64 frames late, a memory budget of 1 GiB, loads that fade for 20 ms, and the best instructions there are.
    #[must_use]
    pub fn new(rate: u32, max_frames: usize, inputs: usize, outputs: usize) -> Self {
        Self {
            rate,
            max_frames,
            inputs,
            outputs: Some(outputs),
            assigned: BTreeMap::new(),
            feedback: 64,
            max_memory: 1 << 30,
            fade: Frames::from(rate) / 50,
            instructions: Instructions::best(),
            threads: 1,
        }
    }

    /// The device channels that the input node `name` sees as its whole device.
    #[must_use]
    pub fn visible_inputs(&self, name: &str) -> Range<usize> {
        let shared_end = self.assigned.values().map(|r| r.start).min().unwrap_or(self.inputs);
        self.assigned.get(name).cloned().unwrap_or(0..shared_end)
    }
}
