//! Patches on a JACK server of their own, whose driver is a dummy.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::buried::bury;
use crate::support::{Ended, Folder, Running, read};

/// Servers by a name that nobody else has; one runs at a time.
struct Jack {
    folder: Folder,
    name: String,
    server: Option<Child>,
    _turn: MutexGuard<'static, ()>,
}

impl Jack {
    /// `None` where there is no JACK, unless it is required.
    fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // A machine has room for few servers.
        static TURN: Mutex<()> = Mutex::new(());
        let required = std::env::var_os("PATCHLINE_REQUIRE_JACK").is_some();
        let found = Command::new("jackd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        if !found || !cfg!(feature = "jack") {
            assert!(!required, "JACK is required");
            eprintln!("left out: jackd is not installed, or this build is without JACK");
            return None;
        }
        let name = format!("plr{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Self { folder: Folder::new(), name, server: None, _turn: turn })
    }

    fn start(&mut self, rate: u32, block: usize) {
        let mut command = Command::new("jackd");
        command.args(["-n", &self.name, "-r", "-S", "-t", "5000", "-d", "dummy", "-r", &rate.to_string()]);
        command.args(["-p", &block.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(command.spawn().expect("it was there before"));
        let end = Instant::now() + Duration::from_secs(20);
        while self.run(&["devices", "--host", "jack"]).code != Some(0) {
            assert!(Instant::now() < end, "the server does not come up");
        }
    }

    /// By SIGTERM, else something stays in shared memory.
    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            crate::support::signal(&server, "TERM");
            server.wait().expect("it ends");
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.folder.command(args);
        command.env("JACK_DEFAULT_SERVER", &self.name).env("JACK_NO_START_SERVER", "1");
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().expect("the binary runs"))
    }

    fn begin(&self, args: &[&str]) -> Running {
        Running::start(&mut self.command(args))
    }
}

impl Drop for Jack {
    fn drop(&mut self) {
        self.stop();
        bury(&self.name);
    }
}

const TAKE: &str = "links = [\"mic -> take\", \"mic -> out\"]\n[nodes.mic]\ntype = \"input\"\nchannels = [0]\n\
                    labels = [\"voice\"]\n[nodes.take]\ntype = \"file_sink\"\npath = \"take.wav\"\nsubtype = \"FLOAT\"\n\
                    [nodes.out]\ntype = \"output\"\n";

#[test]
fn a_patch_hears_another_one_bit_for_bit() {
    let Some(mut jack) = Jack::new() else { return };
    jack.folder.wav("song.wav", 48_000, 1, 48_000);
    let player = "name = \"player\"\nlinks = [\"song -> out\"]\n[nodes.song]\ntype = \"file_source\"\n\
                  path = \"song.wav\"\nloop = true\n[nodes.out]\ntype = \"output\"\n[engine]\nconnect = false\n";
    jack.folder.write("player.toml", player);
    jack.folder.write("ear.toml", &TAKE.replace("[nodes.mic]\n", "[nodes.mic]\ndevice = \"player\"\n"));
    jack.start(48_000, 256);
    let playing = jack.begin(&["player.toml", "--backend", "jack", "--json"]);
    playing.until("on player (JACK");
    // Its ports are there a little later than its words.
    let end = Instant::now() + Duration::from_secs(20);
    while jack.run(&["devices", "--host", "jack"]).exits(0).stdout.matches("player").count() == 0 {
        assert!(Instant::now() < end, "no port comes up");
    }
    let data = jack.run(&["ear.toml", "-d", "72000smp", "--block", "64", "--json"]).exits(0);
    let data = data.says("`jack_bufsize 64`").says("block 256 (64 asked)");
    let data = data.json();
    assert_eq!((&data["host"], &data["frames"], &data["block"]), (&"jack".into(), &72_000.into(), &256.into()));
    let latency = &data["latency"];
    let parts = ["input_frames", "graph_frames", "output_frames"].map(|part| latency[part].as_u64().unwrap());
    assert_eq!(parts.iter().sum::<u64>(), latency["total_frames"].as_u64().unwrap());
    assert!(latency["output_frames"].as_u64().unwrap() >= 256, "{latency}");
    playing.signal("INT");
    assert_eq!(playing.end().exits(0).json()["patch"], "player");
    let (song, ..) = read(&jack.folder.path().join("song.wav"));
    let (heard, rate, channels) = read(&jack.folder.path().join("take.wav"));
    assert_eq!((heard.len(), rate, channels), (72_000, 48_000, 1));
    // After a start in the middle of the song, what was lost of it is a jump and nothing else.
    let begin = song.windows(64).position(|part| *part == heard[1_000..1_064]).expect("it is the song");
    let same = (1_000..72_000).take_while(|&frame| heard[frame] == song[(begin + frame - 1_000) % 48_000]).count();
    let xruns = data["xruns"].as_u64().unwrap();
    assert!(same == 71_000 || xruns > 0, "it is the song for {same} frames only, and no xrun was told of");
}

