//! What the nodes compute, against the formulas of their documentation written as plain loops.

mod common;

use common::{assert_same_bits, chain, loaded, noise, render};
use patchline_graph::{EventKind, Graph, Node, Readings};
use patchline_nodes::dsp::noise::fnv1a;
use patchline_nodes::{
    ChannelIndex, Delay, Entry, Gain, Input, Level, Matrix, Meter, Noise, Output, Preset, Targets, Time, VadGate,
};

/// Sends `input` through one node at `rate` Hz in odd blocks; gives back as many channels as came in.
fn through(node: impl Node, rate: u32, input: &[Vec<f32>]) -> (Vec<Vec<f32>>, Readings) {
    through_to(node, rate, input, input.len())
}

fn through_to(node: impl Node, rate: u32, input: &[Vec<f32>], outputs: usize) -> (Vec<Vec<f32>>, Readings) {
    let (mut engine, mut renderer) = loaded(rate, input.len(), chain(node));
    let out = render(&engine, &mut renderer, input, input[0].len(), outputs, &[64, 7, 333]);
    let readings = engine.readings("node").unwrap();
    engine.close(renderer);
    (out, readings)
}

fn level(text: &str) -> Level {
    text.parse().unwrap()
}

#[test]
fn half_a_gain_is_exact() {
    let input = vec![noise(1, 10_000, 1.0), noise(2, 10_000, 1e-3)];
    let expected: Vec<Vec<f32>> = input.iter().map(|channel| channel.iter().map(|x| x * 0.5).collect()).collect();
    let (out, _) = through(Gain { gain: level("0.5"), ..Gain::default() }, 48_000, &input);
    assert_same_bits(&out, &expected, "gain 0.5");
}

/// The documented formula as a plain loop.
fn delayed(input: &[f32], frames: usize, mix: f64, feedback: f32) -> Vec<f32> {
    let (w0, w1) = ((1.0 - mix) as f32, mix as f32);
    let (mut buf, mut pos) = (vec![0.0_f32; frames], 0);
    let step = |&x: &f32| {
        let d = buf[pos];
        let out = x * w0 + d * w1;
        buf[pos] = x + d * feedback;
        pos = (pos + 1) % frames;
        out
    };
    input.iter().map(step).collect()
}

#[test]
fn the_delay_is_its_formula() {
    let input = vec![noise(1, 70_000, 1.0), noise(2, 70_000, 0.1)];
    let check = |time: Time, frames: usize, mix: f64, feedback: f64| {
        let delay = Delay { mix, feedback, ..Delay::new(time) };
        let expected: Vec<_> = input.iter().map(|channel| delayed(channel, frames, mix, feedback as f32)).collect();
        let (out, _) = through(delay, 44_100, &input);
        assert_same_bits(&out, &expected, &format!("{time} with mix {mix} and feedback {feedback}"));
    };
    check(Time::Frames(22_050), 22_050, 0.4, 0.0);
    check(Time::Seconds(0.5), 22_050, 0.4, 0.5);
    check(Time::Seconds(0.0001), 4, 0.5, -0.9);
    for hundredth in 0..=100 {
        check(Time::Frames(999), 999, f64::from(hundredth) / 100.0, 0.25);
    }
}

#[test]
fn the_meter_shows_peak_and_rms_of_the_last_window() {
    let input = vec![noise(1, 10_000, 0.8), noise(2, 10_000, 0.01), vec![0.0; 10_000]];
    let (out, readings) = through(Meter::default(), 48_000, &input);
    assert_same_bits(&out, &input, "a meter passes on");
    // 50 ms are 2400 frames; four whole windows fit.
    let window = 7_200..9_600;
    let square = |x: &f32| f64::from(*x).powi(2);
    let db = |value: f64| (20.0 * libm::log10(value)).max(-200.0);
    let mut all = 0.0;
    for (channel, samples) in input.iter().enumerate() {
        let samples = &samples[window.clone()];
        let peak = samples.iter().fold(0.0_f64, |peak, x| peak.max(f64::from(x.abs())));
        let sum: f64 = samples.iter().map(square).sum();
        all += sum;
        assert!((readings.get("peak", channel).unwrap() - db(peak)).abs() < 1e-6);
        let rms = readings.get("rms", channel).unwrap();
        assert!((rms - db((sum / 2_400.0).sqrt())).abs() < 1e-5, "{rms}");
        let linear = |db: f64| if db == -200.0 { 0.0 } else { libm::pow(10.0, db / 20.0) };
        assert!((linear(rms) - (sum / 2_400.0).sqrt()).abs() < 1e-6);
    }
    assert!((readings.get("rms_all", 0).unwrap() - db((all / 7_200.0).sqrt())).abs() < 1e-5);
}

