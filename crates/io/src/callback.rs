//! What a backend calls once per block.

use patchline_graph::Renderer;

use crate::Midi;

/// One block, as its backend describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Frames in this block: any number from 1, even above the device's
    /// [`max_frames`](crate::DeviceSpec::max_frames).
    pub frames: usize,
    /// The device's frame that the block starts at, counted since the backend was opened. Never goes back; lost frames
    /// count.
    pub position: u64,
    /// Whether this block does not follow the one before: frames were lost between them, or the device was away.
    pub discontinuity: bool,
}

/// What a backend calls once per block, on the device's own thread.
///
/// # Real-time
/// `process` may not allocate, free, lock, wait, make a system call or do unbounded work.
pub trait Callback: Send + 'static {
    /// Reads `inputs` and fills all of `outputs`: device channels × `block.frames`, linear, full scale ±1.
    ///
    /// `outputs` hold anything when it is called. The number of channels is what the backend's spec says.
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]);

    /// Takes a MIDI message that comes within the block that is [processed](Self::process) next. As real-time as that.
    /// Only devices that were [asked](crate::DeviceRequest::midi) for MIDI have any.
    fn midi(&mut self, _message: Midi) {}
}

impl Callback for Renderer {
    /// Renders on from where it stands: lost frames shift what follows.
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.render(block.frames, inputs, outputs);
    }
}

impl<C: Callback + ?Sized> Callback for Box<C> {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        (**self).process(block, inputs, outputs);
    }

    fn midi(&mut self, message: Midi) {
        (**self).midi(message);
    }
}

/// A closure as a callback.
///
/// ```
/// use patchline_io::{Block, Callback, FnCallback};
///
/// let mut frames = 0;
/// let mut count = FnCallback(move |block: Block, _: &[&[f32]], _: &mut [&mut [f32]]| frames += block.frames);
/// count.process(Block { frames: 64, position: 0, discontinuity: false }, &[], &mut []);
/// ```
pub struct FnCallback<F>(
    /// The closure.
    pub F,
);

impl<F: FnMut(Block, &[&[f32]], &mut [&mut [f32]]) + Send + 'static> Callback for FnCallback<F> {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        (self.0)(block, inputs, outputs);
    }
}
