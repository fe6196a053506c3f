//! The commands that need a device, on a PulseAudio server of their own: a null sink and its monitor, through ALSA.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Ended, Folder, read};

/// A server that lives as long as this, with its socket and ALSA's configuration in a folder of its own.
struct Server {
    folder: Folder,
    child: Child,
}

impl Server {
    /// `None` where there is no PulseAudio, unless it is required.
    fn start() -> Option<Self> {
        let required = std::env::var_os("PATCHLINE_REQUIRE_PULSE").is_some();
        if !cfg!(feature = "cpal") {
            assert!(!required, "this build has no way to ALSA");
            eprintln!("skipped: this build has no way to ALSA");
            return None;
        }
        let folder = Folder::new();
        folder.write(
            ".asoundrc",
            "pcm.psink { type pulse device \"null0\" hint { show on description \"Nowhere\" } }\n\
             pcm.pmon { type pulse device \"null0.monitor\" hint { show on description \"Echo of nowhere\" } }\n",
        );
        let socket = folder.path().join("p.sock");
        let protocol = format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display());
        let sink = "module-null-sink sink_name=null0 rate=48000 format=float32le channels=2 norewinds=1";
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no"]);
        command.args(["--high-priority=no", "-L", &protocol, "-L", sink]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = match at_home(&folder, &mut command).spawn() {
            Ok(child) => child,
            Err(error) if required => panic!("PulseAudio is required: {error}"),
            Err(error) => {
                eprintln!("skipped: no PulseAudio here ({error})");
                return None;
            }
        };
        let server = Self { folder, child };
        let end = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            assert!(Instant::now() < end, "the server does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        let listed = server.run(&["devices", "--json"]).exits(0).json();
        if !listed["devices"].as_array().unwrap().iter().any(|device| device["id"] == "alsa:psink") {
            assert!(!required, "ALSA has no way to PulseAudio:\n{listed:#}");
            eprintln!("skipped: ALSA has no way to PulseAudio (libasound2-plugins)");
            return None;
        }
        Some(server)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.folder.command(args);
        at_home(&self.folder, &mut command);
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().expect("the binary runs"))
    }
}

fn at_home<'a>(folder: &Folder, command: &'a mut Command) -> &'a mut Command {
    let server = format!("unix:{}", folder.path().join("p.sock").display());
    command.env_remove("ALSA_CONFIG_PATH").env("PULSE_SERVER", server);
    command.env("HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path())
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starting a server takes longer than what is looked at: one for all.
#[test]
fn the_commands_work_with_a_sound_server() {
    let Some(server) = Server::start() else { return };
    devices_are_named(&server);
    what_is_played_is_recorded(&server);
    the_way_is_measured(&server);
    a_patch_hears_itself(&server);
    a_patch_hears_an_output(&server);
}

/// Whatever hangs, Ctrl-C ends a run with its report, and no thread is left behind by each new attempt.
#[test]
fn a_run_ends_while_the_server_hangs() {
    let Some(server) = Server::start() else { return };
    for host in ["alsa", "pulseaudio"] {
        if host == "pulseaudio" && !cfg!(feature = "pulseaudio") {
            continue;
        }
        let device = if host == "alsa" { "alsa:psink" } else { "pulseaudio:null0" };
        let patch = format!(
            "links = [\"tone -> out\"]\n[engine]\nbackend = \"cpal\"\n[nodes.tone]\ntype = \"oscillator\"\n\
             level = 0.1\nchannels = 2\n[nodes.out]\ntype = \"output\"\ndevice = \"{device}\"\n"
        );
        server.folder.write("hung.toml", &patch);
        let mut run = server.command(&["hung.toml", "--json"]);
        let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(3));
        assert!(run.try_wait().unwrap().is_none(), "it plays");
        let threads = |run: &Child| std::fs::read_dir(format!("/proc/{}/task", run.id())).unwrap().count();
        let before = threads(&run);
        crate::support::signal(&server.child, "STOP");
        // An attempt is under way; all of it is long enough for several.
        std::thread::sleep(Duration::from_secs(if std::env::var_os("PATCHLINE_FULL").is_some() { 40 } else { 4 }));
        let after = threads(&run);
        let asked = Instant::now();
        crate::support::signal(&run, "INT");
        let ended = Ended::of(run.wait_with_output().unwrap());
        let took = asked.elapsed();
        crate::support::signal(&server.child, "CONT");
        let data = ended.exits(0).json();
        println!("{host}: ended in {took:?}; {before} threads, {after} while it hung");
        assert!(took < Duration::from_secs(4), "{host}: {took:?}");
        assert!(after <= before + 4, "{host}: {before} threads, {after} while it hung");
        assert_eq!(data["device_losses"], 1, "{data:#}");
    }
}

fn devices_are_named(server: &Server) {
    let caps = server.run(&["devices", "--caps", "--host", "alsa"]).exits(0).stdout;
    assert!(caps.contains("Echo of nowhere") && caps.contains("48000"), "{caps}");
    let failed = server.run(&["record", "-o", "x.wav", "--device", "Echo of somewhere", "--backend", "cpal"]).exits(4);
    failed.says("Echo of nowhere (alsa:pmon)");
}

