//! Anything frames can be read from.

use std::io::Read;

use crate::{ReadError, Reader};

/// A stream of frames with a rate: a [`Reader`], or one [resampled](crate::Resampled).
pub trait FrameSource {
    /// Frames per second, in Hz.
    fn rate(&self) -> u32;

    /// Samples per frame.
    fn channels(&self) -> usize;

    /// Frames in all, where that is known; a pipe may end sooner.
    fn frames(&self) -> Option<u64>;

    /// Reads frames × channels interleaved samples; says how many frames. Fewer than `out` holds only at the end,
    /// then 0.
    ///
    /// # Errors
    /// [`ReadError::Io`] when the source fails; it is at its end then.
    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError>;
}

impl<R: Read> FrameSource for Reader<R> {
    fn rate(&self) -> u32 {
        self.info().rate
    }

    fn channels(&self) -> usize {
        usize::from(self.info().channels)
    }

    fn frames(&self) -> Option<u64> {
        self.info().frames
    }

    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        Reader::read_interleaved(self, out)
    }
}

impl<S: FrameSource + ?Sized> FrameSource for Box<S> {
    fn rate(&self) -> u32 {
        (**self).rate()
    }

    fn channels(&self) -> usize {
        (**self).channels()
    }

    fn frames(&self) -> Option<u64> {
        (**self).frames()
    }

    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        (**self).read_interleaved(out)
    }
}
