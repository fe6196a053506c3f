//! A run on a JACK server of its own, captured and rendered again.
#![cfg(target_os = "linux")]

#[path = "../../../io-jack/tests/live/buried.rs"]
mod buried;
#[path = "../common/mod.rs"]
mod common;
mod reloads;
#[path = "../song/mod.rs"]
mod song;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{LOADS, SETS, Watched, noise, plant, replay, rewrite, run};
use patchline_capture::{Config, Deed, Ending, Recording};
use patchline_graph::Renderer;
use patchline_guard::{CountingAllocator, Guard, Kind, Watch};
use patchline_io::{Backend, Block, Callback, ChannelCount, DeviceRequest, FnCallback, Host, SideRequest};
use patchline_io_jack::JackHost;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const CHILD: &str = "PATCHLINE_CAPTURE_TEST";

/// A server, which ends with its test.
struct Server(Child);

impl Server {
    fn start(block: usize) -> Self {
        let name = std::env::var("JACK_DEFAULT_SERVER").unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "jackd", "-n", &name, "-r", "-S", "-t", "5000", "-p", "64"]);
        command.args(["-d", "dummy", "-r", "48000", "-p", &block.to_string()]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self(server);
        until("the server answers", || Host::<Renderer>::devices(&JackHost).is_ok());
        server
    }
}

/// By SIGTERM, else something stays in shared memory.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// libjack knows one server for the whole life of a process.
#[test]
fn a_run_on_jack_with_reloads_changes_and_other_blocks_is_bit_identical() {
    on_a_server_of_its_own("a_run_on_jack_with_reloads_changes_and_other_blocks_is_bit_identical", captured_on_jack);
}

/// In a process of its own, which runs the test of this name again.
fn on_a_server_of_its_own(test: &str, run: fn()) {
    if std::env::var_os(CHILD).is_some() {
        return run();
    }
    let found = Command::new("jackd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("PATCHLINE_REQUIRE_JACK").is_none(), "jackd is not installed");
        eprintln!("left out: jackd is not installed");
        return;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env(CHILD, "1").env("JACK_NO_START_SERVER", "1");
    let server = format!("plc{}", std::process::id());
    let status = again.env("JACK_DEFAULT_SERVER", &server).status().unwrap();
    buried::bury(&server);
    assert!(status.success());
}

fn open<C: Callback>(name: &str, input: Option<&str>) -> Box<dyn Backend<C>> {
    let side = |device: Option<&str>| SideRequest {
        device: device.map(str::to_owned),
        channels: if device.is_some() { ChannelCount::All } else { ChannelCount::Exactly(2) },
        ..SideRequest::default()
    };
    let asked = DeviceRequest {
        client_name: name.to_owned(),
        input: input.map(|input| side(Some(input))),
        output: Some(side(None)),
        unconnected: input.is_none(),
        ..DeviceRequest::default()
    };
    JackHost.open(&asked).unwrap_or_else(|error| panic!("{error}"))
}

/// Three reloads, fifty changes, and blocks of 512 frames instead of 256 halfway; noise comes in.
fn captured_on_jack() {
    let _server = Server::start(256);
    let mut source = open("source", None);
    let play = |block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        for (channel, samples) in outputs.iter_mut().enumerate() {
            let frames = samples.iter_mut().zip(block.position..);
            frames.for_each(|(sample, frame)| *sample = noise(frame, channel));
        }
    };
    source.start(FnCallback(play)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.cap");
    let mut device: Box<dyn Backend<Watched>> = open("taken", Some("source"));
    let guard = Guard::new(Watch::available().without(Kind::PageFaults));
    let config = Config { with_output: true, ..Config::default() };
    let summary = run(&mut *device, &guard, &path, config, |device, _, step| {
        if step == SETS / 2 {
            let status = Command::new("jack_bufsize").arg("512").stdout(Stdio::null()).status();
            assert!(status.expect("jack_bufsize, which comes with jackd").success());
        }
        let frames = |device: &mut dyn Backend<Watched>| device.stats().frames;
        let end = frames(device) + 2_048;
        until("it plays on", || frames(device) >= end);
    });
    assert!(summary.is_complete() && summary.frames > 100_000, "{summary:?}");
    let report = guard.report();
    assert!(report.visits() == summary.blocks && report.violations() == 0, "{report}");
    it_is_bit_identical(&path, summary.frames);
    what_is_planted_is_found(&path);
}

fn it_is_bit_identical(path: &std::path::Path, frames: u64) {
    let recording = Recording::open(path).unwrap();
    let take = &recording.takes[0];
    assert_eq!((recording.ending, take.frames, take.block_frames), (Ending::Whole, frames, (256, 512)));
    let count = |wanted: fn(&Deed) -> bool| take.calls.iter().filter(|call| wanted(&call.deed)).count();
    assert_eq!(count(|deed| matches!(deed, Deed::Load(_))), 1 + LOADS);
    assert_eq!(count(|deed| matches!(deed, Deed::Set { .. })), SETS);
    assert!(take.notes.iter().any(|note| note.what.contains("512")), "{:?}", take.notes);
    let verdict = replay(path).unwrap();
    assert_eq!((verdict.frames, verdict.differing, verdict.unjudged), (frames, 0, 0), "{verdict:?}");
    eprintln!("{} blocks, {frames} frames, {} discontinuities: bit-identical", verdict.blocks, take.discontinuities);
}

/// A sample of the input, and the frame of one change.
fn what_is_planted_is_found(path: &std::path::Path) {
    let whole = std::fs::read(path).unwrap();
    let (block, frame) = plant(path, 100, 7);
    let first = replay(path).unwrap().first.expect("it is heard");
    assert_eq!((first.block, first.sample.map(|sample| sample.frame)), (block, Some(frame + 7)));

    std::fs::write(path, &whole).unwrap();
    let recording = Recording::open(path).unwrap();
    let told = recording.takes[0].calls.iter().filter_map(|call| match &call.deed {
        // Of one in four the frame was still to come.
        Deed::Set { patch, at: Some(at), .. } if patch.contains("[nodes.trim]") => Some((call.first, *at)),
        _ => None,
    });
    let mut found = 0;
    for (first, at) in told {
        let (old, new) = (format!("\"at\":{at}}}"), format!("\"at\":{}}}", at + 1));
        rewrite(path, |kind, bytes| {
            let text = String::from_utf8_lossy(bytes);
            let here = kind == 3 && text.starts_with(&format!("{{\"first\":{first},"));
            here.then(|| text.replace(&old, &new).into_bytes())
        });
        assert!(std::fs::read(path).unwrap() != whole, "the change is not in the file");
        let verdict = replay(path).unwrap();
        // One that came too late meets the next block, with or without the frame; any other is heard at once.
        if let Some(sample) = verdict.first.and_then(|first| first.sample) {
            assert!((at..at + 3).contains(&sample.frame), "moved from {at}, and seen at {}", sample.frame);
            found += 1;
        }
        std::fs::write(path, &whole).unwrap();
    }
    assert!(found >= 5, "{found} changes that were moved by a frame were found");
}
