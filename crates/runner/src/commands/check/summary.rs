//! What there is to know of a patch that is accepted.

use std::fmt::Write;
use std::path::Path;

use comfy_table::Table;
use patchline_graph::Frames;
use patchline_patch::{Action, Checked, ControlSettings, Loaded, Map, Scene, Trigger};
use serde_json::{Value, json};

use crate::cli::Assumed;
use crate::load::shown;
use crate::overview::{NodeView, Overview, PortView, Waits, device_inputs};
use crate::style;
use crate::units::{bytes, count, frames_and_ms, ms, percent};

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
    if stream.threads > 1 {
        line("threads", threads(checked));
    }
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
    language(loaded, &mut line);
    out.push_str(&table(&overview.nodes, stream.rate));
    overview.warnings.iter().for_each(|warning| {
        writeln!(out, "  {}: {warning}", style::warning("warning")).expect(TAKES);
    });
    out
}

/// `3 of 4, about 38 % of the time of one`, by a guess of what nodes cost.
fn threads(Checked { stream, schedule, .. }: &Checked) -> String {
    let spread = &schedule.spread;
    match spread.alone {
        Some(why) => format!("1 of {}: {why}", stream.threads),
        None => format!("{} of {}, about {} of the time of one", spread.lanes(), stream.threads, percent(spread.part)),
    }
}

/// What else the patch says: files, macros, scenes, maps, control.
fn language(loaded: &Loaded, line: &mut impl FnMut(&str, String)) {
    let mut list = |key: &str, all: Vec<String>| {
        if !all.is_empty() {
            line(key, all.join(", "));
        }
    };
    list("includes", loaded.files.iter().skip(1).map(|file| shown(file)).collect());
    list("uses", loaded.uses.iter().map(|(name, of)| format!("{name} ({of})")).collect());
    let over = |scene: &Scene| scene.over.map(|over| format!(" (over {over})")).unwrap_or_default();
    list(
        "scenes",
        loaded.scenes.iter().map(|scene| format!("{}{}", style::safe(&scene.name, 64), over(scene))).collect(),
    );
    list("maps", loaded.maps.iter().map(map).collect());
    let ControlSettings { osc, websocket, midi, .. } = &loaded.control;
    let osc = osc.map(|address| format!("OSC at {address}"));
    let websocket = websocket.map(|address| format!("WebSocket at {address}"));
    list("control", osc.into_iter().chain(websocket).chain(midi.any().then(|| "MIDI".to_owned())).collect());
}

/// `cc 7 on channel 2 -> trim.gain`.
fn map(map: &Map) -> String {
    let trigger = match map.trigger {
        Trigger::Cc(number) => format!("cc {number}"),
        Trigger::Note(number) => format!("note {number}"),
        Trigger::Program(number) => format!("program {number}"),
    };
    let channel = map.channel.map(|channel| format!(" on channel {channel}")).unwrap_or_default();
    let target = match &map.action {
        Action::Scene(name) => format!("scene {}", style::safe(name, 64)),
        Action::Follow { node, parameter, .. } | Action::Switch { node, parameter, .. } => {
            format!("{node}.{parameter}")
        }
    };
    format!("{trigger}{channel} -> {target}")
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

/// Who may control the patch; tokens stay where they are.
fn control(settings: &ControlSettings) -> Value {
    let ControlSettings { osc, websocket, midi, rate, allow_remote, remote_files, origins, .. } = settings;
    json!({
        "osc": osc,
        "websocket": websocket,
        "origins": origins,
        "allow_remote": allow_remote,
        "remote_files": remote_files,
        "midi": midi,
        "rate_hz": rate.hz(),
    })
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
        "threads": stream.threads,
        "lanes": schedule.spread.lanes(),
        "lanes_why": schedule.spread.alone.filter(|_| stream.threads > 1).map(|why| why.to_string()),
        "feedback_frames": stream.feedback,
        "nodes": overview.nodes,
        "links": overview.links,
        "sums": overview.sums,
        "aligned": overview.aligned,
        "files": loaded.files.iter().map(|file| shown(file)).collect::<Vec<_>>(),
        "uses": loaded.uses.iter().map(|(name, of)| json!({ "name": name, "macro": of })).collect::<Vec<_>>(),
        "scenes": loaded.scenes,
        "maps": loaded.maps,
        "control": control(&loaded.control),
        "warnings": loaded.warnings,
        "notes": overview.warnings,
    })
}
