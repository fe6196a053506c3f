use patchline_io::IoEvent;
use patchline_io::drift::{DriftConfig, Quality};

use crate::devices::{Device, Devices, Heard};

/// Seconds after which rates are known to 20 ppm.
const SETTLED: f64 = 30.0;

/// What was heard, in numbers.
#[derive(Debug)]
pub(crate) struct Sums {
    pub(crate) nominal: f64,
    least: f64,
    most: f64,
    ppm_least: f64,
    ppm_most: f64,
    silent: usize,
    from: f64,
}

impl Sums {
    fn new(from: f64) -> Self {
        let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { nominal: 0.0, least, most, ppm_least: least, ppm_most: most, silent: 0, from }
    }

    fn add(&mut self, heard: Heard) {
        if heard.at < self.from {
            return;
        }
        match heard.latency {
            None => self.silent += 1,
            Some(latency) => {
                self.least = self.least.min(latency);
                self.most = self.most.max(latency);
            }
        }
        if heard.at >= SETTLED {
            self.ppm_least = self.ppm_least.min(heard.ppm);
            self.ppm_most = self.ppm_most.max(heard.ppm);
        }
    }

    /// From `from` on: never silent, latency within 1 ms of nominal.
    pub(crate) fn check_latency(&self) {
        assert_eq!(self.silent, 0, "{self:?}");
        assert!(self.least > self.nominal - 0.001 && self.most < self.nominal + 0.001, "{self:?}");
    }

    pub(crate) fn check_ppm(&self, ppm: f64) {
        assert!(self.ppm_least > ppm - 20.0 && self.ppm_most < ppm + 20.0, "{ppm}: {self:?}");
        assert!(self.ppm_most - self.ppm_least < 20.0, "{ppm}: {self:?}");
    }
}

pub(crate) fn listen(devices: &mut Devices, from: f64, to: f64) -> (Sums, Vec<IoEvent>) {
    let mut sums = Sums::new(from);
    let events = devices.run(to, |heard| sums.add(heard));
    sums.nominal = devices.nominal();
    (sums, events)
}

/// Runs two devices without mishap.
fn check(input: Device, output: Device, quality: Quality, seconds: f64) {
    let mut devices = Devices::new(input, output, DriftConfig { quality, ..DriftConfig::default() });
    let ppm = devices.true_ppm();
    let (sums, events) = listen(&mut devices, 1.0, seconds);
    sums.check_latency();
    sums.check_ppm(ppm);
    assert_eq!(events, []);
    let report = devices.monitor.report();
    assert_eq!((report.realigned, report.silent, report.dropped, report.overflowed), (0, 0, 0, 0));
}

pub(crate) const ODD: (usize, usize) = (24, 1_024);

#[test]
fn an_hour_500_ppm_apart() {
    let (input, output) = (Device::new(48_000, 500.0, ODD, 0.002), Device::new(48_000, 0.0, ODD, 0.002));
    check(input, output, Quality::Quick, 3_600.0);
}

/// Two minutes each; an hour each with `PATCHLINE_FULL=1`.
#[test]
fn other_distances() {
    let seconds = if std::env::var_os("PATCHLINE_FULL").is_some() { 3_600.0 } else { 120.0 };
    for (input, output) in [(500.0, 0.0), (-500.0, 0.0), (0.0, 0.0), (400.0, -400.0), (-30.0, 20.0)] {
        let (input, output) = (Device::new(48_000, input, ODD, 0.002), Device::new(48_000, output, ODD, 0.002));
        check(input, output, Quality::Clean, seconds);
    }
}

#[test]
fn other_rates() {
    for (input_rate, output_rate, quality) in [
        (44_100, 48_000, Quality::Clean),
        (48_000, 44_100, Quality::Clean),
        (16_000, 48_000, Quality::Quick),
        (96_000, 48_000, Quality::Clean),
    ] {
        let input = Device::new(input_rate, 200.0, ODD, 0.002);
        check(input, Device::new(output_rate, -100.0, ODD, 0.002), quality, 90.0);
    }
}

