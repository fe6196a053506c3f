//! Whole patches that rest again and again: nobody hears it, whatever the blocks and whoever keeps whom awake.

use patchline_graph::{Graph, StreamSpec, engine};
use patchline_nodes::{Delay, Gain, Input, Level, Meter, Noise, Output, Time, VadGate};

const RATE: u32 = 48_000;

/// Bursts of noise, and the frames of silence after each.
const BURSTS: [(usize, usize); 5] = [(0, 150_000), (480, 144_000), (480, 120_001), (1, 90_000), (4_800, 150_000)];

fn delay(milliseconds: f64) -> Delay {
    Delay { mix: 0.4, ..Delay::new(Time::Seconds(milliseconds / 1e3)) }
}

fn gate(hold: f64) -> VadGate {
    VadGate { hold: Time::Seconds(hold), ..VadGate::default() }
}

/// One node after the other, and, if it is not to rest, a noise that only a meter hears.
fn chain(add: impl Fn(&mut Graph) -> Vec<&'static str>, restless: bool) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("out", Output::default()).unwrap();
    let mut ends = add(&mut graph);
    ends.insert(0, "in");
    ends.push("out");
    graph.chain(&ends).unwrap();
    if restless {
        graph.add("hum", Noise::default()).unwrap().add("ear", Meter::default()).unwrap();
        graph.link("hum", "ear").unwrap();
    }
    graph
}

fn input() -> Vec<f32> {
    let mut dice = 1_u32;
    let mut sample = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        dice as f32 / u32::MAX as f32 - 0.5
    };
    let mut input = Vec::new();
    for (sound, silence) in BURSTS {
        input.extend((0..sound).map(|_| sample()));
        input.extend(std::iter::repeat_n(0.0, silence));
    }
    input
}

/// What comes out, and how many frames were slept.
fn play(graph: Graph, input: &[f32], block: usize) -> (Vec<u32>, u64) {
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, block, 2, 2));
    engine.load(graph).unwrap();
    let (mut out, mut left, mut right) = (Vec::new(), vec![0.0; block], vec![0.0; block]);
    for input in input.chunks(block) {
        let frames = input.len();
        renderer.render(frames, &[input, input], &mut [&mut left[..frames], &mut right[..frames]]);
        out.extend(left[..frames].iter().chain(&right[..frames]).map(|sample| sample.to_bits()));
    }
    let slept = engine.stats().slept;
    engine.close(renderer);
    (out, slept)
}

fn check(what: &str, add: impl Fn(&mut Graph) -> Vec<&'static str>) {
    let input = input();
    for block in [64, 500, 4_096] {
        let (expected, awake) = play(chain(&add, true), &input, block);
        let (got, slept) = play(chain(&add, false), &input, block);
        assert_eq!(awake, 0);
        assert!(slept > 10_000, "{what} in blocks of {block}: {slept}");
        let differs = got.iter().zip(&expected).position(|(got, expected)| got != expected);
        assert_eq!(differs, None, "{what} in blocks of {block}");
    }
}

#[test]
fn a_long_delay_behind_a_gate_that_closes_late() {
    for hold in [0.18, 0.2] {
        check("gate and delay", |graph| {
            graph.add("gate", gate(hold)).unwrap().add("echo", delay(1_000.0)).unwrap();
            vec!["gate", "echo"]
        });
    }
}

#[test]
fn a_long_delay_behind_a_slow_meter_or_another_delay() {
    check("meter and delay", |graph| {
        graph.add("meter", Meter { window: Time::Seconds(0.5), ..Meter::default() }).unwrap();
        graph.add("echo", delay(1_000.0)).unwrap();
        vec!["meter", "echo"]
    });
    check("two delays", |graph| {
        graph.add("near", delay(300.0)).unwrap().add("far", delay(1_000.0)).unwrap();
        vec!["near", "far"]
    });
}

#[test]
fn delays_shorter_than_a_block_and_with_room_and_feedback() {
    check("short delays", |graph| {
        graph.add("one", delay(0.02)).unwrap().add("two", delay(2.0)).unwrap();
        let room = Delay { max_time: Some(Time::Seconds(0.5)), feedback: 0.2, ..delay(10.0) };
        graph.add("three", room).unwrap();
        graph.add("inverse", Gain { gain: Level::from_db(-6.0).unwrap(), ..Gain::default() }).unwrap();
        vec!["one", "two", "inverse", "three"]
    });
}

/// The echo of a single frame lies anywhere in the memory, also in its last frames, and is all that there is.
#[test]
fn a_lonely_echo_is_never_taken_for_silence() {
    let graph = |restless| {
        let echo = Delay { mix: 0.5, feedback: 0.5, ..Delay::new(Time::Frames(4_800)) };
        let add = |graph: &mut Graph| {
            graph.add("echo", echo.clone()).unwrap();
            vec!["echo"]
        };
        chain(add, restless)
    };
    for place in 0..40 {
        let mut input = vec![0.0; 30_000];
        input[place] = 1.0;
        for block in [64, 240] {
            let (expected, _) = play(graph(true), &input, block);
            assert!(play(graph(false), &input, block).0 == expected, "an impulse at {place} in blocks of {block}");
        }
    }
}
