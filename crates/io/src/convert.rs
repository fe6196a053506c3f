//! The device's edge: interleaved samples of any format on its side, planar f32 at full scale ±1 on ours.
//!
//! | format | to f32 | from f32 |
//! |---|---|---|
//! | 8, 16 and 24 bits | exact | to the nearest step, ties to even |
//! | 32 and 64 bits | to the nearest f32, ties to even: 24 bits | to the nearest step, ties to even |
//! | f32 | the same bits | the same bits, also beyond full scale |
//! | f64 | to the nearest f32, ties to even | exact |
//!
//! A signed sample of `n` bits is its value over 2ⁿ⁻¹, so that −1 is its lowest and +1 one step above its highest;
//! unsigned samples are the same with their middle as 0. Nothing is dithered: what was read comes out as it was. What
//! an integer cannot hold is clipped to its nearest end and counted, +1 included; samples that are no finite number
//! become 0 and are counted.
//!
//! ```
//! use patchline_io::convert::{ChannelMap, I24, Tally, read, write};
//!
//! // A device with four inputs, the third and the first of which are wanted, in this order.
//! let map = ChannelMap::input(4, &[2, 0])?;
//! let (mut left, mut right) = ([0.0; 2], [0.0; 2]);
//! read(&[1_i16, 2, 3, 4, 10, 20, 30, 40], &map, &mut [&mut left, &mut right]);
//! assert_eq!(left, [3.0 / 32_768.0, 30.0 / 32_768.0]);
//!
//! // Two channels to the last two of three outputs; the first stays silent.
//! let map = ChannelMap::output(3, &[1, 2])?;
//! let mut played = [I24(7); 6];
//! let tally = write(&[&left, &[0.5, 1.5]], &map, &mut played);
//! assert_eq!(played[..3], [I24(0), I24(3 << 8), I24(1 << 22)]);
//! assert_eq!((played[5], tally), (I24::MAX, Tally { clipped: 1, not_finite: 0 }));
//! # Ok::<(), patchline_io::IoError>(())
//! ```

mod map;
mod sample;

use std::ops::AddAssign;

pub use self::map::ChannelMap;
pub use self::sample::{DeviceSample, I24, Packed24, U24};

/// Samples that did not come through as they were.
///
/// ```
/// use patchline_io::convert::{ChannelMap, Tally, write};
///
/// let mut all = Tally::default();
/// let mut played = [0_i16; 2];
/// all += write(&[&[1.5, f32::NAN]], &ChannelMap::all(1), &mut played);
/// assert_eq!((played, all), ([i16::MAX, 0], Tally { clipped: 1, not_finite: 1 }));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Beyond what the device's format holds: the nearest value it has was taken.
    pub clipped: u64,
    /// No finite number: 0 was taken.
    pub not_finite: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.clipped += other.clipped;
        self.not_finite += other.not_finite;
    }
}

/// Reads interleaved frames of a device into `planar`: our channels × frames.
///
/// Converts as many frames as all of the slices have room for, and as many channels as both `map` and `planar` have.
///
/// ```
/// use patchline_io::convert::{ChannelMap, read};
///
/// let (mut left, mut right) = ([0.0; 2], [0.0; 2]);
/// let tally = read(&[0.1_f32, 0.2, 0.3, 0.4], &ChannelMap::all(2), &mut [&mut left, &mut right]);
/// assert_eq!((left, right, tally.not_finite), ([0.1, 0.3], [0.2, 0.4], 0));
/// ```
///
/// # Real-time
/// Never allocates, locks or waits.
pub fn read<S: DeviceSample>(interleaved: &[S], map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
    let mut tally = Tally::default();
    for (channel, &from) in planar.iter_mut().zip(map.device_channels()) {
        let frames = interleaved.chunks_exact(map.device_width());
        channel.iter_mut().zip(frames).for_each(|(sample, frame)| *sample = frame[from].read(&mut tally));
    }
    tally
}

/// Writes `planar`, our channels × frames, as interleaved frames of a device; its other channels become silent.
///
/// Fills all of `interleaved`: what `planar` has no frames or channels for is silence, too.
///
/// ```
/// use patchline_io::convert::{ChannelMap, write};
///
/// let mut played = [0_i16; 4];
/// write(&[&[0.5, 0.25], &[-0.5, -0.25]], &ChannelMap::all(2), &mut played);
/// assert_eq!(played, [0x4000, -0x4000, 0x2000, -0x2000]);
/// ```
///
/// # Real-time
/// Never allocates, locks or waits.
pub fn write<S: DeviceSample>(planar: &[&[f32]], map: &ChannelMap, interleaved: &mut [S]) -> Tally {
    let mut tally = Tally::default();
    interleaved.fill(S::SILENCE);
    for (channel, &to) in planar.iter().zip(map.device_channels()) {
        let frames = interleaved.chunks_exact_mut(map.device_width());
        channel.iter().zip(frames).for_each(|(&sample, frame)| frame[to] = S::write(sample, &mut tally));
    }
    tally
}
