use std::process::Stdio;

#[cfg(unix)]
use crate::support::Running;
use crate::support::{Ended, Folder, example};

const TONE: &str = "links = [\"tone -> level -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\nlevel = 0.5\n\
                    [nodes.level]\ntype = \"meter\"\n[nodes.out]\ntype = \"output\"\n";

#[test]
fn the_null_device_plays_for_as_long_as_it_is_told() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    let data = folder.run(["tone.toml", "--backend", "null", "--duration", "300ms", "--json"]).exits(0).json();
    assert_eq!((&data["frames"], &data["exit"]), (&14_400.into(), &0.into()), "{data:#}");
    let rms = data["readings"]["level"]["rms"][0].as_f64().unwrap();
    assert!((rms - -9.03).abs() < 0.1, "a sine of 0.5 has -9.03 dBFS, not {rms}");
}

#[test]
fn the_simulated_device_is_the_same_for_the_same_seed() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    let run = |seed: &str| {
        let args = ["tone.toml", "--backend", "sim", "--seed", seed, "--duration", "1min", "--json", "-q"];
        folder.run(args).exits(0).json()
    };
    let (first, again, other) = (run("3"), run("3"), run("4"));
    assert_eq!(first, again);
    assert_ne!(first["blocks"], other["blocks"]);
    let all = ["frames", "frames_lost", "frames_away"].map(|key| first[key].as_u64().unwrap());
    assert_eq!(all.iter().sum::<u64>(), 60 * 48_000);
}

#[test]
fn files_in_the_way_are_told_with_their_places_before_anything_plays() {
    let folder = Folder::new();
    let sink = |name: &str| format!("[nodes.{name}]\ntype = \"file_sink\"\npath = \"{name}.wav\"\n");
    let patch =
        format!("links = [\"tone -> a\", \"tone -> b\"]\nnodes.tone.type = \"noise\"\n{}{}", sink("a"), sink("b"));
    folder.write("two.toml", &patch);
    folder.write("a.wav", "precious");
    folder.write("b.wav", "precious");
    for args in [&["two.toml", "--backend", "sim", "-d", "1s"][..], &["render", "two.toml", "-d", "1s"]] {
        let ended = folder.run(args).exits(5).says("two.toml:5:8").says("two.toml:8:8").says("overwrite = true");
        assert!(ended.stderr.contains("error[file]: `b`: ") && ended.stderr.contains("b.wav is there already"));
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("b.wav")).unwrap(), "precious");
    folder.run(["render", "two.toml", "-d", "1s", "--set", "a.overwrite=true", "--set", "b.path=c.wav"]).exits(0);
}

/// Without any server or card, names that mean nothing are refused all the same, where they stand.
#[test]
fn what_a_patch_asks_of_devices_is_refused_where_it_stands() {
    let folder = Folder::new();
    let refused = |device: &str, settings: &str| {
        let patch = format!(
            "links = [\"mic -> out\"]\n[nodes.mic]\ntype = \"input\"\ndevice = \"{device}\"\n[nodes.out]\ntype = \"output\"\ndevice = \"jack:system\"\n{settings}"
        );
        folder.write("p.toml", &patch);
        folder.run(["p.toml"]).exits(4)
    };
    refused("", "").says("error[device]: `mic`: the name of the input device is empty").says("p.toml:4:10");
    refused("alsa:x", "").says("`out`: an input and an output of different hosts").says("p.toml:7:10");
    let error = folder.run(["p.toml", "--json"]).exits(4).json()["error"].take();
    assert_eq!((&error["code"], &error["mistakes"][0]["line"]), (&"device".into(), &7.into()), "{error}");
    assert_eq!(error["tried"][0]["code"], "device-unsupported");
    folder.run(["meter", "--device", ""]).exits(4).says("the name of the input device is empty");
}

#[test]
fn too_many_xruns_end_a_run() {
    let folder = Folder::new();
    let patch = |settings: &str| {
        folder.write("tone.toml", &format!("{TONE}[engine]\nbackend = \"sim\"\n{settings}"));
        folder.run(["tone.toml", "--duration", "10min"])
    };
    patch("max_xruns = 5").exits(6).says("xrun at frame");
    patch("on_xrun = \"stop\"").exits(6);
    let quiet = patch("on_xrun = \"ignore\"").exits(0);
    assert!(!quiet.stderr.contains("xrun at frame"), "{}", quiet.stderr);
    patch("on_device_loss = \"stop\"").exits(4).says("unplugged");
}

#[test]
fn a_device_that_is_not_there_is_never_replaced() {
    let folder = Folder::new();
    let patch = example("passthrough.toml");
    for backend in ["auto", "jack", "cpal"] {
        let args = ["run".as_ref(), patch.as_os_str(), "--backend".as_ref(), backend.as_ref()];
        folder.run(args).exits(4).says("--backend null");
    }
    folder.run(["run".as_ref(), patch.as_os_str(), "--backend=sim".as_ref()]).exits(2).says("--duration");
}

#[cfg(unix)]
#[test]
fn waiting_for_a_device_can_be_ended() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    let running = Running::start(&mut folder.command(["tone.toml", "--wait-device"]));
    running.until("waiting until it is there");
    running.signal("INT");
    running.end().exits(130);
}

#[cfg(unix)]
#[test]
fn a_first_signal_ends_a_run_in_order() {
    let folder = Folder::new();
    folder.write("tone.toml", &format!("{TONE}[engine]\non_xrun = \"ignore\"\n"));
    let mut command = folder.command(["tone.toml", "--backend", "null", "--json"]);
    let running = Running::start(&mut command);
    running.until("on null: 48000 Hz");
    running.until("playing");
    running.signal("TERM");
    assert_eq!(running.end().exits(0).json()["exit"], 0);
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_said_of_locked_memory_is_what_the_kernel_says() {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    let mut command = folder.command(["tone.toml", "--backend", "null", "--duration", "500ms", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut locked = false;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
        locked |= kib.is_some_and(|kib| kib.trim() != "0 kB");
        std::thread::yield_now();
    }
    let said = Ended::of(child.wait_with_output().unwrap()).exits(0).json();
    assert_eq!(said["memory_locked"], locked);
}
