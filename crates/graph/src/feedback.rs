//! Feedback links: rings that are read exactly so many frames after they were written.

use crate::{Frame, Frames, Hush, touched};

/// One channel of a feedback link.
///
/// Twice as long as its delay: the part that is read and the part that is written never meet within one piece of a
/// block, so nothing depends on which comes first.
#[derive(Debug, Default)]
pub(crate) struct FeedbackLine {
    ring: Vec<f32>,
    hush: Hush,
}

/// Bytes of a line that is `delay` frames late.
pub(crate) fn footprint(delay: Frames) -> usize {
    usize::try_from(delay).unwrap_or(usize::MAX).saturating_mul(2 * size_of::<f32>())
}

impl FeedbackLine {
    pub(crate) fn new(delay: Frames) -> Self {
        Self { ring: touched::zeros(2 * delay as usize), hush: Hush::default() }
    }

    /// Reads what was written `delay` frames before `position`; `dst` ends before the next multiple of the delay.
    pub(crate) fn receive(&self, position: Frame, dst: &mut [f32]) {
        let delay = self.ring.len() as Frame / 2;
        let start = ((position + delay) % (2 * delay)) as usize;
        dst.copy_from_slice(&self.ring[start..start + dst.len()]);
    }

    /// Writes from `position` on; non-finite samples become 0 and are counted, tiny ones are flushed.
    pub(crate) fn send(&mut self, position: Frame, src: &[f32]) -> u64 {
        let start = (position % self.ring.len() as Frame) as usize;
        crate::kernels::copy_sanitised(&mut self.ring[start..start + src.len()], src)
    }

    /// Whether nothing but silence goes round, at the frame `position`: found out as [`Hush`] does.
    pub(crate) fn is_silent(&mut self, position: Frame) -> bool {
        let write = (position % self.ring.len() as Frame) as usize;
        self.hush.covers(&self.ring, write, position)
    }

    pub(crate) fn reset(&mut self) {
        self.ring.fill(0.0);
    }
}
