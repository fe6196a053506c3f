//! Shaped like a plug-in: a host owns the threads and the buffers, says how long blocks are, turns knobs, and asks for latency and tail.
//!
//!     cargo run --example plugin
//!
//! Formats (CLAP, VST3, LV2) all ask for these five calls; a wrapper for one of them would hold an `Echo` and pass them on.

use std::error::Error;

use patchline::graph::Tail;
use patchline::nodes::{Delay, Gain, Input, Level, Output, Time};
use patchline::{Engine, Graph, Renderer, StreamSpec, engine};

/// What a host loads: the half that lives on its main thread, and the half that it calls from its audio thread.
struct Echo {
    controls: Engine,
    /// Taken by the audio thread while the plug-in is active.
    processor: Option<Renderer>,
}

impl Echo {
    /// The host says at which rate it runs, and how long a block can be. It may allocate here.
    fn activate(rate: u32, longest_block: usize) -> Result<Self, Box<dyn Error>> {
        let mut graph = Graph::new();
        graph.add("in", Input::default())?;
        graph.add("echo", Delay { mix: 0.5, feedback: 0.3, ..Delay::new(Time::Seconds(0.25)) })?;
        graph.add("volume", Gain::default())?;
        graph.add("out", Output::default())?;
        graph.chain(&["in", "echo", "volume", "out"])?;
        let (mut controls, processor) = engine(StreamSpec::new(rate, longest_block, 2, 2));
        controls.load(graph)?;
        Ok(Self { controls, processor: Some(processor) })
    }

    /// A knob was turned, on the main thread. It glides from the next block on.
    fn set_volume(&mut self, factor: f64) -> Result<(), Box<dyn Error>> {
        self.controls.set("volume", Gain { gain: Level::new(factor)?, ..Gain::default() }, None)?;
        Ok(())
    }

    /// Frames that the host has to make up for on other tracks, and for how many it rings on after its input.
    fn latency_and_tail(&self) -> (u64, Tail) {
        (self.controls.schedule().latency, self.controls.schedule().tail)
    }

    /// The host is done with it: everything is freed, here and not in the callback.
    fn deactivate(mut self, processor: Renderer) {
        self.controls.collect();
        self.controls.close(processor);
    }
}

/// The audio thread's call: the host's buffers are read and written where they lie, of any length up to the longest.
fn process(processor: &mut Renderer, inputs: [&[f32]; 2], outputs: [&mut [f32]; 2]) {
    let [left, right] = outputs;
    processor.render(inputs[0].len(), &inputs, &mut [left, right]);
}

/// A host: blocks of changing length, a knob that moves, and a look at what came out.
fn main() -> Result<(), Box<dyn Error>> {
    let mut plugin = Echo::activate(44_100, 512)?;
    let mut processor = plugin.processor.take().ok_or("it is active already")?;
    let (latency, tail) = plugin.latency_and_tail();
    println!("latency {latency} frames, tail {tail:?}");
    let mut peak = 0.0_f32;
    for (call, frames) in [512, 64, 1, 300, 512, 128].into_iter().cycle().take(120).enumerate() {
        if call == 60 {
            plugin.set_volume(0.25)?;
        }
        // An impulse at the start, then silence: what is heard later is echo.
        let input: Vec<f32> = (0..frames).map(|frame| if call == 0 && frame == 0 { 1.0 } else { 0.0 }).collect();
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        process(&mut processor, [&input, &input], [&mut left, &mut right]);
        assert_eq!(left, right, "both channels are treated alike");
        let loudest = left.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        if loudest > 0.0 {
            println!("call {call:>3}, {frames:>3} frames: {loudest:.4}");
        }
        peak = peak.max(loudest);
    }
    plugin.deactivate(processor);
    if peak > 0.0 { Ok(()) } else { Err("nothing came out".into()) }
}
