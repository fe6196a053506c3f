//! Parameters by frame: the same bits for any block.

use patchline_graph::{DeviceChannels, Event, EventKind, Graph, SetError};

use crate::nodes::{DeviceIn, DeviceOut, Scale, Sink};
use crate::{playing, render};

fn graph() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    graph.add("trim", Scale(1.0)).unwrap();
    graph.add("out", DeviceOut(vec![0])).unwrap();
    graph.chain(&["in", "trim", "out"]).unwrap();
    graph
}

#[test]
fn a_change_lands_on_its_frame_whatever_the_block() {
    for block in [1, 3, 64, 200] {
        let (mut engine, mut renderer) = playing(graph());
        for (at, factor) in [(120, 3.0), (7, 2.0), (7, 2.5), (150, 4.0)] {
            engine.set("trim", Scale(factor), Some(at)).unwrap();
        }
        let heard = render(&mut renderer, &[1.0; 160], block);
        let expected = |frame: usize| match frame {
            0..7 => 1.0,
            7..120 => 2.5,
            120..150 => 3.0,
            _ => 4.0,
        };
        assert!((0..160).all(|frame| heard[frame] == expected(frame)), "block {block}");
        engine.close(renderer);
    }
}

#[test]
fn a_change_without_a_frame_takes_effect_at_the_next_callback_and_says_where() {
    let (mut engine, mut renderer) = playing(graph());
    render(&mut renderer, &[1.0; 10], 10);
    engine.set("trim", Scale(2.0), None).unwrap();
    engine.set("trim", Scale(3.0), Some(4)).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 2], 2), [2.0, 2.0]);
    let events: Vec<Event> = std::iter::from_fn(|| engine.next_event()).collect();
    let set = |late| Event { frame: 10, node: Some("trim".to_owned()), kind: EventKind::Set { late } };
    assert_eq!(events[1..], [set(6), set(0)]);
    assert_eq!(engine.stats().late_sets, 1);
    engine.close(renderer);
}

#[test]
fn a_change_for_a_node_that_is_gone_is_counted() {
    let (mut engine, mut renderer) = playing(graph());
    engine.set("trim", Scale(2.0), Some(5)).unwrap();
    let mut without = graph();
    without.add("trim", Sink).unwrap();
    assert!(engine.load(without).is_err());
    let mut other = Graph::new();
    other.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    other.add("out", DeviceOut(vec![0])).unwrap();
    other.link("in", "out").unwrap();
    engine.load(other).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 8], 8), [1.0; 8]);
    assert_eq!(engine.stats().stale_sets, 1);
    engine.close(renderer);
}

#[test]
fn wrong_names_and_types_are_errors() {
    let (mut engine, renderer) = playing(graph());
    assert!(matches!(engine.set("trum", Scale(1.0), None), Err(SetError::Unknown(name)) if name == "trum"));
    assert!(matches!(engine.set("trim", Sink, None), Err(SetError::OtherKind { actual: "scale", .. })));
    engine.close(renderer);
}

#[test]
fn a_load_overrides_what_was_set_before_it() {
    for at in [None, Some(10), Some(1000)] {
        for factor in [1.0, 3.0] {
            let (mut engine, mut renderer) = playing(graph());
            engine.set("trim", Scale(3.0), at).unwrap();
            let mut next = graph();
            next.add("trim", Scale(factor)).unwrap();
            engine.load(next).unwrap();
            assert_eq!(render(&mut renderer, &[1.0; 20], 20), [factor; 20], "set at {at:?}");
            assert_eq!(engine.stats().stale_sets, 1);
            engine.close(renderer);
        }
    }
}

#[test]
fn changes_that_wait_never_block_a_load() {
    let (mut engine, mut renderer) = playing(graph());
    while engine.set("trim", Scale(3.0), Some(u64::MAX)).is_ok() {}
    assert!(matches!(engine.set("in", DeviceIn(DeviceChannels::MonoMix), None), Err(SetError::Busy)));
    render(&mut renderer, &[1.0], 1);
    while engine.set("trim", Scale(3.0), Some(u64::MAX)).is_ok() {}
    render(&mut renderer, &[1.0], 1);
    assert!(matches!(engine.set("trim", Scale(3.0), None), Err(SetError::Busy)));
    let mut next = graph();
    next.add("trim", Scale(7.0)).unwrap();
    engine.load(next).unwrap();
    assert_eq!(render(&mut renderer, &[1.0], 1), [7.0]);
    engine.set("trim", Scale(2.0), None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0], 1), [2.0]);
    engine.close(renderer);
}
