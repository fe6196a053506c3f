//! What is at our end of a stream: called on the device's thread.

use std::time::Duration;

use patchline_io::convert::{ChannelMap, Tally};

use crate::adapter::Fault;

/// A block that an input delivers, in its own format.
pub(crate) trait Captured {
    /// Frames × channels of the device.
    fn samples(&self) -> usize;

    /// Reads `frames` frames from the frame `from` on into `planar`.
    fn read(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally;
}

/// A block that an output asks for, in its own format.
pub(crate) trait Played {
    /// Frames × channels of the device.
    fn samples(&self) -> usize;

    /// Fills `frames` frames from the frame `from` on; silence is what `planar` lacks.
    fn write(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &[&[f32]]) -> Tally;
}

/// Takes what an input delivers.
pub(crate) trait InputEnd: Send + 'static {
    /// One block, the first sample of which is `age` old.
    fn capture(&mut self, block: &mut dyn Captured, age: Option<Duration>);
}

/// Makes what an output plays.
pub(crate) trait OutputEnd: Send + 'static {
    /// One block, the first sample of which will be heard `ahead` from now.
    fn play(&mut self, block: &mut dyn Played, ahead: Option<Duration>);
}

/// Takes what goes wrong; on whatever thread that happens.
pub(crate) trait FaultEnd: Send + 'static {
    fn fault(&mut self, fault: Fault);
}
