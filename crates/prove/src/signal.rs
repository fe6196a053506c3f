//! Test signals.

/// Channels × frames of white noise between −`peak` and `peak`; the same for the same seed.
pub(crate) fn noise(seed: u64, channels: usize, frames: usize, peak: f32) -> Vec<Vec<f32>> {
    (0..channels as u64)
        .map(|channel| channel_of_noise(seed.wrapping_mul(31).wrapping_add(channel), frames, peak))
        .collect()
}

fn channel_of_noise(seed: u64, frames: usize, peak: f32) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..frames).map(|_| random.next_unit() * peak).collect()
}

/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014 (SplitMix64).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between −1 and 1.
    fn next_unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
