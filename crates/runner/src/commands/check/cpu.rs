//! `check --cpu`: how much of a processor a patch will take.

use std::path::Path;

use patchline_chart::{Axis, Bar, Bars};
use patchline_patch::Checked;
use serde_json::{Value, json};

use crate::cli::CheckArgs;
use crate::cpu::{Model, Prediction, machine_name, without_files};
use crate::exit::Failure;
use crate::files;
use crate::load::{self, Trouble};
use crate::reads::Reads;
use crate::units::fine_percent;

/// Frames of a block where nobody says: what a device for playing live has.
const BLOCK: usize = 128;
/// Nodes that are named to people.
const MOST_NODES: usize = 3;
/// Nodes that are drawn.
const DRAWN_NODES: usize = 40;

/// With two digits, however small: `0.00052 %`.
fn small_percent(part: f64) -> String {
    let percent = part * 100.0;
    let digits = if percent > 0.0 { (1.0 - percent.log10().floor()).clamp(0.0, 8.0) as usize } else { 0 };
    let text = format!("{percent:.digits$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short} %")
}

/// What was found, on what.
pub(super) struct Found {
    name: String,
    prediction: Prediction,
    block: usize,
    rate: u32,
    /// Recorders that nothing is known of.
    unwritten: Vec<String>,
}

/// What a patch that was accepted takes, if somebody asks; drawn, too, if somebody asks for that.
pub(super) fn of(checked: &Result<Checked, Trouble>, args: &CheckArgs, path: &Path) -> Result<Option<Found>, Failure> {
    let Some(Checked { loaded, stream, schedule }) = checked.as_ref().ok().filter(|_| args.cpu) else {
        return Ok(None);
    };
    if let Some(svg) = &args.svg {
        files::apart("--svg", svg, &Reads::of(path, loaded), loaded)?;
        files::is_free(svg, args.overwrite)?;
    }
    let own = match loaded.engine.block {
        0 => BLOCK,
        block => block as usize,
    };
    let block = args.block.unwrap_or(own);
    let (graph, unwritten) = without_files(&loaded.graph);
    let model = Model::measure(&graph, schedule, stream, block).map_err(|error| load::refused(loaded, error))?;
    let (name, prediction) = (loaded.name.clone(), model.predict(&graph, schedule));
    let found = Found { name, prediction, block, rate: stream.rate, unwritten };
    if let Some(svg) = &args.svg {
        files::write(svg, found.svg().as_bytes(), args.overwrite)?;
    }
    Ok(Some(found))
}

impl Found {
    /// `load 1.8 % ± 0.3 % of one core at 128 frames, 48000 Hz`.
    pub(super) fn text(&self) -> String {
        let Self { prediction, block, rate, unwritten, .. } = self;
        let (load, error) = (fine_percent(prediction.load), fine_percent(prediction.error));
        let heaviest = prediction.nodes.iter().filter(|(_, load)| *load > 0.0).take(MOST_NODES);
        let heaviest: Vec<_> = heaviest.map(|(node, load)| format!("`{node}` {}", fine_percent(*load))).collect();
        let nodes = if heaviest.is_empty() { String::new() } else { format!("; {}", heaviest.join(", ")) };
        let left: Vec<_> = unwritten.iter().map(|name| format!("`{name}`")).collect();
        let left = if left.is_empty() { String::new() } else { format!(" (without {})", left.join(", ")) };
        format!("  {:<9} load {load} ± {error} of one core at {block} frames, {rate} Hz{left}{nodes}\n", "cpu")
    }

    /// A bar for each node, the heaviest first.
    fn svg(&self) -> String {
        let Self { name, prediction, block, rate, .. } = self;
        let (load, error) = (fine_percent(prediction.load), fine_percent(prediction.error));
        let note = format!("load {load} ± {error} of one core at {block} frames, {rate} Hz; what each node has of it");
        let bar = |(node, load): &(String, f64)| Bar {
            name: node.clone(),
            value: *load,
            label: small_percent(*load),
            bound: None,
            colour: 0,
        };
        let counts = || prediction.nodes.iter().filter(|(_, load)| *load > 0.0);
        let left = counts().count().saturating_sub(DRAWN_NODES);
        let note = if left > 0 { format!("{note}; {left} more have less") } else { note };
        let axis = Axis::linear().label(small_percent);
        let drawn = counts().take(DRAWN_NODES).map(bar);
        let groups = vec![(String::new(), drawn.collect())];
        Bars { title: name, note: &note, axis, base: 0.0, groups }.draw()
    }

    pub(super) fn data(&self) -> Value {
        let Self { prediction, block, rate, unwritten, .. } = self;
        let node = |(node, load): &(String, f64)| json!({ "node": node, "load": load });
        json!({
            "load": prediction.load,
            "error": prediction.error,
            "block_us": prediction.nanoseconds / 1e3,
            "block_frames": block,
            "sample_rate": rate,
            "machine": machine_name(),
            "nodes": prediction.nodes.iter().map(node).collect::<Vec<_>>(),
            "not_measured": unwritten,
        })
    }
}
