use proptest::prelude::*;

use super::super::testing::{assert_same_bits, blocks, noise, splits};
use super::*;

fn run(channels: &[Vec<f32>], window: u64, params: GateParams, split: &[usize]) -> Vec<f32> {
    let mut gate = Gate::new(channels.len(), window, params, None);
    let mut open = vec![0.0; channels[0].len()];
    for block in blocks(open.len(), split) {
        let mut at = block.start;
        while at < block.end {
            let segment = at..at + gate.segment(block.end - at);
            open[segment.clone()].fill(if gate.is_open() { 1.0 } else { 0.0 });
            for (channel, samples) in channels.iter().enumerate() {
                gate.listen(channel, &samples[segment.clone()]);
            }
            gate.advance(segment.len());
            at = segment.end;
        }
    }
    open
}

/// The same rules written down frame by frame, looking back at the whole signal.
fn naive(channels: &[Vec<f32>], window: u64, params: GateParams) -> Vec<f32> {
    let hop = ((window as f64 / 8.0).round() as usize).max(1);
    let frames = channels[0].len();
    let (mut open, mut low_since) = (false, None);
    let mut result = Vec::new();
    for frame in 0..frames {
        if frame > 0 && frame % hop == 0 {
            let heard = frame.saturating_sub(8 * hop)..frame;
            let squares = channels.iter().flat_map(|c| &c[heard.clone()]).map(|x| f64::from(*x).powi(2));
            let rms = (squares.sum::<f64>() / (8 * hop * channels.len()) as f64).sqrt();
            if !open {
                open = rms > params.threshold;
            } else if rms < params.close_threshold {
                let since = *low_since.get_or_insert(frame);
                open = ((frame - since) as u64) < params.hold;
            } else {
                low_since = None;
            }
            if !open {
                low_since = None;
            }
        }
        result.push(if open { 1.0 } else { 0.0 });
    }
    result
}

/// Noise whose level changes every few hundred frames.
fn bursts(seed: u64, frames: usize) -> Vec<f32> {
    let levels = noise(seed + 1, frames / 300 + 1);
    noise(seed, frames).iter().enumerate().map(|(k, x)| x * levels[k / 300].powi(4)).collect()
}

#[test]
fn a_hop_is_the_nearest_eighth_and_at_least_a_frame() {
    for (window, hop) in [(0, 1), (3, 1), (8, 1), (11, 1), (12, 2), (441, 55), (480, 60)] {
        assert_eq!(Gate::hop(window), hop, "{window}");
    }
}

#[test]
fn it_holds_and_an_interruption_starts_the_hold_again() {
    let params = GateParams { threshold: 0.5, close_threshold: 0.4, hold: 100, score: 0.0, close_score: 0.0 };
    let mut signal = vec![0.0; 2_000];
    signal[200..600].fill(1.0);
    signal[690..760].fill(1.0);
    let open = run(&[signal], 80, params, &[64]);
    let changes: Vec<_> = (1..2_000).filter(|k| open[*k] != open[*k - 1]).collect();
    // √(3/8) > 0.5 after three hops; √(1/8) < 0.4 seven hops after the end, and 100 frames more.
    assert_eq!(changes, [230, 760 + 70 + 100]);
}

#[test]
fn an_equal_level_does_not_open_and_a_reset_closes() {
    let params = GateParams { threshold: 0.5, close_threshold: 0.5, hold: 0, score: 0.0, close_score: 0.0 };
    assert!(run(&[vec![0.5; 999]], 80, params, &[64]).iter().all(|open| *open == 0.0));
    let mut gate = Gate::new(1, 8, params, None);
    for _ in 0..3 {
        gate.listen(0, &[1.0]);
        gate.advance(1);
    }
    assert!(gate.is_open());
    gate.reset();
    assert!(!gate.is_open() && gate.rms() == 0.0);
}

proptest! {
    #[test]
    fn every_frame_is_the_naive_one(
        split in splits(), window in 0u64..900, hold in prop_oneof![Just(0u64), 0u64..1_500], threshold in 0.01f64..0.4,
        ratio in 0.3f64..1.1, channels in 1usize..4, seed: u32,
    ) {
        let params = GateParams { threshold, close_threshold: threshold * ratio, hold, score: 0.0, close_score: 0.0 };
        let signal: Vec<_> = (0..channels).map(|c| bursts(u64::from(seed) + 10 * c as u64, 6_000)).collect();
        assert_same_bits(&run(&signal, window, params, &split), &naive(&signal, window, params));
    }

    #[test]
    fn any_split_of_the_envelope_gives_the_same_bits(split in splits(), attack in 0u64..300, release in 0u64..300, seed: u32) {
        let params = GateParams { threshold: 0.05, close_threshold: 0.04, hold: 50, score: 0.0, close_score: 0.0 };
        let source = bursts(u64::from(seed), 6_000);
        let open = run(std::slice::from_ref(&source), 64, params, &[6_000]);
        let gated = |split: &[usize]| {
            let mut envelope = Envelope::new(attack, release);
            let mut audio = source.clone();
            for block in blocks(6_000, split) {
                let part = open[block.clone()].chunk_by(|a, b| a == b);
                let mut at = block.start;
                for same in part {
                    envelope.take(same[0] == 1.0, same.len()).scale(&mut audio[at..at + same.len()]);
                    at += same.len();
                }
            }
            audio
        };
        let whole = gated(&[6_000]);
        assert_same_bits(&whole, &gated(&split));
        prop_assert!(whole.iter().zip(&source).all(|(y, x)| y.abs() <= x.abs() * 1.000_001));
    }
}

proptest! {
    #[test]
    fn the_rms_has_the_same_bits_for_any_split(split in splits(), seed: u32) {
        let signal: Vec<_> = (0..2).map(|c| bursts(u64::from(seed) + 10 * c as u64, 2_000)).collect();
        let rms = |split: &[usize]| {
            let mut gate = Gate::new(2, 480, GateParams { threshold: 0.1, close_threshold: 0.1, hold: 0, score: 0.0, close_score: 0.0 }, None);
            for block in blocks(2_000, split) {
                let mut at = block.start;
                while at < block.end {
                    let segment = at..at + gate.segment(block.end - at);
                    for (channel, samples) in signal.iter().enumerate() {
                        gate.listen(channel, &samples[segment.clone()]);
                    }
                    gate.advance(segment.len());
                    at = segment.end;
                }
            }
            gate.rms().to_bits()
        };
        prop_assert_eq!(rms(&[2_000]), rms(&[1]));
        prop_assert_eq!(rms(&[2_000]), rms(&split));
    }
}
