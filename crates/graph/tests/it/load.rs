//! What a load keeps and what it replaces.

use patchline_graph::{DeviceChannels, EventKind, Graph, StreamSpec, engine};

use crate::nodes::{DeviceIn, DeviceOut, OnePole, Scale};
use crate::{playing, render};

fn graph(pole: f32) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    graph.add("pole", OnePole { feed: 1.0, back: pole }).unwrap();
    graph.add("out", DeviceOut(vec![0])).unwrap();
    graph.chain(&["in", "pole", "out"]).unwrap();
    graph
}

#[test]
fn a_node_that_stays_keeps_its_state() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    assert_eq!(render(&mut renderer, &[1.0, 0.0], 1), [1.0, 0.5]);
    let mut wider = graph(0.5);
    wider.add("new", Scale(4.0)).unwrap();
    wider.chain(&["pole", "new", "out"]).unwrap();
    let loaded = engine.load(wider).unwrap();
    assert_eq!((loaded.carried, loaded.started), (vec!["pole".to_owned()], vec!["new".to_owned()]));
    assert_eq!(render(&mut renderer, &[0.0], 1), [0.25 + 1.0]);
    let changed = engine.load(graph(0.25)).unwrap();
    assert_eq!((changed.updated, changed.ended), (vec!["pole".to_owned()], vec!["new".to_owned()]));
    assert_eq!(render(&mut renderer, &[0.0], 1), [0.0625]);
    engine.close(renderer);
}

#[test]
fn another_type_under_the_same_name_starts_fresh() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    render(&mut renderer, &[1.0], 1);
    let mut other = graph(0.5);
    other.add("pole", Scale(0.5)).unwrap();
    let loaded = engine.load(other).unwrap();
    assert_eq!((loaded.started, loaded.ended), (vec!["pole".to_owned()], vec!["pole".to_owned()]));
    assert_eq!(render(&mut renderer, &[0.0, 1.0], 1), [0.0, 0.5]);
    engine.close(renderer);
}

#[test]
fn a_graph_that_does_not_compile_leaves_the_old_one_playing() {
    let (mut engine, mut renderer) = playing(graph(0.0));
    let mut bad = graph(0.5);
    bad.link("pole", "pole").unwrap();
    assert!(engine.load(bad).is_err());
    assert_eq!(render(&mut renderer, &[0.5], 1), [0.5]);
    engine.close(renderer);
}

#[test]
fn a_feedback_link_that_stays_keeps_what_it_holds() {
    let echo = |extra: bool| {
        let mut graph = graph(0.0);
        graph.link_back("pole", "pole").unwrap();
        if extra {
            graph.add("unused", Scale(1.0)).unwrap();
        }
        graph
    };
    let (mut engine, mut renderer) = engine(StreamSpec { feedback: 3, ..StreamSpec::new(48_000, 64, 1, 1) });
    engine.load(echo(false)).unwrap();
    assert_eq!(render(&mut renderer, &[1.0, 0.0], 2), [1.0, 0.0]);
    engine.load(echo(true)).unwrap();
    assert_eq!(render(&mut renderer, &[0.0; 5], 2), [0.0, 1.0, 0.0, 0.0, 1.0]);
    engine.close(renderer);
}

#[test]
fn the_slab_grows_while_others_play_on() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    render(&mut renderer, &[1.0], 1);
    for size in [1, 40, 3, 200, 0] {
        let mut next = graph(0.5);
        for index in 0..size {
            next.add(&format!("n{index}"), Scale(0.0)).unwrap();
        }
        engine.load(next).unwrap();
        render(&mut renderer, &[0.0], 1);
        engine.collect();
    }
    assert_eq!(render(&mut renderer, &[0.0], 1), [0.5f32.powi(6)]);
    let loads = std::iter::from_fn(|| engine.next_event()).filter(|event| event.kind == EventKind::Loaded).count();
    assert_eq!(loads, 6);
    engine.close(renderer);
}

#[test]
fn non_finite_samples_are_counted_and_never_reach_the_device() {
    let (mut engine, mut renderer) = playing(graph(0.0));
    assert_eq!(render(&mut renderer, &[f32::NAN, 1.0], 2), [0.0, 1.0]);
    engine.set("pole", OnePole { feed: f32::INFINITY, back: 0.0 }, None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0, 1.0], 2), [0.0, 0.0]);
    let stats = engine.stats();
    assert_eq!((stats.non_finite_inputs, stats.non_finite_outputs, stats.frames), (1, 2, 4));
    engine.close(renderer);
}

#[test]
fn missing_channels_are_silent() {
    let (mut engine, mut renderer) = playing(graph(0.0));
    let mut outputs = [[9.0; 4], [9.0; 4]];
    let [first, second] = &mut outputs;
    renderer.render(4, &[&[1.0, 1.0]], &mut [first, second]);
    assert_eq!(outputs, [[1.0, 1.0, 0.0, 0.0], [0.0; 4]]);
    renderer.render(4, &[], &mut []);
    assert_eq!(renderer.position(), 8);
    engine.close(renderer);
}
