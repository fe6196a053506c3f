//! A captured run is rendered again to the bit, and whoever has been at the file is found out.

#[cfg(unix)]
use patchline_capture::{Capture, Config, Source, Stretch, Tapped, seal};
use patchline_graph::{StreamSpec, engine};
use patchline_io::{Block, Callback};
use patchline_nodes::{Gain, Level};
use patchline_patch::{Options, Registry};
use std::fs;
use std::path::Path;

#[cfg(unix)]
use crate::support::{Ended, Running};
use crate::support::{Folder, read};

/// With memory, and a recorder of what goes out.
const ECHO: &str = "links = [\"mic -> echo -> out\", \"hiss -> echo -> take\"]\n[nodes.mic]\ntype = \"input\"\n\
                    [nodes.hiss]\ntype = \"noise\"\nlevel = 0.2\n[nodes.echo]\ntype = \"delay\"\ntime = \"30 ms\"\n\
                    mix = 0.5\n[nodes.take]\ntype = \"file_sink\"\npath = \"take.wav\"\nsubtype = \"FLOAT\"\n\
                    [nodes.out]\ntype = \"output\"\n";

/// On a device on which all goes wrong that can be gone on from.
fn captured(folder: &Folder, settings: &[&str]) {
    folder.write("echo.toml", ECHO);
    let run = ["echo.toml", "--backend", "sim", "--seed", "2", "-d", "5s", "--capture", "s.cap", "-q"];
    folder.run([&run[..], settings].concat()).exits(0);
}

