//! Which channels of a device are ours.

use crate::channels::MAX_CHANNELS;
use crate::settings::within;
use crate::{IoError, Side};

/// Which channel of a device each of our channels is.
///
/// ```
/// use patchline_io::convert::ChannelMap;
///
/// // Of a device with eight channels: the last two as inputs, the first two in each other's place as outputs.
/// let input = ChannelMap::input(8, &[6, 7])?;
/// let output = ChannelMap::output(8, &[1, 0])?;
/// assert_eq!((input.device_width(), input.device_channels()), (8, &[6, 7][..]));
/// assert_eq!(output.device_channels(), [1, 0]);
/// assert_eq!(ChannelMap::all(2), ChannelMap::input(2, &[0, 1])?);
/// assert!(ChannelMap::output(8, &[8]).is_err());
/// # Ok::<(), patchline_io::IoError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMap {
    /// Channels of the device.
    width: usize,
    /// The device's channel of each of ours, below `width`.
    ours: Vec<usize>,
}

impl ChannelMap {
    /// All channels of a device, in their order.
    ///
    /// # Panics
    /// If there are none, or more than [`MAX_CHANNELS`].
    #[must_use]
    pub fn all(width: usize) -> Self {
        assert!((1..=MAX_CHANNELS).contains(&width), "{width} channels; a device has 1 to {MAX_CHANNELS}");
        Self { width, ours: (0..width).collect() }
    }

    /// The channels of an input device with `width` channels that ours are read from, counted from 0. One may be read
    /// into several.
    ///
    /// # Errors
    /// [`IoError::Setting`] for a width outside 1 to [`MAX_CHANNELS`]; [`IoError::Channels`] for a channel that the
    /// device lacks.
    pub fn input(width: usize, ours: &[usize]) -> Result<Self, IoError> {
        Self::new(width, ours, Side::Input)
    }

    /// The channels of an output device with `width` channels that ours are written to, counted from 0; the others are
    /// silent.
    ///
    /// # Errors
    /// As [`input`](Self::input), and [`IoError::Setting`] for a channel that is written twice.
    pub fn output(width: usize, ours: &[usize]) -> Result<Self, IoError> {
        let map = Self::new(width, ours, Side::Output)?;
        let mut taken = vec![false; width];
        match map.ours.iter().find(|&&channel| std::mem::replace(&mut taken[channel], true)) {
            None => Ok(map),
            Some(twice) => Err(IoError::Setting {
                setting: "an output channel that two channels go to",
                given: twice.to_string(),
                allowed: "one that nothing else goes to; mix them in the patch",
            }),
        }
    }

    fn new(width: usize, ours: &[usize], side: Side) -> Result<Self, IoError> {
        within("the number of a device's channels", width as u64, 1..=MAX_CHANNELS as u64, "1 to 1024 channels")?;
        match ours.iter().max() {
            Some(&most) if most >= width => {
                Err(IoError::Channels { device: "chosen".to_owned(), side, asked: most.saturating_add(1), has: width })
            }
            _ => Ok(Self { width, ours: ours.to_vec() }),
        }
    }

    /// How many channels the device has.
    #[must_use]
    pub fn device_width(&self) -> usize {
        self.width
    }

    /// The device's channel of each of ours, in our order.
    #[must_use]
    pub fn device_channels(&self) -> &[usize] {
        &self.ours
    }
}
