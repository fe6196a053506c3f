//! A device on which the graph takes too long: optional nodes go until it does not.

use std::num::NonZeroU32;
use std::time::Duration;

use patchline_graph::{Graph, StreamSpec, Timing, engine_timed};
use patchline_io::load::Measured;
use patchline_io::shed::{Shedder, Shift};
use patchline_io::sim::{Blocks, Sim, SimConfig};
use patchline_io::{Backend, DeviceSpec};

use crate::flight::Work;
use crate::graph::{In, Out};

const MS: Duration = Duration::from_millis(1);

#[test]
fn xruns_end_once_optional_nodes_are_left_out() {
    let config = SimConfig { max_frames: 480, blocks: Blocks::Fixed(480), ..SimConfig::default() };
    let mut device = Sim::open(config).unwrap();
    let time = device.virtual_time();
    let DeviceSpec { rate, inputs, outputs, .. } = *device.spec();
    let timing = Timing { time: time.source(), ..Timing::default() };
    let (mut engine, renderer) = engine_timed(StreamSpec::new(rate, 480, inputs, outputs), timing);
    // 13 ms of 10, of which 6 may go: with `wide` alone gone it is 9, with `haze` alone 11.
    let work = |millis| Work { time: time.clone(), usual: millis * MS, slow: (u64::MAX, MS) };
    let mut graph = Graph::new();
    graph.add("in", In).unwrap().add("out", Out).unwrap().add("eq", work(7)).unwrap();
    graph.add("wide", work(4)).unwrap().add("haze", work(2)).unwrap();
    graph.chain(&["in", "eq", "haze", "wide", "out"]).unwrap();
    graph.optional("haze").unwrap().optional("wide").unwrap();
    engine.load(graph).unwrap();
    engine.profile(NonZeroU32::new(4));
    let (callback, load) = Measured::with_clock(renderer, rate, device.time().expect("its own"));
    assert!(device.start(callback).is_ok());

    let mut shedder = Shedder::new(0.95);
    let mut shifts = Vec::new();
    let mut xruns = Vec::new();
    let optional: Vec<String> = engine.graph().optional_nodes().map(ToString::to_string).collect();
    for _ in 0..1_000 {
        device.run(10 * MS);
        let costs = engine.costs();
        let cost = |name: &String| costs.iter().find(|cost| cost.node == *name).map_or(0.0, |cost| cost.load(rate));
        let costs: Vec<(String, f64)> = optional.iter().map(|name| (name.clone(), cost(name))).collect();
        let mean = load.read().map_or(0.0, |load| load.mean);
        if let Some(shift) = shedder.look(device.now(), mean, &costs) {
            if let Shift::Out(name) = &shift {
                engine.bypass(name, true, None).unwrap();
            }
            shifts.push(shift);
        }
        xruns.push(device.stats().xruns);
    }
    assert_eq!(shifts, [Shift::Out("wide".to_owned())], "the heavier one suffices");
    assert!(xruns[100] > 20, "it was too much before");
    assert_eq!(xruns[300], xruns[999], "and is not since");
    engine.close(device.stop().unwrap().into_inner());
}
