//! A small deterministic generator: what proptest shrinks is its seed and the graph's size.

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// splitmix64 (Steele, Lea, Flood 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.between(0, 99) < percent
    }

    pub(crate) fn sample(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// Channels × frames of noise, with silence, tiny and non-finite samples strewn in.
    pub(crate) fn signal(&mut self, channels: usize, frames: usize) -> Vec<Vec<f32>> {
        let odd = [0.0, 1e-20, f32::NAN, f32::INFINITY, -1e-38, -0.0];
        let sample = |dice: &mut Self| if dice.chance(3) { odd[dice.between(0, 5)] } else { dice.sample() };
        (0..channels).map(|_| (0..frames).map(|_| sample(self)).collect()).collect()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.between(0, index));
        }
    }
}
