//! Takes are bit-exact cuts of what came in, whatever the block.

mod common;

use std::path::{Path, PathBuf};

use common::{MAX_FRAMES, loaded, noise, render};
use patchline_graph::{Graph, Report, Severity};
use patchline_nodes::{FileSink, Input, PatchNode, Size, Split, Subtype, Surroundings, Time};
use patchline_wav::FileReader;

const RATE: u32 = 8_000;
const FRAMES: usize = 20_000;
const BLOCKS: [&[usize]; 4] = [&[1], &[7, 64], &[MAX_FRAMES], &[999]];

fn sink(split: Split, pre_roll: u64) -> FileSink {
    FileSink {
        split,
        pre_roll: Time::Frames(pre_roll),
        subtype: Subtype::Float,
        ..FileSink::new("{date}/take-{seq:04}.wav")
    }
}

/// A stereo signal and, as the third channel, when it is to be recorded.
fn signal(up: &[(usize, usize)]) -> Vec<Vec<f32>> {
    let mut record = vec![0.0; FRAMES];
    up.iter().for_each(|&(from, to)| record[from..to].fill(0.5));
    vec![noise(1, FRAMES, 0.9), noise(2, FRAMES, 0.9), record]
}

/// The node's last readings: written, lost, files, clipped and not finite.
type Counts = [f64; 5];

/// Records `input` in a fresh folder; gives back the files by name, the counts and the reports.
fn record(mut sink: FileSink, input: &[Vec<f32>], blocks: &[usize]) -> (tempfile::TempDir, Counts, Vec<Report>) {
    let folder = tempfile::tempdir().unwrap();
    let start = jiff::civil::date(2026, 1, 31).at(23, 59, 59, 0);
    sink.resolve(&Surroundings { start, ..Surroundings::new("rec", folder.path()) }).unwrap();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap();
    graph.link("in[0..2]", "rec").unwrap();
    if input.len() > 2 {
        graph.link("in[2]", "rec.record").unwrap();
    }
    let (mut engine, mut renderer) = loaded(RATE, input.len(), graph);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file before the first take");
    render(&engine, &mut renderer, input, input[0].len(), 0, blocks);
    let readings = engine.readings("rec").unwrap();
    engine.close(renderer);
    let counts = ["frames_written", "frames_lost", "files", "clipped", "non_finite"];
    let counts = counts.map(|name| readings.get(name, 0).unwrap());
    (folder, counts, std::iter::from_fn(|| engine.next_report()).collect())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files.extend(self::files(&entry)) } else { files.push(entry) }
    }
    files.sort();
    files
}

fn samples(path: &Path) -> Vec<f32> {
    let mut reader = FileReader::open(path).unwrap();
    let mut samples = vec![0.0; reader.info().frames.unwrap() as usize * usize::from(reader.info().channels)];
    reader.read_interleaved(&mut samples).unwrap();
    samples
}

fn cut(input: &[Vec<f32>], from: usize, to: usize) -> Vec<f32> {
    (from..to).flat_map(|frame| [input[0][frame], input[1][frame]]).collect()
}

/// Records and expects these cuts, in as many files, whatever the block.
#[track_caller]
fn check(sink: &FileSink, input: &[Vec<f32>], expected: &[Vec<(usize, usize)>]) {
    for blocks in BLOCKS {
        let (folder, counts, _) = record(sink.clone(), input, blocks);
        let files = files(folder.path());
        assert_eq!(files.len(), expected.len(), "{files:?}");
        let mut frames = 0;
        for (file, cuts) in files.iter().zip(expected) {
            let expected: Vec<f32> = cuts.iter().flat_map(|&(from, to)| cut(input, from, to)).collect();
            frames += expected.len() / 2;
            assert!(samples(file) == expected, "{} in blocks of {blocks:?}", file.display());
        }
        assert_eq!(counts, [frames as f64, 0.0, files.len() as f64, 0.0, 0.0]);
    }
}

#[test]
fn unlinked_it_records_everything() {
    let input = signal(&[]);
    check(&sink(Split::Never, 0), &input[..2], &[vec![(0, FRAMES)]]);
}

#[test]
fn each_trigger_makes_a_take_with_its_pre_roll() {
    // The first begins before there is a whole pre-roll, the third within the pre-roll of the second's end.
    let input = signal(&[(100, 1_000), (5_000, 6_000), (6_200, 6_201), (19_000, FRAMES)]);
    let takes = [vec![(0, 1_000)], vec![(4_500, 6_000)], vec![(5_700, 6_201)], vec![(18_500, FRAMES)]];
    check(&sink(Split::PerTrigger, 500), &input, &takes);
}

#[test]
fn one_file_holds_no_frame_twice() {
    let input = signal(&[(100, 1_000), (5_000, 6_000), (6_200, 6_300)]);
    check(&sink(Split::Never, 500), &input, &[vec![(0, 1_000), (4_500, 6_000), (6_000, 6_300)]]);
}

#[test]
fn files_are_as_long_as_they_are_told() {
    let input = signal(&[]);
    let files = [vec![(0, 8_000)], vec![(8_000, 16_000)], vec![(16_000, FRAMES)]];
    check(&sink(Split::Every(Time::Seconds(1.0)), 0), &input[..2], &files);
    let (folder, ..) = record(sink(Split::Size(Size(64_000)), 0), &input[..2], &[100]);
    let sizes: Vec<u64> = self::files(folder.path()).iter().map(|file| file.metadata().unwrap().len()).collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|&size| size <= 64_000) && sizes[0] > 64_000 - 16, "{sizes:?}");
}

