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

    /// Frames, at the source's own rate, that were promised and are not there; of a pipe, known once it has ended.
    fn missing(&self) -> u64 {
        0
    }

    /// Reads frames × channels interleaved samples; says how many frames. Fewer than `out` holds only at the end,
    /// then 0.
    ///
    /// # Errors
    /// [`ReadError::Io`] when the source fails; it is at its end then.
    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError>;

    /// Reads into one slice per channel, all of one length: channels × frames. Says how many frames; fewer than the
    /// slices hold only at the end, then 0. What they hold beyond that stays as it is.
    ///
    /// # Errors
    /// As [`read_interleaved`](Self::read_interleaved).
    ///
    /// # Panics
    /// If there is not one slice per channel, or they differ in length.
    fn read_planar(&mut self, planes: &mut [&mut [f32]]) -> Result<usize, ReadError> {
        let (channels, frames) = shape(planes, self.channels());
        let mut samples = vec![0.0; channels * frames.min(PIECE_FRAMES)];
        let mut done = 0;
        while done < frames {
            let asked = PIECE_FRAMES.min(frames - done);
            let got = self.read_interleaved(&mut samples[..channels * asked])?;
            for (channel, plane) in planes.iter_mut().enumerate() {
                let from = samples.iter().skip(channel).step_by(channels);
                plane[done..][..got].iter_mut().zip(from).for_each(|(to, sample)| *to = *sample);
            }
            done += got;
            if got < asked {
                break;
            }
        }
        Ok(done)
    }
}

/// Frames that are taken apart at a time.
const PIECE_FRAMES: usize = 4096;

/// Channels and frames of `planes`.
pub(crate) fn shape(planes: &[&mut [f32]], channels: usize) -> (usize, usize) {
    let frames = planes.first().map_or(0, |plane| plane.len());
    assert_eq!(planes.len(), channels, "one slice per channel");
    assert!(planes.iter().all(|plane| plane.len() == frames), "the slices differ in length");
    (channels, frames)
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

    fn missing(&self) -> u64 {
        Reader::missing(self)
    }

    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        Reader::read_interleaved(self, out)
    }

    fn read_planar(&mut self, planes: &mut [&mut [f32]]) -> Result<usize, ReadError> {
        Reader::read_planar(self, planes)
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

    fn missing(&self) -> u64 {
        (**self).missing()
    }

    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        (**self).read_interleaved(out)
    }

    fn read_planar(&mut self, planes: &mut [&mut [f32]]) -> Result<usize, ReadError> {
        (**self).read_planar(planes)
    }
}
