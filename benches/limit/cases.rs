//! The workloads: each as a graph and as a loop, stereo at 48 kHz.

use patchline_graph::{Graph, StreamSpec, engine};
use patchline_nodes::{Delay, Gain, Input, Level, Meter, Output, Time, VadGate};

use crate::loops::{Chain, Delays, Effects, Loop, Wide};
use crate::measure::Case;

const RATE: u32 = 48_000;
const BLOCKS: [usize; 4] = [16, 64, 128, 512];

/// Every workload at every block size.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [1, 10, 100, 1000] {
        for block in BLOCKS {
            let bound = (count == 1000 && block == 128).then_some(4.0);
            let (graph, gains) = (chain(count), gains(count));
            cases.push(case(&format!("chain of {count} gains"), block, graph, Chain(gains), bound));
        }
    }
    for block in BLOCKS {
        cases.push(case("10 delays", block, delays(10), Delays::new(10, 24_000, 0.4), None));
        cases.push(case("100 gains in parallel", block, wide(100), Wide(gains(100)), None));
        let effects_loop = Effects::new(0.5, Delays::new(1, 22_050, 0.4), 2400, 480);
        cases.push(case("gain, delay, meter, gate", block, effects(), effects_loop, None));
    }
    cases
}

/// Pairs a graph with a loop, after both have given the same bits for two seconds.
fn case(workload: &str, block: usize, graph: Graph, limit: impl Loop + 'static, bound: Option<f64>) -> Case {
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, block, 2, 2));
    engine.load(graph).expect("the benchmark's graph is good");
    let buffers_per_channel = engine.schedule().buffers as f64 / 2.0;
    let input = noise(2 * block);
    let mut ours_out = vec![0.0; 2 * block];
    let mut limit_out = ours_out.clone();
    let ours_in = input.clone();
    let mut ours = move |out: &mut Vec<f32>| {
        let _keeps_its_collector = &engine;
        let (left, right) = out.split_at_mut(block);
        renderer.render(block, &[&ours_in[..block], &ours_in[block..]], &mut [left, right]);
    };
    let mut limit = limit;
    let mut limit = move |out: &mut Vec<f32>| {
        let (left, right) = out.split_at_mut(block);
        limit.run([&input[..block], &input[block..]], [left, right]);
    };
    let warm_up = 2 * RATE as usize / block;
    for _ in 0..warm_up {
        ours(&mut ours_out);
        limit(&mut limit_out);
    }
    assert_eq!(ours_out, limit_out, "{workload}, block {block}: the loop does not compute the same");
    Case {
        workload: workload.to_owned(),
        block,
        ours: Box::new(move || ours(std::hint::black_box(&mut ours_out))),
        limit: Box::new(move || limit(std::hint::black_box(&mut limit_out))),
        buffers_per_channel,
        bound,
    }
}

/// Between −0.5 and 0.5, without zeros (a linear congruential generator).
fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..samples).map(|_| next()).collect()
}

/// Factors around 1 whose product stays around 1.
fn gains(count: usize) -> Vec<f32> {
    (0..count).map(|index| if index % 2 == 0 { 0.8 } else { 1.25 } + (index % 7) as f32 * 1e-4).collect()
}

fn gain(factor: f32) -> Gain {
    let gain = Level::new(f64::from(factor)).expect("the factor is finite");
    Gain { gain, ..Gain::default() }
}

fn device() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).and_then(|graph| graph.add("out", Output::default())).expect("good names");
    graph
}

/// `in -> n0 -> n1 -> … -> out`
fn series(mut graph: Graph, count: usize) -> Graph {
    let names: Vec<String> = (0..count).map(|index| format!("n{index}")).collect();
    let ends: Vec<&str> = std::iter::once("in").chain(names.iter().map(String::as_str)).chain(["out"]).collect();
    graph.chain(&ends).expect("good names");
    graph
}

pub(crate) fn chain(count: usize) -> Graph {
    let mut graph = device();
    for (index, factor) in gains(count).into_iter().enumerate() {
        graph.add(&format!("n{index}"), gain(factor)).expect("a good name");
    }
    series(graph, count)
}

fn delays(count: usize) -> Graph {
    let mut graph = device();
    for index in 0..count {
        let delay = Delay { mix: 0.4, ..Delay::new(Time::Frames(24_000)) };
        graph.add(&format!("n{index}"), delay).expect("a good name");
    }
    series(graph, count)
}

fn wide(count: usize) -> Graph {
    let mut graph = device();
    for (index, factor) in gains(count).into_iter().enumerate() {
        let name = format!("n{index}");
        graph.add(&name, gain(factor)).and_then(|graph| graph.chain(&["in", &name, "out"])).expect("a good name");
    }
    graph
}

fn effects() -> Graph {
    let mut graph = device();
    let delay = Delay { mix: 0.4, ..Delay::new(Time::Frames(22_050)) };
    graph
        .add("n0", gain(0.5))
        .and_then(|graph| graph.add("n1", delay))
        .and_then(|graph| graph.add("n2", Meter::default()))
        .and_then(|graph| graph.add("n3", VadGate::default()))
        .expect("good names");
    series(graph, 4)
}