#[test]
fn names_say_when_a_take_began() {
    // One second into the run the day changes.
    let input = signal(&[(100, 200), (300, 400), (9_000, 9_100)]);
    let (folder, _, reports) = record(sink(Split::PerTrigger, 0), &input, &[64]);
    let names: Vec<_> =
        files(folder.path()).iter().map(|f| f.strip_prefix(folder.path()).unwrap().to_owned()).collect();
    let expected = ["2026-01-31/take-0001.wav", "2026-01-31/take-0002.wav", "2026-02-01/take-0001.wav"];
    assert_eq!(names, expected.map(PathBuf::from));
    assert!(reports.iter().all(|report| report.severity == Severity::Info && report.node == "rec"));
    assert_eq!(reports.len(), 6, "each file is opened and closed: {reports:?}");
    assert!(reports[0].message.contains("from frame 100 on"), "{}", reports[0].message);
}

#[test]
fn what_is_clipped_is_counted() {
    let mut input = signal(&[]);
    input.pop();
    input[0][10] = 1.5;
    input[1][11] = -2.0;
    input[0][12] = f32::MAX;
    let loud = FileSink { subtype: Subtype::Pcm24, ..sink(Split::Never, 0) };
    let (folder, counts, _) = record(loud, &input, &[64]);
    assert_eq!(counts, [FRAMES as f64, 0.0, 1.0, 3.0, 0.0]);
    let full_scale = 8_388_607.0 / 8_388_608.0;
    let samples = samples(&files(folder.path())[0]);
    assert_eq!((samples[20], samples[23], samples[24]), (full_scale, -1.0, full_scale));
}

#[test]
fn an_existing_file_is_kept_and_the_loss_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("take.wav"), b"precious").unwrap();
    for (overwrite, written) in [(false, 0.0), (true, 1_000.0)] {
        let mut sink = FileSink { overwrite, ..FileSink::new("take.wav") };
        sink.resolve(&Surroundings::new("rec", folder.path())).unwrap();
        let mut graph = Graph::new();
        graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap().link("in", "rec").unwrap();
        let (mut engine, mut renderer) = loaded(RATE, 1, graph);
        render(&engine, &mut renderer, &[noise(1, 1_000, 0.5)], 1_000, 0, &[100]);
        let readings = engine.readings("rec").unwrap();
        engine.close(renderer);
        assert_eq!(readings.get("frames_written", 0), Some(written));
        assert_eq!(readings.get("frames_lost", 0), Some(1_000.0 - written));
        let report = engine.next_report().unwrap();
        assert_eq!(report.severity == Severity::Error, !overwrite, "{}", report.message);
        assert_eq!(std::fs::read(folder.path().join("take.wav")).unwrap() == b"precious", !overwrite);
    }
}

#[test]
fn two_recorders_never_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap();
    for name in ["a", "b"] {
        let mut sink = FileSink { overwrite: true, ..FileSink::new("same.wav") };
        sink.resolve(&Surroundings::new(name, folder.path())).unwrap();
        assert_eq!(sink.writes().len(), 1);
        graph.add(name, sink).unwrap().link("in", name).unwrap();
    }
    let (mut engine, mut renderer) = loaded(RATE, 1, graph);
    render(&engine, &mut renderer, &[noise(1, 4_000, 0.5)], 4_000, 0, &[100]);
    let readings = ["a", "b"].map(|name| engine.readings(name).unwrap());
    engine.close(renderer);
    let written = readings.map(|readings| readings.get("frames_written", 0).unwrap());
    // The other one may have begun only after the first had closed its file.
    assert!(written.contains(&4_000.0), "{written:?}");
    assert_eq!(samples(&folder.path().join("same.wav")).len(), 4_000);
}

#[test]
fn what_finds_no_room_is_counted_and_time_stays_true() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = FileSink { subtype: Subtype::Float, buffer: Time::ZERO, ..FileSink::new("take.wav") };
    sink.resolve(&Surroundings::new("rec", folder.path())).unwrap();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap().link("in", "rec").unwrap();
    let (mut engine, mut renderer) = loaded(RATE, 1, graph);
    let input = noise(3, 400_000, 0.9);
    // Nobody waits for the writer here: far faster than real time, with a ring of four blocks, it cannot keep up.
    for block in input.chunks(MAX_FRAMES) {
        renderer.render(block.len(), &[block], &mut []);
    }
    let readings = engine.readings("rec").unwrap();
    engine.close(renderer);
    let count = |name| readings.get(name, 0).unwrap();
    assert_eq!(count("frames_written") + count("frames_lost"), 400_000.0);
    assert!(count("frames_lost") > 0.0);
    let taken = samples(&folder.path().join("take.wav"));
    let kept = taken.iter().zip(&input).filter(|(taken, input)| taken == input).count();
    let silent = taken.iter().zip(&input).filter(|(taken, input)| taken != input && **taken == 0.0).count();
    assert_eq!(kept + silent, taken.len(), "what is there stands where it came in");
    assert!(kept as f64 >= count("frames_written"));
}
