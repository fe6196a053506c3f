//! A hash of bits, cheap enough for the callback: some half a nanosecond for a sample.

/// Lanes that are worked on at once.
const LANES: usize = 8;

/// Takes in words of 32 bits; in two inputs of the same length that differ in one word the hashes differ for sure
/// before they are folded to 64 bits, and afterwards but for a chance of 2⁻⁶⁴.
#[derive(Clone, Debug)]
pub(crate) struct Hash {
    lanes: [u32; LANES],
    words: u64,
}

impl Hash {
    pub(crate) fn new() -> Self {
        Self { lanes: std::array::from_fn(|lane| 0x811C_9DC5 ^ (lane as u32).wrapping_mul(0x9E37_79B9)), words: 0 }
    }

    /// The bits of samples.
    ///
    /// # Real-time
    /// Never allocates; its time grows with the samples.
    pub(crate) fn samples(&mut self, samples: &[f32]) {
        let mut eights = samples.chunks_exact(LANES);
        for eight in &mut eights {
            self.round(std::array::from_fn(|lane| eight[lane].to_bits()));
        }
        let rest = eights.remainder();
        if !rest.is_empty() {
            self.round(std::array::from_fn(|lane| rest.get(lane).map_or(0, |sample| sample.to_bits())));
        }
        self.words = self.words.wrapping_add(samples.len() as u64);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(4 * LANES) {
            self.round(std::array::from_fn(|lane| {
                let byte = |index: usize| u32::from(part.get(4 * lane + index).copied().unwrap_or(0));
                byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24
            }));
        }
        self.words = self.words.wrapping_add(bytes.len() as u64);
    }

    /// Each step can be undone, so no difference is lost.
    fn round(&mut self, words: [u32; LANES]) {
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = (lane.rotate_left(13) ^ word).wrapping_mul(0x9E37_79B1);
        }
    }

    pub(crate) fn finish(&self) -> u64 {
        self.lanes.iter().fold(self.words.wrapping_add(0x9E37_79B9_7F4A_7C15), |folded, &lane| {
            let mixed = (folded ^ u64::from(lane)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed ^ mixed >> 29
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(samples: &[f32]) -> u64 {
        let mut hash = Hash::new();
        hash.samples(samples);
        hash.finish()
    }

    #[test]
    fn every_bit_counts() {
        let samples: Vec<f32> = (0..77).map(|index| index as f32 * 0.013 - 0.5).collect();
        let whole = hash(&samples);
        for index in 0..samples.len() {
            for bit in [0, 1, 22, 23, 31] {
                let mut other = samples.clone();
                other[index] = f32::from_bits(other[index].to_bits() ^ 1 << bit);
                assert_ne!(hash(&other), whole, "bit {bit} of sample {index}");
            }
        }
        assert_ne!(hash(&[0.0]), hash(&[-0.0]));
        assert_ne!(hash(&[0.0; 3]), hash(&[0.0; 4]));
        assert_ne!(hash(&[1.0, 2.0]), hash(&[2.0, 1.0]));
    }

    #[test]
    fn bytes_are_told_apart_as_well() {
        let hash = |bytes: &[u8]| {
            let mut hash = Hash::new();
            hash.bytes(bytes);
            hash.finish()
        };
        assert_ne!(hash(b"a"), hash(b"a\0"));
        assert_ne!(hash(&[7; 100]), hash(&[7; 101]));
        assert_eq!(hash(&[7; 100]), hash(&[7; 100]));
    }
}
