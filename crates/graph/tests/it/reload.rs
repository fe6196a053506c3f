//! Loads while sound goes on: nothing clicks, nothing is lost, and what left has ended in the end.

use std::f64::consts::TAU;

use patchline_graph::{DeviceChannels, Engine, EventKind, Graph, LoadError, Renderer, StreamSpec, compile, engine};

use crate::nodes::{DeviceIn, DeviceOut, Echo, Fixed, Scale, Source};
use crate::oracle::Dice;
use crate::{names, render};

const RATE: u32 = 48_000;
/// 20 ms, as long as loads fade where nothing else is said.
pub(crate) const FADE: usize = 960;
const LEVEL: f64 = 0.5;
/// The sine of all tests, in radians a frame.
const STEP: f64 = TAU * 997.0 / RATE as f64;

pub(crate) fn stream() -> StreamSpec {
    StreamSpec { feedback: 100, ..StreamSpec::new(RATE, 128, 1, 1) }
}

fn playing(graph: Graph) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(stream());
    engine.load(graph).unwrap();
    (engine, renderer)
}

pub(crate) fn sine(from: usize, frames: usize) -> Vec<f32> {
    (from..from + frames).map(|frame| (LEVEL * libm::sin(STEP * frame as f64)) as f32).collect()
}

/// From the input to the output, over nothing.
pub(crate) fn wire() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph.link("in", "out").unwrap();
    graph
}

/// From the input over one node to the output.
pub(crate) fn through(name: &str, node: impl patchline_graph::Node) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph.add(name, node).unwrap().chain(&["in", name, "out"]).unwrap();
    graph
}

#[test]
fn effects_that_change_nothing_come_and_go_unheard() {
    let (mut engine, mut renderer) = playing(wire());
    let ones = |frames: usize| vec![1.0; frames];
    assert_eq!(render(&mut renderer, &ones(100), 64), ones(100));
    let mut load = |number: usize| {
        let next = match number % 4 {
            0 => through("a", Fixed(1.0)),
            1 => wire(),
            2 => through("b", Fixed(1.0)),
            _ => through("a", Scale(1.0)),
        };
        engine.load(next).unwrap();
        engine.collect();
    };
    for (number, pause) in [960, 961, 3_000, 5_000].into_iter().cycle().take(40).enumerate() {
        load(number);
        assert_eq!(render(&mut renderer, &ones(pause), 64), ones(pause), "{number}");
    }
    // Where fades overlap, products of weights are rounded.
    for (number, pause) in [959, 333, 700, 250].into_iter().cycle().take(40).enumerate() {
        load(number);
        let heard = render(&mut renderer, &ones(pause), 64);
        assert!(heard.iter().all(|sample| (sample - 1.0).abs() < 1e-6), "{number}: {heard:?}");
    }
    engine.close(renderer);
}

/// A random graph of branches side by side, whose gains add up to 1 at most: each goes over some of the nodes, in any
/// order, and back over a feedback link here and there.
fn branches(dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    let mut names: Vec<String> = (0..6).map(|number| format!("n{number}")).collect();
    dice.shuffle(&mut names);
    let count = dice.between(1, 3);
    let gain = 1.0 / count as f32;
    for branch in 0..count {
        let length = dice.between(1, 2);
        let own: Vec<String> = names.drain(..length).collect();
        for (place, name) in own.iter().enumerate() {
            let loud = gain * [0.25, 0.5, 1.0][dice.between(0, 2)];
            match (place, dice.chance(40)) {
                (0, _) => graph.add(name, Fixed(loud)).unwrap(),
                (_, true) => graph.add(name, Echo(dice.between(1, 400))).unwrap(),
                _ => graph.add(name, Scale(1.0)).unwrap(),
            };
        }
        let chain: Vec<&str> = ["in"].into_iter().chain(own.iter().map(String::as_str)).chain(["out"]).collect();
        graph.chain(&chain).unwrap();
        if dice.chance(20) && branch == 0 {
            graph.add("loop", Fixed(0.4)).unwrap();
            graph.link(&own[0], "loop").unwrap().link_back("loop", "out").unwrap();
        }
    }
    graph
}

