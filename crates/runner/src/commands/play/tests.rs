use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use patchline_io::sim::{Recording, Sim, SimConfig};
use patchline_io::{Backend, DeviceSpec, IoError, IoEvent, IoStats, Refused};
use patchline_wav::{FileWriter, Format, Options, Subtype};

use super::*;
use crate::cli::{Cli, Command};
use crate::hosts::SIM;

const RATE: u32 = 48_000;

/// A simulated device whose output can be looked at when the command is done with it.
struct Heard {
    sim: Sim<Player>,
    heard: Arc<Mutex<Recording>>,
}

impl Backend<Player> for Heard {
    fn spec(&self) -> &DeviceSpec {
        self.sim.spec()
    }

    fn start(&mut self, callback: Player) -> Result<(), Refused<Player>> {
        self.sim.start(callback)
    }

    fn poll(&mut self) -> Option<IoEvent> {
        self.sim.poll()
    }

    fn pass(&mut self, time: Duration) {
        self.sim.pass(time);
    }

    fn stats(&self) -> IoStats {
        self.sim.stats()
    }

    fn stop(&mut self) -> Result<Player, IoError> {
        *self.heard.lock().unwrap() = self.sim.take_recording();
        self.sim.stop()
    }
}

fn sample(frame: usize, channel: usize) -> f32 {
    ((frame * 31 + channel * 1009) % 8191) as f32 / 8192.0 - 0.5
}

fn wav(path: &Path, rate: u32, channels: usize, frames: usize) {
    let format = Format { rate, channels: channels as u16, subtype: Subtype::Float };
    let mut writer = FileWriter::create(path, Options::new(format)).unwrap();
    let samples = (0..frames).flat_map(|frame| (0..channels).map(move |channel| sample(frame, channel)));
    writer.write_interleaved(&samples.collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
}

/// Plays a file on a device of so many channels; what is heard, and what is reported.
fn check(rate: u32, channels: usize, frames: usize, outputs: usize, rest: &[&str]) -> (Vec<Vec<f32>>, Done) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    wav(&path, rate, channels, frames);
    let line = ["runner", "play", path.to_str().unwrap()].into_iter().chain(rest.iter().copied());
    let Command::Play(args) = Cli::try_parse_from(line).unwrap().command else { panic!("it is `play`") };
    let config = SimConfig { rate: RATE, inputs: 0, outputs, ..SimConfig::default() };
    let heard = Arc::new(Mutex::new(Recording::default()));
    let device = Heard { sim: Sim::open(config).unwrap().recording(), heard: Arc::clone(&heard) };
    let info = *FileReader::open(&path).unwrap().info();
    let source = FileSource::open(&path).unwrap();
    let source = FileSource { looped: args.looped, gain: args.gain, ..source };
    let done = play(Opened { device: Box::new(device), host: SIM }, source, &info, &args).unwrap();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    (heard.channels, done)
}

#[test]
fn a_file_is_heard_to_its_end() {
    let (heard, done) = check(RATE, 2, 5_000, 2, &[]);
    for (channel, samples) in heard.iter().enumerate() {
        let whole = (0..5_000).all(|frame| samples[frame] == sample(frame, channel));
        assert!(whole && samples[5_000..].iter().all(|&sample| sample == 0.0), "channel {channel}");
    }
    assert!(done.stats.frames >= 5_000 + done.spec.output_latency, "what is under way is heard, too");
    assert_eq!(done.failure(), None);
}

#[test]
fn one_channel_is_heard_on_both_sides() {
    let (heard, _) = check(RATE, 1, 1_000, 4, &[]);
    let side = |channel: usize| (0..1_000).all(|frame| heard[channel][frame] == sample(frame, 0));
    assert!(side(0) && side(1));
    assert!(heard[2..].iter().flatten().all(|&sample| sample == 0.0));
    let (heard, _) = check(RATE, 1, 1_000, 1, &["--gain", "-6.020599913279624dB"]);
    let half = (0..1_000).all(|frame| (heard[0][frame] - sample(frame, 0) / 2.0).abs() < 1e-6);
    assert!(half);
}

#[test]
fn another_rate_is_converted_and_that_is_said() {
    let (heard, done) = check(24_000, 1, 24_000, 1, &["--duration", "48000smp"]);
    assert_eq!(done.stats.frames, 48_000, "no more than its duration");
    let power = heard[0][..48_000].iter().map(|sample| f64::from(sample * sample)).sum::<f64>() / 48_000.0;
    assert!(power > 0.01, "{power}");
    let reports = done.data()["reports"].to_string();
    assert!(reports.contains("converted from 24000 Hz to 48000 Hz"), "{reports}");
}

#[test]
fn a_loop_goes_on_until_it_is_told_to_end() {
    let (heard, done) = check(RATE, 1, 1_000, 1, &["--loop", "--duration", "2500smp"]);
    assert_eq!(done.stats.frames, 2_500);
    assert!((0..2_500).all(|frame| heard[0][frame] == sample(frame % 1_000, 0)));
    assert!(heard[0][2_500..].iter().all(|&sample| sample == 0.0));
}
