//! Sound through us: from one sink's monitor to another sink, with nothing lost that nobody told of.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use patchline_io::{
    Backend, Block, Callback, ChannelCount, DeviceRequest, DeviceSpec, Host, IoEvent, IoEventKind, LatencyWish,
    SideRequest,
};

use crate::bed::{Server, host, live};
use crate::busy::Canary;
use crate::sweep::{Heard, RATE, WINDOW, sweep};

/// How long the sound is listened to, in seconds.
fn seconds() -> usize {
    if std::env::var_os("PATCHLINE_FULL").is_some() { 30 } else { 5 }
}

/// Passes its input on, and keeps the first channel of it.
struct Tap {
    heard: Vec<f32>,
    blocks: Vec<Block>,
}

impl Tap {
    fn new(frames: usize) -> Self {
        Self { heard: Vec::with_capacity(frames), blocks: Vec::with_capacity(frames / 8) }
    }
}

impl Tap {
    /// Where the device's frame is among those that were heard.
    fn frame(&self, position: u64) -> f64 {
        let before = self.blocks.iter().take_while(|block| block.position < position);
        before.map(|block| block.frames).sum::<usize>() as f64
    }
}

impl Callback for Tap {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
        if self.heard.len() + block.frames <= self.heard.capacity() && self.blocks.len() < self.blocks.capacity() {
            self.heard.extend_from_slice(inputs[0]);
            self.blocks.push(block);
        }
    }
}

/// A program of the server's that plays a file on a sink, or records from a source to one.
struct Cat(Child);

impl Cat {
    fn play(file: &Path, sink: &str) -> Self {
        Self::start(&["--playback", "--device", sink], File::open(file).unwrap().into(), Stdio::null())
    }

    fn record(file: &Path, source: &str) -> Self {
        Self::start(&["--record", "--device", source], Stdio::null(), File::create(file).unwrap().into())
    }

    fn start(how: &[&str], from: Stdio, to: Stdio) -> Self {
        let format = ["--raw", "--format=float32le", "--rate=48000", "--channels=2"];
        Self(Command::new("pacat").args(how).args(format).stdin(from).stdout(to).spawn().unwrap())
    }
}

impl Drop for Cat {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn home(file: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").unwrap()).join(file)
}

/// The sound, for longer than it is listened to, and on both channels.
fn write_sound(file: &Path) {
    let frames = sweep((seconds() + 10) * RATE as usize);
    let bytes: Vec<u8> = frames.flat_map(|sample| [sample.to_le_bytes(); 2]).flatten().collect();
    File::create(file).unwrap().write_all(&bytes).unwrap();
}

/// The first channel of a recording.
fn read_sound(file: &Path) -> Vec<f32> {
    let mut bytes = Vec::new();
    File::open(file).unwrap().read_to_end(&mut bytes).unwrap();
    let samples = bytes.chunks_exact(8).map(|frame| f32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]));
    samples.collect()
}

fn side(device: &str) -> Option<SideRequest> {
    Some(SideRequest { device: Some(device.to_owned()), channels: ChannelCount::Exactly(2), ..SideRequest::default() })
}

/// Runs a device for some time; gives its events.
pub(crate) fn run<C: Callback>(device: &mut dyn Backend<C>, time: Duration) -> Vec<IoEvent> {
    let start = Instant::now();
    let mut events = Vec::new();
    while start.elapsed() < time {
        device.pass(Duration::from_millis(10));
        events.extend(std::iter::from_fn(|| device.poll()));
    }
    events
}

/// Breaks in what was `heard` after a frame that no event is near of.
///
/// An event says where the callback stood, and so does the sound that came in there. What it is about may be as far from
/// that as frames are under way on both sides, and as it is long itself; and where a break is, is known to a window or
/// two. `slack` is how much further it may be.
fn unreported(
    heard: &Heard,
    after: usize,
    came_in: &Heard,
    (tap, spec): (&Tap, &DeviceSpec),
    events: &[IoEvent],
    slack: u64,
) -> Vec<usize> {
    let under_way = spec.input_latency + spec.output_latency + 2 * spec.max_frames as u64 + slack;
    let told = events.iter().filter_map(|event| {
        let long = match event.kind {
            IoEventKind::Xrun { lost, .. } => lost,
            IoEventKind::Realigned { dropped } => dropped.unsigned_abs(),
            _ => return None,
        };
        Some((tap.frame(event.position), (under_way + long + 2 * WINDOW as u64) as f64))
    });
    let told: Vec<(f64, f64)> = told.collect();
    let near = |frames: [f64; 2]| {
        let [from, to] = frames.map(|frame| came_in.place(frame));
        told.iter().any(|(told, reach)| (from.min(to) - reach..from.max(to) + reach).contains(told))
    };
    heard.between(after).into_iter().filter(|(_, frames)| !near(*frames)).map(|(place, _)| place).collect()
}

/// Runs of the test on a host that is not told of underruns, where the machine is too busy for a server to keep up.
const RUNS: usize = 4;