/// What is heard through `loads` random graphs, the schedule that was left in the end, and the most nodes there were.
fn wander(seed: u64, loads: usize, fade: u64, block: usize) -> (Vec<f32>, usize) {
    let mut dice = Dice::new(seed);
    let (mut engine, mut renderer) = playing(branches(&mut dice));
    engine.set_fade(fade);
    let (mut heard, mut most) = (Vec::new(), 0);
    for _ in 0..loads {
        let pause = dice.between(400, 3_000);
        heard.extend(render(&mut renderer, &sine(heard.len(), pause), block));
        engine.load(branches(&mut dice)).unwrap();
        most = most.max(engine.schedule().slots.len());
        if dice.chance(50) {
            engine.collect();
        }
    }
    heard.extend(render(&mut renderer, &sine(heard.len(), 12_000), block));
    engine.collect();
    let fresh = compile(engine.graph(), &stream()).unwrap();
    assert_eq!(engine.schedule().to_string(), fresh.to_string(), "all that left has ended");
    assert_eq!(*engine.schedule(), fresh);
    engine.close(renderer);
    (heard, most)
}

pub(crate) fn second_differences(samples: &[f32]) -> f64 {
    let second = |w: &[f32]| (f64::from(w[2]) - 2.0 * f64::from(w[1]) + f64::from(w[0])).abs();
    // The first graph starts without a fade.
    samples[1_000..].windows(3).map(second).fold(0.0, f64::max)
}

/// The second difference of a sine of level 1 is `STEP²` at most. While it fades, with a weight w of slope 1.5 / FADE and
/// curvature 6 / FADE² at most, that of `w·x` is `STEP² + 2·1.5/FADE·STEP + 6/FADE²`. As much sounds together as there
/// are loads within the time that a node takes to leave: a fade, the longest echo, and a fade.
pub(crate) fn bound() -> f64 {
    let fade = FADE as f64;
    let one = STEP * STEP + 2.0 * 1.5 / fade * STEP + 6.0 / (fade * fade);
    let together = 1.0 + (2.0 * fade + 400.0 + 100.0) / 400.0;
    LEVEL * 1.4 * one * together
}

#[test]
fn a_sine_survives_a_thousand_random_reloads() {
    let (heard, most) = wander(1, 1_000, FADE as u64, 128);
    let found = second_differences(&heard);
    println!("largest second difference {found:.2e}, bound {:.2e}, at most {most} nodes", bound());
    assert!(found < bound(), "{found} {}", bound());
    assert!(most < 60, "{most}");
    let cut = second_differences(&wander(1, 50, 1, 128).0);
    assert!(cut > 4.0 * bound(), "the same with fades of one frame does click: {cut}");
}

#[test]
fn any_block_gives_the_same_bits_through_reloads() {
    let bits = |block: usize| wander(7, 60, FADE as u64, block).0.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
    let expected = bits(64);
    for block in [1, 333, 1_000] {
        assert!(bits(block) == expected, "{block}");
    }
}

#[test]
fn a_delay_rings_on_as_it_was_when_a_node_is_added_beside_it() {
    let beside = |more: bool| {
        let mut graph = through("echo", Echo(500));
        if more {
            graph.add("more", Fixed(0.5)).unwrap().chain(&["in", "more", "out"]).unwrap();
        }
        graph
    };
    let heard = |reload: bool| {
        let (mut engine, mut renderer) = playing(beside(false));
        let mut heard = render(&mut renderer, &sine(0, 700), 64);
        if reload {
            engine.load(beside(true)).unwrap();
        }
        heard.extend(render(&mut renderer, &[0.0; 600], 64));
        engine.close(renderer);
        heard
    };
    assert_eq!(heard(true), heard(false));
}

