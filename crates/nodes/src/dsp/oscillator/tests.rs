use proptest::prelude::*;

use super::super::testing::{assert_same_bits, blocks, splits};
use super::*;

const SHAPES: [Shape; 4] = [Shape::Sine, Shape::Square, Shape::Saw, Shape::Triangle];

#[test]
fn the_sine_is_within_its_bound() {
    for k in 0..1 << 20 {
        let turn = k as f32 / (1 << 20) as f32;
        let error = f64::from(sine(turn)) - libm::sin(std::f64::consts::TAU * f64::from(turn));
        assert!(error.abs() < 2.1e-7 && sine(turn).abs() <= 1.0, "{turn}: {error}");
    }
    assert_eq!([sine(0.0), sine(0.5)].map(f32::to_bits), [0, 0]);
}

#[test]
fn a_second_of_sine_is_a_sine() {
    let mut samples = vec![0.0; 48_000];
    Oscillator::new(Shape::Sine, 48_000.0, 440.0).fill(&mut samples);
    for (k, sample) in samples.iter().enumerate() {
        let exact = libm::sin(std::f64::consts::TAU * ((440 * k) % 48_000) as f64 / 48_000.0);
        // The phase is cut to 24 bits: 2π·2⁻²⁴ beside the polynomial's own error.
        assert!((f64::from(*sample) - exact).abs() < 2.1e-7 + 3.8e-7, "{k}");
    }
}

/// Power of `samples` at `hz`, over one Blackman window (Goertzel's recursion).
fn power(samples: &[f32], hz: f64, rate: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * hz / rate).cos();
    let (mut a, mut b) = (0.0, 0.0);
    for (k, x) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * k as f64 / samples.len() as f64;
        let window = 0.42 - 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos();
        (a, b) = (turn * a - b + f64::from(*x) * window, a);
    }
    (a * a + b * b - turn * a * b) / (0.42 * samples.len() as f64 / 2.0).powi(2)
}

fn harmonic_db(shape: Shape, hz: f64) -> f64 {
    let mut samples = vec![0.0; 48_000];
    Oscillator::new(shape, 48_000.0, 1_201.0).fill(&mut samples);
    10.0 * power(&samples, hz, 48_000.0).log10()
}

/// Fourier's amplitudes of the shapes: 4/πn, 2/πn, 8/π²n².
#[test]
fn the_shapes_have_their_harmonics() {
    let pi = std::f64::consts::PI;
    for (shape, n, amplitude) in [
        (Shape::Square, 1.0, 4.0 / pi),
        (Shape::Square, 3.0, 4.0 / (3.0 * pi)),
        (Shape::Saw, 1.0, 2.0 / pi),
        (Shape::Saw, 2.0, 1.0 / pi),
        (Shape::Triangle, 1.0, 8.0 / (pi * pi)),
        (Shape::Triangle, 3.0, 8.0 / (9.0 * pi * pi)),
    ] {
        let db = harmonic_db(shape, 1_201.0 * n);
        assert!((db - 20.0 * amplitude.log10()).abs() < 0.5, "{shape:?} {n}: {db} dB");
    }
}

/// The 39th harmonic, above half the rate, comes back at 48 000 − 39·1201 = 1161 Hz: PolyBLEP and PolyBLAMP press it far below
/// the −32 dB (saw) and −65 dB (triangle) that it would have there.
#[test]
fn aliases_are_pressed_down() {
    assert!(harmonic_db(Shape::Saw, 1_161.0) < -55.0, "{}", harmonic_db(Shape::Saw, 1_161.0));
    assert!(harmonic_db(Shape::Square, 1_161.0) < -50.0, "{}", harmonic_db(Shape::Square, 1_161.0));
    assert!(harmonic_db(Shape::Triangle, 1_161.0) < -80.0, "{}", harmonic_db(Shape::Triangle, 1_161.0));
}

