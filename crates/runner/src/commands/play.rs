//! `runner play`: a WAV file to a device's output.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;

use patchline_graph::Graph;
use patchline_io::{ChannelCount, DeviceRequest};
use patchline_nodes::{ChannelIndex, FileSource, Output};
use patchline_wav::{FileReader, Info, RateConverter, ReadError};
use serde_json::{Value, json};

use crate::cli::{self, PlayArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::hosts::Opened;
use crate::live::{Done, Live, Piece, Player, Terms, View};
use crate::load::shown;
use crate::units::{clock, count};
use crate::{near, output, style};

pub(crate) fn run(args: &PlayArgs) -> Outcome {
    let unreadable = |message: String| Failure::new(Exit::File, style::safe(&message, 600));
    let info = *FileReader::open(&args.file)
        .map_err(|error| {
            unreadable(format!("cannot play {}: {error}{}", shown(&args.file), advice(&args.file, &error)))
        })?
        .info();
    let source = FileSource::open(&args.file).map_err(|error| unreadable(error.to_string()))?;
    let source = FileSource { looped: args.looped, gain: args.gain, ..source };
    let request = DeviceRequest { output: Some(args.device.side(width(&info))), ..args.device.request() };
    let done = play(args.device.open(&request)?, source, &info, args)?;
    match args.json {
        true => output::print(&format!("{}\n", data(&done, args, &info)))?,
        false => output::report(&text(&done, args, &info))?,
    }
    done.outcome()
}

/// What was meant, perhaps: another file, or a patch.
fn advice(file: &Path, error: &ReadError) -> String {
    match error {
        ReadError::Open { source, .. } if source.kind() == ErrorKind::NotFound => near::did_you_mean(file),
        _ if file.extension().is_some_and(|extension| extension == "toml") => {
            format!("; a patch is played by `runner {}`", shown(file))
        }
        _ => String::new(),
    }
}

/// All channels that the file has; one is played on two where there are two.
fn width(info: &Info) -> ChannelCount {
    match info.channels {
        1 => ChannelCount::All,
        channels => ChannelCount::AtLeast(channels.into()),
    }
}

fn play(opened: Opened<Player>, source: FileSource, info: &Info, args: &PlayArgs) -> Result<Done, Failure> {
    let spec = opened.device.spec().clone();
    let limit = args.duration.map(|duration| cli::duration_frames(duration, spec.rate));
    let length = info.frames.filter(|_| !args.looped);
    let length = length.map(|frames| RateConverter::converted_frames(info.rate, spec.rate, frames));
    let mut end = End { length, under_way: spec.output_latency + spec.max_frames as u64, ended: None };
    let mut view = View::new(spec.rate, 1, true);
    let piece = Piece::on(&spec, graph(source, info, spec.outputs), limit);
    let mut live = Live::start(opened, piece, Terms { block: args.device.block, ..Terms::default() })?;
    live.play(|live| {
        let frames = live.frames();
        let played = live.engine().readings("file").and_then(|file| file.get("frames_played", 0)).unwrap_or(0.0);
        if view.is_due(frames) {
            let whole = length.map_or(String::new(), |length| format!(" of {}", clock(length, spec.rate)));
            let xruns = count(live.stats().xruns as usize, "xrun");
            let line = format!("{}{whole}  {xruns}", clock(played as u64, spec.rate));
            if view.is_live() { view.show([line]) } else { output::status(&line) }
        }
        end.look(played as u64, frames)
    });
    view.clear();
    Ok(live.stop().0)
}

/// When a file has been heard to its end.
struct End {
    /// Frames of the file at the device's rate, if they are known.
    length: Option<u64>,
    /// Frames between the callback and the ear.
    under_way: u64,
    /// The frame at which all of it had been played.
    ended: Option<u64>,
}

impl End {
    fn look(&mut self, played: u64, now: u64) -> ControlFlow<()> {
        if self.length.is_some_and(|length| played >= length) {
            self.ended.get_or_insert(now);
        }
        match self.ended {
            Some(ended) if now >= ended + self.under_way => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The file's channels on the device's first ones; a single one on two, where there are two.
fn graph(source: FileSource, info: &Info, outputs: usize) -> Graph {
    let both = (info.channels == 1 && outputs >= 2).then(|| vec![ChannelIndex(0), ChannelIndex(1)]);
    let mut graph = Graph::new();
    let made = graph
        .add("file", source)
        .and_then(|graph| graph.add("output", Output { channels: both, ..Output::default() }))
        .and_then(|graph| graph.chain(&["file", "output"]));
    made.expect("the names are fixed");
    graph
}

fn text(done: &Done, args: &PlayArgs, info: &Info) -> String {
    let path = style::strong(shown(&args.file));
    format!("{path}: {}, {}\n{}", done.length(), count(info.channels, "channel"), done.text())
}

fn data(done: &Done, args: &PlayArgs, info: &Info) -> Value {
    let mut data = done.data();
    data["input"] = json!({ "path": shown(&args.file), "sample_rate": info.rate, "channels": info.channels });
    data["converted"] = json!(info.rate != done.spec.rate);
    data
}

#[cfg(test)]
mod tests;
