//! Signals and splits for the tests of levels.

use proptest::prelude::*;

/// White noise in [−1, 1).
pub(super) fn noise(seed: u64, frames: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        // Knuth, The Art of Computer Programming, volume 2, 3.3.4, table 1, line 26.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..frames).map(|_| next()).collect()
}

/// Lengths of consecutive blocks, used in turn until the signal ends: 1 frame to a few hundred.
pub(super) fn splits() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(prop_oneof![1usize..4, 1usize..64, 1usize..700], 1..12)
}

/// The blocks of a signal of `frames` frames.
pub(super) fn blocks(frames: usize, split: &[usize]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    split.iter().cycle().map_while(move |&length| {
        let block = at..frames.min(at + length);
        at = block.end;
        (!block.is_empty()).then_some(block)
    })
}
