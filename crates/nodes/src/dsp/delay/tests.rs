use proptest::prelude::*;

use super::super::flush::flush;
use super::super::testing::{assert_same_bits, blocks, noise, splits};
use super::*;

/// The formula as a plain loop over a ring of exactly the delay.
fn plain(samples: &mut [f32], params: DelayParams) {
    let (w0, w1) = ((1.0 - params.mix) as f32, params.mix as f32);
    let mut buf = vec![0.0; params.frames.max(1)];
    let mut pos = 0;
    for x in samples {
        let d = if params.frames == 0 { *x } else { buf[pos] };
        let out = *x * w0 + d * w1;
        buf[pos] = flush(*x + d * params.feedback);
        *x = out;
        pos = (pos + 1) % buf.len();
    }
}

/// Processes a block of a line's only channel; gives back how many values were not stored.
fn process(line: &mut DelayLine, samples: &mut [f32]) -> usize {
    let (mut lost, mut at) = (0, 0);
    while at < samples.len() {
        let segment = line.segment(samples.len() - at);
        lost += line.process(0, &segment, &mut samples[at..at + segment.frames()]);
        at += segment.frames();
    }
    lost
}

fn run(mut line: DelayLine, source: &[f32], split: &[usize]) -> Vec<f32> {
    let mut samples = source.to_vec();
    for block in blocks(samples.len(), split) {
        assert_eq!(process(&mut line, &mut samples[block]), 0);
    }
    samples
}

#[test]
fn every_mix_of_two_digits_is_the_plain_loop() {
    let source = noise(3, 70_000);
    for hundredths in 0..=100 {
        let params = DelayParams { frames: 22_050, mix: f64::from(hundredths) / 100.0, feedback: 0.0 };
        let mut expected = source.clone();
        plain(&mut expected, params);
        assert_same_bits(&run(DelayLine::new(1, 22_050, 882, params), &source, &[64]), &expected);
        if hundredths == 40 {
            assert_same_bits(&run(DelayLine::new(1, 44_100, 882, params), &source, &[64]), &expected);
            assert_same_bits(&run(DelayLine::new(1, 22_050, 882, params), &source, &[70_000]), &expected);
        }
    }
}

#[test]
fn what_is_not_finite_is_not_stored_and_counted() {
    let mut line = DelayLine::new(1, 2, 0, DelayParams { frames: 2, mix: 1.0, feedback: 1.0 });
    let mut samples = [f32::NAN, f32::INFINITY, 1.0, f32::MAX, 1e-16, f32::MAX, 0.0, 0.0];
    assert_eq!(process(&mut line, &mut samples), 3);
    assert_eq!(samples[4..], [1.0, f32::MAX, 1.0, 0.0]);
}

/// Silence, values of every size, and what is none, wherever a chunk or a group begins and ends.
#[test]
fn what_is_tiny_or_huge_is_stored_as_the_formula_says() {
    let sizes = [0.0, -0.0, 1e-40, 1e-16, 1e-15, 1.0, 1e20, 1e24, f32::MAX, f32::INFINITY, f32::NAN];
    for size in sizes {
        for (at, frames) in [0, 15, 16, 63, 64, 66, 79, 95].into_iter().flat_map(|at| [(at, 96), (at, 100), (at, 70)]) {
            let params = DelayParams { frames, mix: 1.0, feedback: 0.0 };
            let mut line = DelayLine::new(1, frames, 0, params);
            let mut samples = noise(8, 2 * frames);
            let at = at.min(frames - 1);
            samples[at] = size;
            let lost = process(&mut line, &mut samples);
            assert_eq!(lost, usize::from(!size.is_finite()), "{size}, {at}");
            let expected = if size.is_finite() { 0.0 * noise(8, 2 * frames)[frames + at] + flush(size) } else { 0.0 };
            assert_eq!(samples[frames + at], expected, "{size}, {at}");
        }
    }
}

/// Two channels are two lines of one channel.
#[test]
fn channels_are_apart() {
    let params = |frames| DelayParams { frames, mix: 0.4, feedback: 0.3 };
    let mut both = DelayLine::new(2, 300, 100, params(300));
    let mut alone = [0, 1].map(|_| DelayLine::new(1, 300, 100, params(300)));
    let mut sounds = [noise(1, 2_000), noise(2, 2_000)];
    let mut expected = sounds.clone();
    for (block, time) in [(0..500, 300), (500..1_200, 120), (1_200..1_210, 0), (1_210..2_000, 64)] {
        let mut at = block.start;
        let params = DelayParams { feedback: 0.0, ..params(time) };
        both.set(params, None);
        while at < block.end {
            let segment = both.segment(block.end - at);
            for (channel, samples) in sounds.iter_mut().enumerate() {
                both.process(channel, &segment, &mut samples[at..at + segment.frames()]);
            }
            at += segment.frames();
        }
        for (line, samples) in alone.iter_mut().zip(&mut expected) {
            line.set(params, None);
            process(line, &mut samples[block.clone()]);
        }
    }
    assert_same_bits(&sounds[0], &expected[0]);
    assert_same_bits(&sounds[1], &expected[1]);
}

