//! Recorders and players in trouble: full rings, vanishing files, links in the way, odd folders.

#![allow(clippy::disallowed_methods, reason = "gives helper threads time")]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{MAX_FRAMES, assert_same_bits, loaded, noise, render};
use patchline_graph::{Channels, Graph, Node, PrepareSpec, Report, Severity};
use patchline_nodes::{FileSink, FileSource, Input, Output, PatchNode, Size, Split, Subtype, Surroundings, Time};
use patchline_wav::{FileReader, FileWriter, Format, Options};

const RATE: u32 = 8_000;

fn resolved(mut sink: FileSink, folder: &Path) -> FileSink {
    let start = jiff::civil::date(2026, 1, 31).at(12, 0, 0, 0);
    sink.resolve(&Surroundings { start, ..Surroundings::new("rec", folder) }).unwrap();
    sink
}

/// `in -> rec`; with `record`, the last channel says when.
fn recorder(sink: FileSink, channels: usize, record: bool) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap();
    graph.link(&format!("in[0..{channels}]"), "rec").unwrap();
    if record {
        graph.link(&format!("in[{channels}]"), "rec.record").unwrap();
    }
    graph
}

/// Records all of `input` offline; gives back frames written, frames lost, files, and what was reported.
fn record(sink: FileSink, input: &[Vec<f32>], record: bool, blocks: &[usize]) -> ([f64; 3], Vec<Report>) {
    let channels = input.len() - usize::from(record);
    let (mut engine, mut renderer) = loaded(RATE, input.len(), recorder(sink, channels, record));
    render(&engine, &mut renderer, input, input[0].len(), 0, blocks);
    let readings = engine.readings("rec").unwrap();
    engine.close(renderer);
    let counts = ["frames_written", "frames_lost", "files"].map(|name| readings.get(name, 0).unwrap());
    (counts, std::iter::from_fn(|| engine.next_report()).collect())
}

fn samples(path: &Path) -> Vec<f32> {
    let mut reader = FileReader::open(path).unwrap();
    let mut samples = vec![0.0; reader.info().frames.unwrap() as usize * usize::from(reader.info().channels)];
    reader.read_interleaved(&mut samples).unwrap();
    samples
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

#[test]
fn a_recorder_goes_on_after_a_thousand_blocks_without_room() {
    let folder = tempfile::tempdir().unwrap();
    let sink = FileSink { subtype: Subtype::Float, buffer: Time::ZERO, ..FileSink::new("take.wav") };
    let (mut engine, mut renderer) = loaded(RATE, 1, recorder(resolved(sink, folder.path()), 1, false));
    let input = noise(3, 101_000, 0.9);
    // Nobody waits: the ring is full within a moment, and thousands of blocks in a row find no room.
    for frame in 0..100_000 {
        renderer.render(1, &[&input[frame..=frame]], &mut []);
    }
    std::thread::sleep(Duration::from_millis(50));
    for block in input[100_000..].chunks(100) {
        engine.wait_ready(block.len());
        renderer.render(block.len(), &[block], &mut []);
    }
    let readings = engine.readings("rec").unwrap();
    engine.close(renderer);
    let count = |name| readings.get(name, 0).unwrap();
    assert_eq!(count("frames_written") + count("frames_lost"), 101_000.0);
    let taken = samples(&folder.path().join("take.wav"));
    assert_eq!(taken.len(), input.len(), "silence keeps the place of what is missing");
    assert!(taken[100_000..] == input[100_000..], "what had room again is there");
}

#[test]
fn a_trigger_in_every_other_frame_is_a_take_each_with_its_pre_roll() {
    let record_at: Vec<f32> = (0..600).map(|frame| (frame % 2) as f32).collect();
    let input = [noise(1, 600, 0.9), record_at];
    for (blocks, pre_roll) in [([1], 3), ([7], 3), ([600], 1_000_000)] {
        let folder = tempfile::tempdir().unwrap();
        let sink = FileSink {
            subtype: Subtype::Float,
            split: Split::PerTrigger,
            pre_roll: Time::Frames(pre_roll),
            sync: Time::ZERO,
            buffer: Time::ZERO,
            ..FileSink::new("{seq:04}.wav")
        };
        let (counts, _) = record(resolved(sink, folder.path()), &input, true, &blocks);
        let files = names(folder.path());
        let takes = (1..600).step_by(2).map(|at: usize| at.saturating_sub(pre_roll as usize)..at + 1);
        let mut frames = 0;
        for (file, take) in files.iter().zip(takes) {
            frames += take.len();
            assert!(samples(file) == input[0][take.clone()], "{} is {take:?}", file.display());
        }
        assert_eq!((counts, files.len()), ([frames as f64, 0.0, 300.0], 300));
    }
}

#[test]
fn a_folder_with_braces_is_a_folder_like_any_other() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("of {date} {me}");
    std::fs::create_dir(&folder).unwrap();
    let sink = resolved(FileSink::new("takes/{date}-{seq}.wav"), &folder);
    let (counts, reports) = record(sink, &[noise(1, 100, 0.5)], false, &[64]);
    assert_eq!(counts, [100.0, 0.0, 1.0], "{reports:?}");
    assert!(folder.join("takes/2026-01-31-1.wav").exists());
    assert_eq!(names(root.path()), [folder]);
}