#[test]
fn a_delay_that_is_removed_rings_out_as_it_would_with_its_input_faded_out() {
    let (mut engine, mut renderer) = playing(through("echo", Echo(2_000)));
    let mut heard = render(&mut renderer, &sine(0, 3_000), 64);
    let mut without = wire();
    without.add("mute", Fixed(0.0)).unwrap();
    let mut silent = Graph::new();
    silent.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    engine.load(silent).unwrap();
    heard.extend(render(&mut renderer, &sine(3_000, 4_000), 64));
    engine.close(renderer);

    let mut faded = sine(0, 7_000);
    for (frame, sample) in faded.iter_mut().enumerate().skip(3_000) {
        let x = ((frame - 3_000) as f64 / FADE as f64).min(1.0);
        *sample *= 1.0 - (x * x * (3.0 - 2.0 * x)) as f32;
    }
    let (mut engine, mut renderer) = playing(through("echo", Echo(2_000)));
    let expected = render(&mut renderer, &faded, 64);
    engine.close(renderer);
    assert_eq!(heard, expected);
    assert!(heard[5_000..].iter().any(|sample| sample.abs() > 0.1), "and it does ring");
}

#[test]
fn what_was_set_meanwhile_stays_when_what_left_is_cleared_away() {
    let (mut engine, mut renderer) = playing(through("scale", Scale(1.0)));
    let mut twice = through("scale", Scale(1.0));
    twice.add("more", Fixed(1.0)).unwrap().chain(&["in", "more", "out"]).unwrap();
    engine.load(twice).unwrap();
    engine.load(through("scale", Scale(1.0))).unwrap();
    render(&mut renderer, &[1.0; 10], 64);
    engine.set("scale", Scale(0.5), None).unwrap();
    render(&mut renderer, &[1.0; 4_000], 64);
    let before = engine.sent();
    engine.collect();
    assert_eq!((engine.sent(), engine.leaving().count()), (before, 0), "clearing away is nobody's message");
    assert_eq!(render(&mut renderer, &[1.0; 100], 64), [0.5; 100]);
    assert_eq!(renderer.received(), before);
    engine.close(renderer);
}

#[test]
fn a_generator_fades_in_and_out_at_its_own_level() {
    let with = |source: bool| {
        let mut graph = Graph::new();
        graph.add("out", DeviceOut(vec![0])).unwrap();
        if source {
            graph.add("noise", Source { seed: 3, channels: 1 }).unwrap().link("noise", "out").unwrap();
        }
        graph
    };
    let (mut engine, mut renderer) = playing(with(false));
    let silence = [0.0; 64];
    render(&mut renderer, &silence, 64);
    let loaded = engine.load(with(true)).unwrap();
    assert_eq!(loaded.started, ["noise"]);
    let begins = render(&mut renderer, &silence, 64);
    assert!(begins[..10].iter().all(|sample| sample.abs() < 1e-3), "{begins:?}");
    let plays = render(&mut renderer, &[0.0; 2_000], 64);
    assert!(plays[FADE..].iter().any(|sample| sample.abs() > 0.5));
    let loaded = engine.load(with(false)).unwrap();
    assert_eq!((names(&loaded.ended), names(&loaded.leaving)), (vec!["noise"], vec!["noise"]));
    assert_eq!(engine.leaving().collect::<Vec<_>>(), ["noise"]);
    let ends = render(&mut renderer, &[0.0; 2_000], 64);
    assert!(ends[..100].iter().any(|sample| sample.abs() > 0.3));
    assert!(ends[FADE..].iter().all(|sample| *sample == 0.0));
    engine.collect();
    assert_eq!(engine.leaving().count(), 0);
    engine.close(renderer);
}