fn what_is_played_is_recorded(server: &Server) {
    server.folder.wav("loud.wav", 48_000, 2, 3 * 48_000);
    let mut play = server.command(&["play", "loud.wav", "--loop", "--device", "alsa:psink", "--json"]);
    let mut play = play.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // What is recorded is sound as soon as the player is under way.
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let record = ["record", "--device", "alsa:pmon", "-d", "24000smp", "-o", "heard.wav", "--overwrite", "--json"];
        let data = server.run(&record).exits(0).json();
        assert_eq!((&data["frames"], &data["channels"], &data["host"]), (&24_000.into(), &2.into(), &"alsa".into()));
        let (samples, rate, channels) = read(&server.folder.path().join("heard.wav"));
        assert_eq!((samples.len(), rate, channels), (48_000, 48_000, 2));
        let power: f64 = samples.iter().map(|sample| f64::from(sample * sample)).sum::<f64>() / 48_000.0;
        if power > 0.05 {
            break;
        }
        assert!(play.try_wait().unwrap().is_none() && Instant::now() < end, "nothing is heard: {power}");
    }
    crate::support::signal(&play, "INT");
    let played = Ended::of(play.wait_with_output().unwrap()).exits(0).json();
    assert_eq!((&played["device"], &played["exit"]), (&"Nowhere".into(), &0.into()));
}

fn the_way_is_measured(server: &Server) {
    let bench = ["bench", "--loopback", "--output", "alsa:psink", "--input", "alsa:pmon", "--count", "6", "--json"];
    let data = server.run(&bench).exits(0).json();
    let heard = data["positions"].as_array().unwrap().len() as u64;
    let others = data["missed"].as_u64().unwrap() + data["interrupted"].as_u64().unwrap();
    assert_eq!(heard + others, 6, "{data:#}");
    // Through two buffers of a server: not at once, and within what lies between two impulses.
    let mean = data["measured"]["mean_ms"].as_f64().unwrap();
    assert!((1.0..500.0).contains(&mean), "{data:#}");
    assert!(data["reported_frames"].as_u64().unwrap() > 0, "{data:#}");
}

/// A sine of 0.5 has -9.03 dBFS, and less where the machine was too busy for the server to be on time.
fn assert_sine(rms: f64) {
    assert!((-18.0..-8.5).contains(&rms), "{rms} dBFS");
}

/// Out on one device and in from another, with a clock of its own for each.
fn a_patch_hears_itself(server: &Server) {
    let patch = "links = [\"tone -> out\", \"mic -> level -> take\"]\n[engine]\nbackend = \"cpal\"\n\
                 [nodes.tone]\ntype = \"oscillator\"\nlevel = 0.5\nchannels = 2\n\
                 [nodes.out]\ntype = \"output\"\ndevice = \"alsa:psink\"\n\
                 [nodes.mic]\ntype = \"input\"\ndevice = \"alsa:pmon\"\n[nodes.level]\ntype = \"meter\"\n\
                 [nodes.take]\ntype = \"file_sink\"\npath = \"take-{seq}.wav\"\n";
    server.folder.write("echo.toml", patch);
    let data = server.run(&["echo.toml", "-d", "3s", "--json"]).exits(0).says("playing  load").json();
    assert_eq!((&data["frames"], &data["host"], &data["inputs"]), (&144_000.into(), &"alsa".into(), &2.into()));
    let rms = data["readings"]["level"]["rms_all"].as_f64().unwrap();
    assert_sine(rms);
    let latency = &data["latency"];
    assert!(
        latency["input_frames"].as_u64().unwrap() > 0 && latency["output_frames"].as_u64().unwrap() > 0,
        "{latency}"
    );
    let load = data["load"]["mean"].as_f64().unwrap();
    assert!(load > 0.0 && data["nodes"].as_array().unwrap().len() >= 3, "{data:#}");
    assert_eq!(read(&server.folder.path().join("take-1.wav")).0.len(), 288_000);
    let wrong = server.run(&["echo.toml", "-d", "1s", "--sample-rate", "1234"]).exits(4);
    assert!(wrong.stderr.contains("Hz is nearest"), "{}", wrong.stderr);
}

/// What ALSA cannot do, the server's own host can: listening to an output.
fn a_patch_hears_an_output(server: &Server) {
    if !cfg!(feature = "pulseaudio") {
        return;
    }
    let patch = "links = [\"tone -> out\", \"ear -> level\"]\n[nodes.tone]\ntype = \"oscillator\"\nlevel = 0.5\n\
                 channels = 2\n[nodes.out]\ntype = \"output\"\ndevice = \"null0\"\n[nodes.ear]\ntype = \"input\"\n\
                 loopback_of = \"null0\"\n[nodes.level]\ntype = \"meter\"\n";
    server.folder.write("ear.toml", patch);
    let data = server.run(&["ear.toml", "-d", "2s", "--json"]).exits(0).json();
    assert_eq!((&data["frames"], &data["host"]), (&96_000.into(), &"pulseaudio".into()), "{data:#}");
    let rms = data["readings"]["level"]["rms_all"].as_f64().unwrap();
    assert_sine(rms);
    server.run(&["ear.toml", "--set", "ear.loopback_of=nul9"]).exits(4).says("null0");
}