#[test]
fn a_meter_shows_nothing_before_the_first_window_and_then_no_less_than_its_floor() {
    let meter = Meter { floor: level("-90 dB"), window: Time::Frames(100) };
    let shown = |frames: usize| {
        let (_, readings) = through(meter.clone(), 48_000, &[vec![0.0; frames]]);
        ["peak", "rms", "rms_all"].map(|name| readings.get(name, 0).unwrap())
    };
    assert!(shown(99).iter().all(|reading| reading.is_nan()));
    assert!(shown(100).iter().all(|reading| (reading + 90.0).abs() < 1e-9));
}

/// The documented decision, frame by frame, from the definition alone.
fn decisions(input: &[Vec<f32>], hop: usize, threshold: f64, close_threshold: f64, hold: usize) -> Vec<f32> {
    let frames = input[0].len();
    let square = |x: f32| f64::from(x) * f64::from(x);
    let energy = |hop_index: usize| -> f64 {
        let frames = hop_index * hop..(hop_index + 1) * hop;
        input.iter().map(|channel| channel[frames.clone()].iter().map(|x| square(*x)).sum::<f64>()).sum()
    };
    let (mut open, mut low_since) = (false, None);
    let mut decisions = vec![0.0; frames];
    for index in 0..frames / hop {
        let end = (index + 1) * hop;
        let sum: f64 = (index.saturating_sub(7)..=index).map(energy).sum();
        let rms = (sum / (8 * hop * input.len()) as f64).sqrt();
        if !open {
            open = rms > threshold;
            low_since = None;
        } else if rms >= close_threshold {
            low_since = None;
        } else if end - *low_since.get_or_insert(end) >= hold {
            open = false;
        }
        let next = end..frames.min(end + hop);
        decisions[next].fill(f32::from(open));
    }
    decisions
}

/// Noise whose level wanders around a gate's thresholds.
fn wandering(seed: u64, frames: usize) -> Vec<f32> {
    let steps = noise(100, frames / 500 + 1, 1.0);
    let carrier = noise(seed, frames, 1.0);
    carrier.iter().enumerate().map(|(frame, x)| x * 0.1 * steps[frame / 500].powi(2)).collect()
}

#[test]
fn the_gate_decides_as_it_is_defined() {
    let input = vec![wandering(1, 60_000), wandering(2, 60_000)];
    for (window, hop, hold) in [("10 ms", 55, 441), ("10 ms", 55, 0), ("8 smp", 1, 30), ("20 smp", 3, 100)] {
        let gate = VadGate { window: window.parse().unwrap(), hold: Time::Frames(hold), ..VadGate::default() };
        let expected = decisions(&input, hop, 0.02, 0.75 * 0.02, hold as usize);
        let opened = expected.windows(2).filter(|pair| pair[1] > pair[0]).count();
        assert!(opened > 3, "the signal opens the gate {opened} times");

        let mut graph = chain(VadGate { mode: patchline_nodes::Mode::Trigger, ..gate });
        graph.add("flag", Output { channels: Some(vec![ChannelIndex(2)]), ..Output::default() }).unwrap();
        graph.link("node.open", "flag").unwrap();
        let (mut engine, mut renderer) = loaded(44_100, 2, graph);
        let out = render(&engine, &mut renderer, &input, 60_000, 3, &[64, 7, 333]);
        assert_same_bits(&out[2..], std::slice::from_ref(&expected), &format!("{window}, hold {hold}"));
        assert_same_bits(&out[..2], &input, "a trigger leaves the signal as it is");
        engine.close(renderer);

        let events = std::iter::from_fn(|| engine.next_event()).filter_map(|event| match event.kind {
            EventKind::Node { what, .. } => Some((event.frame as usize, what)),
            _ => None,
        });
        for (frame, what) in events.filter(|(frame, _)| *frame < 60_000) {
            let open = if what == "open" { 1.0 } else { 0.0 };
            assert!(expected[frame] == open && expected[frame - 1] != open, "{what} at {frame}");
        }
    }
}

