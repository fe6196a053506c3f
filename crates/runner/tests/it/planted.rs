//! A node that breaks the callback's promise, and what the program makes of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Ended, Folder, read, repository};

/// The program with the misbehaving node, as it is now: cargo builds examples only when it runs all tests.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let profile = Path::new(env!("CARGO_BIN_EXE_runner")).parent().expect("the binary lies in a folder");
        let target = profile.parent().expect("and that in cargo's");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "patchline-runner", "--example", "planted"]);
        build.arg("--target-dir").arg(target);
        // With what this build has: what it lacks may be missing here.
        build.arg("--no-default-features");
        let features = [
            ("jack", cfg!(feature = "jack")),
            ("cpal", cfg!(feature = "cpal")),
            ("pulseaudio", cfg!(feature = "pulseaudio")),
            ("tui", cfg!(feature = "tui")),
            ("midir", cfg!(feature = "midir")),
            ("pipewire", cfg!(feature = "pipewire")),
            ("realtime-dbus", cfg!(feature = "realtime-dbus")),
        ];
        for (feature, built) in features {
            if built {
                build.args(["--features", feature]);
            }
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.current_dir(repository()).status().expect("cargo runs");
        assert!(built.success(), "the example does not build");
        profile.join("examples").join(format!("planted{}", std::env::consts::EXE_SUFFIX))
    })
}

/// A sound node beside a planted one, each to a channel of its own.
fn patch(fault: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "broken.toml",
        &format!(
            "links = [\"tone -> good -> left\", \"tone -> bad -> right\"]\n[nodes.tone]\ntype = \"noise\"\n\
             [nodes.good]\ntype = \"gain\"\n[nodes.bad]\ntype = \"planted\"\nfault = \"{fault}\"\nat = 4800\n\
             [nodes.left]\ntype = \"output\"\nchannels = [0]\n[nodes.right]\ntype = \"output\"\nchannels = [1]\n"
        ),
    );
    folder
}

fn run(folder: &Folder, args: &[&str]) -> Ended {
    let mut command = Command::new(program());
    command.args(args).current_dir(folder.path()).env_remove("PATCHLINE_LOG");
    Ended::of(command.output().expect("the program runs"))
}

const RENDER: [&str; 8] = ["render", "broken.toml", "-o", "out.wav", "--duration", "9600smp", "--block", "64"];

#[test]
fn an_allocation_ends_a_render_at_once() {
    let folder = patch("allocate");
    let ended = run(&folder, &RENDER);
    assert_ne!(ended.code, Some(0), "{}", ended.stderr);
    #[cfg(unix)]
    assert_eq!(ended.code, None, "it aborts:\n{}", ended.stderr);
    ended.says("allocated or freed memory in the audio callback");
    assert!(!folder.path().join("out.wav").exists());
}

#[test]
fn an_allocation_that_is_counted_names_its_node() {
    let folder = patch("allocate");
    let args = [&RENDER[..], &["--on-violation", "count", "--json"]].concat();
    let ended = run(&folder, &args).exits(7).says("`bad` allocated or freed memory");
    let data = ended.json();
    assert_eq!(data["allocations"][0]["node"], "bad");
    assert_eq!(data["allocations"][0]["times"], 2, "one allocation and one free");
    assert_eq!(data["exit"], 7);
    let (samples, ..) = read(&folder.path().join("out.wav"));
    assert!(samples.chunks(2).all(|frame| frame[0] == frame[1]), "the samples are not touched by it");
}

#[test]
fn an_allocation_live_is_counted_and_played_through() {
    let folder = patch("allocate");
    let live = ["run", "broken.toml", "--backend", "sim", "--duration", "1s", "--json"];
    let ended = run(&folder, &live).exits(7).says("`bad`");
    let data = ended.json();
    assert_eq!(data["allocations"][0]["node"], "bad");
    let frames = ["frames", "frames_lost", "frames_away"].map(|key| data[key].as_u64().unwrap());
    assert_eq!(frames.iter().sum::<u64>(), 48_000, "it played to the end");
}

#[test]
fn a_panic_silences_its_node_and_the_rest_plays_on() {
    for block in ["64", "4096"] {
        let folder = patch("panic");
        let args = ["render", "broken.toml", "-o", "out.wav", "--duration", "9600smp", "--block", block, "--json"];
        let ended = run(&folder, &args).exits(7).says("`bad` panicked at frame");
        assert!(!ended.stderr.contains("planted at"), "no panic message from the callback:\n{}", ended.stderr);
        let data = ended.json();
        assert_eq!(data["panics"][0]["node"], "bad");
        let silent_from = data["panics"][0]["frame"].as_u64().unwrap() as usize;
        assert!(silent_from <= 4800, "{silent_from}");
        let (samples, ..) = read(&folder.path().join("out.wav"));
        assert_eq!(samples.len(), 2 * 9600);
        for (frame, pair) in samples.chunks(2).enumerate() {
            let right = if frame < silent_from { pair[0] } else { 0.0 };
            assert!(pair[0] != 0.0 && pair[1] == right, "frame {frame} of block {block}: {pair:?}");
        }
    }
}