#[test]
fn a_server_that_comes_back_is_played_on_with_all_state() {
    let Some(mut jack) = Jack::new() else { return };
    jack.folder.write("take.toml", TAKE);
    // It may wait for a server, too.
    let running = jack.begin(&["take.toml", "--wait-device", "-d", "4s", "--json", "--backend", "jack"]);
    running.until("waiting until it is there");
    jack.start(48_000, 256);
    running.until("playing");
    let ports = jack.run(&["devices", "--host", "jack", "--json"]).json().to_string();
    assert!(ports.contains("take"), "{ports}");
    jack.stop();
    running.until("the device was lost");
    running.until("waiting (");
    jack.start(48_000, 512);
    running.until("the device is back");
    let data = running.end().exits(0).says("nothing but zeros").json();
    assert_eq!((&data["frames"], &data["device_losses"]), (&192_000.into(), &1.into()), "{data:#}");
    assert!(data["frames_away"].as_u64().unwrap() > 0 && data["before"].as_array().unwrap().is_empty(), "{data:#}");
    let (heard, ..) = read(&jack.folder.path().join("take.wav"));
    assert_eq!(heard.len() as f64 + data["readings"]["take"]["frames_lost"].as_f64().unwrap(), 192_000.0);
}

#[test]
fn another_rate_is_another_start_with_files_of_its_own() {
    let Some(mut jack) = Jack::new() else { return };
    jack.folder.write("take.toml", TAKE);
    jack.start(48_000, 256);
    let running = jack.begin(&["take.toml", "-d", "3s", "--capture", "s.cap", "--json"]);
    running.until("playing");
    jack.stop();
    running.until("the device was lost");
    jack.start(44_100, 256);
    running.until("starts anew at 44100 Hz");
    let data = running.end().exits(0).says("take-{seq}.wav").json();
    let before = &data["before"][0];
    assert_eq!((&before["sample_rate"], &data["sample_rate"]), (&48_000.into(), &44_100.into()));
    let seconds = before["seconds"].as_f64().unwrap() + data["seconds"].as_f64().unwrap();
    assert!((seconds - 3.0).abs() < 1e-4, "{seconds} s in all");
    for (file, report) in [("take.wav", before), ("take-1.wav", &data)] {
        let (heard, rate, _) = read(&jack.folder.path().join(file));
        assert_eq!((&heard.len().into(), &rate.into()), (&report["frames"], &report["sample_rate"]), "{file}");
    }
    // A capture holds both starts.
    let replay = jack.run(&["replay", "s.cap", "-o", "heard.wav", "--json"]).exits(0).json();
    assert_eq!((&replay["identical"], &replay["complete"]), (&true.into(), &true.into()), "{replay:#}");
    assert_eq!(replay["files"], serde_json::json!(["heard.wav", "heard-2.wav"]));
    for (file, report) in [("heard.wav", before), ("heard-2.wav", &data)] {
        let (heard, rate, channels) = read(&jack.folder.path().join(file));
        let frames = heard.len() / usize::from(channels);
        assert_eq!((&frames.into(), &rate.into()), (&report["frames"], &report["sample_rate"]), "{file}");
    }
}

#[test]
fn a_loss_that_is_not_to_be_waited_out_ends_the_run() {
    let Some(mut jack) = Jack::new() else { return };
    jack.folder.write("take.toml", &format!("{TAKE}[engine]\non_device_loss = \"stop\"\n"));
    jack.start(48_000, 1024);
    let running = jack.begin(&["take.toml"]);
    running.until("playing");
    jack.stop();
    let ended = running.end().exits(4).says("the device was lost");
    assert!(ended.stdout.contains("the device was gone 1 time"), "{}", ended.stdout);
}

#[test]
fn what_cannot_be_had_is_said_before_anything_is_made() {
    let Some(mut jack) = Jack::new() else { return };
    jack.folder.write("take.toml", TAKE);
    jack.start(48_000, 1024);
    let run = |settings: &[&str]| jack.run(&[&["take.toml", "-d", "1s", "--backend", "jack"], settings].concat());
    run(&["--set", "mic.device=pinao"]).exits(4).says("there is no input device `pinao`; there is system");
    run(&["--set", "mic.device=system:cap*9"]).exits(4).says("system:capture_1");
    run(&["--sample-rate", "44100"]).exits(4).says("48000 Hz is nearest");
    run(&["--set", "out.channels=[9]", "--set", "out.device=system"]).exits(4).says("10 are needed");
    jack.folder.write("share.toml", &format!("{TAKE}[engine]\nshare = \"exclusive\"\n"));
    jack.run(&["share.toml", "--backend", "jack"]).exits(4).says("exclusive use cannot be had");
    assert_eq!(jack.folder.listing(), ["share.toml", "take.toml"]);
}

