//! A file is played as it is, whatever the block, looped without a gap, and converted when its rate differs.

mod common;

use std::path::Path;

use common::{MAX_FRAMES, assert_same_bits, loaded, noise, render};
use patchline_graph::{Graph, Severity};
use patchline_nodes::{FileSource, Output};
use patchline_wav::{FileWriter, Format, Options, RateConverter, Subtype};

const RATE: u32 = 8_000;

/// Writes a stereo file and gives back its channels.
fn file(path: &Path, rate: u32, frames: usize) -> Vec<Vec<f32>> {
    let channels = vec![noise(1, frames, 0.9), noise(2, frames, 0.9)];
    let mut writer =
        FileWriter::create(path, Options::new(Format { rate, channels: 2, subtype: Subtype::Float })).unwrap();
    writer.write_planar(&[&channels[0], &channels[1]]).unwrap();
    writer.finish().unwrap();
    channels
}

fn graph(source: FileSource) -> Graph {
    let mut graph = Graph::new();
    graph.add("play", source).unwrap().add("out", Output::default()).unwrap().link("play", "out").unwrap();
    graph
}

fn play(source: &FileSource, frames: usize, blocks: &[usize]) -> Vec<Vec<f32>> {
    let (mut engine, mut renderer) = loaded(RATE, 0, graph(source.clone()));
    let out = render(&engine, &mut renderer, &[], frames, 2, blocks);
    assert_eq!(engine.readings("play").unwrap().get("frames_missing", 0), Some(0.0));
    engine.close(renderer);
    out
}

/// Plays `expected`, then silence, whatever the block.
#[track_caller]
fn check(source: &FileSource, mut expected: Vec<Vec<f32>>, frames: usize) {
    expected.iter_mut().for_each(|channel| channel.resize(frames, 0.0));
    for blocks in [&[1][..], &[7, 64], &[MAX_FRAMES], &[9_999]] {
        assert_same_bits(&play(source, frames, blocks), &expected, &format!("in blocks of {blocks:?}"));
    }
}

#[test]
fn a_file_is_played_and_then_silent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    // Longer than what is read ahead.
    let channels = file(&path, RATE, 50_000);
    check(&FileSource::open(&path).unwrap(), channels, 60_000);
}

#[test]
fn a_loop_has_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let channels = file(&path, RATE, 777);
    let expected = channels.iter().map(|channel| channel.iter().copied().cycle().take(40_000).collect()).collect();
    check(&FileSource { looped: true, ..FileSource::open(&path).unwrap() }, expected, 40_000);
}

#[test]
fn another_rate_is_converted_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let channels = file(&path, 11_025, 30_000);
    let mut converter = RateConverter::new(11_025, RATE, 2).unwrap();
    let interleaved: Vec<f32> = (0..30_000).flat_map(|frame| [channels[0][frame], channels[1][frame]]).collect();
    let mut converted = Vec::new();
    converter.push(&interleaved, &mut converted);
    converter.finish(&mut converted);
    assert_eq!(converted.len() / 2, 21_769, "round(30000 · 8000/11025)");
    let expected = (0..2).map(|channel| converted.iter().copied().skip(channel).step_by(2).collect()).collect();
    let source = FileSource::open(&path).unwrap();
    check(&source, expected, 25_000);

    let (mut engine, renderer) = loaded(RATE, 0, graph(source));
    let report = engine.next_report().unwrap();
    assert!(report.severity == Severity::Info && report.message.contains("from 11025 Hz to 8000 Hz"), "{report:?}");
    engine.close(renderer);
}

#[test]
fn a_rewind_plays_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let channels = file(&path, RATE, 50_000);
    let (mut engine, mut renderer) = loaded(RATE, 0, graph(FileSource::open(&path).unwrap()));
    for played in [100, 30_000, 1, 60_000] {
        let expected: Vec<Vec<f32>> = channels
            .iter()
            .map(|channel| channel.iter().copied().chain(std::iter::repeat(0.0)).take(played).collect())
            .collect();
        assert_same_bits(&render(&engine, &mut renderer, &[], played, 2, &[100]), &expected, "after a rewind");
        renderer.reset();
    }
    assert_eq!(engine.readings("play").unwrap().get("frames_missing", 0), Some(0.0));
    engine.close(renderer);
}

#[test]
fn what_is_missing_is_silence_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let channels = file(&path, RATE, 400_000);
    let (mut engine, mut renderer) = loaded(RATE, 0, graph(FileSource::open(&path).unwrap()));
    let mut out = vec![vec![0.0_f32; 400_000]; 2];
    // Nobody waits for the reader here.
    for block in (0..400_000).step_by(MAX_FRAMES) {
        let end = 400_000.min(block + MAX_FRAMES);
        let mut output: Vec<&mut [f32]> = out.iter_mut().map(|channel| &mut channel[block..end]).collect();
        renderer.render(end - block, &[], &mut output);
    }
    let readings = engine.readings("play").unwrap();
    engine.close(renderer);
    let count = |name| readings.get(name, 0).unwrap() as usize;
    assert_eq!(count("frames_played") + count("frames_missing"), 400_000);
    assert!(count("frames_missing") > 0);
    let heard: Vec<f32> = out[0].iter().copied().filter(|&x| x != 0.0).collect();
    let expected: Vec<f32> = channels[0][..count("frames_played")].iter().copied().filter(|&x| x != 0.0).collect();
    assert!(heard == expected, "nothing of the file is skipped");
}