#[test]
fn a_gate_fades_in_and_out() {
    // Loud from frame 1000 to 3000; hops of 10 frames, found loud after the first of them.
    let input = vec![(0..5_000).map(|n| if (1_000..3_000).contains(&n) { 0.5 } else { 0.001 }).collect::<Vec<f32>>()];
    let gate = VadGate {
        window: Time::Frames(80),
        attack: Time::Frames(100),
        hold: Time::ZERO,
        release: Time::Frames(200),
        ..VadGate::default()
    };
    let (out, _) = through(gate, 48_000, &input);
    assert!(out[0][..1_010].iter().all(|&x| x == 0.0));
    for frame in 0..100 {
        let expected = 0.5 * (frame + 1) as f32 / 100.0;
        assert!((out[0][1_010 + frame] - expected).abs() < 1e-6, "attack, frame {frame}");
    }
    assert!(out[0][1_110..3_000].iter().all(|&x| x == 0.5));
    // Eight quiet hops after the end the window is quiet.
    for frame in 0..200 {
        let expected = 0.001 * (1.0 - (frame + 1) as f32 / 200.0);
        assert!((out[0][3_080 + frame] - expected).abs() < 1e-8, "release, frame {frame}");
    }
    assert!(out[0][3_280..].iter().all(|&x| x == 0.0));
}

#[test]
fn a_matrix_sums_from_left_to_right() {
    let input = vec![noise(1, 3_000, 1.0), noise(2, 3_000, 1.0), noise(3, 3_000, 1.0)];
    let entry = |from, to, gain: &str, invert| Entry { from, to, gain: level(gain), invert };
    let matrix = Matrix {
        outputs: Some(4),
        ..Matrix::of(vec![
            entry(2, Targets::Several(vec![0, 1]), "0.3", false),
            entry(0, Targets::One(1), "-3 dB", true),
            entry(1, Targets::One(1), "0.7", false),
        ])
    };
    let minus_3_db = level("-3 dB").linear();
    let second = |n: usize| (input[2][n] * 0.3 + input[0][n] * -minus_3_db) + input[1][n] * 0.7;
    let expected = vec![
        input[2].iter().map(|x| x * 0.3).collect(),
        (0..3_000).map(second).collect(),
        vec![0.0; 3_000],
        vec![0.0; 3_000],
    ];
    assert_same_bits(&through_to(matrix, 48_000, &input, 4).0, &expected, "a matrix");
}

/// One output frame from the input frame.
type Formula<'a> = &'a dyn Fn(&[f32]) -> f32;

#[test]
fn presets_are_their_formulas() {
    let input: Vec<_> = (0..6).map(|seed| noise(seed, 1_000, 1.0)).collect();
    let check = |preset, inputs: usize, expected: &[Formula<'_>]| {
        let matrix = Matrix { preset: Some(preset), ..Matrix::default() };
        let (out, _) = through_to(matrix, 48_000, &input[..inputs], expected.len());
        for frame in 0..1_000 {
            let samples: Vec<f32> = input[..inputs].iter().map(|channel| channel[frame]).collect();
            for (channel, formula) in expected.iter().enumerate() {
                assert!((out[channel][frame] - formula(&samples)).abs() < 1e-6, "{preset} {channel}");
            }
        }
    };
    let half_power = 0.5_f32.sqrt();
    check(Preset::MonoMix, 3, &[&|x| (x[0] + x[1] + x[2]) / 3.0]);
    check(Preset::StereoToMono, 2, &[&|x| 0.5 * x[0] + 0.5 * x[1]]);
    check(Preset::MonoToStereo, 1, &[&|x| x[0], &|x| x[0]]);
    let left = |x: &[f32]| x[0] + half_power * (x[2] + x[4]);
    let right = |x: &[f32]| x[1] + half_power * (x[2] + x[5]);
    check(Preset::SurroundToStereo, 6, &[&left, &right]);
}

#[test]
fn noise_is_seeded_by_its_name() {
    let play = |name: &str, noise: Noise| {
        let mut graph = Graph::new();
        graph.add("in", Input::default()).unwrap().add("out", Output::default()).unwrap();
        graph.add("level", Meter::default()).unwrap().link("in", "level").unwrap();
        graph.add(name, noise).unwrap().link(name, "out").unwrap();
        let (mut engine, mut renderer) = loaded(48_000, 1, graph);
        let out = render(&engine, &mut renderer, &[vec![0.0; 1_000]], 1_000, 1, &[64]);
        engine.close(renderer);
        out
    };
    let hiss = play("hiss", Noise::default());
    assert_same_bits(&play("other", Noise { seed: Some(fnv1a(b"hiss")), ..Noise::default() }), &hiss, "the same seed");
    assert!(play("other", Noise::default()) != hiss);
}
