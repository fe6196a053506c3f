//! What there is to know of a patch that is accepted.

use std::fmt::Write;
use std::path::Path;

use comfy_table::Table;
use patchline_graph::Frames;
use patchline_patch::Checked;
use serde_json::{Value, json};

use crate::load::{Assumed, shown};
use crate::overview::{NodeView, Overview, PortView, Waits, device_inputs};
use crate::style;
use crate::units::{bytes, count, frames_and_ms, ms};

const TAKES: &str = "a string takes every text";

/// For people.
pub(crate) fn text(path: &Path, checked: &Checked, assumed: &Assumed) -> String {
    let Checked { loaded, stream, schedule } = checked;
    let overview = Overview::new(&loaded.graph, schedule, stream);
    let mut out = format!("{}: {}\n", style::strong(shown(path)), style::good("ok"));
    let mut line = |key: &str, text: String| writeln!(out, "  {key:<9} {text}").expect(TAKES);
    line("patch", format!("{}, {} and {}", loaded.name, nodes(&overview), count(overview.links.len(), "link")));
    line("rate", format!("{} Hz{}", stream.rate, rate_note(checked, assumed)));
    line("input", input(checked, assumed));
    line(
        "output",
        match schedule.device_out.len() {
            0 => "none".to_owned(),
            channels => count(channels, "channel"),
        },
    );
    line("latency", frames_and_ms(schedule.latency, stream.rate));
    line("memory", format!("{} at most", bytes(schedule.footprint(stream.max_frames))));
    line(
        "plan",
        format!(
            "{} over {}, blocks of up to {} frames",
            count(schedule.steps.len(), "step"),
            count(schedule.buffers, "buffer"),
            stream.max_frames
        ),
    );
    for (index, sum) in overview.sums.iter().enumerate() {
        line(if index == 0 { "sums" } else { "" }, format!("{} = {}", sum.port, sum.sources.join(" + ")));
    }
    for (index, link) in overview.links.iter().filter(|link| link.feedback).enumerate() {
        let late = frames_and_ms(stream.feedback, stream.rate);
        line(if index == 0 { "feedback" } else { "" }, format!("{}, {late} late", link.text));
    }
    for (index, Waits { link, frames }) in overview.aligned.iter().enumerate() {
        let waits = frames_and_ms(*frames, stream.rate);
        line(if index == 0 { "aligned" } else { "" }, format!("{link} waits {waits} for what arrives later beside it"));
    }
    out.push_str(&table(&overview.nodes, stream.rate));
    overview.warnings.iter().for_each(|warning| {
        writeln!(out, "  {}: {warning}", style::warning("warning")).expect(TAKES);
    });
    out
}

fn nodes(overview: &Overview) -> String {
    count(overview.nodes.len(), "node")
}

fn rate_note(checked: &Checked, assumed: &Assumed) -> &'static str {
    match (assumed.rate, checked.loaded.engine.rate()) {
        (Some(_), _) => " (from --sample-rate)",
        (None, Some(_)) => "",
        (None, None) => " (assumed: the patch leaves it to the device; --sample-rate says otherwise)",
    }
}

fn input(checked: &Checked, assumed: &Assumed) -> String {
    let channels = count(checked.stream.inputs, "channel");
    match (device_inputs(&checked.loaded.graph), assumed.channels) {
        ((0, false), _) => "none".to_owned(),
        ((_, true), None) => {
            format!("{channels} (assumed: the patch takes what the device has; --channels says otherwise)")
        }
        (_, Some(_)) => format!("{channels} (from --channels)"),
        ((_, false), None) => channels,
    }
}

fn table(nodes: &[NodeView], rate: u32) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["node", "type", "in", "out", "latency", "memory"]);
    for node in nodes {
        let latency = late(node.latency_frames, rate);
        let memory = if node.device { String::new() } else { bytes(node.memory_bytes) };
        let (inputs, outputs) = (ports(&node.inputs), ports(&node.outputs));
        table.add_row([node.name.clone(), node.kind.to_owned(), inputs, outputs, latency, memory]);
    }
    let lines: String = table.lines().map(|line| format!(" {}\n", line.trim_end())).collect();
    lines
}

/// The main port's channels, then the others by name: `1, record 1`.
fn ports(ports: &[PortView]) -> String {
    let others = ports.iter().skip(1).filter(|port| port.channels > 0);
    let others = others.map(|port| format!("{} {}", port.name, port.channels));
    ports.first().map(|port| port.channels.to_string()).into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

fn late(frames: Frames, rate: u32) -> String {
    if frames == 0 { String::new() } else { frames_and_ms(frames, rate) }
}

/// For programs.
pub(crate) fn data(path: &Path, checked: &Checked, assumed: &Assumed) -> Value {
    let Checked { loaded, stream, schedule } = checked;
    let overview = Overview::new(&loaded.graph, schedule, stream);
    let (_, open) = device_inputs(&loaded.graph);
    json!({
        "file": shown(path),
        "ok": true,
        "name": loaded.name,
        "sample_rate": stream.rate,
        "sample_rate_assumed": assumed.rate.is_none() && loaded.engine.rate().is_none(),
        "input_channels": stream.inputs,
        "input_channels_assumed": open && assumed.channels.is_none(),
        "output_channels": schedule.device_out.len(),
        "latency_frames": schedule.latency,
        "latency_ms": ms(schedule.latency, stream.rate),
        "memory_bytes": schedule.footprint(stream.max_frames),
        "block_frames": stream.max_frames,
        "steps": schedule.steps.len(),
        "buffers": schedule.buffers,
        "feedback_frames": stream.feedback,
        "nodes": overview.nodes,
        "links": overview.links,
        "sums": overview.sums,
        "aligned": overview.aligned,
        "warnings": loaded.warnings,
        "notes": overview.warnings,
    })
}