/// Goes through the records of a capture, and replaces what `change` wants replaced; all checks are right afterwards.
fn rewrite(path: &Path, mut change: impl FnMut(u32, &mut Vec<u8>)) {
    let whole = fs::read(path).unwrap();
    let (mut bytes, mut rest) = (whole[..12].to_vec(), &whole[12..]);
    while let Some((head, after)) = rest.split_first_chunk::<12>() {
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (record, after) = after.split_at(word(0) as usize);
        let mut record = record.to_vec();
        change(word(4), &mut record);
        bytes.extend(seal(word(4), &record));
        rest = after;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_run_is_rendered_again_to_the_bit_and_leaves_no_file() {
    let folder = Folder::new();
    folder.write("echo.toml", ECHO);
    let run = ["echo.toml", "--backend", "sim", "--seed", "2", "-d", "5s", "--capture", "s.cap", "--json", "-q"];
    let run = folder.run(run).exits(0).json();
    assert_eq!((&run["capture"]["complete"], &run["capture"]["frames"]), (&true.into(), &run["frames"]), "{run:#}");
    assert!(run["xruns"].as_u64().unwrap() > 0, "the device is no bad one");
    let before = folder.listing();
    let replay = folder.run(["replay", "s.cap", "--verify"]).exits(0);
    assert!(replay.stdout.contains("bit-identical\n"), "{}", replay.stdout);
    let data = folder.run(["replay", "s.cap", "--json"]).exits(0).json();
    assert_eq!((&data["identical"], &data["complete"]), (&true.into(), &true.into()));
    assert_eq!((&data["frames"], &data["blocks"]), (&run["frames"], &run["blocks"]), "{run:#}");
    assert_eq!(folder.listing(), before, "the recorder of the patch wrote again");
    // What was heard is what was recorded of it.
    let data = folder.run(["replay", "s.cap", "-o", "heard.wav", "--json"]).exits(0).json();
    assert_eq!(data["files"], serde_json::json!(["heard.wav"]));
    let (heard, taken) = (read(&folder.path().join("heard.wav")), read(&folder.path().join("take.wav")));
    assert!(heard == taken && heard.0.iter().any(|&sample| sample != 0.0), "the files differ");
}

#[test]
fn what_is_in_a_capture_is_told() {
    let folder = Folder::new();
    captured(&folder, &["--set", "echo.mix=0.25"]);
    let text = folder.run(["replay", "s.cap", "--info"]).exits(0).stdout;
    for part in
        ["on sim (seed 2): 48000 Hz, 2 in, 2 out", "1 load, 0 parameter changes", "echo.toml", "xrun at", "whole"]
    {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    let data = folder.run(["replay", "s.cap", "--info", "--json"]).exits(0).json();
    let load = &data["starts"][0]["told"][0]["deed"]["load"];
    assert_eq!((&data["whole"], &load["text"]), (&true.into(), &ECHO.into()), "{data:#}");
    assert_eq!(load["settings"], serde_json::json!([["echo", "mix", "0.25"]]));
    assert_eq!(folder.run(["replay", "s.cap"]).exits(0).stderr, "");
}

/// The frame that a parameter changes at in [`programmed`].
const CHANGE: u64 = 5_000;

/// A capture of a program's own, in which each sample of the input is heard at once.
fn programmed(path: &Path, with_output: bool) {
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 256, 1, 1));
    let capture = Capture::create(path, Config { with_output, ..Config::default() }).unwrap();
    let stretch = Stretch { device: "none".to_owned(), outputs: 1 };
    let tap = capture.begin(&mut engine, &Registry::standard(), stretch);
    let text = "links = [\"mic -> trim -> out\"]\nnodes.mic.type = \"input\"\nnodes.out.type = \"output\"\n\
                [nodes.trim]\ntype = \"gain\"\nsmooth = \"0 ms\"\n";
    let source = Source::new("trim.toml", text, &Options::default());
    let graph = source.load(&Registry::standard()).unwrap().graph;
    let trim = graph.node("trim").and_then(|node| node.downcast_ref::<Gain>()).unwrap().clone();
    capture.announce(source, &graph);
    engine.load(graph).unwrap();
    engine.set("trim", Gain { gain: Level::new(0.25).unwrap(), ..trim }, Some(CHANGE)).unwrap();
    let (mut callback, mut output) = (Tapped::new(renderer, tap), [0.0; 256]);
    for block in 0..40 {
        let input: [f32; 256] = std::array::from_fn(|frame| ((block * 256 + frame) % 97 + 1) as f32 / 100.0);
        let block = Block { frames: 256, position: block as u64 * 256, discontinuity: false };
        callback.process(block, &[&input], &mut [&mut output]);
    }
    capture.end(&engine);
    engine.close(callback.into_inner());
    assert!(capture.finish().is_complete());
}

#[test]
fn a_sample_that_is_another_one_is_found() {
    for (kept, place) in [(false, "frames 2560 to 2815 (device frame 2560)"), (true, "at frame 2567, channel 0, ")] {
        let folder = Folder::new();
        let path = folder.path().join("s.cap");
        programmed(&path, kept);
        folder.run(["replay", "s.cap", "--verify"]).exits(0);
        let mut blocks = 0;
        rewrite(&path, |kind, bytes| {
            blocks += u64::from(kind == 4);
            if (kind, blocks) == (4, 11) {
                // The lowest bit of the eighth sample.
                bytes[65 + 4 * 7] ^= 1;
            }
        });
        folder.run(["replay", "s.cap", "--verify"]).exits(8).says("first at block 10, ").says(place);
        let data = folder.run(["replay", "s.cap", "--verify", "--json"]).exits(8).json();
        assert_eq!((&data["identical"], &data["error"]["code"]), (&false.into(), &"differs".into()));
        assert_eq!((&data["differing_blocks"], &data["first"]["frame"]), (&1.into(), &2_560.into()));
        assert_eq!(data["first"]["sample"]["frame"].as_u64(), kept.then_some(2_567));
    }
}

#[test]
fn a_change_that_is_moved_by_a_frame_is_found() {
    let folder = Folder::new();
    let path = folder.path().join("s.cap");
    programmed(&path, true);
    rewrite(&path, |_, bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = text.replace(&format!("\"at\":{CHANGE}"), &format!("\"at\":{}", CHANGE + 1)).into_bytes();
        }
    });
    folder.run(["replay", "s.cap", "--verify"]).exits(8).says(&format!("at frame {CHANGE}, channel 0, "));
}

