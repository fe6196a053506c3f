use proptest::prelude::*;

use super::super::gate::{Gate, GateParams};
use super::super::noise::Pink;
use super::super::testing::{assert_same_bits, blocks, noise, splits};
use super::*;

/// Something like a voice: a train of pulses at a moving pitch through three resonances, in syllables, from `start` s on.
fn voice(rate: f64, seconds: f64, start: f64) -> Vec<f32> {
    let mut resonances = [(700.0, 0.0, 0.0), (1_220.0, 0.0, 0.0), (2_600.0, 0.0, 0.0)];
    let mut phase = 0.0;
    (0..(rate * seconds) as usize)
        .map(|k| {
            let t = k as f64 / rate;
            let pitch = 120.0 + 25.0 * (std::f64::consts::TAU * 1.3 * t).sin();
            phase += pitch / rate;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= pulse;
            let syllable = (std::f64::consts::TAU * 3.5 * t).sin().max(0.0).sqrt();
            let mut sum = 0.0;
            for (hz, a, b) in &mut resonances {
                let radius = (-std::f64::consts::PI * 90.0 / rate).exp();
                let next =
                    pulse + 2.0 * radius * (std::f64::consts::TAU * *hz / rate).cos() * *a - radius * radius * *b;
                (*b, *a) = (*a, next);
                sum += next;
            }
            if t < start { 0.0 } else { (0.05 * syllable * sum) as f32 }
        })
        .collect()
}

/// The score after every frame.
fn scores(channels: &[Vec<f32>], rate: f64, split: &[usize]) -> Vec<f32> {
    let mut detector = SpeechDetector::new(channels.len(), rate);
    let mut scores = vec![0.0; channels[0].len()];
    for block in blocks(scores.len(), split) {
        let mut at = block.start;
        while at < block.end {
            // A score may change inside a call, so this looks after each frame where the split is one frame.
            let segment = at..block.end.min(at + SpeechDetector::SEGMENT);
            for (channel, samples) in channels.iter().enumerate() {
                detector.listen(channel, &samples[segment.clone()]);
            }
            detector.advance(segment.len());
            scores[segment.end - 1] = detector.score();
            at = segment.end;
        }
    }
    scores
}

#[test]
fn a_voice_scores_high_and_silence_and_noise_low() {
    for rate in [16_000.0, 44_100.0, 48_000.0, 96_000.0] {
        let frames = 2 * rate as usize;
        // Half of it is over when the network has come to know the noise.
        let check = |what: &str, signal: Vec<f32>, expected: std::ops::Range<f32>| {
            let scores = scores(&[signal], rate, &[256]);
            let peak = scores[frames / 2..].iter().fold(0.0, |peak: f32, score| peak.max(*score));
            assert!(expected.contains(&peak), "{what} at {rate} Hz: {peak}");
        };
        check("voice", voice(rate, 2.0, 0.0), 0.5..1.0);
        check("silence", vec![0.0; frames], 0.0..0.35);
        check("white noise", noise(9, frames).iter().map(|x| x * 0.05).collect(), 0.0..0.35);
        check("pink noise", pink(frames), 0.0..0.35);
    }
}

fn pink(frames: usize) -> Vec<f32> {
    let mut samples = vec![0.0; frames];
    Pink::new(9, 0).fill(&mut samples);
    samples.iter().map(|x| x * 0.05).collect()
}

/// A sample changes no score before it is heard, and has changed one when the delay is over.
#[test]
fn the_delay_is_what_it_says() {
    for rate in [16_000.0, 44_100.0, 48_000.0] {
        let delay = SpeechDetector::new(1, rate).delay();
        let silent = scores(&[vec![0.0; 20_000]], rate, &[1]);
        for onset in [9_000, 9_100, 9_333, 9_700] {
            let mut signal = vec![0.0; 20_000];
            signal[onset..].copy_from_slice(&noise(1, 20_000 - onset));
            let heard = scores(&[signal], rate, &[1]);
            let first = (0..20_000).find(|k| heard[*k] != silent[*k]).expect("noise has a score of its own");
            assert!((onset..=onset + delay).contains(&first), "{rate}: {onset} {first} {delay}");
        }
    }
}

#[test]
fn what_is_not_finite_does_no_lasting_harm() {
    let mut signal = voice(16_000.0, 3.0, 0.0);
    signal[5_000] = f32::NAN;
    signal[5_001] = f32::INFINITY;
    signal[6_000] = 1e30;
    let scores = scores(&[signal], 16_000.0, &[256]);
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    assert!(scores[32_000..].iter().any(|score| *score > 0.5));
}

#[test]
fn a_gate_with_a_detector_wants_level_and_score() {
    let rate = 48_000.0;
    let params = GateParams { threshold: 0.005, close_threshold: 0.004, hold: 4_800, score: 0.5, close_score: 0.35 };
    let opens = |signal: &[f32], speech: bool| {
        let speech = speech.then(|| Box::new(SpeechDetector::new(1, rate)));
        let mut gate = Gate::new(1, 480, params, speech);
        let mut opened = false;
        let mut rest = signal;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(gate.segment(rest.len()));
            gate.listen(0, now);
            gate.advance(now.len());
            opened |= gate.is_open();
            rest = later;
        }
        opened
    };
    let loud_noise = pink(96_000);
    let speech = voice(rate, 2.0, 0.5);
    let whisper: Vec<_> = speech.iter().map(|x| x * 0.001).collect();
    assert!(opens(&loud_noise, false) && !opens(&loud_noise, true));
    assert!(opens(&speech, true) && !opens(&whisper, true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_split_gives_the_same_scores(split in splits(), rate in prop_oneof![Just(44_100.0), Just(48_000.0), Just(8_000.0)]) {
        let signal = [voice(rate, 0.5, 0.1), noise(3, (rate * 0.5) as usize)];
        let each = scores(&signal, rate, &[1]);
        let parts = scores(&signal, rate, &split);
        // What a split looks at, it sees as the finest split does.
        let (seen, expected): (Vec<_>, Vec<_>) = blocks(each.len(), &split)
            .flat_map(|block| block.clone().step_by(SpeechDetector::SEGMENT).map(move |at| block.end.min(at + SpeechDetector::SEGMENT) - 1))
            .map(|at| (parts[at], each[at]))
            .unzip();
        assert_same_bits(&seen, &expected);
    }
}
