//! Dips: what leaves has faded before what comes is run.

use patchline_graph::{EventKind, Graph, LoadError, OnReplace, compile, engine};

use crate::nodes::{Echo, Fixed, Scale};
use crate::reload::{FADE, bound, second_differences, sine, stream, through, wire};
use crate::render;

/// So many echoes side by side, whose sum is as loud as the input; over another length they are other nodes.
fn echoes(count: usize, length: usize) -> Graph {
    let mut graph = wire();
    for number in 0..count {
        let (echo, share) = (format!("echo{number}"), format!("share{number}"));
        graph.add(&share, Fixed(0.5 / count as f32)).unwrap().add(&echo, Echo(length)).unwrap();
        graph.chain(&["in", &share, &echo, "out"]).unwrap();
    }
    graph
}

/// What is heard around a dip from five echoes to as many others, and the most nodes that ran at once.
fn dipped(block: usize) -> (Vec<f32>, usize) {
    let (mut engine, mut renderer) = engine(stream());
    engine.load(echoes(5, 400)).unwrap();
    let mut heard = render(&mut renderer, &sine(0, 3_000), block);
    let loaded = engine.dip(echoes(5, 401)).unwrap();
    assert_eq!((loaded.dipped, loaded.leaving.len(), loaded.ended.len()), (true, 0, 5));
    assert_eq!((engine.leaving().count(), engine.graph()), (0, &echoes(5, 401)));
    let most = engine.schedule().slots.len();
    // It waits for the new graph.
    engine.set("echo0", Echo(402), None).unwrap();
    heard.extend(render(&mut renderer, &sine(3_000, 6_000), block));
    engine.collect();
    let frames: Vec<u64> = std::iter::from_fn(|| engine.next_event())
        .filter(|event| event.kind == EventKind::Loaded)
        .map(|event| event.frame)
        .collect();
    assert_eq!(frames[..2], [0, 3_000 + FADE as u64]);
    assert_eq!(*engine.schedule(), compile(engine.graph(), &stream()).unwrap());
    engine.close(renderer);
    (heard, most)
}

#[test]
fn never_are_both_graphs_run_and_nothing_clicks() {
    let (heard, most) = dipped(128);
    assert_eq!(most, 10, "the nodes of one graph");
    let found = second_differences(&heard);
    assert!(found < bound(), "{found}");
    // The dry half of the sine is there all the time; the other half dips.
    let half: Vec<f32> = heard[3_000 + FADE - 5..3_000 + FADE + 5].to_vec();
    let dry = &sine(0, 9_000)[3_000 + FADE - 5..3_000 + FADE + 5];
    assert!(half.iter().zip(dry).all(|(heard, dry)| (heard - dry).abs() < 1e-3), "{half:?} {dry:?}");
    let bits = |block: usize| dipped(block).0.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
    let expected = bits(128);
    for block in [1, 333, 1_000] {
        assert!(bits(block) == expected, "{block}");
    }
}

#[test]
fn what_plays_on_is_not_touched() {
    let with = |gain: Option<f32>| {
        let mut graph = through("stays", Echo(100));
        if let Some(gain) = gain {
            graph.add("other", Fixed(gain)).unwrap().link("in", "other").unwrap();
        }
        graph
    };
    let heard = |dips: bool| {
        let (mut engine, mut renderer) = engine(stream());
        engine.load(with(Some(0.5))).unwrap();
        let mut heard = render(&mut renderer, &sine(0, 500), 64);
        for (number, graph) in [with(Some(0.25)), with(None), with(Some(1.0))].into_iter().enumerate() {
            if dips {
                // Nobody hears what leaves, so nothing has to be waited for.
                assert!(!engine.dip(graph).unwrap().dipped);
            }
            heard.extend(render(&mut renderer, &sine(500 * (number + 1), 500), 64));
        }
        engine.close(renderer);
        heard
    };
    assert_eq!(heard(true), heard(false));
}

/// What still rings of earlier loads is hushed as well.
#[test]
fn a_dip_ends_what_was_on_its_way_out() {
    let (mut engine, mut renderer) = engine(stream());
    engine.load(through("echo", Echo(20_000))).unwrap();
    render(&mut renderer, &sine(0, 1_000), 64);
    engine.load(through("other", Fixed(1.0))).unwrap();
    render(&mut renderer, &sine(1_000, 1_000), 64);
    assert_eq!(engine.leaving().count(), 1);
    let loaded = engine.dip(through("third", Fixed(1.0))).unwrap();
    assert!(loaded.dipped && engine.leaving().count() == 0);
    let heard = render(&mut renderer, &sine(2_000, 4_000), 64);
    assert_eq!(heard[2 * FADE..], sine(2_000, 4_000)[2 * FADE..]);
    engine.close(renderer);
}

#[test]
fn what_would_be_too_much_at_once_dips() {
    let (mut engine, mut renderer) = engine(stream());
    engine.load(echoes(5, 400)).unwrap();
    assert_eq!(engine.burden(&echoes(5, 401)).unwrap(), 15.0 / 10.0, "the shares stay");
    assert_eq!(engine.burden(&echoes(5, 400)).unwrap(), 1.0);
    assert!(!engine.load_within(echoes(5, 401), 0.5).unwrap().dipped);
    render(&mut renderer, &sine(0, 4_000), 64);
    engine.collect();
    assert!(engine.load_within(echoes(5, 402), 0.6).unwrap().dipped);
    render(&mut renderer, &sine(4_000, 4_000), 64);
    assert!(!engine.load_within(echoes(5, 402), 1.0).unwrap().dipped, "nothing changes");
    engine.close(renderer);
}

#[test]
fn without_a_fade_or_with_a_mistake_it_is_a_load() {
    let (mut engine, mut renderer) = engine(stream());
    engine.load(echoes(2, 400)).unwrap();
    let sent = engine.sent();
    let mut wrong = wire();
    wrong.on_replace("nobody", OnReplace::Cut).unwrap();
    assert!(matches!(engine.dip(wrong), Err(LoadError::Graph(_))));
    assert_eq!((engine.sent(), engine.graph()), (sent, &echoes(2, 400)));
    engine.set_fade(0);
    assert!(!engine.dip(through("scale", Scale(1.0))).unwrap().dipped);
    assert_eq!(render(&mut renderer, &[1.0; 100], 64), [1.0; 100]);
    engine.close(renderer);
}
