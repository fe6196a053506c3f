//! No kernel allocates, frees or enters the kernel of the system once it is made.

use patchline_graph::level::LevelMeter;
use patchline_guard::{CountingAllocator, Guard, Kind, Watch};
use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
use patchline_nodes::dsp::flush::sanitize_input;
use patchline_nodes::dsp::gate::{Envelope, Gate, GateParams};
use patchline_nodes::dsp::noise::{Pink, White};
use patchline_nodes::dsp::oscillator::{Oscillator, Shape};
use patchline_nodes::dsp::smooth::Smoothed;
use patchline_nodes::dsp::speech::SpeechDetector;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const BLOCK: usize = 64;

/// Runs `process` with a block's number over ten seconds of blocks at 48 kHz.
fn check(mut process: impl FnMut(usize)) {
    // Pages of code are brought when it first runs.
    let guard = Guard::new(Watch::available().without(Kind::PageFaults));
    guard.visit(|| (0..7_500).for_each(&mut process));
    guard.report().assert_clean();
}

#[test]
fn generators_and_glides() {
    let mut samples = [0.0; BLOCK];
    let (mut white, mut pink, mut gain) = (White::new(1, 0), Pink::new(1, 0), Smoothed::new(1.0));
    let mut oscillator = Oscillator::new(Shape::Triangle, 48_000.0, 440.0);
    check(|block| {
        white.fill(&mut samples);
        pink.fill(&mut samples);
        oscillator.set_frequency(block as f64, 960);
        oscillator.fill(&mut samples);
        gain.set_target((block % 100) as f32, 960);
        gain.take(BLOCK).scale(&mut samples);
        sanitize_input(&mut samples);
    });
    white.reset();
}

#[test]
fn delay_and_meter() {
    let params = |block: usize| DelayParams { frames: block % 1_000 + 1, mix: 0.5, feedback: (block % 2) as f32 * 0.5 };
    let mut line = DelayLine::new(1, 1_000, 960, params(0));
    let mut meter = LevelMeter::new(1, 2_400);
    let mut samples = [0.5; BLOCK];
    check(|block| {
        line.set(params(block / 50), None);
        let mut at = 0;
        while at < BLOCK {
            let segment = line.segment(BLOCK - at);
            line.process(0, &segment, &mut samples[at..at + segment.frames()]);
            at += segment.frames();
        }
        meter.hear(BLOCK, |_| &samples);
        if block % 1_000 == 0 {
            line.reset();
            meter.reset();
        }
    });
    assert!(meter.windows() > 0);
}

#[test]
fn gate_and_speech() {
    let params = GateParams { threshold: 0.01, close_threshold: 0.007, hold: 480, score: 0.5, close_score: 0.35 };
    let speech = Box::new(SpeechDetector::new(2, 48_000.0));
    let mut gate = Gate::new(2, 480, params, Some(speech));
    let mut envelope = Envelope::new(0, 960);
    let mut noise = White::new(5, 0);
    let mut samples = [0.0; BLOCK];
    check(|block| {
        noise.fill(&mut samples);
        let mut at = 0;
        while at < BLOCK {
            let segment = at..at + gate.segment(BLOCK - at);
            let ramp = envelope.take(gate.is_open(), segment.len());
            gate.listen(0, &samples[segment.clone()]);
            gate.listen(1, &samples[segment.clone()]);
            gate.advance(segment.len());
            ramp.scale(&mut samples[segment.clone()]);
            at = segment.end;
        }
        if block == 5_000 {
            gate.reset();
        }
    });
    assert!(gate.score().is_some_and(|score| score > 0.0));
}

#[test]
#[should_panic(expected = "alloc × 1")]
fn a_planted_allocation_is_found() {
    let mut done = false;
    check(|_| {
        if !std::mem::replace(&mut done, true) {
            std::mem::forget(std::hint::black_box(vec![1.0; BLOCK]));
        }
    });
}
