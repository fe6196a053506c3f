//! Finding out, a block at a time, that a ring holds nothing but silence.

use crate::Frame;

/// Samples that are looked at in one go at most: whoever is asked about rings of seconds does not answer at once.
const AT_ONCE: usize = 8_192;

/// How many of the newest samples of a ring are 0, for a processor that is asked whether it [rests](crate::Processor::rests).
///
/// ```
/// use patchline_graph::Hush;
///
/// let mut hush = Hush::default();
/// // Six frames have been processed; the next one is written to place 2.
/// assert!(!hush.covers(&[0.0, 0.0, 0.5, 0.0], 2, 6));
/// // Two later the 0.5 has been overwritten; it is counted from here, until silence has gone round.
/// assert!(!hush.covers(&[0.0; 4], 0, 8));
/// assert!(hush.covers(&[0.0; 4], 2, 10));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Hush {
    asked: Frame,
    silent: usize,
}

impl Hush {
    /// Whether all samples of a ring are 0 and none is −0, at the frame `position`; `write` is where the next sample goes.
    ///
    /// The last frame has to have heard silence as well: a ring that is as long as the delay no longer has what that frame heard,
    /// one that is longer has.
    ///
    /// Looks at those that were written since it was asked last, 8,192 at most: one `true` is true, a `false` means not yet. A
    /// longer ring in longer blocks is never found silent.
    ///
    /// # Panics
    /// If `write` is beyond the ring's end.
    pub fn covers(&mut self, ring: &[f32], write: usize, position: Frame) -> bool {
        let since = usize::try_from(position.saturating_sub(self.asked)).unwrap_or(usize::MAX);
        let newest = since.min(ring.len()).min(AT_ONCE);
        self.asked = position;
        let (newer, older) = ring.split_at(write);
        let [newer, older] = [(newer, newest.min(write)), (older, newest.saturating_sub(write))]
            .map(|(part, count)| &part[part.len() - count..]);
        // Who has not been looking does not know what came and went.
        let known = if newest == since { self.silent } else { 0 };
        self.silent = if is_silence(newer) && is_silence(older) { known.saturating_add(newest) } else { 0 };
        self.silent >= ring.len()
    }
}

/// Whether all samples are 0, and none is −0.
#[inline(always)]
pub(crate) fn is_silence(samples: &[f32]) -> bool {
    samples.iter().fold(0, |bits, sample| bits | sample.to_bits()) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `samples` into a ring in blocks, and says after which of them it was found silent first.
    fn found(length: usize, samples: &[f32], block: usize) -> Option<usize> {
        let (mut ring, mut hush, mut write) = (vec![1.0; length], Hush::default(), 0);
        let mut found = None;
        for (index, block) in samples.chunks(block).enumerate() {
            for sample in block {
                ring[write] = *sample;
                write = (write + 1) % length;
            }
            let covers = hush.covers(&ring, write, (index * block.len() + block.len()) as Frame);
            let heard = index * block.len() + block.len();
            assert!(!covers || is_silence(&samples[heard - length..heard]), "{length} {index}");
            found = found.or(covers.then_some((index + 1) * block.len()));
        }
        found
    }

    #[test]
    fn a_ring_is_silent_when_silence_has_gone_round() {
        for (length, block) in [(1, 1), (7, 3), (64, 64), (100, 64), (100, 250), (20_000, 64)] {
            let mut samples = vec![0.0; 4 * length + 1_000 * block];
            samples[..length].fill(0.25);
            samples.truncate(samples.len() / block * block);
            let found = found(length, &samples, block).unwrap();
            assert!(found >= length && found <= 2 * length + 2 * block, "{length} {block}: {found}");
        }
    }

    /// After it was silent once, and whoever is asked was busy for longer than is looked at in one go.
    #[test]
    fn what_came_while_nobody_asked_is_not_taken_for_silence() {
        let (mut hush, mut ring) = (Hush::default(), vec![0.0; 3 * AT_ONCE]);
        let silent =
            |hush: &mut Hush, ring: &[f32], from: Frame| (1..=48).any(|block| hush.covers(ring, 0, from + block * 512));
        assert!(silent(&mut hush, &ring, 0));
        ring[AT_ONCE] = 0.5;
        assert!(!hush.covers(&ring, 0, 1_000_000));
        assert!(!hush.covers(&ring, 512, 1_000_512));
        ring[AT_ONCE] = 0.0;
        assert!(silent(&mut hush, &ring, 1_000_512));
    }

    #[test]
    fn one_sample_among_zeros_is_seen_wherever_it_is() {
        for at in 0..64 {
            for sample in [1e-30, -0.0, f32::NAN] {
                let mut samples = [0.0; 64];
                samples[at] = sample;
                assert_eq!(found(64, &samples, 16), None, "{sample} at {at}");
            }
        }
    }
}
