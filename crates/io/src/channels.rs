//! Slices of channels for a callback, made on the stack.

use patchline_graph::touched;

use crate::{Block, Callback};

/// The most channels a device may have on one side.
pub const MAX_CHANNELS: usize = 1024;

/// Storage of a block: channels × frames, each channel in one piece.
///
/// ```
/// use patchline_io::channels::Planar;
///
/// let mut storage = Planar::new(2, 64);
/// assert_eq!((storage.channels(), storage.frames()), (2, 64));
/// storage.channel_mut(1)[0] = 0.5;
/// storage.iter_mut(16).for_each(|channel| channel[1] = 0.25);
/// assert_eq!(storage.channel(1)[..3], [0.5, 0.25, 0.0]);
/// assert!(storage.iter(16).all(|channel| channel.len() == 16));
/// ```
#[derive(Clone, Debug)]
pub struct Planar {
    samples: Vec<f32>,
    channels: usize,
    frames: usize,
}

impl Planar {
    /// Silence. Allocates, and writes to all of it, so that a callback may use it.
    ///
    /// # Panics
    /// If there are more than [`MAX_CHANNELS`].
    #[must_use]
    pub fn new(channels: usize, frames: usize) -> Self {
        assert!(channels <= MAX_CHANNELS, "{channels} channels; a device has at most {MAX_CHANNELS}");
        Self { samples: touched::zeros(channels * frames), channels, frames }
    }

    /// How many channels there are.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// How many frames there is room for.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// One channel, all its frames.
    #[must_use]
    pub fn channel(&self, index: usize) -> &[f32] {
        &self.samples[index * self.frames..][..self.frames]
    }

    /// One channel, all its frames.
    pub fn channel_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.samples[index * self.frames..][..self.frames]
    }

    /// The first `frames` frames of all channels, in order.
    ///
    /// # Panics
    /// If there is no room for as many.
    pub fn iter(&self, frames: usize) -> impl ExactSizeIterator<Item = &[f32]> {
        (0..self.channels).map(move |index| &self.channel(index)[..frames])
    }

    /// The first `frames` frames of all channels, in order.
    ///
    /// # Panics
    /// If there is no room for as many.
    pub fn iter_mut(&mut self, frames: usize) -> impl Iterator<Item = &mut [f32]> {
        assert!(frames <= self.frames, "{frames} frames in a block of {}", self.frames);
        // A stride of 0 is no chunk size; without frames there are no samples, so no chunks either.
        self.samples.chunks_exact_mut(self.frames.max(1)).map(move |channel| &mut channel[..frames])
    }
}

/// Calls `callback` once with the first `block.frames` frames of both.
///
/// ```
/// use patchline_io::channels::{Planar, call};
/// use patchline_io::{Block, FnCallback};
///
/// let mut copy = FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| outputs[0].copy_from_slice(inputs[0]));
/// let (mut inputs, mut outputs) = (Planar::new(1, 64), Planar::new(1, 64));
/// inputs.channel_mut(0).fill(0.5);
/// call(&mut copy, Block { frames: 16, position: 0, discontinuity: false }, &inputs, &mut outputs);
/// assert_eq!((outputs.channel(0)[15], outputs.channel(0)[16]), (0.5, 0.0));
/// ```
///
/// # Panics
/// If a block is longer than the storage.
///
/// # Real-time
/// Never allocates.
pub fn call<C: Callback + ?Sized>(callback: &mut C, block: Block, inputs: &Planar, outputs: &mut Planar) {
    with_inputs(inputs.channels(), inputs.iter(block.frames), |inputs| {
        with_outputs(outputs.channels(), outputs.iter_mut(block.frames), |outputs| {
            callback.process(block, inputs, outputs);
        });
    });
}

/// Gathers the slices of `count` channels on the stack; those that `channels` lacks are empty.
///
/// ```
/// use patchline_io::channels::with_inputs;
///
/// // A device that has its channels one behind the other, as JACK's ports.
/// let ports = [vec![0.5; 4], vec![0.25; 4]];
/// let sum = with_inputs(2, ports.iter().map(Vec::as_slice), |channels| channels[0][0] + channels[1][0]);
/// assert_eq!(sum, 0.75);
/// ```
///
/// # Panics
/// If `count` is above [`MAX_CHANNELS`].
///
/// # Real-time
/// Never allocates: up to 16 KiB of stack.
pub fn with_inputs<'a, R>(
    count: usize,
    channels: impl Iterator<Item = &'a [f32]>,
    run: impl FnOnce(&[&'a [f32]]) -> R,
) -> R {
    match count {
        0..=8 => gather::<8, _, R>(count, channels, || &[][..], |slices| run(slices)),
        9..=64 => gather::<64, _, R>(count, channels, || &[][..], |slices| run(slices)),
        _ => gather::<MAX_CHANNELS, _, R>(count, channels, || &[][..], |slices| run(slices)),
    }
}

/// As [`with_inputs`], for slices to be written.
///
/// ```
/// use patchline_io::channels::with_outputs;
///
/// let mut ports = [vec![9.0; 4], vec![9.0; 4]];
/// // A third channel, which the device lacks, is empty.
/// let lengths = with_outputs(3, ports.iter_mut().map(Vec::as_mut_slice), |channels| {
///     channels.iter_mut().for_each(|channel| channel.fill(0.0));
///     channels.iter().map(|channel| channel.len()).collect::<Vec<_>>()
/// });
/// assert_eq!((lengths, ports[0][0]), (vec![4, 4, 0], 0.0));
/// ```
///
/// # Panics
/// If `count` is above [`MAX_CHANNELS`].
///
/// # Real-time
/// Never allocates: up to 16 KiB of stack.
pub fn with_outputs<'a, R>(
    count: usize,
    channels: impl Iterator<Item = &'a mut [f32]>,
    run: impl FnOnce(&mut [&'a mut [f32]]) -> R,
) -> R {
    match count {
        0..=8 => gather::<8, _, R>(count, channels, || &mut [][..], run),
        9..=64 => gather::<64, _, R>(count, channels, || &mut [][..], run),
        _ => gather::<MAX_CHANNELS, _, R>(count, channels, || &mut [][..], run),
    }
}

fn gather<const MOST: usize, S, R>(
    count: usize,
    channels: impl Iterator<Item = S>,
    empty: impl Fn() -> S,
    run: impl FnOnce(&mut [S]) -> R,
) -> R {
    let mut slices: [S; MOST] = std::array::from_fn(|_| empty());
    slices.iter_mut().zip(channels).for_each(|(slot, channel)| *slot = channel);
    run(&mut slices[..count])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FnCallback;

    fn check(channels: usize, frames: usize) {
        let mut inputs = Planar::new(channels, frames + 3);
        (0..channels).for_each(|index| inputs.channel_mut(index).fill(index as f32));
        let mut outputs = Planar::new(channels, frames + 3);
        let mut copy = FnCallback(move |block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
            assert_eq!((inputs.len(), outputs.len(), block.frames), (channels, channels, frames));
            outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
        });
        call(&mut copy, Block { frames, position: 0, discontinuity: false }, &inputs, &mut outputs);
        for index in 0..channels {
            assert!(outputs.channel(index)[..frames].iter().all(|&sample| sample == index as f32));
            assert_eq!(outputs.channel(index)[frames..], [0.0; 3]);
        }
    }

    #[test]
    fn any_number_of_channels_arrives_in_order() {
        [0, 1, 2, 8, 9, 64, 65, MAX_CHANNELS].into_iter().for_each(|channels| check(channels, 5));
        check(2, 1);
    }
}
