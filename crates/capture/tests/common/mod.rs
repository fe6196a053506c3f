//! A run with everything that there is, captured.
#![allow(dead_code, reason = "each test uses a part")]

use std::fs::OpenOptions;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use patchline_capture::{Capture, Config, Recording, Replay, ReplayError, Source, Stretch, Tapped, Verdict};
use patchline_graph::{Engine, Graph, StreamSpec, engine};
use patchline_guard::Guard;
use patchline_io::{Backend, Block, Callback};
use patchline_nodes::{Delay, Gain, Level, Oscillator, Time};
use patchline_patch::{Options, Registry};

/// Reloads, as many for a frame to come, changes of fades, and changes of parameters.
pub(crate) const LOADS: usize = 3;
pub(crate) const TIMED: usize = 3;
pub(crate) const FADES: usize = 2;
pub(crate) const DIPS: usize = 2;
pub(crate) const SETS: usize = 50;

/// A patch with state that never forgets: a loop, a delay, glides; another one for each `version`.
pub(crate) fn patch(version: usize) -> String {
    let wide = if version % 2 == 1 { "\"tone -> trim\", " } else { "" };
    format!(
        "name = \"version {version}\"\nlinks = [{wide}\"mic -> trim -> sum -> out\", \"sum ~> lag -> damp -> sum\"]\n\
         [nodes.mic]\ntype = \"input\"\n[nodes.tone]\ntype = \"oscillator\"\nlevel = 0.1\n\
         [nodes.trim]\ntype = \"gain\"\ngain = 0.{}\n[nodes.sum]\ntype = \"gain\"\noptional = true\n\
         [nodes.lag]\ntype = \"delay\"\ntime = \"{} ms\"\n[nodes.damp]\ntype = \"gain\"\ngain = \"-1 dB\"\n\
         [nodes.out]\ntype = \"output\"\n[engine]\nfeedback = \"5 ms\"\n",
        5 + version,
        20 + version
    )
}

/// A sample for each frame and channel; hardly two are alike.
pub(crate) fn noise(frame: u64, channel: usize) -> f32 {
    let mixed = (frame * 2 + channel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 40) as f32 / (1_u64 << 24) as f32) - 0.5
}

/// A captured renderer that is watched: what the callback must not do is counted.
pub(crate) struct Watched {
    pub(crate) tapped: Tapped,
    pub(crate) guard: Guard,
}

impl Callback for Watched {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.guard.visit(|| self.tapped.process(block, inputs, outputs));
    }
}

/// Plays on a device for as long as `play` goes on, which is called between two changes; the capture is at `path`.
pub(crate) fn run(
    device: &mut dyn Backend<Watched>,
    guard: &Guard,
    path: &Path,
    config: Config,
    mut play: impl FnMut(&mut dyn Backend<Watched>, &Capture, usize),
) -> patchline_capture::Summary {
    let registry = Registry::standard();
    let spec = device.spec().clone();
    let (mut engine, renderer) = engine(StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs));
    let capture = Capture::create(path, config).unwrap();
    let stretch = Stretch { device: spec.name.clone(), outputs: spec.outputs };
    let tap = capture.begin(&mut engine, &registry, stretch);
    load(&mut engine, &capture, &registry, 0);
    device.start(Watched { tapped: Tapped::new(renderer, tap), guard: guard.clone() }).expect("it starts");
    for step in 0..SETS {
        play(device, &capture, step);
        while let Some(event) = device.poll() {
            capture.note(&event);
        }
        change(&mut engine, step);
        if step % 16 == 15 {
            load(&mut engine, &capture, &registry, step / 16 + 1);
        }
        if step % 16 == 9 {
            // In the middle of a block, while what was loaded before may still fade.
            let at = engine.stats().frames + 1_234;
            let graph = announced(&capture, &registry, step / 16 + 2);
            engine.load_at(graph, at).unwrap();
        }
        match step {
            12 | 36 => _ = engine.dip(announced(&capture, &registry, step)).unwrap(),
            20 => engine.set_fade(5_000),
            40 => engine.set_fade(0),
            _ => {}
        }
        if step % 10 == 4 {
            engine.bypass("sum", step % 20 == 4, None).unwrap();
        }
        engine.collect();
        while engine.next_event().is_some() {}
    }
    play(device, &capture, SETS);
    let watched = device.stop().unwrap();
    capture.end(&engine);
    engine.close(watched.tapped.into_inner());
    capture.finish()
}

pub(crate) fn load(engine: &mut Engine, capture: &Capture, registry: &Registry, version: usize) {
    engine.load(announced(capture, registry, version)).unwrap();
}

fn announced(capture: &Capture, registry: &Registry, version: usize) -> Graph {
    let source = Source::new("song.toml", patch(version), &Options::default());
    let graph = source.load(registry).unwrap().graph;
    capture.announce(source, &graph);
    graph
}

/// At once, for a frame to come, or for one that is over; some need another processor.
pub(crate) fn change(engine: &mut Engine, step: usize) {
    let frame = engine.stats().frames;
    let at = [None, Some(frame + 777), Some(frame.saturating_sub(100)), Some(frame + 30_000)][step % 4];
    let level = Level::new(0.3 + step as f64 * 0.013).unwrap();
    match step % 5 {
        0 => engine.set("lag", Delay::new(Time::Seconds(0.02 + step as f64 * 1e-4)), at),
        1 => engine.set("tone", Oscillator { level, ..Oscillator::default() }, at),
        _ => engine.set("trim", Gain { gain: level, ..Gain::default() }, at),
    }
    .unwrap();
}

/// The longest that a disk is waited for here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Renders all of a capture again.
pub(crate) fn replay(path: &Path) -> Result<Verdict, ReplayError> {
    let recording = Recording::open(path)?;
    recording.replay(&Registry::standard(), &Replay::default(), |_| ControlFlow::Continue(()))
}

/// Changes one sample of the first channel in a block that has one there; gives the block and its first frame.
pub(crate) fn plant(path: &Path, from: u64, frame: usize) -> (u64, u64) {
    let (mut number, mut found) = (0, None);
    rewrite(path, |kind, bytes| {
        if kind != 4 {
            return None;
        }
        number += 1;
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let sounds = word(0) as usize > frame && bytes[64] == 1;
        if number <= from || found.is_some() || !sounds {
            return None;
        }
        found = Some((number - 1, u64::from(word(24)) | u64::from(word(28)) << 32));
        let mut bytes = bytes.to_vec();
        let at = 65 + 4 * frame;
        let sample = f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) + 0.25;
        bytes[at..at + 4].copy_from_slice(&sample.to_le_bytes());
        Some(bytes)
    });
    found.expect("there is such a block")
}

/// Goes through the records of a capture, and replaces what `change` wants replaced, with checks that are right.
pub(crate) fn rewrite(path: &Path, mut change: impl FnMut(u32, &[u8]) -> Option<Vec<u8>>) {
    let whole = std::fs::read(path).unwrap();
    let mut file = OpenOptions::new().write(true).truncate(true).open(path).unwrap();
    file.write_all(&whole[..12]).unwrap();
    let mut at = 12;
    while at + 12 <= whole.len() {
        let word = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap());
        let (length, kind) = (word(at) as usize, word(at + 4));
        let Some(bytes) = whole.get(at + 12..at + 12 + length) else { break };
        let record = match change(kind, bytes) {
            Some(bytes) => patchline_capture::seal(kind, &bytes),
            None => whole[at..at + 12 + length].to_vec(),
        };
        file.write_all(&record).unwrap();
        at += 12 + length;
    }
}