#[test]
fn a_change_of_frequency_is_continuous_and_ends_on_it() {
    let mut samples = vec![0.0; 4_000];
    let mut oscillator = Oscillator::new(Shape::Sine, 48_000.0, 100.0);
    oscillator.fill(&mut samples[..1_000]);
    oscillator.set_frequency(1_000.0, 960);
    oscillator.fill(&mut samples[1_000..]);
    // The steepest step of 1 kHz at 48 kHz is 2π/48.
    assert!(samples.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.1309));
    // A geometric series: each of the 960 frames has the same ratio to the one before.
    let ratio = 10_f64.powf(1.0 / 960.0);
    let glided = 100.0 * ratio * (10.0 - 1.0) / (ratio - 1.0);
    let turns = 1_000.0 * 100.0 / 48_000.0 + glided / 48_000.0 + 40.0 * 1_000.0 / 48_000.0;
    let expected = libm::sin(std::f64::consts::TAU * turns);
    assert!((f64::from(samples[2_000]) - expected).abs() < 1e-4, "{} {expected}", samples[2_000]);
}

/// As steep as the shapes are, and no steeper for the change; one change comes after the other.
#[test]
fn shapes_are_crossfaded() {
    let mut samples = vec![0.0; 4_000];
    let mut oscillator = Oscillator::new(Shape::Sine, 48_000.0, 100.0);
    oscillator.fill(&mut samples[..1_100]);
    oscillator.set_shape(Shape::Triangle, 960);
    oscillator.fill(&mut samples[1_100..1_500]);
    oscillator.set_shape(Shape::Sine, 960);
    oscillator.fill(&mut samples[1_500..]);
    // 2π·100/48000 a frame, and the largest distance of the two, 0.211, over 960 frames.
    let bound = 0.0131 + 0.211 / 960.0 + 1e-6;
    assert!(samples.windows(2).all(|pair| (pair[1] - pair[0]).abs() < bound));
    let mut alone = vec![0.0; 4_000];
    Oscillator::new(Shape::Sine, 48_000.0, 100.0).fill(&mut alone);
    assert_same_bits(&samples[1_100 + 2 * 960..], &alone[1_100 + 2 * 960..]);
    assert!(samples[2_060] != alone[2_060]);
}

#[test]
fn every_shape_starts_as_it_says_and_stands_still_at_no_frequency() {
    for (shape, quarter) in SHAPES.into_iter().zip([1.0, 1.0, -0.5, 1.0]) {
        let mut oscillator = Oscillator::new(shape, 48_000.0, 12.0);
        let mut samples = vec![0.0; 1_001];
        oscillator.fill(&mut samples);
        assert!((samples[1_000] - quarter).abs() < 1e-3, "{shape:?} {}", samples[1_000]);
        oscillator.set_frequency(0.0, 0);
        oscillator.reset();
        oscillator.fill(&mut samples);
        assert!(samples.iter().all(|x| *x == samples[0] && x.is_finite()), "{shape:?}");
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_bits(split in splits(), hz in 0.0f64..30_000.0, to in 0.0f64..30_000.0, frames in 0u64..1_000) {
        for shape in SHAPES {
            let run = |split: &[usize]| {
                let mut oscillator = Oscillator::new(shape, 48_000.0, hz);
                let mut samples = vec![0.0; 3_000];
                let others = [shape, Shape::Saw, Shape::Triangle];
                for ((target, part), other) in [(hz, 0..700), (to, 700..1_100), (hz * 0.5, 1_100..3_000)].into_iter().zip(others) {
                    oscillator.set_frequency(target, frames);
                    oscillator.set_shape(other, frames);
                    for block in blocks(part.len(), split) {
                        oscillator.fill(&mut samples[part.start + block.start..part.start + block.end]);
                    }
                }
                samples
            };
            let whole = run(&[3_000]);
            assert_same_bits(&whole, &run(&split));
            prop_assert!(whole.iter().all(|x| x.abs() <= 1.4));
        }
    }
}
