//! What recordings survive: kills, frozen and full disks, limits, sizes past 4 GiB in many channels.
//!
//! Every frame is known (`code`), so every frame is checked. By default a slice of a few seconds; `PATCHLINE_FULL=1`
//! for the full numbers:
//!
//! ```text
//! PATCHLINE_FULL=1 cargo test --release -p patchline-nodes --test faults -- --nocapture --test-threads 1
//! ```
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "gives helper threads time")]

#[path = "../common/mod.rs"]
mod common;

mod child;
mod frozen;
mod full;
mod kill;
mod many;
mod mounts;
mod readers;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{MAX_FRAMES, loaded};
use patchline_graph::{Engine, Graph, Renderer, Report};
use patchline_nodes::{FileSink, Gap, Input, PatchNode, Surroundings, gap_lists};

const RATE: u32 = 48_000;

/// Whether the full numbers are asked for.
fn full() -> bool {
    std::env::var_os("PATCHLINE_FULL").is_some_and(|value| value == "1")
}

/// The sample of a channel in a frame of the run: 24 significant bits that hardly any other frame has, never silence.
fn code(frame: u64, channel: usize) -> f32 {
    let mixed = (frame * 64 + channel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (((mixed >> 41) | 1) as i32 - (1 << 22)) as f32 / (1 << 23) as f32
}

/// A recorder of known frames.
struct Rig {
    engine: Engine,
    renderer: Renderer,
    channels: usize,
    at: u64,
    block: Vec<Vec<f32>>,
}

/// What a recorder came to.
struct Books {
    written: u64,
    lost: u64,
    reports: Vec<Report>,
}

impl Rig {
    fn new(mut sink: FileSink, folder: &Path, channels: usize) -> Self {
        let start = jiff::civil::date(2026, 1, 31).at(12, 0, 0, 0);
        sink.resolve(&Surroundings { start, ..Surroundings::new("rec", folder) }).unwrap();
        let mut graph = Graph::new();
        graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap().link("in", "rec").unwrap();
        let (engine, renderer) = loaded(RATE, channels, graph);
        Self { engine, renderer, channels, at: 0, block: vec![vec![0.0; MAX_FRAMES]; channels] }
    }

    /// Renders one block of at most [`MAX_FRAMES`].
    fn block(&mut self, frames: usize) {
        for (channel, samples) in self.block.iter_mut().enumerate() {
            samples[..frames].iter_mut().zip(self.at..).for_each(|(sample, frame)| *sample = code(frame, channel));
        }
        let inputs: Vec<&[f32]> = self.block.iter().map(|samples| &samples[..frames]).collect();
        self.renderer.render(frames, &inputs, &mut []);
        self.at += frames as u64;
    }

    /// Renders as fast as the recorder takes it: nothing finds no room.
    fn render(&mut self, frames: u64) {
        let end = self.at + frames;
        while self.at < end {
            let frames = (end - self.at).min(MAX_FRAMES as u64) as usize;
            self.engine.wait_ready(frames);
            self.block(frames);
        }
    }

    /// Plays in real time until `done` says so, which is asked before each block.
    fn play(&mut self, mut done: impl FnMut(u64) -> bool) {
        let (start, first) = (Instant::now(), self.at);
        while !done(self.at) {
            let due = first + (start.elapsed().as_secs_f64() * f64::from(RATE)) as u64;
            if self.at + MAX_FRAMES as u64 > due {
                std::thread::sleep(Duration::from_millis(2));
            } else {
                self.block(MAX_FRAMES);
            }
        }
    }

    fn close(mut self) -> Books {
        let readings = self.engine.readings("rec").unwrap();
        self.engine.close(self.renderer);
        let count = |name| readings.get(name, 0).unwrap() as u64;
        let reports = std::iter::from_fn(|| self.engine.next_report()).collect();
        let books = Books { written: count("frames_written"), lost: count("frames_lost"), reports };
        assert_eq!(books.written + books.lost, self.at, "the books balance; {} channels", self.channels);
        books
    }
}

/// The WAV files of a folder, by name.
fn wavs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "wav")).collect();
    files.sort();
    files
}

fn gaps(path: &Path) -> Vec<Gap> {
    gap_lists(path).unwrap().iter().flat_map(|list| list.gaps().copied()).collect()
}
