use std::sync::Arc;

use patchline_control::Name;
use patchline_graph::Graph;
use patchline_nodes::{Delay, FileSink, Gain, Input, Meter, Output, PatchNode, Time, VadGate};
use patchline_patch::Registry;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;

use super::super::flow;
use super::*;

fn graph() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap();
    graph.add("trim", Gain::default()).unwrap();
    graph.add("level", Meter::default()).unwrap();
    graph.add("out", Output::default()).unwrap().chain(&["in", "trim", "level", "out"]).unwrap();
    graph
}

/// A moment of that graph, so many frames after its start, its meter at this peak.
pub(in super::super) fn moment(frames: u64, peak: f64, looked_at: &str) -> Snapshot {
    let graph = graph();
    let rows = flow::rows(&graph);
    let level = |name, value| Measured { name, unit: "dBFS", per_channel: true, values: vec![value, value - 1.0] };
    let measured = rows.iter().map(|row| match row.name.as_str() {
        "level" => vec![level("peak", peak), level("rms", peak - 9.0)],
        _ => Vec::new(),
    });
    let parameters = Registry::standard().parameters_in(&graph, looked_at, 48_000);
    Snapshot {
        patch: "live".to_owned(),
        state: "playing".to_owned(),
        frames,
        rate: 48_000,
        block: "128 frames (2.67 ms)".to_owned(),
        load: Some((0.04, 0.09)),
        latency: "8.00 ms".to_owned(),
        ways: "128 + 0 + 256 = 384 frames (8.00 ms)".to_owned(),
        measured: measured.collect(),
        said: vec![None; rows.len()],
        rows: Arc::new(rows),
        looked_at: parameters.map(|parameters| (looked_at.to_owned(), parameters)),
        scenes: vec!["verse".to_owned(), "chorus".to_owned()],
        ..Snapshot::default()
    }
}

/// The same with an echo, a gate and a recorder.
pub(in super::super) fn evening(frames: u64, looked_at: &str) -> Snapshot {
    let mut graph = Graph::new();
    graph.add("mic", Input::default()).unwrap();
    graph.add("trim", Gain { gain: "-6 dB".parse().unwrap(), ..Gain::default() }).unwrap();
    graph.add("echo", Delay::new(Time::Seconds(0.35))).unwrap();
    graph.add("level", Meter::default()).unwrap();
    graph.add("gate", VadGate::default()).unwrap();
    graph.add("take", FileSink { path: "take.wav".into(), ..FileSink::example() }).unwrap();
    graph.add("out", Output::default()).unwrap();
    graph.chain(&["mic", "trim", "echo", "level", "out"]).unwrap().chain(&["trim", "gate", "take"]).unwrap();
    let rows = flow::rows(&graph);
    let at = |name: &str| rows.iter().position(|row| row.name == name).unwrap();
    let (level, gate, take) = (at("level"), at("gate"), at("take"));
    assert_eq!(level, 3);
    let one = |name, value: f64| Measured { name, unit: "", per_channel: false, values: vec![value] };
    let mut measured = vec![Vec::new(); rows.len()];
    measured[gate] = vec![one("rms", 0.07), one("open", 1.0)];
    measured[take] = vec![one("frames_written", frames.saturating_sub(288_000) as f64), one("frames_lost", 0.0)];
    let mut said = vec![None; rows.len()];
    said[take] = Some("recording takes/evening-001.wav from frame 288000 on".to_owned());
    let parameters = Registry::standard().parameters_in(&graph, looked_at, 48_000);
    Snapshot {
        patch: "evening".to_owned(),
        rows: Arc::new(rows),
        measured,
        said,
        looked_at: parameters.map(|parameters| (looked_at.to_owned(), parameters)),
        ..moment(frames, -20.0, "")
    }
}

fn press(app: &mut App, code: KeyCode) -> Option<Wish> {
    app.key(KeyEvent::new(code, KeyModifiers::NONE))
}

/// An app at the parameters of `trim`.
fn at_trim() -> App {
    let mut app = App::default();
    assert_eq!(app.take(moment(0, -20.0, "")), Some(Wish::LookAt("in".to_owned())));
    assert_eq!(press(&mut app, KeyCode::Down), Some(Wish::LookAt("trim".to_owned())));
    assert_eq!(app.take(moment(2_400, -20.0, "trim")), None);
    press(&mut app, KeyCode::Tab);
    app
}

