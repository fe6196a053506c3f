//! Patchline inside a program of one's own: a graph built in code, no patch and no device.
//!
//!     cargo run --example embed
//!
//! A tone goes through a gain and a meter. An "audio thread" renders a second of it; then the gain is turned down while
//! the graph stays loaded, and the next second is softer.

use std::error::Error;
use std::thread;

use patchline::nodes::{Gain, Meter, Oscillator, Output};
use patchline::{Engine, Graph, Renderer, StreamSpec, engine};

const RATE: u32 = 48_000;
/// Frames in a block, as a device would ask for.
const BLOCK: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut graph = Graph::new();
    graph.add("tone", Oscillator { frequency: "440 Hz".parse()?, level: "-6 dB".parse()?, ..Oscillator::default() })?;
    graph.add("volume", Gain::default())?;
    graph.add("level", Meter::default())?;
    graph.add("out", Output::default())?;
    graph.chain(&["tone", "volume", "level", "out"])?;

    // No input channels, one output channel.
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, BLOCK, 0, 1));
    engine.load(graph)?;
    println!("What is computed for each block:\n{}", engine.schedule());

    let renderer = play_a_second(renderer)?;
    show("A tone with its peak at -6 dBFS", &engine);

    // The change arrives at the start of the next block and glides over 20 ms: no click.
    engine.set("volume", Gain { gain: "-12 dB".parse()?, ..Gain::default() }, None)?;
    let renderer = play_a_second(renderer)?;
    show("The same, 12 dB softer", &engine);

    while let Some(event) = engine.next_event() {
        println!("frame {:>5}: {:?} {}", event.frame, event.kind, event.node.unwrap_or_default());
    }
    println!("{} frames in {} blocks", engine.stats().frames, engine.stats().renders);
    engine.close(renderer);
    Ok(())
}

/// Renders one second on another thread, as a device's callback would, and hands the renderer back.
fn play_a_second(mut renderer: Renderer) -> Result<Renderer, Box<dyn Error>> {
    let audio_thread = thread::spawn(move || {
        let mut block = [0.0; BLOCK];
        for _ in 0..RATE as usize / BLOCK {
            renderer.render(BLOCK, &[], &mut [&mut block]);
            // A device would play `block` now.
        }
        renderer
    });
    audio_thread.join().map_err(|_| "the audio thread panicked".into())
}

/// Readings may be read at any time, from any thread: the latest value wins.
fn show(what: &str, engine: &Engine) {
    let level = engine.readings("level").expect("the graph has a meter of this name");
    let dbfs = |name| level.get(name, 0).expect("a meter declares this reading");
    println!("{what}: peak {:.1} dBFS, RMS {:.1} dBFS", dbfs("peak"), dbfs("rms"));
}
