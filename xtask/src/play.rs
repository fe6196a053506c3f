//! A patch of the documentation, played without a device.

use std::path::{Path, PathBuf};

use patchline_graph::{Engine, StreamSpec, engine};
use patchline_patch::{Changes, Options, Registry, Style, read, render};

/// Hz.
pub(crate) const RATE: u32 = 48_000;
/// Frames of a block: readings are looked at after each.
const BLOCK: usize = 240;

/// What came of it.
pub(crate) struct Played {
    /// Channel by channel.
    pub(crate) inputs: Vec<Vec<f32>>,
    /// Channel by channel.
    pub(crate) outputs: Vec<Vec<f32>>,
    /// Where its files are.
    pub(crate) folder: PathBuf,
    /// When, in milliseconds, of what, and how much.
    readings: Vec<(f64, String, f64)>,
}

impl Played {
    /// The first channel of a reading, `level.peak`, over time in milliseconds; what was never measured is left out.
    pub(crate) fn readings<'a>(&'a self, of: &'a str) -> impl Iterator<Item = (f64, f64)> + 'a {
        let wanted = self.readings.iter().filter(move |(_, name, value)| name == of && !value.is_nan());
        wanted.map(|(ms, _, value)| (*ms, *value))
    }
}

/// Plays a patch from a folder for so many frames; a parameter may be set at a time in seconds.
///
/// # Errors
/// The patch's mistakes, and warnings.
pub(crate) fn play(
    text: &str,
    folder: &Path,
    inputs: Vec<Vec<f32>>,
    frames: usize,
    change: Option<(f64, &str, &str, &str)>,
) -> Result<Played, String> {
    let registry = Registry::standard();
    let said = |mistakes: patchline_patch::Diagnostics| render(&mistakes, Style::Plain);
    let patch = read(text.as_bytes(), folder.join("example.toml")).map_err(said)?;
    let loaded = patch.load(&registry, &Options::default()).map_err(said)?;
    if !loaded.warnings.is_empty() {
        return Err(said(loaded.warnings));
    }
    let mut stream = StreamSpec::new(RATE, BLOCK, inputs.len(), 0);
    stream.outputs = None;
    let (mut engine, mut renderer) = engine(stream);
    engine.load(loaded.graph).map_err(|error| error.to_string())?;
    let mut outputs = vec![vec![0.0; frames]; engine.schedule().device_out.len()];
    let mut readings = Vec::new();
    let mut change = change;
    for from in (0..frames).step_by(BLOCK) {
        let to = frames.min(from + BLOCK);
        if let Some((_, node, parameter, value)) = change.take_if(|(at, ..)| from as f64 >= *at * f64::from(RATE)) {
            let mut changes = Changes::new(&registry, engine.graph(), RATE, loaded.surroundings.clone());
            changes.set(node, parameter, &value.into()).map_err(|error| error.to_string())?;
            let edits = changes.edits().map_err(|error| error.to_string())?;
            engine.change(&edits, None, None).map_err(|error| error.to_string())?;
        }
        engine.wait_ready(to - from);
        let heard: Vec<&[f32]> = inputs.iter().map(|channel| &channel[from..to]).collect();
        let mut played: Vec<&mut [f32]> = outputs.iter_mut().map(|channel| &mut channel[from..to]).collect();
        renderer.render(to - from, &heard, &mut played);
        look(&engine, to as f64 * 1e3 / f64::from(RATE), &mut readings);
    }
    engine.close(renderer);
    Ok(Played { inputs, outputs, folder: folder.to_owned(), readings })
}

fn look(engine: &Engine, ms: f64, readings: &mut Vec<(f64, String, f64)>) {
    for (name, _) in engine.graph().nodes() {
        for (reading, values) in engine.readings(name.as_str()).iter().flat_map(|of| of.all()) {
            readings.extend(values.first().map(|&value| (ms, format!("{name}.{}", reading.name), value)));
        }
    }
}
