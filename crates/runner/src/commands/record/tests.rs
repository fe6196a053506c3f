use clap::Parser;
use patchline_io::sim::{Blocks, Incident, Sim, SimConfig, Trouble};

use super::*;
use crate::cli::{Cli, Command};
use crate::hosts::SIM;
use crate::load::shown;

fn args(folder: &Path, rest: &[&str]) -> RecordArgs {
    let file = shown(&folder.join("take.wav"));
    let line = ["runner", "record", "-o", &file].into_iter().chain(rest.iter().copied());
    match Cli::try_parse_from(line).unwrap().command {
        Command::Record(args) => args,
        other => panic!("{other:?}"),
    }
}

/// Hardly two samples are alike, and none needs rounding.
fn sample(frame: u64, channel: usize) -> f32 {
    ((frame as usize * 31 + channel * 1009) % 8191) as f32 / 8192.0 - 0.5
}

/// A device of odd blocks that delivers [`sample`]s.
fn device(inputs: usize) -> Opened<Player> {
    let config = SimConfig {
        seed: 5,
        inputs,
        outputs: 0,
        blocks: Blocks::Random { shortest: 1, longest: 700 },
        max_frames: 700,
        ..SimConfig::default()
    };
    Opened { device: Box::new(Sim::open(config).unwrap().with_input(sample)), host: SIM }
}

#[test]
fn what_the_device_delivers_is_in_the_file_to_the_frame() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(folder.path(), &["--duration", "12345smp", "--subtype", "FLOAT"]);
    let done = record(device(3), &args).unwrap();
    assert_eq!((done.failure(), done.stats.frames), (None, 12_345));
    let mut reader = patchline_wav::FileReader::open(folder.path().join("take.wav")).unwrap();
    assert_eq!((reader.info().frames, reader.info().channels), (Some(12_345), 3));
    let mut samples = vec![0.0; 12_345 * 3];
    assert_eq!(reader.read_interleaved(&mut samples).unwrap(), 12_345);
    let expected: Vec<f32> = (0..12_345).flat_map(|frame| (0..3).map(move |channel| sample(frame, channel))).collect();
    assert!(samples == expected, "every sample is the device's");
}

#[test]
fn a_report_says_what_was_recorded_from_where() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(folder.path(), &["--duration", "1s"]);
    let done = record(device(2), &args).unwrap();
    let text = anstream::adapter::strip_str(&text(&done, &args, 2)).to_string();
    let first = text.lines().next().unwrap();
    assert!(first.ends_with("take.wav: 0:01.000 at 48000 Hz, 48000 frames, 2 channels, PCM_24"), "{text}");
    assert!(text.contains("on sim (seed 5), 123 blocks of 1 to 700 frames, 0 xruns (0 frames lost)"), "{text}");
    let data = data(&done, &args, 2);
    assert_eq!((&data["frames"], &data["channels"], &data["exit"]), (&48_000.into(), &2.into(), &0.into()));
    assert_eq!(data["readings"]["file"]["frames_written"], 48_000.0);
    assert_eq!(data["scheduling"], Value::Null);
}

/// A device to which this happens after half a second.
fn troubled(trouble: Trouble) -> Opened<Player> {
    let config = SimConfig { inputs: 1, script: vec![Incident { at: 24_000, trouble }], ..SimConfig::default() };
    Opened { device: Box::new(Sim::open(config).unwrap().with_input(sample)), host: SIM }
}

#[test]
fn a_recording_goes_on_when_its_device_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(folder.path(), &["--duration", "1s"]);
    let done = record(troubled(Trouble::Unplug { away: Some(480_000) }), &args).unwrap();
    assert_eq!((done.failure(), done.stats.frames, done.device.losses), (None, 48_000, 1));
    assert!(done.text().contains("the device was gone 1 time"), "{}", done.text());
    let reader = patchline_wav::FileReader::open(folder.path().join("take.wav")).unwrap();
    assert_eq!(reader.info().frames, Some(48_000));
}

#[test]
fn another_rate_ends_a_recording_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(folder.path(), &["--duration", "5s"]);
    let done = record(troubled(Trouble::Rate(44_100)), &args).unwrap();
    let failure = done.failure().unwrap();
    assert_eq!(failure.exit, Exit::Device);
    assert_eq!(failure.message, "the device runs at 44100 Hz now instead of 48000 Hz: start again");
    let reader = patchline_wav::FileReader::open(folder.path().join("take.wav")).unwrap();
    // It changes at the end of the block that frame 24000 is in.
    assert_eq!((reader.info().frames, reader.info().rate), (Some(24_064), 48_000));
    assert!(done.length().ends_with("at 48000 Hz, 24064 frames"), "{}", done.length());
    // What it reports is its own device, not the one that came after it.
    assert!(done.text().contains("94 blocks of 256 frames (5.33 ms)"), "{}", done.text());
    let data = done.data();
    assert_eq!((&data["error"]["code"], &data["exit"]), (&"device".into(), &4.into()));
    assert_eq!(data["latency"]["total_ms"], 256.0 / 48.0);
}
