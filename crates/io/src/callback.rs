//! What a backend calls once per block.

use patchline_graph::Renderer;

use crate::Midi;

/// One block, as its backend describes it.
///
/// ```
/// use patchline_io::Block;
///
/// let block = Block { frames: 64, position: 128, discontinuity: false };
/// let next = Block { position: block.position + block.frames as u64, ..block };
/// assert_eq!(next.position, 192);
/// ```
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
/// ```
/// use patchline_io::{Block, Callback, Midi};
///
/// /// Makes everything half as loud, unless the last note was let go.
/// struct Half {
///     on: bool,
/// }
///
/// impl Callback for Half {
///     fn process(&mut self, _block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
///         let factor = if self.on { 0.5 } else { 0.0 };
///         for (output, input) in outputs.iter_mut().zip(inputs) {
///             output.iter_mut().zip(*input).for_each(|(output, input)| *output = factor * input);
///         }
///     }
///
///     fn midi(&mut self, message: Midi) {
///         if let [0x80..=0x9f, _key, velocity] = message.bytes() {
///             self.on = *velocity > 0;
///         }
///     }
/// }
///
/// let (mut half, mut output) = (Half { on: true }, [0.0; 2]);
/// half.process(Block { frames: 2, position: 0, discontinuity: false }, &[&[1.0, -1.0]], &mut [&mut output]);
/// assert_eq!(output, [0.5, -0.5]);
/// ```
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
/// let mut half = FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
///     outputs[0].iter_mut().zip(inputs[0]).for_each(|(output, input)| *output = 0.5 * input);
/// });
/// let mut output = [0.0; 2];
/// half.process(Block { frames: 2, position: 0, discontinuity: false }, &[&[1.0, -1.0]], &mut [&mut output]);
/// assert_eq!(output, [0.5, -0.5]);
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
