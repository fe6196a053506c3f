//! The engine in a cpal stream of one's own: the program opens the device, and its callback calls `renderer.render`.
//!
//!     cargo run -p patchline-io-cpal --example cpal
//!
//! A second of a tone. Where there is no device, it says so. (`patchline_io_cpal` itself opens devices with less left to do:
//! it supervises them, joins inputs and outputs, and takes any format.)

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, Stream, StreamConfig};
use patchline::io::convert::{ChannelMap, write};
use patchline::nodes::{Oscillator, Output};
use patchline::{Graph, Renderer, StreamSpec, engine};

const RATE: u32 = 48_000;
/// The most frames that are rendered in one go; a callback of more is rendered in pieces.
const BLOCK: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
    let mut graph = Graph::new();
    graph.add("tone", Oscillator { level: "-12 dB".parse()?, ..Oscillator::default() })?;
    graph.add("out", Output::default())?;
    graph.chain(&["tone", "out"])?;
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, BLOCK, 0, 2));
    engine.load(graph)?;

    match play(renderer) {
        Err(error) => println!("nothing is played: {error}"),
        Ok(stream) => {
            sleep(Duration::from_secs(1));
            drop(stream); // and the renderer with it
            println!("played {} frames", engine.stats().frames);
        }
    }
    engine.close_lost(Duration::ZERO);
    Ok(())
}

/// Opens the default device, and calls the renderer whenever it wants sound.
fn play(mut renderer: Renderer) -> Result<Stream, Box<dyn Error>> {
    let device = cpal::default_host().default_output_device().ok_or("there is no device")?;
    let config = StreamConfig { channels: 2, sample_rate: RATE, buffer_size: BufferSize::Default };
    let both = ChannelMap::all(2);
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    let callback = move |interleaved: &mut [f32], _: &cpal::OutputCallbackInfo| {
        for piece in interleaved.chunks_mut(2 * BLOCK) {
            let frames = piece.len() / 2;
            renderer.render(frames, &[], &mut [&mut left[..frames], &mut right[..frames]]);
            write(&[&left[..frames], &right[..frames]], &both, piece);
        }
    };
    let stream = device.build_output_stream(config, callback, |error| eprintln!("{error}"), None)?;
    stream.play()?;
    Ok(stream)
}
