//! Parameters by name.

use patchline_nodes::{Gain, Matrix, VadGate};
use serde_json::{Value, json};

use super::*;
use crate::{Options, read};

const PATCH: &str = r#"
links = ["mic -> trim -> bus -> vad -> out", "song -> out"]
[nodes]
mic = { type = "input", channels = [0] }
song = { type = "file_source", path = "song.wav" }
trim = { type = "gain", gain = 0.5 }
bus = { type = "matrix", gains = [{ from = 0, to = 0 }, { from = 0, to = 0, gain = "-6 dB", invert = true }] }
vad = { type = "vad_gate", threshold = 0.02 }
out = { type = "output" }
"#;

/// The graph of the patch in a folder with `song.wav`.
fn graph(folder: &std::path::Path) -> Graph {
    let format = patchline_wav_bytes();
    std::fs::write(folder.join("song.wav"), format).unwrap();
    let patch = read(PATCH.as_bytes(), folder.join("p.toml")).unwrap();
    patch.load(&Registry::standard(), &Options::default()).unwrap().graph
}

/// One second of silence, as 16-bit mono at 8 kHz.
fn patchline_wav_bytes() -> Vec<u8> {
    let data = vec![0_u8; 16_000];
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// Sets parameters and gives the changed nodes.
fn change(settings: &[(&str, &str, Value)]) -> Result<Graph, ParameterError> {
    let folder = tempfile::tempdir().unwrap();
    let mut graph = graph(folder.path());
    let registry = Registry::standard();
    let surroundings = Surroundings { files: false, ..Surroundings::new("", folder.path()) };
    // What has been found before is not looked for again.
    std::fs::remove_file(folder.path().join("song.wav")).unwrap();
    let mut changes = Changes::new(&registry, &graph, 48_000, surroundings);
    for (node, parameter, value) in settings {
        changes.set(node, parameter, value)?;
    }
    for edit in changes.edits()? {
        match edit {
            Edit::Node { name, node } => graph.insert(name, node),
            Edit::Bypass { name, on } => graph.bypass(name, on),
        }
    }
    Ok(graph)
}

#[test]
fn parameters_are_changed_by_their_names() {
    let gain = |value: Value| {
        let graph = change(&[("trim", "gain", value)]).unwrap();
        graph.node("trim").unwrap().downcast_ref::<Gain>().unwrap().gain.linear()
    };
    assert_eq!([gain(json!(2)), gain(json!(0.25)), gain(json!("-20 dB"))], [2.0, 0.25, 0.1]);
    let all = [("bus", "gains[1].gain", json!("-40 dB")), ("bus", "gains[1].invert", json!(false))];
    let graph = change(&all).unwrap();
    let bus = graph.node("bus").unwrap().downcast_ref::<Matrix>().unwrap();
    assert_eq!((bus.gains[0].gain.linear(), bus.gains[1].gain.linear(), bus.gains[1].invert), (1.0, 0.01, false));
    let out = change(&[("trim", "bypass", json!(true)), ("vad", "bypass", json!(false))]).unwrap();
    assert_eq!(out.bypassed_nodes().map(NodeName::as_str).collect::<Vec<_>>(), ["trim"]);
    let song = change(&[("song", "gain", json!(0.5))]).unwrap();
    assert!(!song.node("song").unwrap().rebuilds(&song.node("song").unwrap().clone()));
}

#[test]
fn what_belongs_together_is_judged_together() {
    let close = ("vad", "close_threshold", json!(0.4));
    assert!(change(std::slice::from_ref(&close)).unwrap_err().message.contains("flutter"));
    let graph = change(&[close.clone(), ("vad", "threshold", json!(0.5))]).unwrap();
    assert_eq!(graph.node("vad").unwrap().downcast_ref::<VadGate>().unwrap().threshold.linear(), 0.5);
    let back = change(&[close, ("vad", "close_threshold", Value::Null)]).unwrap();
    assert_eq!(back.node("vad").unwrap().downcast_ref::<VadGate>().unwrap().close_threshold, None);
}

#[test]
fn mistakes_say_what_would_be_right() {
    let check = |node: &str, parameter: &str, value: Value, code: Code, part: &str| {
        let error = change(&[(node, parameter, value)]).unwrap_err();
        assert!(error.code == code && error.to_string().contains(part), "{node}.{parameter}: {error:?}");
    };
    check("trin", "gain", json!(1), Code::Link, "did you mean `trim`?");
    check("trim", "gian", json!(1), Code::UnknownKey, "did you mean `gain`?");
    check("trim", "threshold", json!(1), Code::UnknownKey, "`threshold` is a parameter of \"vad_gate\"");
    check("trim", "gain", json!(5000), Code::Value, "at most 1000 (+60 dB)");
    check("trim", "gain", json!("6 dBu"), Code::Value, "dBu");
    check("trim", "gain", json!([1, 2]), Code::Value, "`gain` takes a level");
    check("trim", "gain", json!({"a": {"b": [null]}}), Code::Value, "");
    check("trim", "smooth", json!(5), Code::Value, "needs a unit");
    check("trim", "mute", json!(1), Code::Value, "true or false");
    check("trim", "gain.db", json!(1), Code::Value, "`gain` is a value of its own");
    check("trim", "gain[0]", json!(1), Code::Value, "`gain` is no list");
    check("trim", "", json!(1), Code::UnknownKey, "gains[0].gain");
    check("trim", "gain[x]", json!(1), Code::UnknownKey, "gains[0].gain");
    check("bus", "gains[2].gain", json!(1), Code::Value, "`gains` has 2 entries, counted from 0");
    check("bus", "gains[0].gian", json!(1), Code::UnknownKey, "did you mean `gain`?");
    check("bus", "gains[0].gain", json!("+80 dB"), Code::Value, "at most 1000");
    check("bus", "gains[0]", Value::Null, Code::Value, "whole list");
    check("trim", "bypass", json!("no"), Code::Value, "true or false");
    check("out", "bypass", json!(true), Code::Value, "nothing goes through `out`");
    check("vad", "mode", json!("gat"), Code::Value, "did you mean \"gate\"?");
    check("song", "path", Value::Null, Code::Value, "`song` needs `path`");
    check("song", "path", json!("other.wav"), Code::Value, "no file may be named from here");
}

#[test]
fn the_parameters_of_a_node_are_listed_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let graph = graph(folder.path());
    let registry = Registry::standard();
    let all = |name: &str| registry.parameters_in(&graph, name, 48_000).unwrap();
    let bus = all("bus");
    let gain = bus.iter().find(|parameter| parameter.path == "gains[1].gain").unwrap();
    assert_eq!((&gain.value, gain.min, gain.max), (&Some(json!("-6 dB")), Some(-1000.0), Some(1000.0)));
    assert!((gain.number.unwrap() - 0.501_187).abs() < 1e-6);
    let trim = all("trim");
    assert_eq!(
        trim.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(),
        ["gain", "smooth", "mute", "invert", "bypass"]
    );
    assert_eq!((trim[1].number, trim[1].unit, trim[1].default.as_deref()), (Some(0.02), Some("s"), Some("\"20 ms\"")));
    let vad = all("vad");
    let close = vad.iter().find(|parameter| parameter.path == "close_threshold").unwrap();
    assert_eq!((&close.value, close.number, close.max), (&None, None, Some(1.0)));
    // What is listed can be set again, and changes nothing.
    for (name, node) in graph.nodes() {
        let mut changes = Changes::new(&registry, &graph, 48_000, Surroundings::new("", folder.path()));
        for parameter in all(name.as_str()) {
            changes.set(name.as_str(), &parameter.path, &parameter.value.unwrap_or_default()).unwrap();
        }
        let same = |edit: &Edit| match edit {
            Edit::Node { node: new, .. } => new == node,
            Edit::Bypass { on, .. } => !on,
        };
        assert!(changes.edits().unwrap().iter().all(same));
    }
}
