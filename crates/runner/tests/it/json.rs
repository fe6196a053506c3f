//! With `--json` there is one document on stdout whatever happens.

use serde_json::Value;

#[cfg(unix)]
use crate::support::Running;
use crate::support::{Ended, Folder};

const TONE: &str = "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n";
const MIC: &str = "links = [\"a -> b\"]\nnodes.a.type = \"input\"\nnodes.b.type = \"output\"\n";

/// Expects one document which says that it ended so, and gives its `error`.
#[track_caller]
fn failed(ended: Ended, exit: i32, code: &str) -> Value {
    let ended = ended.exits(exit);
    let mut document = ended.json();
    assert_eq!((&document["exit"], &document["error"]["code"]), (&exit.into(), &code.into()), "{document}");
    let message = document["error"]["message"].as_str().unwrap();
    assert!(!message.is_empty(), "{document}");
    document["error"].take()
}

#[test]
fn every_failure_is_a_document() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    folder.write("mic.toml", MIC);
    folder.write("bad.toml", "links = [\"a -> b\"]\nnodes.a.type = \"nose\"\nnodes.b.type = \"output\"\n");
    folder.write("empty.toml", "");
    std::fs::write(folder.path().join("binary.toml"), b"a = \xff\0").unwrap();
    folder.write("there.wav", "precious");
    let usage = [
        "run tone.toml --block 0",
        "run tone.toml --no-such-option",
        "run tone.toml --backend sim",
        "render tone.toml",
        "nodes nope",
        "record -o x.wav -d 5",
        "bench --loopback --backend null",
    ];
    let patch = ["bad.toml", "empty.toml", "binary.toml", "render bad.toml -o x.wav -d 1s", "check bad.toml"];
    let device = [
        "mic.toml",
        "tone.toml --backend jack",
        "tone.toml --sample-rate 12345",
        "meter --backend null --device nope",
        "record -o x.wav --device nope",
        "devices --host foo",
        "devices --watch --host foo",
        "bench --loopback --device nope",
    ];
    let file = [
        "missing.toml",
        "record -o there.wav --backend sim",
        "render tone.toml -o there.wav -d 1s",
        "play missing.wav",
        "check missing.toml",
    ];
    let all = [(2, "usage", &usage[..]), (3, "patch", &patch), (4, "device", &device), (5, "file", &file)];
    for (exit, code, lines) in all {
        for line in lines {
            println!("{line}");
            failed(folder.run(line.split(' ').chain(["--json"])), exit, code);
        }
    }
    let mut names = folder.listing();
    names.retain(|name| !name.ends_with(".toml"));
    assert_eq!(names, ["there.wav"]);
}

#[test]
fn mistakes_have_their_places() {
    let folder = Folder::new();
    folder.write("bad.toml", "links = [\"a -> b\"]\nnodes.a.type = \"nose\"\nnodes.b.type = \"output\"\n");
    let error = failed(folder.run(["bad.toml", "--json"]), 3, "patch");
    assert_eq!((&error["file"], &error["message"]), (&"bad.toml".into(), &"bad.toml: 1 mistake".into()));
    let first = &error["mistakes"][0];
    assert_eq!((&first["line"], &first["column"], &first["code"]), (&2.into(), &16.into(), &"unknown-type".into()));
}

#[test]
fn what_ends_otherwise_than_well_says_why_in_its_report() {
    let folder = Folder::new();
    let run = |settings: &str| {
        folder.write("tone.toml", &format!("{TONE}[engine]\nbackend = \"sim\"\n{settings}\n"));
        folder.run(["tone.toml", "--duration", "10min", "--json"])
    };
    let error = failed(run("on_xrun = \"stop\""), 6, "xruns");
    assert!(error["message"].as_str().unwrap().contains("on_xrun = \"stop\""), "{error}");
    let ended = run("max_xruns = 5");
    assert!(ended.json()["xruns"].as_u64() > Some(5), "{}", ended.stdout);
    failed(ended.says("error: there were more xruns than `max_xruns = 5` allows"), 6, "xruns");
    let ended = run("on_device_loss = \"stop\"");
    failed(ended.says("error: the device was lost, and `on_device_loss = \"stop\"` ends the run"), 4, "device");
    let well = run("on_xrun = \"ignore\"").exits(0).json();
    assert_eq!((&well["error"], &well["exit"]), (&Value::Null, &0.into()));
}

#[test]
fn where_samples_go_to_stdout_the_document_goes_to_stderr() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    let ended = folder.run(["render", "tone.toml", "-o", "-", "--json"]).exits(2);
    assert_eq!(ended.stdout, "");
    let last = ended.stderr.lines().last().unwrap();
    assert_eq!(serde_json::from_str::<Value>(last).unwrap()["error"]["code"], "usage", "{last}");
}

#[cfg(unix)]
#[test]
fn whoever_stops_waiting_gets_a_document() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    let running = Running::start(&mut folder.command(["tone.toml", "--wait-device", "--json"]));
    running.until("waiting until it is there");
    running.signal("INT");
    failed(running.end(), 130, "interrupted");
}