#[test]
fn blocks_of_all_kinds() {
    for (input, output) in [
        ((24, 24), (24, 24)),
        ((24, 24), (1_024, 1_024)),
        ((1_024, 1_024), (24, 24)),
        ((1_024, 1_024), (1_024, 1_024)),
        ((940, 941), (170, 170)),
        ((63, 63), (100, 100)),
    ] {
        let input = Device::new(48_000, 500.0, input, 0.001);
        check(input, Device::new(48_000, 0.0, output, 0.001), Quality::Quick, 120.0);
    }
}

/// On time, the latency is what it is said to be to a fraction of a frame.
#[test]
fn punctual_devices_have_the_latency_that_is_reported() {
    for quality in [Quality::Clean, Quality::Quick] {
        let (input, output) = (Device::new(48_000, 300.0, (128, 128), 0.0), Device::new(48_000, 0.0, (64, 64), 0.0));
        let mut devices = Devices::new(input, output, DriftConfig { quality, ..DriftConfig::default() });
        let (sums, events) = listen(&mut devices, 100.0, 120.0);
        assert_eq!((sums.silent, events), (0, vec![]));
        let frame = 1.0 / 48_000.0;
        assert!((sums.least - sums.nominal).abs() < frame && (sums.most - sums.nominal).abs() < frame, "{sums:?}");
    }
}

/// A sine of 0.5 at a frequency in Hz, of the crystal's frames at 48 kHz.
fn sine(frame: u64, hz: f64) -> f32 {
    (0.5 * (frame as f64 * hz / 48_000.0 * std::f64::consts::TAU).sin()) as f32
}

/// How far below a sine everything else is, in dB: what is left after the best fit of a sine of this frequency, in
/// radians per frame.
fn noise_below(samples: &[f32], angle: f64) -> f64 {
    let (mut cc, mut cs, mut ss, mut xc, mut xs, mut xx) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (frame, &sample) in samples.iter().enumerate() {
        let ((s, c), x) = ((angle * frame as f64).sin_cos(), f64::from(sample));
        (cc, cs, ss) = (cc + c * c, cs + c * s, ss + s * s);
        (xc, xs, xx) = (xc + x * c, xs + x * s, xx + x * x);
    }
    let determinant = cc * ss - cs * cs;
    let (a, b) = ((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant);
    let fitted = a * xc + b * xs;
    10.0 * (fitted / (xx - fitted)).log10()
}

/// Once settled, which takes minutes to this exactness, on punctual devices 500 ppm apart: the quality of the resampling, by pieces of 0.1 s.
fn check_noise(quality: Quality, signal: fn(u64, usize) -> f32, hz: f64, at_least: f64) {
    let (input, output) = (Device::new(48_000, 500.0, (256, 256), 0.0), Device::new(48_000, 0.0, (200, 200), 0.0));
    let config = DriftConfig { quality, ..DriftConfig::default() };
    let mut devices = Devices::new(input, output, config).with_signal(signal);
    devices.run(240.0, |_| ());
    let recording = devices.recording.take().unwrap();
    let angle = hz / 48_000.0 * std::f64::consts::TAU * (1.0 + 500e-6);
    let worst = recording[48_000 * 235..].chunks(4_800).map(|piece| noise_below(piece, angle)).fold(f64::MAX, f64::min);
    assert!(worst > at_least, "{quality:?} at {hz} Hz: {worst} dB");
}

#[test]
fn a_sine_stays_a_sine() {
    check_noise(Quality::Clean, |frame, _| sine(frame, 1_000.0), 1_000.0, 120.0);
    check_noise(Quality::Clean, |frame, _| sine(frame, 10_000.0), 10_000.0, 120.0);
    check_noise(Quality::Clean, |frame, _| sine(frame, 15_000.0), 15_000.0, 120.0);
    check_noise(Quality::Quick, |frame, _| sine(frame, 1_000.0), 1_000.0, 120.0);
    check_noise(Quality::Quick, |frame, _| sine(frame, 5_000.0), 5_000.0, 90.0);
}
