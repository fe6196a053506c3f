//! Parallel paths of different latency arrive together.

use patchline_graph::{
    DeviceChannels, Endpoint, Graph, GraphErrors, Schedule, StreamSpec, compile, difference, engine,
};

use crate::bypass::Late;
use crate::nodes::{DeviceIn, DeviceOut, Scale};
use crate::oracle::Dice;
use crate::{names, playing, render};

fn stream() -> StreamSpec {
    StreamSpec { max_frames: 64, ..StreamSpec::new(48_000, 64, 1, 1) }
}

fn device() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph
}

/// The input over nodes that are so late, one after another, to the output; and beside it, turned over.
fn beside(latencies: &[usize]) -> Graph {
    let mut graph = device();
    graph.add("minus", Scale(-1.0)).unwrap();
    let names: Vec<String> = (0..latencies.len()).map(|index| format!("late{index}")).collect();
    for (name, &frames) in names.iter().zip(latencies) {
        graph.add(name, Late { frames }).unwrap();
    }
    let path: Vec<&str> = names.iter().map(String::as_str).collect();
    graph.chain(&[&["in"], &path[..], &["out"]].concat()).unwrap().chain(&["in", "minus", "out"]).unwrap();
    graph
}

fn noise(frames: usize) -> Vec<f32> {
    let mut dice = Dice::new(9);
    (0..frames).map(|_| dice.sample()).collect()
}

fn heard(graph: Graph, block: usize) -> Vec<f32> {
    let (mut engine, mut renderer) = playing(graph);
    let heard = render(&mut renderer, &noise(3_000), block);
    engine.close(renderer);
    heard
}

fn nulls(heard: &[f32]) -> bool {
    heard.iter().all(|&sample| sample == 0.0)
}

fn waits(schedule: &Schedule) -> Vec<(usize, u64)> {
    schedule.alignments.iter().map(|alignment| (alignment.link, alignment.frames)).collect()
}

fn compiled(graph: &Graph) -> Result<Schedule, GraphErrors> {
    compile(graph, &stream())
}

#[test]
fn paths_of_different_latency_null_when_subtracted() {
    for (latencies, latency) in [(&[100][..], 100), (&[1], 1), (&[64, 777], 841), (&[1_500], 1_500)] {
        let schedule = compiled(&beside(latencies)).unwrap();
        assert_eq!((waits(&schedule), schedule.latency), (vec![(latencies.len() + 2, latency)], latency));
        for block in [1, 64, 333, 1_000] {
            assert!(nulls(&heard(beside(latencies), block)), "{latencies:?} in blocks of {block}");
        }
    }
}

#[test]
fn a_direct_link_does_not_wait_and_is_not_waited_for() {
    let mut graph = device();
    graph.add("late", Late { frames: 100 }).unwrap().chain(&["in", "late", "out"]).unwrap();
    let aligned = |graph: &Graph| waits(&compiled(graph).unwrap());
    let [mut soon, mut late] = [graph.clone(), graph];
    soon.link_direct("in", "out").unwrap();
    assert_eq!(aligned(&soon), []);
    let input = noise(3_000);
    let expected: Vec<f32> = (0..3_000).map(|at| if at < 100 { 0.0 } else { input[at - 100] } + input[at]).collect();
    assert!(heard(soon.clone(), 64) == expected);
    // The late one is direct.
    late.add("slow", Late { frames: 500 }).unwrap().link("in", "slow").unwrap();
    late.link_direct("slow", "out").unwrap().link("in", "out").unwrap();
    assert_eq!(aligned(&late), [(4, 100)]);
    assert_eq!(compiled(&late).unwrap().latency, 500);
    // And the same written without it.
    soon.link("in", "out").unwrap();
    assert_eq!(aligned(&soon), [(3, 100)]);
}

#[test]
fn what_is_played_without_latency_is_compiled_as_ever() {
    let schedule = compiled(&beside(&[])).unwrap();
    assert_eq!((schedule.alignments.len(), schedule.slots.len(), schedule.latency), (0, 1, 0));
}

#[test]
fn outputs_that_share_a_channel_wait_and_others_do_not() {
    let two = |second: Vec<usize>| {
        let mut graph = device();
        graph.add("late", Late { frames: 10 }).unwrap().chain(&["in", "late", "out"]).unwrap();
        graph.add("monitor", DeviceOut(second)).unwrap().link("in", "monitor").unwrap();
        let schedule = compile(&graph, &StreamSpec::new(48_000, 64, 1, 3)).unwrap();
        waits(&schedule)
    };
    assert_eq!(two(vec![0]), [(2, 10)]);
    assert_eq!(two(vec![1]), []);
}