fn set(parameter: &str, value: serde_json::Value) -> Option<Wish> {
    Some(Wish::Set(Name::new("trim", parameter), value))
}

#[test]
fn arrows_turn_the_parameter_that_is_chosen() {
    let mut app = at_trim();
    assert_eq!(press(&mut app, KeyCode::Left), set("gain", json!("-0.5 dB")));
    assert_eq!(app.key(KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT)), set("gain", json!("6 dB")));
    press(&mut app, KeyCode::Down);
    assert_eq!(press(&mut app, KeyCode::Char('d')), set("smooth", json!("20 ms")));
    assert_eq!(press(&mut app, KeyCode::Char('m')), set("mute", json!(true)));
    assert_eq!(press(&mut app, KeyCode::Char('b')), set("bypass", json!(true)));
}

#[test]
fn a_value_is_typed_and_may_be_left() {
    let mut app = at_trim();
    for c in [
        KeyCode::Enter,
        KeyCode::Delete,
        KeyCode::Char('-'),
        KeyCode::Char('6'),
        KeyCode::Char('d'),
        KeyCode::Char('B'),
    ] {
        assert_eq!(press(&mut app, c), None);
    }
    assert_eq!(press(&mut app, KeyCode::Enter), set("gain", json!("-6dB")));
    press(&mut app, KeyCode::Enter);
    assert_eq!(press(&mut app, KeyCode::Esc), None);
    assert_eq!(app.mode, Mode::Parameters);
}

#[test]
fn nothing_ends_by_one_key_but_ctrl_c() {
    let mut app = at_trim();
    assert_eq!(press(&mut app, KeyCode::Char('q')), None);
    assert_eq!(press(&mut app, KeyCode::Char('x')), None);
    press(&mut app, KeyCode::Char('q'));
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Wish::Stop));
    assert_eq!(app.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Some(Wish::Stop));
}

#[test]
fn scenes_are_recalled_by_arrow_or_number() {
    let mut app = at_trim();
    press(&mut app, KeyCode::Char('s'));
    press(&mut app, KeyCode::Down);
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Wish::Recall("chorus".to_owned())));
    press(&mut app, KeyCode::Char('s'));
    assert_eq!(press(&mut app, KeyCode::Char('1')), Some(Wish::Recall("verse".to_owned())));
    press(&mut app, KeyCode::Char('s'));
    assert_eq!((press(&mut app, KeyCode::Esc), &app.mode), (None, &Mode::Nodes));
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut app = at_trim();
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Home);
    app.take(moment(4_800, -20.0, "in"));
    assert_eq!(press(&mut app, KeyCode::Char('m')), None);
    assert_eq!(app.answer, Some(Answer::Refused("`in` has no `mute`".to_owned())));
    let refused = Some((1, Answer::Refused("no".to_owned())));
    app.take(Snapshot { answer: refused.clone(), ..moment(4_800, -20.0, "in") });
    assert_eq!(app.messages.back().unwrap().text, "no");
    app.take(Snapshot { answer: refused, ..moment(4_800, -20.0, "in") });
    assert_eq!(app.messages.len(), 1, "it is said once");
}

#[test]
fn meters_fall_with_the_stream_and_the_past_is_kept() {
    let mut app = App::default();
    app.take(moment(0, -6.0, "in"));
    assert_eq!(app.needles("level").len(), 2);
    app.take(Snapshot { xruns: 2, ..moment(48_000, -90.0, "in") });
    assert!((app.needles("level")[0].peak + 6.0 + 20.0 / 1.7).abs() < 1e-9);
    app.take(Snapshot { xruns: 5, load: Some((0.1, 0.5)), ..moment(60_000, -90.0, "in") });
    assert_eq!(app.past, [Past { load: 0.09, xruns: 0 }, Past { load: 0.5, xruns: 5 }]);
}

#[test]
fn another_graph_keeps_the_node_that_is_chosen() {
    let mut app = at_trim();
    let mut less = moment(9_600, -20.0, "trim");
    less.rows = Arc::new(less.rows.iter().filter(|row| row.name != "in").cloned().collect());
    assert_eq!((app.take(less.clone()), app.chosen()), (None, Some("trim")));
    less.rows = Arc::default();
    assert_eq!((app.take(less), app.chosen()), (None, None));
    assert_eq!(press(&mut app, KeyCode::Down), None);
    assert_eq!(app.parameters(), []);
}
