//! White and pink noise from a seed.

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo): how a name becomes a seed that is the same everywhere.
///
/// ```
/// use patchline_nodes::dsp::noise::{White, fnv1a};
///
/// // From its authors' tables.
/// assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
/// // A node's name is its seed.
/// assert_eq!(White::new(fnv1a(b"hiss"), 0).tick(), White::new(fnv1a(b"hiss"), 0).tick());
/// ```
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// White noise: uniform in [−1, 1), RMS 1/√3.
///
/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): a hash of a counter, so
/// that sample n depends on the seed, the channel and n alone.
///
/// ```
/// use patchline_nodes::dsp::noise::White;
///
/// let mut noise = White::new(7, 0);
/// let mut block = [0.0; 64];
/// noise.fill(&mut block);
/// assert!(block.iter().all(|sample| (-1.0..1.0).contains(sample)));
/// noise.reset();
/// assert_eq!(noise.tick(), block[0]);
/// ```
#[derive(Debug, Clone)]
pub struct White {
    start: u64,
    state: u64,
}

/// The odd number nearest to 2⁶⁴/φ, SplitMix64's step.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl White {
    /// The noise of channel `channel` of the generator with `seed`. Channels are independent of each other.
    pub fn new(seed: u64, channel: usize) -> Self {
        // Hashed twice, so that the counters of two channels start far apart.
        let start = scramble(scramble(seed).wrapping_add((channel as u64).wrapping_mul(STEP)));
        White { start, state: start }
    }

    /// The next sample.
    #[inline(always)]
    pub fn tick(&mut self) -> f32 {
        self.state = self.state.wrapping_add(STEP);
        sample(scramble(self.state))
    }

    /// Writes the next samples.
    #[inline(always)]
    pub fn fill(&mut self, samples: &mut [f32]) {
        // A state of its own, which no sample can be mistaken for, is computed for several samples at once.
        let mut state = self.state;
        for out in samples {
            state = state.wrapping_add(STEP);
            *out = sample(scramble(state));
        }
        self.state = state;
    }

    /// Starts anew, with the same samples.
    pub fn reset(&mut self) {
        self.state = self.start;
    }
}

/// The upper 24 bits as a signed number: every value is exact in f32.
#[inline(always)]
fn sample(bits: u64) -> f32 {
    ((bits >> 32) as i32 >> 8) as f32 * (1.0 / 8_388_608.0)
}

#[inline(always)]
fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Pink noise: −3 dB per octave, RMS about 0.19.
///
/// White noise through Paul Kellet's filter ("refined" version of 1999, musicdsp.org, "Pink noise filter"): six
/// one-poles in parallel whose poles were fitted at 44.1 kHz (±0.05 dB above 9 Hz). At other rates the fitted range
/// moves with the rate and the slope stays.
///
/// ```
/// use patchline_nodes::dsp::noise::Pink;
///
/// let (mut left, mut right) = (Pink::new(7, 0), Pink::new(7, 1));
/// let mut block = [0.0; 64];
/// left.fill(&mut block);
/// assert_ne!(right.tick(), block[0]);
/// left.reset();
/// assert_eq!(left.tick(), block[0]);
/// ```
#[derive(Debug, Clone)]
pub struct Pink {
    white: White,
    // Fed by noise that never rests, so it does not decay into denormals and needs no flush.
    poles: [f32; 6],
    last: f32,
}

/// Each one-pole's feedback and input factor.
const POLES: [(f32, f32); 6] = [
    (0.998_86, 0.055_517_9),
    (0.993_32, 0.075_075_9),
    (0.969, 0.153_852),
    (0.866_5, 0.310_485_6),
    (0.55, 0.532_952_2),
    (-0.761_6, -0.016_898),
];

impl Pink {
    /// The noise of channel `channel` of the generator with `seed`. Channels are independent of each other.
    pub fn new(seed: u64, channel: usize) -> Self {
        Pink { white: White::new(seed, channel), poles: [0.0; 6], last: 0.0 }
    }

