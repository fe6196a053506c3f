//! A flight recorder in a program of one's own: what each callback was like, and what its nodes took.
//!
//!     cargo run --example flight
//!
//! A stereo chain of ten nodes is called as a device would call it. With `plain` or `timed` as its argument the program
//! leaves the recorder, or the clock as well, away and prints nothing else: what each costs is the difference between
//! the instructions that `valgrind --tool=callgrind` counts.

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use patchline::graph::{TimeSource, Timing, engine_timed};
use patchline::io::flight::{calls_in, recorder};
use patchline::io::load::Measured;
use patchline::io::{Block, Callback};
use patchline::nodes::{Delay, Gain, Meter, Noise, Output};
use patchline::{Engine, Graph, Renderer, StreamSpec};

const RATE: u32 = 48_000;
/// Frames in a block, as a device would ask for.
const BLOCK: usize = 128;
/// Blocks that are played unless a second argument says otherwise: ten seconds.
const BLOCKS: u64 = 3_750;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        None => recorded(true),
        Some("recorded") => recorded(false),
        Some("timed") => {
            let (mut engine, renderer) = playing(Timing::default())?;
            let (mut callback, _load) = Measured::with_clock(renderer, RATE, TimeSource::monotonic());
            play(&mut callback);
            engine.close(callback.into_inner());
            Ok(())
        }
        Some(_) => {
            let (mut engine, mut renderer) = playing(Timing::default())?;
            play(&mut renderer);
            engine.close(renderer);
            Ok(())
        }
    }
}

/// The whole: each call is noted, and the nodes of one in 64.
fn recorded(told: bool) -> Result<(), Box<dyn Error>> {
    let time = TimeSource::monotonic();
    let (mut engine, renderer) = playing(Timing { time: time.clone(), spans: 4_096 })?;
    engine.profile(NonZeroU32::new(64));
    let (writer, flight) = recorder(calls_in(Duration::from_secs(60), RATE, BLOCK));
    let (callback, load) = Measured::with_clock(renderer, RATE, time);
    let mut callback = callback.recorded(writer);
    play(&mut callback);
    if told {
        let (calls, spans) = (flight.read(), engine.spans());
        println!("{} calls, {} runs of nodes in those that were timed", calls.calls.len(), spans.spans.len());
        let slowest = calls.calls.iter().max_by_key(|call| call.lasts).expect("there were calls");
        println!("the slowest call: number {} took {:?} of {:?}", slowest.index, slowest.lasts, slowest.period(RATE));
        let load = load.read().expect("there were calls");
        println!("load: {:.2} % of the time, {:.2} % at worst", load.overall * 100.0, load.worst * 100.0);
        engine.costs().iter().take(3).for_each(|cost| println!("  {} {:.1} ns a frame", cost.node, cost.nanoseconds));
    }
    engine.close(callback.into_inner());
    Ok(())
}

/// Noise through gains, echoes and meters, in stereo.
fn playing(timing: Timing) -> Result<(Engine, Renderer), Box<dyn Error>> {
    let mut graph = Graph::new();
    graph.add("noise", Noise { channels: 2, ..Noise::default() })?;
    for n in 1..=3 {
        graph.add(&format!("trim{n}"), Gain { gain: "-3 dB".parse()?, ..Gain::default() })?;
        graph.add(&format!("echo{n}"), Delay::new("20 ms".parse()?))?;
        graph.add(&format!("level{n}"), Meter::default())?;
    }
    graph.add("out", Output::default())?;
    graph
        .chain(&["noise", "trim1", "echo1", "level1", "trim2", "echo2", "level2", "trim3", "echo3", "level3", "out"])?;
    let (mut engine, renderer) = engine_timed(StreamSpec::new(RATE, BLOCK, 0, 2), timing);
    engine.load(graph)?;
    Ok((engine, renderer))
}

/// What a device does, as fast as the machine.
fn play(callback: &mut impl Callback) {
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    let blocks = std::env::args().nth(2).and_then(|count| count.parse().ok()).unwrap_or(BLOCKS);
    for block in 0..blocks {
        let block = Block { frames: BLOCK, position: block * BLOCK as u64, discontinuity: false };
        callback.process(block, &[], &mut [&mut left, &mut right]);
    }
}