#[test]
fn a_feedback_that_dies_away_ends_in_silence() {
    let mut line = DelayLine::new(1, 1, 0, DelayParams { frames: 1, mix: 0.5, feedback: -0.5 });
    let mut samples = vec![0.0; 100];
    samples[0] = 1.0;
    process(&mut line, &mut samples);
    assert!(samples[48] != 0.0 && samples[52..].iter().all(|x| *x == 0.0));
}

#[test]
fn a_new_time_crossfades_in_a_straight_line() {
    let old = DelayParams { frames: 100, mix: 1.0, feedback: 0.0 };
    let new = DelayParams { frames: 37, ..old };
    let source: Vec<f32> = (0..3_000).map(|k| k as f32).collect();
    let mut samples = source.clone();
    let mut line = DelayLine::new(1, 200, 1_000, old);
    process(&mut line, &mut samples[..500]);
    line.set(new, None);
    process(&mut line, &mut samples[500..]);
    for (k, sample) in samples.iter().enumerate().skip(100) {
        let share = ((k as f64 - 499.0) / 1_000.0).clamp(0.0, 1.0);
        let expected = k as f64 - 100.0 + 63.0 * share;
        assert!((f64::from(*sample) - expected).abs() < 1e-3, "{k}: {} {expected}", sample);
    }
    assert_eq!(samples[1_499], 1_462.0);
}

#[test]
fn a_time_asked_for_during_a_crossfade_comes_after_it() {
    let params = |frames| DelayParams { frames, mix: 1.0, feedback: 0.0 };
    let mut line = DelayLine::new(1, 50, 10, params(50));
    let mut samples: Vec<f32> = (0..200).map(|k| k as f32).collect();
    process(&mut line, &mut samples[..100]);
    line.set(params(20), None);
    process(&mut line, &mut samples[100..105]);
    line.set(params(30), None);
    line.set(params(0), None);
    process(&mut line, &mut samples[105..]);
    assert_eq!([samples[109], samples[119], samples[150]], [89.0, 119.0, 150.0]);
    line.set(params(7), None);
    line.reset();
    let mut impulse = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    process(&mut line, &mut impulse);
    assert_eq!(impulse[..8], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

proptest! {
    #[test]
    fn steady_is_the_plain_loop(
        split in splits(), frames in prop_oneof![0usize..6, 0usize..400], spare in prop_oneof![Just(0usize), 0usize..300],
        mix in 0.0f64..=1.0, feedback in -1.0f32..=1.0,
    ) {
        let params = DelayParams { frames, mix, feedback: if frames == 0 { 0.0 } else { feedback } };
        let source = noise(4, 3_000);
        let mut expected = source.clone();
        plain(&mut expected, params);
        assert_same_bits(&run(DelayLine::new(1, frames + spare, 882, params), &source, &split), &expected);
    }

    #[test]
    fn any_split_of_changing_parameters_gives_the_same_bits(
        split in splits(), times in proptest::collection::vec(0usize..150, 4), mixes in proptest::collection::vec(0.0f64..=1.0, 4),
        glide in 0u64..900, feedback in -0.9f32..0.9,
    ) {
        let source = noise(5, 4_000);
        let run = |split: &[usize]| {
            let mut samples = source.clone();
            let params = |k: usize| DelayParams { frames: times[k], mix: mixes[k], feedback: if times[k] == 0 { 0.0 } else { feedback * k as f32 / 3.0 } };
            let mut line = DelayLine::new(1, 150, glide, params(0));
            for (part, samples) in samples.chunks_mut(1_000).enumerate() {
                line.set(params(part), None);
                for block in blocks(1_000, split) {
                    process(&mut line, &mut samples[block]);
                }
            }
            samples
        };
        let whole = run(&[1_000]);
        assert_same_bits(&whole, &run(&split));
        assert_same_bits(&whole, &run(&[1]));
        prop_assert!(whole.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn a_line_of_no_capacity_delays_by_nothing() {
    let mut line = DelayLine::new(1, 0, 0, DelayParams { frames: 5, mix: 1.0, feedback: 0.0 });
    let mut samples = [1.0, 0.0, 0.0];
    process(&mut line, &mut samples);
    assert_eq!(samples, [1.0, 0.0, 0.0]);
}
