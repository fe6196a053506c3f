//! Signals and splits for the tests of the kernels.

use proptest::prelude::*;

use super::noise::White;

/// White noise in [−1, 1).
pub(crate) fn noise(seed: u64, frames: usize) -> Vec<f32> {
    let mut samples = vec![0.0; frames];
    White::new(seed, 0).fill(&mut samples);
    samples
}

/// Lengths of consecutive blocks, used in turn until the signal ends: 1 frame to a few hundred.
pub(crate) fn splits() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(prop_oneof![1usize..4, 1usize..64, 1usize..700], 1..12)
}

/// The blocks of a signal of `frames` frames.
pub(crate) fn blocks(frames: usize, split: &[usize]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    split.iter().cycle().map_while(move |&length| {
        let block = at..frames.min(at + length);
        at = block.end;
        (!block.is_empty()).then_some(block)
    })
}

/// Asserts the same bits, not only equal numbers.
#[track_caller]
pub(crate) fn assert_same_bits(left: &[f32], right: &[f32]) {
    assert_eq!(left.len(), right.len());
    let differs = left.iter().zip(right).position(|(l, r)| l.to_bits() != r.to_bits());
    assert_eq!(differs, None, "first difference: {:?}", differs.map(|at| (left[at], right[at])));
}