#[test]
fn random_paths_all_arrive_together() {
    let mut dice = Dice::new(3);
    for round in 0..200 {
        let mut graph = device();
        // An impulse over every path through random layers, each node of which is late by chance.
        let nodes = dice.between(2, 9);
        for node in 0..nodes {
            let name = format!("n{node}");
            graph.add(&name, Late { frames: dice.between(1, 40) }).unwrap();
            graph.link("in", &name).unwrap();
            (0..node).filter(|_| dice.chance(33)).for_each(|from| {
                graph.link(&format!("n{from}"), &name).unwrap();
            });
            graph.link(&name, "out").unwrap();
        }
        let latency = compiled(&graph).unwrap().latency as usize;
        let (mut engine, mut renderer) = playing(graph);
        let mut input = vec![0.0; 1_000];
        input[5] = 1.0;
        let heard = render(&mut renderer, &input, dice.between(1, 64));
        let spikes: Vec<usize> = (0..1_000).filter(|&frame| heard[frame] != 0.0).collect();
        assert_eq!(spikes, [5 + latency], "round {round}");
        engine.close(renderer);
    }
}

#[test]
fn a_node_that_is_left_out_stays_aligned() {
    let (mut engine, mut renderer) = playing(beside(&[100]));
    let input = noise(9_000);
    let mut heard = render(&mut renderer, &input[..3_000], 64);
    engine.bypass("late0", true, None).unwrap();
    heard.extend(render(&mut renderer, &input[3_000..6_000], 64));
    engine.bypass("late0", false, None).unwrap();
    heard.extend(render(&mut renderer, &input[6_000..], 64));
    assert!(nulls(&heard));
    engine.close(renderer);
}

#[test]
fn alignment_comes_and_goes_with_a_load_and_keeps_what_it_holds() {
    let (mut engine, mut renderer) = playing(beside(&[100]));
    let input = noise(9_000);
    let mut heard = render(&mut renderer, &input[..3_000], 64);
    // Something beside it changes: nothing that waits is lost.
    let mut more = beside(&[100]);
    more.add("idle", Scale(2.0)).unwrap().link("in", "idle").unwrap();
    let loaded = engine.load(more).unwrap();
    assert!(loaded.carried.iter().any(|name| *name == "minus..out (aligned)"), "{loaded:?}");
    heard.extend(render(&mut renderer, &input[3_000..6_000], 64));
    assert!(nulls(&heard));
    // Another latency is another wait; in the end it nulls again.
    let loaded = engine.load(beside(&[50])).unwrap();
    assert!(names(&loaded.started).contains(&"minus..out (aligned)"), "{loaded:?}");
    let heard = render(&mut renderer, &input[6_000..], 64);
    assert!(nulls(&heard[2_000..]));
    assert_eq!(waits(engine.schedule()), [(3, 50)]);
    engine.collect();
    assert_eq!(engine.schedule(), &compiled(&beside(&[50])).unwrap());
    let found = difference(&beside(&[100]), &beside(&[50]), &stream(), 960).unwrap();
    assert_eq!((found.latency, found.rebuilt.len()), ([100, 50], 2));
    engine.close(renderer);
}

#[test]
fn parameters_that_change_a_latency_align_anew() {
    let (mut engine, mut renderer) = playing(beside(&[100]));
    render(&mut renderer, &noise(1_000), 64);
    engine.set("late0", Late { frames: 300 }, None).unwrap();
    assert_eq!((waits(engine.schedule()), engine.schedule().latency), (vec![(3, 300)], 300));
    let heard = render(&mut renderer, &noise(3_000), 64);
    assert!(nulls(&heard[2_000..]));
    engine.close(renderer);
}

#[test]
fn slices_and_other_ports_wait_too_and_memory_is_counted() {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0, 1])).unwrap();
    graph.add("late", Late { frames: 10 }).unwrap();
    let end = |text: &str| text.parse::<Endpoint>().unwrap();
    for (from, to) in [("in[1]", "late"), ("late", "out[0]"), ("in[0..2]", "out")] {
        graph.push_link(patchline_graph::Link::new(end(from), end(to)));
    }
    let wide = StreamSpec::new(48_000, 64, 2, 2);
    let schedule = compile(&graph, &wide).unwrap();
    let waiting = schedule.slots.iter().find(|slot| slot.kind == "alignment").unwrap();
    assert_eq!((waiting.widths.inputs[0], waits(&schedule)), (2, vec![(2, 10)]));
    let (mut engine, mut renderer) = engine(wide.clone());
    engine.load(graph.clone()).unwrap();
    let ramp: Vec<f32> = (0..64).map(|frame| frame as f32).collect();
    let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
    renderer.render(64, &[&ramp, &ramp], &mut [&mut left, &mut right]);
    let late = |frame: usize| if frame < 10 { 0.0 } else { ramp[frame - 10] };
    (0..64).for_each(|frame| assert_eq!((left[frame], right[frame]), (2.0 * late(frame), late(frame))));
    engine.close(renderer);
    // Nobody has the memory for this one.
    graph.add("late", Late { frames: 1 << 40 }).unwrap();
    assert!(compile(&graph, &StreamSpec { max_memory: 1 << 20, ..wide }).is_err());
}
