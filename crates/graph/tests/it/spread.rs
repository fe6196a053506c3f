//! Schedules for several threads: what is spread, what is not, and the proof that no two threads meet.

use patchline_graph::{Alone, DeviceChannels, Graph, Need, Schedule, StreamSpec, compile};

use crate::nodes::{Combine, DeviceIn, DeviceOut, OnePole, Source};
use crate::oracle::{Dice, Model};

/// Blocks that are long enough for some nodes to be worth it.
fn stream(threads: usize) -> StreamSpec {
    StreamSpec { threads, feedback: 48_000, ..StreamSpec::new(48_000, 4_096, 4, 4) }
}

fn pole() -> OnePole {
    OnePole { feed: 0.5, back: 0.5 }
}

/// So many nodes side by side, each between the device's input and its output.
fn wide(branches: usize) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::Pick(vec![Some(0)]))).unwrap();
    for branch in 0..branches {
        graph.add(&format!("n{branch}"), pole()).unwrap();
    }
    graph.add("out", DeviceOut(vec![0])).unwrap();
    for branch in 0..branches {
        graph.chain(&["in", &format!("n{branch}"), "out"]).unwrap();
    }
    graph
}

/// So many nodes one after the other.
fn long(nodes: usize) -> Graph {
    let mut graph = Graph::new();
    graph.add("n0", Source { seed: 1, channels: 1 }).unwrap();
    for node in 1..nodes {
        graph.add(&format!("n{node}"), pole()).unwrap();
        graph.chain(&[&format!("n{}", node - 1), &format!("n{node}")]).unwrap();
    }
    graph.add("out", DeviceOut(vec![0])).unwrap();
    graph.chain(&[&format!("n{}", nodes - 1), "out"]).unwrap();
    graph
}

fn spread(graph: &Graph, threads: usize) -> Schedule {
    let schedule = compile(graph, &stream(threads)).unwrap();
    schedule.verify().unwrap();
    schedule
}

#[test]
fn what_is_side_by_side_is_spread() {
    for (branches, threads, part) in [(2, 2, 0.6), (8, 2, 0.55), (8, 4, 0.3), (100, 2, 0.55), (1_000, 4, 0.3)] {
        let schedule = spread(&wide(branches), threads);
        assert_eq!((schedule.spread.lanes(), schedule.spread.alone), (threads, None), "{branches}\n{schedule}");
        assert!(schedule.spread.part < part, "{branches} by {threads}: {}", schedule.spread.part);
    }
}

#[test]
fn what_is_shorter_than_a_hand_over_is_for_one_thread() {
    // Two nodes of about 4 ns a frame: half of that has to win a microsecond and a fifth of it all.
    let least = spread(&wide(2), 2).spread.least_frames;
    assert!((256..2_048).contains(&least), "{least}");
}

#[test]
fn a_source_of_all_holds_nobody_up_longer_than_it_takes() {
    let mut graph = long(1);
    for branch in 1..=6 {
        let name = format!("n{branch}");
        graph.add(&name, pole()).unwrap();
        graph.chain(&["n0", &name, "out"]).unwrap();
    }
    let schedule = spread(&graph, 3);
    assert!(schedule.spread.lanes() == 3 && schedule.spread.part < 0.55, "{}\n{schedule}", schedule.spread.part);
}

#[test]
fn what_is_narrow_stays_as_it_is() {
    for (graph, why) in [(long(100), Alone::Narrow), (wide(1), Alone::Narrow), (Graph::new(), Alone::Narrow)] {
        let (one, two) = (spread(&graph, 1), spread(&graph, 2));
        assert_eq!((one.spread.alone, two.spread.alone), (Some(Alone::Asked), Some(why)));
        assert_eq!((one.steps, one.wires, one.buffers), (two.steps, two.wires, two.buffers));
        assert!(two.spread.tasks.is_empty() && two.spread.lanes() == 1);
    }
    // Wide, and not worth it.
    let short = StreamSpec { max_frames: 16, ..stream(2) };
    assert_eq!(compile(&wide(8), &short).unwrap().spread.alone, Some(Alone::Narrow));
}

#[test]
fn what_several_threads_need_must_fit() {
    let needs = |threads| compile(&wide(64), &stream(threads)).unwrap().footprint(4_096);
    let (one, two) = (needs(1), needs(2));
    assert!(one < two, "{one} bytes, {two} bytes");
    let tight = StreamSpec { max_memory: two - 1, ..stream(2) };
    assert_eq!(compile(&wide(64), &tight).unwrap().spread.alone, Some(Alone::Memory));
}

#[test]
fn random_graphs_are_spread_so_that_no_two_threads_meet() {
    let mut spread = 0;
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let size = dice.between(4, 40);
        let model = Model::random(&mut dice, size);
        let graph = model.graph(&mut dice);
        let stream = |threads| StreamSpec { inputs: model.inputs, outputs: Some(model.outputs), ..stream(threads) };
        let one = compile(&graph, &stream(1)).unwrap();
        for threads in 2..=4 {
            let several = compile(&graph, &stream(threads)).unwrap();
            several.verify().unwrap_or_else(|error| panic!("seed {seed}, {threads} threads: {error}\n{several}"));
            assert_eq!(several.steps.len(), one.steps.len());
            spread += usize::from(several.spread.lanes() > 1);
        }
    }
    assert!(spread > 600, "most are wide enough: {spread} of 1800");
}

/// Some schedule that is spread, with one thing wrong.
fn check(what: &str, spoil: impl Fn(&mut Schedule)) {
    let mut graph = wide(12);
    graph.add("mix", Combine(0.5)).unwrap();
    graph.chain(&["n0", "mix"]).unwrap();
    graph.chain(&["n1", "mix"]).unwrap();
    let mut schedule = spread(&graph, 3);
    spoil(&mut schedule);
    assert!(schedule.verify().is_err(), "{what}\n{schedule}");
}

#[test]
fn what_would_meet_is_refused() {
    check("nobody waits for anybody", |schedule| schedule.spread.tasks.iter_mut().for_each(|task| task.needs.clear()));
    check("one does not wait", |schedule| {
        let waits = schedule.spread.tasks.iter_mut().rev().find(|task| !task.needs.is_empty());
        waits.unwrap().needs.pop();
    });
    check("it waits for what comes later", |schedule| {
        schedule.spread.tasks[0].needs.push(Need { lane: 1, tasks: 1 });
    });
    check("it waits for what is not there", |schedule| {
        schedule.spread.tasks[0].needs.push(Need { lane: 7, tasks: 1 });
    });
    check("it waits for nothing", |schedule| schedule.spread.tasks[0].needs.push(Need { lane: 0, tasks: 0 }));
    check("a step is in no task", |schedule| schedule.spread.tasks.last_mut().unwrap().steps.end -= 1);
    check("a step is in two", |schedule| schedule.spread.tasks[1].steps.start -= 1);
    check("all is one buffer", |schedule| {
        let device = schedule.device_in.iter().chain(&schedule.device_out).flatten().count() as u32;
        schedule.wires.iter_mut().filter(|wire| **wire > device).for_each(|wire| *wire = device);
    });
    check("it is in a lane of its own", |schedule| schedule.spread.tasks[1].lane = 1 << 40);
    check("another lane does it", |schedule| {
        let lanes = schedule.spread.lanes();
        schedule.spread.tasks.iter_mut().for_each(|task| task.lane = (task.lane + task.steps.start) % lanes);
    });
}