#[test]
fn a_captured_run_is_rendered_again_to_the_bit_whatever_the_blocks() {
    let Some(mut jack) = Jack::new() else { return };
    jack.folder.write("hiss.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    let echo = "links = [\"mic -> echo -> out\", \"tone -> echo\"]\nnodes.tone.type = \"oscillator\"\n\
                [nodes.mic]\ntype = \"input\"\ndevice = \"hiss\"\n[nodes.echo]\ntype = \"delay\"\ntime = \"40 ms\"\n\
                mix = 0.5\n[nodes.out]\ntype = \"output\"\n";
    jack.folder.write("echo.toml", echo);
    jack.start(48_000, 256);
    let hiss = jack.begin(&["hiss.toml", "--backend", "jack"]);
    hiss.until("on hiss (JACK");
    let end = Instant::now() + Duration::from_secs(20);
    while !jack.run(&["devices", "--host", "jack"]).stdout.contains("hiss") {
        assert!(Instant::now() < end, "no port comes up");
    }
    let run = jack.begin(&["echo.toml", "--backend", "jack", "-d", "3s", "--capture", "s.cap", "--json"]);
    run.until("playing");
    let mut resize = Command::new("jack_bufsize");
    resize.arg("512").env("JACK_DEFAULT_SERVER", &jack.name).stdout(Stdio::null());
    assert!(resize.status().expect("jack_bufsize, which comes with jackd").success());
    let data = run.end().exits(0).json();
    assert_eq!((&data["frames"], &data["capture"]["frames"]), (&144_000.into(), &144_000.into()), "{data:#}");
    hiss.signal("INT");
    hiss.end().exits(0);
    let info = jack.run(&["replay", "s.cap", "--info"]).exits(0).stdout;
    assert!(info.contains("frames, 144000 frames (0:03.000)") && info.contains("to 512"), "{info}");
    let ended = jack.run(&["replay", "s.cap", "--verify", "-o", "heard.wav"]).exits(0);
    assert!(ended.stdout.contains("bit-identical"), "{}", ended.stdout);
    let (heard, ..) = read(&jack.folder.path().join("heard.wav"));
    assert!(heard.iter().filter(|&&sample| sample != 0.0).count() > 100_000, "nothing came in");
}

/// A sequencer plays a key; what it switches is heard at its frames.
#[test]
fn midi_of_jack_s_own_sequencer_switches_a_parameter_to_the_frame() {
    let Some(mut jack) = Jack::new() else { return };
    // A square wave that is longer than the run: what is heard is the gain.
    let patch = "links = [\"dc -> trim -> take\", \"trim -> out\"]\ncontrol.midi = [\"sequencer\"]\n\
                 [nodes.dc]\ntype = \"oscillator\"\nshape = \"square\"\nfrequency = 0.01\nlevel = 0.5\n\
                 [nodes.trim]\ntype = \"gain\"\nsmooth = 0\n[nodes.take]\ntype = \"file_sink\"\npath = \"take.wav\"\n\
                 subtype = \"FLOAT\"\n[nodes.out]\ntype = \"output\"\n\
                 [[map]]\nnote = 60\nto = \"trim.gain\"\non = 1.0\noff = 0.25\n";
    jack.folder.write("keys.toml", patch);
    jack.start(48_000, 256);
    let mut sequencer = Command::new("jack_midiseq");
    sequencer.args(["sequencer", "24000", "0", "60", "9000"]).env("JACK_DEFAULT_SERVER", &jack.name);
    sequencer.env("JACK_NO_START_SERVER", "1").stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut sequencer) = sequencer.spawn() else {
        assert!(std::env::var_os("PATCHLINE_REQUIRE_JACK").is_none(), "jack_midiseq is required");
        return eprintln!("left out: jack_midiseq is not installed");
    };
    let run = jack.begin(&["keys.toml", "--backend", "jack", "-d", "4s", "--learn", "trim.gain"]);
    let ended = run.end().exits(0);
    crate::support::signal(&sequencer, "TERM");
    sequencer.wait().expect("it ends");
    ended.says("[[map]]\nnote = 60\nchannel = 1\nto = \"trim.gain\"");
    let (take, ..) = read(&jack.folder.path().join("take.wav"));
    let edges: Vec<usize> = (1..take.len()).filter(|&frame| take[frame] != take[frame - 1]).collect();
    assert!(edges.len() >= 8, "{edges:?}");
    // On for 9000 frames of 24000, each time.
    let apart: Vec<usize> = edges.windows(2).skip(1).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|frames| [9_000, 15_000].contains(frames)), "{edges:?}");
}
