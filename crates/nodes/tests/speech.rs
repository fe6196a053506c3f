//! The gate on recorded speech in noise, with bursts of noise as loud as the speech between the words.
//!
//! Judged is everything from the first frame on, while the network still gets to know the noise, and with the hold. A
//! decision is compared with the speech that it can know of: the detector's fixed, declared delay (17 ms) earlier.
//!
//! The words are those of Debian's package `alsa-utils`. Without them the test says that it was skipped; with
//! `PATCHLINE_REQUIRE_SPEECH=1` it fails.

mod common;

use std::path::Path;

use common::{chain, loaded, noise, render};
use patchline_graph::Graph;
use patchline_nodes::dsp::noise::Pink;
use patchline_nodes::dsp::speech::SpeechDetector;
use patchline_nodes::{ChannelIndex, Detector, Mode, Output, Time, VadGate};
use patchline_wav::FileReader;

const FOLDER: &str = "/usr/share/sounds/alsa";
const FILES: [&str; 8] =
    ["Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right"];
const RATE: u32 = 48_000;
/// Frames of 10 ms.
const STEP: usize = 480;
/// Frames between two utterances, with a burst in their middle.
const PAUSE: usize = 5 * 48_000 / 2;
const BURST: usize = 48_000 / 2;

/// What is played, and for each 10 ms whether it is speech.
struct Scene {
    signal: Vec<f32>,
    speech: Vec<bool>,
}

fn recordings() -> Option<Vec<Vec<f32>>> {
    let read = |name: &&str| {
        let mut reader = FileReader::open(Path::new(FOLDER).join(format!("{name}.wav"))).ok()?;
        assert_eq!((reader.info().rate, reader.info().channels), (RATE, 1), "{name}");
        let mut samples = vec![0.0; reader.info().frames? as usize];
        reader.read_interleaved(&mut samples).ok()?;
        Some(samples)
    };
    FILES.iter().map(read).collect()
}

fn rms(samples: &[f32]) -> f64 {
    (samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

/// Which steps of a clean recording are speech: louder than -40 dBFS, and pauses of up to 60 ms within a word.
fn speech_steps(clean: &[f32]) -> Vec<bool> {
    let loud: Vec<bool> = clean.chunks(STEP).map(|step| rms(step) > 0.01).collect();
    let near = |at: usize| {
        let before = loud[at.saturating_sub(6)..=at].iter().any(|&l| l);
        let after = loud[at..loud.len().min(at + 7)].iter().any(|&l| l);
        before && after
    };
    (0..loud.len()).map(near).collect()
}

fn coloured(pink: bool, seed: u64, frames: usize) -> Vec<f32> {
    if !pink {
        return noise(seed, frames, 1.0);
    }
    let mut samples = vec![0.0; frames];
    Pink::new(seed, 0).fill(&mut samples);
    samples
}

fn add(to: &mut [f32], from: &[f32], wanted_rms: f64) {
    let gain = (wanted_rms / rms(from)) as f32;
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from * gain);
}

/// All utterances one after the other, in noise 15 dB below the speech.
fn scene(recordings: &[Vec<f32>], pink: bool) -> Scene {
    let (mut signal, mut speech) = (vec![0.0; PAUSE / STEP * STEP], vec![false; PAUSE / STEP]);
    let mut bursts = Vec::new();
    for recording in recordings {
        let whole = &recording[..recording.len() / STEP * STEP];
        signal.extend_from_slice(whole);
        speech.extend(speech_steps(whole));
        bursts.push(signal.len() + (PAUSE - BURST) / 2);
        signal.resize(signal.len() + PAUSE, 0.0);
        speech.resize(signal.len() / STEP, false);
    }
    let spoken: Vec<f32> =
        signal.chunks(STEP).zip(&speech).filter(|(_, speech)| **speech).flat_map(|(step, _)| step.to_vec()).collect();
    let loudness = rms(&spoken);
    for (number, &at) in bursts.iter().enumerate() {
        add(&mut signal[at..at + BURST], &coloured(pink, number as u64 + 10, BURST), loudness);
    }
    let background = coloured(pink, 1, signal.len());
    add(&mut signal, &background, loudness * libm::pow(10.0, -15.0 / 20.0));
    Scene { signal, speech }
}

/// The shares of speech and of the rest during which the gate is open, its default thresholds and a hold of 200 ms.
fn marked(scene: &Scene, detector: Detector) -> (f64, f64) {
    let gate = VadGate { detector, mode: Mode::Trigger, hold: Time::Seconds(0.2), ..VadGate::default() };
    let mut graph: Graph = chain(gate);
    graph.add("flag", Output { channels: Some(vec![ChannelIndex(1)]), ..Output::default() }).unwrap();
    graph.link("node.open", "flag").unwrap();
    let (mut engine, mut renderer) = loaded(RATE, 1, graph);
    let out = render(&engine, &mut renderer, std::slice::from_ref(&scene.signal), scene.signal.len(), 2, &[256]);
    engine.close(renderer);
    let delay = match detector {
        Detector::Energy => 0,
        Detector::Speech => SpeechDetector::new(1, f64::from(RATE)).delay(),
    };
    let share = |of: bool| {
        let steps = out[1][delay..].chunks(STEP).zip(&scene.speech).filter(|(_, speech)| **speech == of);
        let (open, all) = steps.fold((0.0, 0), |(open, all), (step, _)| {
            (open + step.iter().map(|x| f64::from(*x)).sum::<f64>(), all + step.len())
        });
        open / all as f64
    };
    (share(true), share(false))
}

#[test]
fn speech_is_told_from_noise_that_is_as_loud() {
    let Some(recordings) = recordings() else {
        let required = std::env::var_os("PATCHLINE_REQUIRE_SPEECH").is_some_and(|value| value == "1");
        assert!(!required, "there is no recorded speech in {FOLDER}: install Debian's package alsa-utils");
        eprintln!("SKIPPED: there is no recorded speech in {FOLDER}; install Debian's package alsa-utils");
        return;
    };
    for (name, pink) in [("white", false), ("pink", true)] {
        let scene = scene(&recordings, pink);
        let (energy_speech, energy_rest) = marked(&scene, Detector::Energy);
        let (speech, rest) = marked(&scene, Detector::Speech);
        println!("{name} noise at 15 dB, marked as speech: of speech, of the rest");
        println!("  speech: {:5.1} % {:5.1} %", 100.0 * speech, 100.0 * rest);
        println!("  energy: {:5.1} % {:5.1} %", 100.0 * energy_speech, 100.0 * energy_rest);
        assert!(speech > 0.9, "{name}: {speech:.3} of speech");
        assert!(rest < 0.3, "{name}: {rest:.3} of the rest");
    }
}
