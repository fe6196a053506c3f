//! The limits of what a made-up device may be.

use std::ops::RangeInclusive;

use crate::IoError;
use crate::channels::MAX_CHANNELS;

/// The longest block, in frames.
pub(crate) const MAX_BLOCK: usize = 1 << 20;
/// The highest rate, in Hz.
pub(crate) const MAX_RATE: u32 = 1_536_000;

pub(crate) fn check(rate: u32, block: usize, inputs: usize, outputs: usize) -> Result<(), IoError> {
    within("the rate", u64::from(rate), 1..=u64::from(MAX_RATE), "1 to 1536000 Hz")?;
    within("the block", block as u64, 1..=MAX_BLOCK as u64, "1 to 1048576 frames")?;
    within("the number of inputs", inputs as u64, 0..=MAX_CHANNELS as u64, "0 to 1024 channels")?;
    within("the number of outputs", outputs as u64, 0..=MAX_CHANNELS as u64, "0 to 1024 channels")
}

pub(crate) fn within(
    setting: &'static str,
    given: u64,
    range: RangeInclusive<u64>,
    allowed: &'static str,
) -> Result<(), IoError> {
    if range.contains(&given) {
        return Ok(());
    }
    Err(IoError::Setting { setting, given: given.to_string(), allowed })
}
