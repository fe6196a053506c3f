//! A file through a graph, faster than it sounds: no device, any block size, the same bits.
//!
//!     cargo run --example offline
//!
//! It writes a second of a tone, renders it through an echo twice, in blocks of 4096 and of 37 frames, and compares the files.

use std::error::Error;
use std::path::Path;

use patchline::nodes::{Delay, Input, Output, Time};
use patchline::wav::{FileReader, FileWriter, Format, Options, Subtype};
use patchline::{Graph, StreamSpec, engine};

const RATE: u32 = 48_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("patchline-offline-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let dry = folder.join("dry.wav");
    let tone: Vec<f32> = (0..RATE).map(|frame| (frame as f32 * 0.05).sin() * 0.5).collect();
    write(&dry, &tone)?;

    let long = echo(&dry, 4096)?;
    let short = echo(&dry, 37)?;
    write(&folder.join("wet.wav"), &long)?;
    println!("{} frames in, {} frames out, with the echo's tail", tone.len(), long.len());
    println!("blocks of 4096 and of 37 frames gave {}", if long == short { "the same bits" } else { "other bits" });
    std::fs::remove_dir_all(&folder)?;
    if long == short { Ok(()) } else { Err("a block size must not be heard".into()) }
}

/// Renders a file in blocks of so many frames, and half a second more: what the echo rings on for.
fn echo(file: &Path, block: usize) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut graph = Graph::new();
    graph.add("file", Input::default())?;
    graph.add("echo", Delay { mix: 0.4, ..Delay::new(Time::Seconds(0.5)) })?;
    graph.add("out", Output::default())?;
    graph.chain(&["file", "echo", "out"])?;
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, block, 1, 1));
    engine.load(graph)?;

    let mut reader = FileReader::open(file)?;
    let mut all = Vec::new();
    let mut left = reader.info().frames.unwrap_or(0) as usize + RATE as usize / 2;
    while left > 0 {
        let frames = block.min(left);
        let (mut input, mut output) = (vec![0.0; frames], vec![0.0; frames]);
        // Beyond the file's end there is silence.
        reader.read_interleaved(&mut input)?;
        renderer.render(frames, &[&input], &mut [&mut output]);
        all.extend(output);
        left -= frames;
    }
    engine.close(renderer);
    Ok(all)
}

fn write(path: &Path, samples: &[f32]) -> Result<(), Box<dyn Error>> {
    let format = Format { rate: RATE, channels: 1, subtype: Subtype::Float };
    let mut writer = FileWriter::create(path, Options::new(format))?;
    writer.write_interleaved(samples)?;
    writer.finish()?;
    Ok(())
}
