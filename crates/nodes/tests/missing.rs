//! What is missing from a recording is listed beside it, and silence keeps its place.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "gives helper threads time")]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{MAX_FRAMES, loaded, noise};
use patchline_graph::{Engine, Graph, Renderer, Report, Severity};
use patchline_nodes::{
    Cause, FileSink, Gap, GapLine, Input, PatchNode, Size, Split, Subtype, Surroundings, Time, gap_lists,
};
use patchline_wav::FileReader;

const RATE: u32 = 8_000;

/// `in -> rec`, mono, in a folder of its own, with a start that is known.
struct Rig {
    folder: tempfile::TempDir,
    engine: Engine,
    renderer: Renderer,
    at: usize,
}

/// What is left at the end.
struct Left {
    folder: tempfile::TempDir,
    written: u64,
    lost: u64,
    reports: Vec<Report>,
}

fn sink(path: &str) -> FileSink {
    FileSink { subtype: Subtype::Float, buffer: Time::ZERO, ..FileSink::new(path) }
}

fn graph(mut sink: FileSink, folder: &Path) -> Graph {
    let start = jiff::civil::date(2026, 1, 31).at(12, 0, 0, 0);
    sink.resolve(&Surroundings { start, ..Surroundings::new("rec", folder) }).unwrap();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap().link("in", "rec").unwrap();
    graph
}

impl Rig {
    fn new(sink: FileSink) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (engine, renderer) = loaded(RATE, 1, graph(sink, folder.path()));
        Self { folder, engine, renderer, at: 0 }
    }

    /// Renders up to frame `end`; with `patient`, nothing is lost.
    fn render(&mut self, input: &[f32], end: usize, patient: bool) {
        while self.at < end {
            let block = &input[self.at..end.min(self.at + MAX_FRAMES)];
            if patient {
                self.engine.wait_ready(block.len());
            }
            self.renderer.render(block.len(), &[block], &mut []);
            self.at += block.len();
        }
    }

    fn close(mut self) -> Left {
        let readings = self.engine.readings("rec").unwrap();
        self.engine.close(self.renderer);
        let count = |name| readings.get(name, 0).unwrap() as u64;
        let reports = std::iter::from_fn(|| self.engine.next_report()).collect();
        Left { folder: self.folder, written: count("frames_written"), lost: count("frames_lost"), reports }
    }
}

fn wavs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "wav")).collect();
    files.sort();
    files
}

fn samples(path: &Path) -> Vec<f32> {
    let mut reader = FileReader::open(path).unwrap();
    let mut samples = vec![0.0; reader.info().frames.unwrap() as usize];
    reader.read_interleaved(&mut samples).unwrap();
    samples
}

fn gaps(path: &Path) -> Vec<Gap> {
    gap_lists(path).unwrap().iter().flat_map(|list| list.gaps().copied()).collect()
}

/// Insists that `found` is `input` with silence where the gaps say.
fn check_gaps(found: &[f32], input: &[f32], gaps: &[Gap]) {
    let mut expected = input[..found.len()].to_vec();
    for gap in gaps {
        let at = gap.file_frame as usize;
        expected[at..at + gap.silence as usize].fill(0.0);
        assert_eq!(gap.seconds, gap.frames as f64 / f64::from(RATE));
    }
    assert!(found == expected, "only what is listed is missing");
}

/// Waits until the recorder has begun a file.
fn wait_for(file: &Path) {
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while !file.exists() {
        std::thread::sleep(Duration::from_millis(5));
        assert!(std::time::Instant::now() < end, "{} does not come", file.display());
    }
}

#[test]
fn each_gap_is_listed_where_it_is() {
    let mut rig = Rig::new(sink("take-{seq}.wav"));
    let input = noise(3, 300_000, 0.9);
    rig.render(&input, 1_000, true);
    for end in [100_000, 200_000, 300_000] {
        rig.render(&input, end - 1_000, false);
        std::thread::sleep(Duration::from_millis(30));
        rig.render(&input, end, true);
    }
    let left = rig.close();
    let path = left.folder.path().join("take-1.wav");
    let lists = gap_lists(&path).unwrap();
    assert_eq!(lists.len(), 1, "{:?}", left.reports);
    let head = GapLine::Recording {
        file: "take-1.wav".to_owned(),
        node: "rec".to_owned(),
        sample_rate: RATE,
        channels: 1,
        stream_frame: 0,
        start: "2026-01-31T12:00:00".to_owned(),
    };
    assert_eq!(lists[0].lines[0], head);
    let gaps = gaps(&path);
    assert!(!gaps.is_empty());
    assert!(gaps.iter().all(|gap| gap.cause == Cause::BufferFull && gap.stream_frame == gap.file_frame));
    assert_eq!(gaps.iter().map(|gap| gap.frames).sum::<u64>(), left.lost);
    assert_eq!(left.written + left.lost, 300_000);
    let found = samples(&path);
    assert_eq!(found.len(), 300_000);
    check_gaps(&found, &input, &gaps);
    let last = left.reports.last().unwrap();
    assert_eq!(last.severity, Severity::Warning);
    assert!(last.message.contains(&format!("listed in {}.gaps.jsonl", path.display())), "{}", last.message);
    assert_eq!(last.written.as_ref().unwrap().missing.as_ref(), Some(&lists[0].path));
}

