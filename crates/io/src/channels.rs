//! Slices of channels for a callback, made on the stack.

use patchline_graph::touched;

use crate::{Block, Callback};

/// The most channels a device may have on one side.
pub const MAX_CHANNELS: usize = 1024;

/// Storage of a block: channels × frames, each channel in one piece.
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
