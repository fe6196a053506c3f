use clap::Parser;
use patchline_io::sim::{Blocks, Sim, SimConfig};

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
fn device(inputs: usize) -> Opened<Limited> {
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
    assert_eq!((done.exit(), done.stats.frames), (Exit::Ok, 12_345));
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
    assert!(text.contains("on sim (seed 5) (sim), blocks of 700 frames (14.58 ms), 0 xruns (0 frames lost)"), "{text}");
    let data = data(&done, &args, 2);
    assert_eq!((&data["frames"], &data["channels"], &data["exit"]), (&48_000.into(), &2.into(), &0.into()));
    assert_eq!(data["readings"]["file"]["frames_written"], 48_000.0);
    assert_eq!(data["scheduling"], Value::Null);
}

#[test]
fn a_device_that_goes_ends_a_recording_that_is_kept() {
    use patchline_io::sim::{Incident, Trouble};
    let folder = tempfile::tempdir().unwrap();
    let gone = Incident { at: 24_000, trouble: Trouble::Unplug { away: Some(480_000) } };
    let config = SimConfig { inputs: 1, script: vec![gone], ..SimConfig::default() };
    let opened = Opened { device: Box::new(Sim::open(config).unwrap().with_input(sample)) as _, host: SIM };
    let args = args(folder.path(), &["--duration", "5s"]);
    let done = record(opened, &args).unwrap();
    assert_eq!(done.exit(), Exit::Device);
    let reader = patchline_wav::FileReader::open(folder.path().join("take.wav")).unwrap();
    let frames = reader.info().frames.unwrap();
    // It goes at the end of the block that frame 24000 is in.
    assert_eq!((frames, done.stats.frames), (24_064, 24_064));
}