#[test]
fn files_that_are_none_are_refused_with_the_place_and_none_is_made() {
    let folder = Folder::new();
    captured(&folder, &[]);
    let whole = fs::read(folder.path().join("s.cap")).unwrap();
    let before = folder.listing();
    let refused = |bytes: &[u8], text: &str| {
        fs::write(folder.path().join("s.cap"), bytes).unwrap();
        for args in [&["--verify"][..], &["-o", "out.wav"], &["--json"]] {
            let ended = folder.run([&["replay", "s.cap"], args].concat()).exits(5);
            let said = if args[0] == "--json" { &ended.stdout } else { &ended.stderr };
            assert!(said.contains(text), "`{text}` is not in:\n{said}");
        }
    };
    for bytes in [&b""[..], b"PLCAPTUR", b"RIFF____WAVEfmt and so on", ECHO.as_bytes()] {
        refused(bytes, "s.cap is no capture");
    }
    refused(b"PLCAPTUR\x07\0\0\0", "of version 7; this program reads versions up to 2");
    refused(&whole[..12], "cut off after byte 12");
    let mut flipped = whole.clone();
    let at = flipped.len() * 3 / 4;
    flipped[at] ^= 1;
    refused(&flipped, "its bytes are not those that were written; all before that is whole; it holds the first ");
    let mut long = whole.clone();
    long[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(&long, "the record at byte 12 cannot be used, it is longer than any record can be");
    folder.run(["replay", "missing.cap"]).exits(5).says("missing.cap");
    folder.run(["replay", "."]).exits(5).says(". is no regular file");
    #[cfg(unix)]
    folder.run(["replay", "/dev/null"]).exits(5).says("/dev/null is no regular file");
    assert_eq!(folder.listing(), before);
    // What was cut off can be used up to there, and says so.
    fs::write(folder.path().join("s.cap"), &whole[..whole.len() / 2]).unwrap();
    let ended = folder.run(["replay", "s.cap", "-o", "out.wav"]).exits(0);
    assert!(
        ended.stdout.contains("bit-identical") && ended.stdout.contains("was cut off after byte"),
        "{}",
        ended.stdout
    );
}

#[test]
fn nothing_is_replaced_and_a_bad_patch_makes_no_capture() {
    let folder = Folder::new();
    captured(&folder, &[]);
    fs::remove_file(folder.path().join("take.wav")).unwrap();
    let run = |patch: &str| folder.run([patch, "--backend", "sim", "-d", "1s", "--capture", "s.cap"]);
    let whole = fs::read(folder.path().join("s.cap")).unwrap();
    run("echo.toml").exits(5).says("s.cap is there already");
    folder.run(["replay", "s.cap", "-o", "s.cap", "--overwrite"]).exits(2).says("would replace what is read");
    folder.write("out.wav", "precious");
    folder.run(["replay", "s.cap", "-o", "out.wav"]).exits(5).says("--overwrite");
    folder.run(["replay", "s.cap", "--info", "-o", "x.wav"]).exits(2);
    assert!(fs::read(folder.path().join("s.cap")).unwrap() == whole);
    fs::remove_file(folder.path().join("s.cap")).unwrap();
    folder.write("bad.toml", &ECHO.replace("\"delay\"", "\"dealy\""));
    run("bad.toml").exits(3).says("delay");
    run("missing.toml").exits(5);
    assert_eq!(folder.listing(), ["bad.toml", "echo.toml", "out.wav"]);
}

/// Waits until the capture has so many bytes.
#[cfg(unix)]
#[track_caller]
fn until_written(folder: &Folder, running: &Running, bytes: u64) {
    let written = || fs::metadata(folder.path().join("s.cap")).map_or(0, |found| found.len());
    running.until_seen("nothing is written while it plays", || written() >= bytes);
}

#[cfg(unix)]
#[test]
fn a_capture_survives_a_kill_and_says_so() {
    let folder = Folder::new();
    folder.write("echo.toml", ECHO);
    let run = ["echo.toml", "--backend", "null", "--capture", "s.cap"];
    let running = Running::start(&mut folder.command(run));
    // 200 blocks of silence at least.
    until_written(&folder, &running, 16_000);
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    let replay = folder.run(["replay", "s.cap", "--verify", "--json"]).exits(0).json();
    assert_eq!((&replay["identical"], &replay["complete"]), (&true.into(), &false.into()), "{replay:#}");
    assert!(replay["short"].as_str().unwrap().contains("was cut off after byte"), "{replay:#}");
    assert!(replay["blocks"].as_u64().unwrap() > 100, "{replay:#}");
    let text = folder.run(["replay", "s.cap", "--info"]).exits(0).stdout;
    assert!(text.contains("cut off after byte"), "{text}");
}

/// The name of a capture that plays is freed, taken by somebody else, or its file moved: nobody is told that it is there.
#[cfg(unix)]
#[test]
fn a_capture_that_is_gone_in_the_end_is_told() {
    let folder = Folder::new();
    folder.write("echo.toml", ECHO);
    let path = |name: &str| folder.path().join(name);
    let removed = || fs::remove_file(path("s.cap")).unwrap();
    let moved = || fs::rename(path("s.cap"), path("moved.cap")).unwrap();
    let replaced = || {
        removed();
        fs::write(path("s.cap"), "precious").unwrap();
    };
    let cases: [(&dyn Fn(), &str, bool); 3] = [
        (&removed, "it was removed while it was written", true),
        (&moved, "it was moved away while it was written", false),
        (&replaced, "it was removed while it was written", true),
    ];
    for (act, text, all_lost) in cases {
        let running =
            Running::start(&mut folder.command(["echo.toml", "--backend", "null", "--capture", "s.cap", "--json"]));
        until_written(&folder, &running, 8_000);
        act();
        running.signal("INT");
        let data = running.end().exits(5).json();
        let message = data["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("the capture s.cap is not there any more: ") && message.contains(text),
            "{message}"
        );
        let (capture, code) = (&data["capture"], &data["error"]["code"]);
        assert_eq!((&capture["complete"], code), (&false.into(), &"file".into()), "{data:#}");
        assert_eq!(capture["missing_blocks"] == capture["blocks"], all_lost, "{data:#}");
        fs::remove_file(path("take.wav")).unwrap();
    }
    folder.run(["replay", "moved.cap"]).exits(0);
    assert_eq!(fs::read(path("s.cap")).unwrap(), b"precious");
}

/// The file may not grow beyond 64 kB.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_at_once_and_what_fits_is_replayed() {
    let folder = Folder::new();
    folder.write(
        "echo.toml",
        &ECHO
            .replace(", \"hiss -> echo -> take\"", ", \"hiss -> echo\"")
            .replace("[nodes.take]\ntype = \"file_sink\"\npath = \"take.wav\"\nsubtype = \"FLOAT\"\n", ""),
    );
    let runner = folder.command([
        "echo.toml",
        "--backend",
        "sim",
        "-d",
        "5s",
        "--capture",
        "s.cap",
        "--capture-output",
        "--json",
    ]);
    let mut limited = std::process::Command::new("sh");
    // In units of 512 bytes.
    limited.args(["-c", "ulimit -f 128; exec \"$0\" \"$@\""]).arg(runner.get_program()).args(runner.get_args());
    limited.current_dir(folder.path());
    let ended =
        Ended::of(limited.output().unwrap()).exits(5).says("the capture is incomplete: it cannot be written on");
    let data = ended.json();
    assert_eq!((&data["capture"]["complete"], &data["error"]["code"]), (&false.into(), &"file".into()), "{data:#}");
    assert_eq!(data["capture"]["frames"], data["frames"], "{data:#}");
    assert!(data["capture"]["missing_blocks"].as_u64().unwrap() > 0, "{data:#}");
    let replay = folder.run(["replay", "s.cap", "--json"]).exits(0).json();
    assert_eq!((&replay["identical"], &replay["complete"]), (&true.into(), &false.into()), "{replay:#}");
}

#[test]
fn files_that_are_elsewhere_or_others_now_are_named() {
    let folder = Folder::new();
    let song = folder.wav("song.wav", 48_000, 1, 48_000);
    let patch = "links = [\"song -> out\"]\nnodes.out.type = \"output\"\n[nodes.song]\ntype = \"file_source\"\n\
                 path = \"song.wav\"\nloop = true\n";
    folder.write("song.toml", patch);
    folder.run(["song.toml", "--backend", "sim", "-d", "3s", "--capture", "s.cap", "-q"]).exits(0);
    folder.run(["replay", "s.cap"]).exits(0);
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(&song, elsewhere.join("song.wav")).unwrap();
    folder.run(["replay", "s.cap"]).exits(3).says("song.wav");
    folder.run(["replay", "s.cap", "--folder", "elsewhere"]).exits(0);
    // Of the same length, but softer in one place.
    folder.bursts("song.wav", 48_000, 1, 48_000, |frame| frame != 1_000);
    let ended = folder.run(["replay", "s.cap"]).exits(8).says("s.cap differs, first at block ");
    assert!(ended.stdout.contains("song.wav has changed since\n"), "{}", ended.stdout);
}