    /// The next sample.
    #[inline(always)]
    pub fn tick(&mut self) -> f32 {
        let white = self.white.tick();
        let mut sum = 0.0;
        for (pole, (feedback, input)) in self.poles.iter_mut().zip(POLES) {
            *pole = *pole * feedback + white * input;
            sum += *pole;
        }
        let pink = sum + self.last + white * 0.536_2;
        self.last = white * 0.115_926;
        pink * 0.11
    }

    /// Writes the next samples.
    #[inline(always)]
    pub fn fill(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample = self.tick();
        }
    }

    /// Starts anew, with the same samples.
    pub fn reset(&mut self) {
        self.white.reset();
        self.poles = [0.0; 6];
        self.last = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_same_bits, blocks, splits};
    use super::*;

    #[test]
    fn the_hash_has_its_published_values() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    fn rms(samples: &[f32]) -> f64 {
        (samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn white_is_uniform_and_channels_are_apart() {
        let (mut left, mut right) = (vec![0.0; 1 << 20], vec![0.0; 1 << 20]);
        White::new(7, 0).fill(&mut left);
        White::new(7, 1).fill(&mut right);
        assert!(left.iter().all(|x| (-1.0..1.0).contains(x)));
        // Three standard errors of 2²⁰ samples.
        let mean = left.iter().map(|x| f64::from(*x)).sum::<f64>() / left.len() as f64;
        assert!(mean.abs() < 3.0 * 0.577 / 1024.0, "{mean}");
        assert!((rms(&left) - 3f64.sqrt().recip()).abs() < 1e-3);
        let dot: f64 = left.iter().zip(&right).map(|(l, r)| f64::from(*l) * f64::from(*r)).sum();
        assert!((dot / left.len() as f64).abs() < 3.0 / 3.0 / 1024.0, "{dot}");
    }

    /// Power of `samples` at `hz`, averaged over Hann windows of 4096 frames (Goertzel's recursion).
    fn power(samples: &[f32], hz: f64, rate: f64) -> f64 {
        let turn = 2.0 * (std::f64::consts::TAU * hz / rate).cos();
        let windows = samples.chunks_exact(4096).map(|window| {
            let (mut a, mut b) = (0.0, 0.0);
            for (k, x) in window.iter().enumerate() {
                let hann = 0.5 - 0.5 * (std::f64::consts::TAU * k as f64 / 4096.0).cos();
                (a, b) = (turn * a - b + f64::from(*x) * hann, a);
            }
            a * a + b * b - turn * a * b
        });
        windows.sum::<f64>() / (samples.len() / 4096) as f64
    }

    #[test]
    fn pink_falls_by_three_decibels_an_octave() {
        let mut samples = vec![0.0; 1 << 21];
        Pink::new(1, 0).fill(&mut samples);
        assert!((rms(&samples) - 0.19).abs() < 0.01, "{}", rms(&samples));
        // A straight line through power in dB over octaves, 100 Hz to 5 kHz in thirds of an octave at 48 kHz.
        let octaves = || (0..=16).map(|third| f64::from(third) / 3.0);
        let points: Vec<_> =
            octaves().map(|x| (x, 10.0 * power(&samples, 100.0 * x.exp2(), 48_000.0).log10())).collect();
        let n = points.len() as f64;
        let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
        let slope = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
            / points.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>();
        assert!((slope + 3.01).abs() < 0.25, "{slope} dB per octave");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_bits(split in splits(), seed: u64, channel in 0usize..64) {
            let (mut white, mut pink) = (White::new(seed, channel), Pink::new(seed, channel));
            let mut whole = [vec![0.0; 3000], vec![0.0; 3000]];
            white.fill(&mut whole[0]);
            pink.fill(&mut whole[1]);
            white.reset();
            pink.reset();
            let mut parts = [vec![0.0; 3000], vec![0.0; 3000]];
            for block in blocks(3000, &split) {
                white.fill(&mut parts[0][block.clone()]);
                pink.fill(&mut parts[1][block]);
            }
            assert_same_bits(&whole[0], &parts[0]);
            assert_same_bits(&whole[1], &parts[1]);
        }
    }
}