#[test]
fn silence_splits_files_as_sound_does() {
    for split in [Split::Every(Time::Frames(10_000)), Split::Size(Size(691 + 40_000))] {
        let mut rig = Rig::new(FileSink { split, ..sink("{seq:03}.wav") });
        let input = noise(4, 200_000, 0.9);
        rig.render(&input, 199_000, false);
        std::thread::sleep(Duration::from_millis(30));
        rig.render(&input, 200_000, true);
        let left = rig.close();
        let files = wavs(left.folder.path());
        assert_eq!(files.len(), 20);
        for (index, file) in files.iter().enumerate() {
            let (found, gaps) = (samples(file), gaps(file));
            assert_eq!(found.len(), 10_000, "{}", file.display());
            check_gaps(&found, &input[index * 10_000..], &gaps);
            assert!(gaps.iter().all(|gap| gap.stream_frame == gap.file_frame + index as u64 * 10_000));
        }
        let listed: u64 = files.iter().flat_map(|file| gaps(file)).map(|gap| gap.frames).sum();
        assert!(left.lost > 0);
        assert_eq!((listed, left.written + left.lost), (left.lost, 200_000));
    }
}

#[test]
fn nothing_missing_makes_no_list() {
    let mut rig = Rig::new(sink("take-{seq}.wav"));
    let input = noise(5, 50_000, 0.9);
    rig.render(&input, 50_000, true);
    let left = rig.close();
    assert_eq!(std::fs::read_dir(left.folder.path()).unwrap().count(), 1);
    assert_eq!((left.written, left.lost), (50_000, 0));
}

#[test]
fn somebody_else_s_list_is_never_replaced() {
    let input = noise(6, 200_000, 0.9);
    let lossy = |path: &str, overwrite: bool, foreign: &str| {
        let mut rig = Rig::new(FileSink { overwrite, ..sink(path) });
        std::fs::write(rig.folder.path().join(foreign), "precious").unwrap();
        rig.render(&input, 199_000, false);
        std::thread::sleep(Duration::from_millis(30));
        rig.render(&input, 200_000, true);
        let left = rig.close();
        assert!(left.lost > 0);
        assert_eq!(std::fs::read(left.folder.path().join(foreign)).unwrap(), b"precious");
        left
    };
    // A number whose list's name is taken is taken.
    let left = lossy("{seq}.wav", false, "1.wav.gaps.jsonl");
    assert_eq!(wavs(left.folder.path()), [left.folder.path().join("2.wav")]);
    for overwrite in [false, true] {
        let left = lossy("a.wav", overwrite, "a.wav.gaps.jsonl");
        let path = left.folder.path().join("a.wav");
        assert_eq!(gap_lists(&path).unwrap()[0].path, left.folder.path().join("a.wav.2.gaps.jsonl"));
    }
}

#[test]
fn a_recording_that_replaces_one_forgets_its_list() {
    let mut rig = Rig::new(FileSink { overwrite: true, ..sink("a.wav") });
    let path = rig.folder.path().join("a.wav");
    let list = rig.folder.path().join("a.wav.gaps.jsonl");
    let head = r#"{"kind":"recording","file":"a.wav","node":"rec","sample_rate":8000,"channels":1,"stream_frame":0,"start":""}"#;
    std::fs::write(&list, head).unwrap();
    rig.render(&noise(7, 1_000, 0.9), 1_000, true);
    let left = rig.close();
    assert!(!list.exists());
    assert_eq!((samples(&path).len(), left.lost), (1_000, 0));
}

#[test]
fn a_removed_file_is_told_and_the_rest_is_recorded() {
    let mut rig = Rig::new(sink("takes/{seq}.wav"));
    let input = noise(8, 3_000, 0.9);
    rig.render(&input, 1_000, true);
    let folder = rig.folder.path().join("takes");
    let end = std::time::Instant::now() + Duration::from_secs(60);
    wait_for(&folder.join("1.wav"));
    std::fs::remove_dir_all(&folder).unwrap();
    // Somebody looks once a second; told is told.
    let mut said = Vec::new();
    while !said.iter().any(|report: &Report| report.message.contains("was removed while it was recorded")) {
        std::thread::sleep(Duration::from_millis(20));
        said.extend(std::iter::from_fn(|| rig.engine.next_report()));
        assert!(std::time::Instant::now() < end, "{said:?}");
    }
    rig.render(&input, 3_000, true);
    let left = rig.close();
    assert_eq!((left.written, left.lost), (2_000, 1_000));
    let files = wavs(&folder.parent().unwrap().join("takes"));
    assert!(files.len() == 1 && samples(&files[0]) == input[1_000..], "{files:?}");
}

#[test]
fn a_recorder_that_replaces_another_on_the_same_file_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let sink = |subtype| FileSink { subtype, overwrite: true, buffer: Time::Seconds(5.0), ..sink("same.wav") };
    let (engine, renderer) = loaded(RATE, 1, graph(sink(Subtype::Float), folder.path()));
    let mut rig = Rig { folder, engine, renderer, at: 0 };
    let input = noise(9, 4_000, 0.9);
    rig.render(&input, 2_000, true);
    wait_for(&rig.folder.path().join("same.wav"));
    rig.engine.load(graph(sink(Subtype::Pcm24), rig.folder.path())).unwrap();
    rig.render(&input, 2_256, true);
    // The old recorder ends when what it belonged to is freed.
    rig.engine.collect();
    rig.render(&input, 4_000, true);
    let left = rig.close();
    assert_eq!((left.written, left.lost), (2_000, 0), "{:?}", left.reports);
    let reader = FileReader::open(left.folder.path().join("same.wav")).unwrap();
    assert_eq!(reader.info().encoding, patchline_wav::Encoding::Pcm24);
}