/// From a sink's monitor through us to another sink, without a break that nobody told of.
///
/// PulseAudio's own host is not told when the server has run empty. We see it by a block that comes too late or asks for
/// all there is room for; what is shorter is not told, and a server that others do not let run makes such breaks. Only
/// there, runs on a busy machine do not count.
fn check(name: &str, input: &str, output: &str, latency: LatencyWish) {
    for _ in 0..RUNS {
        let canary = Canary::start();
        let breaks = pass(name, input, output, latency);
        let late = canary.stop();
        match late.filter(|_| name == "pulseaudio") {
            _ if breaks == [[], []] => return,
            Some(late) => println!("breaks nobody told of, {breaks:?}, but threads woke up {late:?} late"),
            None => panic!("breaks nobody told of, coming in and going out: {breaks:?} ({late:?})"),
        }
    }
    eprintln!("left out: the machine was too busy for a sound server in each of {RUNS} runs");
}

/// Where the sound broke without a word, coming in and going out.
fn pass(name: &str, input: &str, output: &str, latency: LatencyWish) -> [Vec<usize>; 2] {
    let _server = Server::start();
    let (sound, recorded) = (home("sound"), home("recorded"));
    write_sound(&sound);
    let _player = Cat::play(&sound, "null0");
    let recorder = Cat::record(&recorded, "null1.monitor");
    let request =
        DeviceRequest { input: side(input), output: side(output), rate: Some(RATE), latency, ..Default::default() };
    let mut device = Host::<Tap>::open(&host(name), &request).unwrap();
    let most = (seconds() + 5) * RATE as usize;
    device.start(Tap::new(most)).unwrap();
    let events = run(&mut *device, Duration::from_secs(seconds() as u64 + 1));
    let (spec, stats) = (device.spec().clone(), device.stats());
    let tap = device.stop().unwrap();
    drop(recorder);
    println!("{spec:#?}\n{stats:?}\n{events:#?}");
    let came_in = Heard::new(&tap.heard, most);
    let went_out = Heard::new(&read_sound(&recorded), most);
    println!("in {came_in:#?}\nout {went_out:#?}");
    assert!(stats.frames as usize > seconds() * RATE as usize / 2, "it runs at its rate");
    assert!(came_in.frames() > stats.frames as usize * 3 / 4, "nearly all of the sound came in");
    assert!(went_out.frames() > stats.frames as usize * 3 / 4, "nearly all of the sound went out");
    let shift = went_out.stretches[0].delay - came_in.stretches[0].delay;
    // The first second is the start-up.
    let late = RATE as usize;
    let broke_in = unreported(&came_in, late, &came_in, (&tap, &spec), &events, 0);
    // What is short of two blocks shows by the larger ones near it.
    let slack = if name == "pulseaudio" { u64::from(RATE) / 2 } else { 0 };
    let after = late + shift as usize;
    assert!(spec.input_latency > 0 && spec.output_latency > 0);
    [broke_in, unreported(&went_out, after, &came_in, (&tap, &spec), &events, slack)]
}

/// From a sink's monitor to us.
fn check_input(name: &str, input: SideRequest) {
    let _server = Server::start();
    let sound = home("sound");
    write_sound(&sound);
    let _player = Cat::play(&sound, "null0");
    let request = DeviceRequest { input: Some(input), rate: Some(RATE), ..Default::default() };
    let mut device = Host::<Tap>::open(&host(name), &request).unwrap();
    let most = (seconds() + 5) * RATE as usize;
    device.start(Tap::new(most)).unwrap();
    let events = run(&mut *device, Duration::from_secs(2));
    let spec = device.spec().clone();
    let tap = device.stop().unwrap();
    let heard = Heard::new(&tap.heard, most);
    println!("{events:#?}\n{heard:#?}");
    assert!(heard.frames() > RATE as usize);
    assert_eq!(unreported(&heard, 0, &heard, (&tap, &spec), &events, 0), []);
}

#[test]
fn a_sweep_passes_through_alsa() {
    live("passthrough::a_sweep_passes_through_alsa", || {
        check("alsa", "from_null0", "to_null1", LatencyWish::Low);
    });
}

#[test]
#[cfg(feature = "pulseaudio")]
fn a_sweep_passes_through_pulse() {
    live("passthrough::a_sweep_passes_through_pulse", || {
        check("pulseaudio", "pulseaudio:null0.monitor", "pulseaudio:null1", LatencyWish::Low);
    });
}

#[test]
fn a_sweep_is_recorded_through_alsa() {
    live("passthrough::a_sweep_is_recorded_through_alsa", || check_input("alsa", side("from_null0").unwrap()));
}

#[test]
#[cfg(feature = "pulseaudio")]
fn what_a_sink_plays_is_recorded_through_pulse() {
    live("passthrough::what_a_sink_plays_is_recorded_through_pulse", || {
        let sink = SideRequest { loopback: true, ..side("null0").unwrap() };
        check_input("pulseaudio", sink);
    });
}
