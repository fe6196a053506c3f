//! Blocks and rates that would help, from what was measured with those there are.

use super::{Cause, EASY, Strain};

/// The longest block to propose: at 48 kHz it lasts 171 ms.
const LONGEST: usize = 8192;
/// From here on a late call is rare, even on a machine that is busy otherwise.
const PATIENT: usize = 256;
/// Below this, what each call costs by itself shows.
const SHORT: usize = 128;
/// What a lower rate must bring the load down to.
const ROOM: f64 = 0.85;

/// A longer block that helps, a power of two, in frames.
pub(super) fn longer(cause: Cause, strain: Option<Strain>, block: usize, longest: Option<usize>) -> Option<usize> {
    let most = longest.unwrap_or(LONGEST).min(LONGEST);
    let wanted = match (cause, strain) {
        (Cause::Peaks, Some(strain)) => evened(strain, block)?,
        // It saves only what a call costs beside its frames.
        (Cause::Overload, _) if block < SHORT => SHORT,
        (Cause::Overload, _) => return None,
        _ => PATIENT,
    };
    let next = wanted.max(block.saturating_add(1)).checked_next_power_of_two()?;
    (next <= most).then_some(next)
}

/// Frames over which a peak is spread thin enough. Its time beyond the mean is taken to stay the same: an interruption
/// does not get longer with the block, and work that comes in portions comes less often in one block than in two.
fn evened(Strain { mean, peak }: Strain, block: usize) -> Option<usize> {
    let target = EASY.max(f64::midpoint(1.0, mean));
    let frames = (peak - mean).max(0.0) * block as f64 / (target - mean);
    // A float that is too large, or not a number, is no block.
    (frames <= LONGEST as f64).then_some(frames.ceil() as usize)
}

/// A usual rate below `rate` at which the patch has time to spare, in Hz: work is proportional to frames.
pub(super) fn slower(rate: u32, mean: f64) -> Option<u32> {
    let fits = |slower: u32| slower < rate && mean * f64::from(slower) / f64::from(rate) <= ROOM;
    [96_000, 88_200, 48_000, 44_100].into_iter().find(|&slower| fits(slower))
}
