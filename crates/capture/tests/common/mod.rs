//! A run with everything that there is, captured.
#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;
use std::time::Duration;

use patchline_capture::{Capture, Config, Source, Stretch, Tapped};
use patchline_graph::{Engine, StreamSpec, engine};
use patchline_io::Backend;
use patchline_nodes::{Delay, Gain, Level, Oscillator, Time};
use patchline_patch::{Options, Registry};

/// Reloads, and changes of parameters.
pub(crate) const LOADS: usize = 3;
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

/// Plays on a device for as long as `play` goes on, which is called between two changes; the capture is at `path`.
pub(crate) fn run(
    device: &mut dyn Backend<Tapped>,
    path: &Path,
    config: Config,
    mut play: impl FnMut(&mut dyn Backend<Tapped>, &Capture, usize),
) -> patchline_capture::Summary {
    let registry = Registry::standard();
    let spec = device.spec().clone();
    let (mut engine, renderer) = engine(StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs));
    let capture = Capture::create(path, config).unwrap();
    let stretch = Stretch { device: spec.name.clone(), outputs: spec.outputs };
    let tap = capture.begin(&mut engine, &registry, stretch);
    load(&mut engine, &capture, &registry, 0);
    device.start(Tapped::new(renderer, tap)).expect("it starts");
    for step in 0..SETS {
        play(device, &capture, step);
        while let Some(event) = device.poll() {
            capture.note(&event);
        }
        change(&mut engine, step);
        if step % 16 == 15 {
            load(&mut engine, &capture, &registry, step / 16 + 1);
        }
        if step % 10 == 4 {
            engine.bypass("sum", step % 20 == 4, None).unwrap();
        }
        engine.collect();
        while engine.next_event().is_some() {}
    }
    play(device, &capture, SETS);
    let tapped = device.stop().unwrap();
    capture.end(&engine);
    engine.close(tapped.into_inner());
    capture.finish()
}

fn load(engine: &mut Engine, capture: &Capture, registry: &Registry, version: usize) {
    let source = Source::new("song.toml", patch(version), &Options::default());
    let graph = source.load(registry).unwrap().graph;
    capture.announce(source, &graph);
    engine.load(graph).unwrap();
}

/// At once, for a frame to come, or for one that is over; some need another processor.
fn change(engine: &mut Engine, step: usize) {
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