#[cfg(unix)]
#[test]
fn a_link_with_the_name_of_a_take_s_folder_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let [patch, other] = ["patch", "other"].map(|name| root.path().join(name));
    std::fs::create_dir_all(patch.join("takes")).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::os::unix::fs::symlink(&other, patch.join("takes/2026-01-31")).unwrap();
    let sink = resolved(FileSink::new("takes/{date}/more/{seq}.wav"), &patch);
    let (counts, reports) = record(sink, &[noise(1, 100, 0.5)], false, &[64]);
    assert_eq!(counts, [0.0, 100.0, 0.0]);
    assert!(reports[0].severity == Severity::Error && reports[0].message.contains("symbolic link"), "{reports:?}");
    assert_eq!(names(&other).len(), 0);
}

#[test]
fn what_cannot_be_opened_is_counted_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("2026-01-31.wav")).unwrap();
    std::fs::write(folder.path().join("2026-01-31"), b"a file where a folder is needed").unwrap();
    for path in ["{date}.wav", "{date}/x.wav", "{date}/{seq}.wav"] {
        let sink = resolved(FileSink { overwrite: true, ..FileSink::new(path) }, folder.path());
        let (counts, reports) = record(sink, &[noise(1, 10_000, 0.5)], false, &[64]);
        assert_eq!(counts, [0.0, 10_000.0, 0.0], "{path}");
        assert!(reports.len() == 1 && reports[0].severity == Severity::Error, "{path}: {reports:?}");
    }
}

#[test]
fn many_channels_stay_below_the_size_that_a_file_may_have() {
    for (channels, subtype) in [(1, Subtype::Pcm24), (3, Subtype::Pcm24), (3, Subtype::Float)] {
        let folder = tempfile::tempdir().unwrap();
        let split = Split::Size(Size(810));
        let sink = resolved(FileSink { split, subtype, ..FileSink::new("{seq}.wav") }, folder.path());
        let input: Vec<_> = (0..channels).map(|seed| noise(seed, 100, 0.5)).collect();
        let (counts, _) = record(sink, &input, false, &[64]);
        assert_eq!(counts[..2], [100.0, 0.0]);
        for file in names(folder.path()) {
            let bytes = file.metadata().unwrap().len();
            assert!(bytes <= 810, "{}: {bytes} bytes with {channels} channels", file.display());
        }
    }
}

#[test]
fn files_without_a_frame_are_refused() {
    let spec = PrepareSpec { rate: RATE, inputs: vec![1, 0], ..PrepareSpec::default() };
    for split in [Split::Every(Time::ZERO), Split::Every(Time::Seconds(1e-9)), Split::Size(Size(82))] {
        let refused = FileSink { split, ..FileSink::new("{seq}.wav") }.check(&spec).unwrap_err();
        assert_eq!(refused.parameter.as_deref(), Some("split"));
    }
    assert!(FileSink::new("a.wav").ports().inputs[0].channels == Channels::Follow);
}

// Players.

fn file(path: &Path, frames: usize) -> Vec<f32> {
    let samples = noise(5, frames, 0.9);
    let format = Format { rate: RATE, channels: 1, subtype: patchline_wav::Subtype::Float };
    let mut writer = FileWriter::create(path, Options::new(format)).unwrap();
    writer.write_interleaved(&samples).unwrap();
    writer.finish().unwrap();
    samples
}

fn player(path: &Path, looped: bool) -> Graph {
    let source = FileSource { looped, ..FileSource::open(path).unwrap() };
    let mut graph = Graph::new();
    graph.add("play", source).unwrap().add("out", Output::default()).unwrap().link("play", "out").unwrap();
    graph
}

#[test]
fn a_loop_whose_file_is_emptied_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let samples = file(&path, 50_000);
    let (mut engine, mut renderer) = loaded(RATE, 0, player(&path, true));
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(80).unwrap();
    let out = render(&engine, &mut renderer, &[], 120_000, 1, &[MAX_FRAMES]);
    engine.close(renderer);
    let heard = out[0].iter().zip(&samples).take_while(|(out, sample)| out == sample).count();
    assert!(heard >= 2 * RATE as usize, "what was read ahead is played: {heard}");
    assert!(out[0][heard..].iter().all(|&sample| sample == 0.0));
    let said = std::iter::from_fn(|| engine.next_report()).any(|report| report.severity == Severity::Error);
    assert!(said, "an error says why it is silent");
}

#[test]
fn short_loops_repeat_exactly_and_empty_ones_are_silent() {
    for frames in [0, 1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples = file(&path, frames);
        let expected: Vec<f32> = match frames {
            0 => vec![0.0; 5_000],
            _ => samples.iter().copied().cycle().take(5_000).collect(),
        };
        let (mut engine, mut renderer) = loaded(RATE, 0, player(&path, true));
        let out = render(&engine, &mut renderer, &[], 5_000, 1, &[100]);
        engine.close(renderer);
        assert_same_bits(&out, &[expected], &format!("{frames} frames"));
    }
}

#[test]
fn a_hundred_rewinds_in_a_row_play_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let samples = file(&path, 50_000);
    let (mut engine, mut renderer) = loaded(RATE, 0, player(&path, false));
    render(&engine, &mut renderer, &[], 100, 1, &[100]);
    for _ in 0..100 {
        renderer.reset();
        // Time enough for the reader to see each of them.
        std::thread::sleep(Duration::from_millis(8));
    }
    let out = render(&engine, &mut renderer, &[], 50_000, 1, &[100]);
    engine.close(renderer);
    assert_same_bits(&out, &[samples], "after the rewinds");
}
