//! When a render ends.

use super::{Input, Length};

/// The end of a render, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At this frame.
    At(u64),
    /// So many frames after the inputs' own end.
    AfterInputs {
        tail: u64,
        /// What the inputs promise.
        expected: Option<u64>,
    },
}

impl End {
    pub(super) fn new(length: Length, inputs: &[Input]) -> Self {
        match length {
            Length::Exactly(frames) => Self::At(frames),
            Length::Inputs { tail } => {
                let longest = inputs.iter().map(Input::frames).try_fold(0, |most, frames| Some(frames?.max(most)));
                Self::AfterInputs { tail, expected: longest.map(|frames| frames.saturating_add(tail)) }
            }
        }
    }

    /// How many of `frames` frames from `position` on there are to read.
    pub(super) fn limit(&self, position: u64, frames: usize) -> usize {
        match self {
            Self::At(end) => (frames as u64).min(end.saturating_sub(position)) as usize,
            Self::AfterInputs { .. } => frames,
        }
    }

    /// Notes that of `asked` frames from `position` on the longest input had `got`.
    pub(super) fn note(&mut self, position: u64, asked: usize, got: usize) {
        if let Self::AfterInputs { tail, .. } = *self
            && got < asked
        {
            *self = Self::At(position.saturating_add(got as u64).saturating_add(tail));
        }
    }

    /// How many frames there will be.
    pub(super) fn total(&self) -> Option<u64> {
        match *self {
            Self::At(end) => Some(end),
            Self::AfterInputs { expected, .. } => expected,
        }
    }
}
