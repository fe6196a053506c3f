//! `runner record`: a device's input to a WAV file.

use std::ops::ControlFlow;
use std::path::Path;

use patchline_graph::Graph;
use patchline_io::DeviceRequest;
use patchline_nodes::{FileSink, Input, Meter, Time};
use serde_json::{Value, json};

use crate::cli::{self, RecordArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::hosts::Opened;
use crate::live::{Done, Live, OnFileTrouble, Piece, Player, Terms, View};
use crate::load::shown;
use crate::meter::{bar, signed};
use crate::units::{clock, count};
use crate::{files, output, style};

pub(crate) fn run(args: &RecordArgs) -> Outcome {
    check_place(args)?;
    let input = args.device.input(args.channels, args.loopback_of.as_deref());
    let request = DeviceRequest { input: Some(input), ..args.device.request() };
    let opened = args.device.open(&request)?;
    let channels = opened.device.spec().inputs;
    let done = record(opened, args)?;
    match args.json {
        true => output::print(&format!("{}\n", data(&done, args, channels)))?,
        false => output::report(&text(&done, args, channels))?,
    }
    done.outcome()
}

/// Whether a file can be made there, before a device is opened.
fn check_place(args: &RecordArgs) -> Result<(), Failure> {
    let path = &args.output;
    let filled_in = path.to_string_lossy().contains('{');
    if !filled_in && !args.overwrite && path.symlink_metadata().is_ok() {
        return Err(files::exists(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !filled_in && !folder.is_dir() {
        return Err(Failure::new(
            Exit::File,
            format!("there is no folder {0}; make it first, as in `mkdir -p {0}`", shown(folder)),
        ));
    }
    Ok(())
}

fn record(opened: Opened<Player>, args: &RecordArgs) -> Result<Done, Failure> {
    let rate = opened.device.spec().rate;
    let mut view = View::new(rate, 1, true);
    let graph = graph(args, Time::Frames(view.period()))?;
    let limit = args.duration.map(|duration| cli::duration_frames(duration, rate));
    let terms = Terms {
        block: args.device.block,
        silence_is_usual: args.loopback_of.is_some(),
        on_file_trouble: OnFileTrouble::EndUnlessBegun,
        ..Terms::default()
    };
    let piece = Piece::on(opened.device.spec(), graph, limit);
    let mut live = Live::start(opened, piece, terms)?;
    live.play(|live| {
        let frames = live.frames();
        if view.is_due(frames)
            && let Some(level) = live.engine().readings("level")
        {
            let rms = level.get("rms_all", 0).unwrap_or(f64::NAN);
            let xruns = count(live.stats().xruns as usize, "xrun");
            let line = format!("{}  {} {:>6} dBFS  {xruns}", clock(frames, rate), bar(rms), signed(rms));
            if view.is_live() { view.show([line]) } else { output::status(&line) }
        }
        ControlFlow::Continue(())
    });
    view.clear();
    Ok(live.stop().0)
}

fn graph(args: &RecordArgs, window: Time) -> Result<Graph, Failure> {
    let path = args.output.to_str().ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{} is not Unicode: give the file another name", shown(&args.output)))
    })?;
    let subtype = match args.subtype {
        patchline_wav::Subtype::Pcm16 => patchline_nodes::Subtype::Pcm16,
        patchline_wav::Subtype::Pcm24 => patchline_nodes::Subtype::Pcm24,
        patchline_wav::Subtype::Pcm32 => patchline_nodes::Subtype::Pcm32,
        patchline_wav::Subtype::Float => patchline_nodes::Subtype::Float,
    };
    let sink = FileSink { subtype, overwrite: args.overwrite, ..FileSink::new(path) };
    let mut graph = Graph::new();
    let made = graph
        .add("input", Input::default())
        .and_then(|graph| graph.add("level", Meter { window, ..Meter::default() }))
        .and_then(|graph| graph.add("file", sink))
        .and_then(|graph| graph.chain(&["input", "level", "file"]));
    made.expect("the names are fixed");
    Ok(graph)
}

fn text(done: &Done, args: &RecordArgs, channels: usize) -> String {
    let path = style::strong(shown(done.only_file().unwrap_or(&args.output)));
    format!("{path}: {}, {}, {}\n{}", done.length(), count(channels, "channel"), args.subtype, done.text())
}

fn data(done: &Done, args: &RecordArgs, channels: usize) -> Value {
    let mut data = done.data();
    let path = done.only_file().map(Path::to_string_lossy);
    data["output"] = json!({ "path": path, "pattern": args.output.to_string_lossy(), "subtype": args.subtype.name() });
    data["channels"] = json!(channels);
    data
}

#[cfg(test)]
mod tests;
