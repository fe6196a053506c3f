//! From any rate down (or up) to a fixed one, sample by sample, with the same bits on every machine.

/// Zero crossings of the windowed sinc on each side of its centre.
const CROSSINGS: usize = 12;
/// Phases of the filter that are kept at most; a ratio with more uses the nearest one below.
const MAX_PHASES: usize = 640;
/// Share of the band below half the lower rate that passes.
const PASS: f64 = 0.9;

/// A polyphase FIR filter from one rate to another.
///
/// Output n lies at input time n·from/to, held as an exact fraction, so nothing drifts. The filter is a sinc under a
/// Blackman window (Oppenheim, Schafer, "Discrete-Time Signal Processing", 7.5), cut off at 0.9 of half the lower rate.
/// It serves detectors: a library resampler picks its kernels by the processor and would give other bits elsewhere.
#[derive(Debug)]
pub(crate) struct Resampler {
    /// `from`/`to` in lowest terms.
    from: usize,
    to: usize,
    /// Until the next output: input frames, as a fraction of `to`.
    due: usize,
    taps: usize,
    phases: usize,
    /// `phases` rows of `taps` coefficients, for the newest input first.
    coefficients: Box<[f32]>,
    /// The last `taps` inputs, newest first from `newest` on; stored twice, so that they are always in one piece.
    history: Box<[f32]>,
    newest: usize,
}

impl Resampler {
    /// From `from` Hz to `to` Hz, both at least 1.
    pub(crate) fn new(from: usize, to: usize) -> Self {
        let divisor = gcd(from, to);
        let (from, to) = (from / divisor, to / divisor);
        let half = half_taps(from, to);
        let phases = to.min(MAX_PHASES);
        Resampler {
            from,
            to,
            due: 0,
            taps: 2 * half,
            phases,
            coefficients: (0..phases).flat_map(|phase| row(phase as f64 / phases as f64, half, from, to)).collect(),
            history: vec![0.0; 4 * half].into(),
            newest: 0,
        }
    }

    /// Input frames between a sample and the output that is centred on it.
    pub(crate) fn delay(&self) -> usize {
        self.taps / 2
    }

    /// Bytes that a resampler from `from` Hz to `to` Hz allocates.
    pub(crate) fn footprint(from: usize, to: usize) -> usize {
        let divisor = gcd(from, to);
        let (from, to) = (from / divisor, to / divisor);
        2 * half_taps(from, to) * (to.min(MAX_PHASES) + 2) * size_of::<f32>()
    }

    /// Takes one input and passes on every output that is due with it.
    #[inline(always)]
    pub(crate) fn push(&mut self, sample: f32, mut output: impl FnMut(f32)) {
        self.newest = if self.newest == 0 { self.taps - 1 } else { self.newest - 1 };
        self.history[self.newest] = sample;
        self.history[self.newest + self.taps] = sample;
        while self.due < self.to {
            output(self.interpolate(self.due));
            self.due += self.from;
        }
        self.due -= self.to;
    }

    pub(crate) fn reset(&mut self) {
        self.due = 0;
        self.newest = 0;
        self.history.fill(0.0);
    }

    fn interpolate(&self, due: usize) -> f32 {
        let phase = due * self.phases / self.to;
        let row = &self.coefficients[phase * self.taps..(phase + 1) * self.taps];
        let inputs = &self.history[self.newest..self.newest + self.taps];
        // Eight lanes, each summed from left to right, then together: what vectorises is also what is written.
        let mut lanes = [0.0f32; 8];
        for (inputs, row) in inputs.chunks(8).zip(row.chunks(8)) {
            for ((lane, input), coefficient) in lanes.iter_mut().zip(inputs).zip(row) {
                *lane += input * coefficient;
            }
        }
        lanes.iter().sum()
    }
}

/// Input frames on each side of the filter's centre.
fn half_taps(from: usize, to: usize) -> usize {
    (CROSSINGS * from).div_ceil(to).max(CROSSINGS)
}

/// The filter for an output that lies `fraction` of a frame after an input; its sum is 1.
fn row(fraction: f64, half: usize, from: usize, to: usize) -> impl Iterator<Item = f32> {
    let cutoff = PASS * (to as f64 / from as f64).min(1.0);
    let weight = move |tap: usize| {
        let distance = half as f64 - fraction - tap as f64;
        sinc(cutoff * distance) * blackman(distance / half as f64)
    };
    let sum: f64 = (0..2 * half).map(weight).sum();
    (0..2 * half).map(move |tap| (weight(tap) / sum) as f32)
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if x == 0.0 { 1.0 } else { libm::sin(angle) / angle }
}

/// The window from −1 to 1, 0 outside.
fn blackman(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if x.abs() >= 1.0 { 0.0 } else { 0.42 + 0.5 * libm::cos(angle) + 0.08 * libm::cos(2.0 * angle) }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(rate: usize, signal: impl Fn(f64) -> f64) -> Vec<f32> {
        let mut resampler = Resampler::new(rate, 16_000);
        let mut output = Vec::new();
        for k in 0..rate / 2 {
            resampler.push(signal(k as f64 / rate as f64) as f32, |sample| output.push(sample));
        }
        output
    }

    const RATES: [usize; 10] = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 44_101];

    #[test]
    fn what_is_heard_stays_in_place() {
        for rate in RATES {
            let tone = |seconds: f64| (std::f64::consts::TAU * 1_000.0 * seconds).sin();
            let output = resampled(rate, tone);
            assert!((output.len() as i64 - 8_000).abs() <= 1, "{rate}");
            let delay = Resampler::new(rate, 16_000).delay() as f64 / rate as f64;
            // A ratio with more than 640 phases is up to 1/640 of an input frame early.
            let tolerance = if rate == 44_101 { 3e-3 } else { 1e-3 };
            for (n, sample) in output.iter().enumerate().skip(200) {
                let expected = tone(n as f64 / 16_000.0 - delay);
                assert!((f64::from(*sample) - expected).abs() < tolerance, "{rate} {n}: {sample} {expected}");
            }
        }
    }

    #[test]
    fn what_lies_above_does_not_fold_back() {
        for rate in RATES.into_iter().filter(|rate| *rate >= 32_000) {
            let output = resampled(rate, |seconds| (std::f64::consts::TAU * 9_500.0 * seconds).sin());
            let peak = output.iter().skip(200).fold(0.0, |peak: f32, x| peak.max(x.abs()));
            assert!(peak < 1e-3, "{rate}: {peak}");
        }
    }
}
