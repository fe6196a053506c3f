//! `runner meter`: how loud a device's input is.

use std::io::IsTerminal;
use std::ops::ControlFlow;

use patchline_graph::{Graph, Readings};
use patchline_io::DeviceRequest;
use patchline_nodes::{Input, Meter, Time};
use serde_json::{Value, json};

use crate::cli::{self, MeterArgs};
use crate::exit::{Failure, Outcome};
use crate::hosts::Opened;
use crate::live::{Done, Live, Piece, Player, Terms, View};
use crate::meter::{bar, signed};
use crate::output;
use crate::units::clock;

/// Lines that a terminal has room for.
const MOST_LINES: usize = 32;

pub(crate) fn run(args: &MeterArgs) -> Outcome {
    let input = args.device.input(args.channels, args.loopback_of.as_deref());
    let request = DeviceRequest { input: Some(input), ..args.device.request() };
    let opened = args.device.open(&request)?;
    let in_place = !args.json && std::io::stdout().is_terminal();
    let done = measure(opened, args, in_place, output::print)?;
    done.outcome()
}

/// Measures until the end; lines that do not stay in their place go to `print`.
fn measure(
    opened: Opened<Player>,
    args: &MeterArgs,
    in_place: bool,
    mut print: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<Done, Failure> {
    let (rate, channels) = (opened.device.spec().rate, opened.device.spec().inputs);
    let mut view = View::new(rate, channels.min(MOST_LINES), in_place);
    let limit = args.duration.map(|duration| cli::duration_frames(duration, rate));
    let terms = Terms { block: args.device.block, silence_is_usual: args.loopback_of.is_some(), ..Terms::default() };
    // What is over sooner is measured as a whole.
    let window = limit.map_or(view.period(), |limit| limit.min(view.period()));
    let piece = Piece::on(opened.device.spec(), graph(Time::Frames(window)), limit);
    let mut live = Live::start(opened, piece, terms)?;
    let (mut closed, mut told) = (Ok(()), false);
    let say = |frames, level: &Readings| {
        format!("{}\n", if args.json { data(frames, rate, level).to_string() } else { line(frames, rate, level) })
    };
    live.play(|live| {
        let frames = live.frames();
        let Some(level) = live.engine().readings("level").filter(|_| view.is_due(frames)) else {
            return ControlFlow::Continue(());
        };
        if view.is_live() {
            view.show(lines(&level));
            return ControlFlow::Continue(());
        }
        told = true;
        closed = print(&say(frames, &level));
        if closed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let short = live.engine().readings("level").filter(|_| !told && limit.is_some_and(|limit| live.frames() >= limit));
    if let Some(level) = short {
        closed = print(&say(live.frames(), &level));
    }
    view.clear();
    let (done, _) = live.stop();
    closed.map(|()| done)
}

fn graph(window: Time) -> Graph {
    let mut graph = Graph::new();
    let made = graph
        .add("input", Input::default())
        .and_then(|graph| graph.add("level", Meter { window, ..Meter::default() }))
        .and_then(|graph| graph.chain(&["input", "level"]));
    made.expect("the names are fixed");
    graph
}

/// The peaks of a meter's channels, in dBFS.
fn peaks(level: &Readings) -> Vec<f64> {
    level.all().find(|(reading, _)| reading.name == "peak").map(|(_, peaks)| peaks).unwrap_or_default()
}

/// The levels of all channels, in dBFS.
fn rms(level: &Readings) -> Vec<f64> {
    level.all().find(|(reading, _)| reading.name == "rms").map(|(_, values)| values).unwrap_or_default()
}

/// A line for each channel.
fn lines(level: &Readings) -> Vec<String> {
    let all = rms(level).into_iter().zip(peaks(level)).enumerate();
    all.map(|(channel, (rms, peak))| {
        format!("{channel:>3}  {} {:>6} dBFS, peak {:>6}", bar(rms), signed(rms), signed(peak))
    })
    .collect()
}

/// One line for all: the bar is the RMS over all channels, the numbers are those of each.
fn line(frames: u64, rate: u32, level: &Readings) -> String {
    let all = level.get("rms_all", 0).unwrap_or(f64::NAN);
    let each: Vec<String> = rms(level).into_iter().map(signed).collect();
    format!("{}  {} {:>6} dBFS  ({})", clock(frames, rate), bar(all), signed(all), each.join(" "))
}

fn data(frames: u64, rate: u32, level: &Readings) -> Value {
    json!({
        "frame": frames,
        "seconds": frames as f64 / f64::from(rate),
        "rms_dbfs": level.get("rms_all", 0),
        "channels": { "rms_dbfs": rms(level), "peak_dbfs": peaks(level) },
    })
}

#[cfg(test)]
mod tests;
