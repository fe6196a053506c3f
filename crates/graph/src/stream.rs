//! The stream a graph is compiled for.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::Frames;

/// What the device, the file or the embedder gives: rate, block and channels.
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
    /// Nodes without an entry see the channels that no entry names.
    pub assigned: BTreeMap<String, Range<usize>>,
    /// How late feedback links are, in frames (1 to one second).
    pub feedback: Frames,
    /// The most that buffers and processors may take, in bytes.
    pub max_memory: usize,
}

impl StreamSpec {
    /// A stream of `inputs` and `outputs` channels at `rate` Hz in blocks of at most `max_frames` frames, with
    /// feedback links 64 frames late and a memory budget of 1 GiB.
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
        }
    }

    /// The device channels that the input node `name` sees as its whole device.
    #[must_use]
    pub fn visible_inputs(&self, name: &str) -> Range<usize> {
        let shared_end = self.assigned.values().map(|r| r.start).min().unwrap_or(self.inputs);
        self.assigned.get(name).cloned().unwrap_or(0..shared_end)
    }
}
