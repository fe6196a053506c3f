//! A loop like a game's: 60 times in a second the world moves, and so does what is heard of it.
//!
//!     cargo run --example game
//!
//! A car drives past: its engine's pitch follows the speed, its loudness the distance. The audio thread renders meanwhile; changes
//! glide, so nothing is heard of the loop's own rhythm.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use patchline::graph::{AnyNode, Edit, NodeName};
use patchline::nodes::{Frequency, Gain, Level, Meter, Oscillator, Output, Shape, Time};
use patchline::{Graph, StreamSpec, engine};

const RATE: u32 = 48_000;
const BLOCK: usize = 128;
/// Pictures in a second, and how many there are.
const FPS: u32 = 60;
const PICTURES: u32 = 180;
/// A time that says that it is over.
const OVER: u64 = u64::MAX;

fn main() -> Result<(), Box<dyn Error>> {
    let mut graph = Graph::new();
    graph.add("motor", motor(0.0)?)?;
    graph.add("distance", loudness(40.0)?)?;
    graph.add("level", Meter::default())?;
    graph.add("out", Output::default())?;
    graph.chain(&["motor", "distance", "level", "out"])?;
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, BLOCK, 0, 2));
    engine.load(graph)?;

    // The audio thread. A device would call it by its own clock; here it plays as far as the game's time has come.
    let time = Arc::new(AtomicU64::new(0));
    let now = Arc::clone(&time);
    let audio = thread::spawn(move || {
        let (mut left, mut right, mut played) = ([0.0; BLOCK], [0.0; BLOCK], 0);
        while now.load(Ordering::Relaxed) < OVER {
            if played < now.load(Ordering::Relaxed) {
                renderer.render(BLOCK, &[], &mut [&mut left, &mut right]);
                played += BLOCK as u64;
            } else {
                thread::yield_now();
            }
        }
        renderer
    });

    for picture in 0..PICTURES {
        let seconds = f64::from(picture) / f64::from(FPS);
        let metres = (40.0 - 30.0 * seconds).abs().max(1.0);
        // Both at once, at the next block: nobody hears one without the other.
        let changes = [
            Edit::Node { name: NodeName::new("motor")?, node: AnyNode::new(motor(seconds)?) },
            Edit::Node { name: NodeName::new("distance")?, node: AnyNode::new(loudness(metres)?) },
        ];
        // A full queue is no mistake: the next picture says it again.
        let taken = engine.change(&changes, None, None).is_ok();
        engine.collect();
        if picture % 30 == 0 {
            let level = engine.readings("level").and_then(|level| level.get("rms_all", 0)).unwrap_or(f64::NAN);
            let level = if level.is_nan() { "not measured yet".to_owned() } else { format!("{level:6.1} dBFS") };
            println!("{seconds:.1} s  {metres:4.1} m  {level}{}", if taken { "" } else { "  (busy)" });
        }
        // A game would draw now, and wait for the screen.
        let next = u64::from(picture + 1) * u64::from(RATE / FPS);
        time.store(next, Ordering::Relaxed);
        while engine.stats().frames < next {
            thread::yield_now();
        }
    }
    time.store(OVER, Ordering::Relaxed);
    engine.close(audio.join().map_err(|_| "the audio thread panicked")?);
    Ok(())
}

/// Higher the faster it drives.
fn motor(seconds: f64) -> Result<Oscillator, Box<dyn Error>> {
    let frequency = Frequency::new(70.0 + 20.0 * seconds)?;
    Ok(Oscillator { shape: Shape::Saw, frequency, level: "-12 dB".parse()?, ..Oscillator::default() })
}

/// Half as loud at twice the distance.
fn loudness(metres: f64) -> Result<Gain, Box<dyn Error>> {
    Ok(Gain { gain: Level::new(1.0 / metres)?, smooth: Time::Seconds(1.0 / f64::from(FPS)), ..Gain::default() })
}