/// Loads that come faster than what they replace can ring out.
#[test]
fn loads_on_the_heels_of_each_other_stay_bounded() {
    let nodes = 10;
    let all_new = |gain: f32| {
        let mut graph = wire();
        for number in 0..nodes {
            let name = format!("n{number}");
            graph.add(&name, Fixed(gain)).unwrap().chain(&["in", &name, "out"]).unwrap();
        }
        graph
    };
    let (mut engine, mut renderer) = playing(all_new(0.0));
    let (mut most, mut steps, mut refused) = (0, 0, 0);
    let mut heard = Vec::new();
    for number in 0..300 {
        match engine.load(all_new(number as f32 * 1e-4)) {
            Ok(loaded) => assert!(!loaded.cut),
            Err(LoadError::Crowded(graph)) => {
                assert_eq!(graph.nodes().len(), nodes + 2, "it comes back");
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
        most = most.max(engine.leaving().count());
        steps = steps.max(engine.schedule().steps.len());
        heard.extend(render(&mut renderer, &sine(heard.len(), 20), 64));
    }
    assert!(most <= 2 * 64, "{most}");
    // Each node runs, fades and is hurried; the link that feeds it fades in, and out for eight loads at most.
    assert!(steps <= (most + nodes) * (3 + 9) + 2, "{steps} steps for {most} nodes");
    assert!(refused > 0, "twice as many as may leave unhurried");
    assert!(second_differences(&heard) < bound());
    render(&mut renderer, &[0.0; 2_000], 64);
    engine.collect();
    assert_eq!(engine.leaving().count(), 0);
    engine.close(renderer);
}

#[test]
fn without_memory_for_both_the_old_graph_is_cut() {
    let heavy = |frames: usize| through("echo", Echo(frames));
    let most = compile(&heavy(10_000), &stream()).unwrap().footprint(stream().max_frames) + 30_000;
    let (mut engine, mut renderer) = engine(StreamSpec { max_memory: most, ..stream() });
    engine.load(heavy(10_000)).unwrap();
    render(&mut renderer, &[1.0; 100], 64);
    let loaded = engine.load(heavy(9_999)).unwrap();
    assert_eq!((loaded.cut, loaded.leaving.len()), (true, 0));
    let loaded = engine.load(heavy(1_000)).unwrap();
    assert_eq!((loaded.cut, names(&loaded.leaving)), (false, vec!["echo"]));
    assert!(matches!(engine.load(heavy(20_000)), Err(LoadError::Graph(_))));
    render(&mut renderer, &[1.0; 100], 64);
    engine.close(renderer);
}

#[test]
fn a_load_for_a_frame_takes_over_there_in_any_block_and_what_follows_waits() {
    let twice = {
        let mut graph = through("scale", Scale(1.0));
        graph.add("more", Scale(0.5)).unwrap().chain(&["in", "more", "out"]).unwrap();
        graph
    };
    let heard = |block: usize| {
        let (mut engine, mut renderer) = playing(through("scale", Scale(1.0)));
        engine.set_fade(0);
        render(&mut renderer, &[1.0; 10], 10);
        engine.load_at(twice.clone(), 517).unwrap();
        engine.set("more", Scale(0.25), Some(600)).unwrap();
        engine.set("scale", Scale(2.0), Some(100)).unwrap();
        engine.load_at(through("scale", Scale(2.0)), 700).unwrap();
        engine.load_at(wire(), 3).unwrap();
        let heard = render(&mut renderer, &[1.0; 1_000], block);
        assert!(engine.readings("scale").is_none());
        let frames: Vec<u64> = std::iter::from_fn(|| engine.next_event())
            .filter(|event| event.kind == EventKind::Loaded)
            .map(|event| event.frame)
            .collect();
        assert_eq!(frames, [0, 517, 700, 700]);
        engine.close(renderer);
        heard
    };
    let expected: Vec<f32> = (10..1_010)
        .map(|frame| match frame {
            ..517 => 1.0,
            517..600 => 2.5,
            600..700 => 2.25,
            _ => 1.0,
        })
        .collect();
    for block in [1, 64, 333, 1_000] {
        assert_eq!(heard(block), expected, "{block}");
    }
}
