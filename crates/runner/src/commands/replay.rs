//! `runner replay`: a captured run, rendered again.

mod heard;
mod info;

use std::ops::ControlFlow;

use patchline_capture::{Difference, Ending, Recording, Replay, ReplayError, Verdict};
use patchline_patch::Registry;
use serde_json::{Value, json};

use crate::cli::ReplayArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::load::shown;
use crate::units::{clock, count};
use crate::{allocator, document, output, signals, style};
use heard::Output;

pub(crate) fn run(registry: &Registry, args: &ReplayArgs) -> Outcome {
    let recording = Recording::open(&args.capture).map_err(|error| failed(&error))?;
    let how = Replay { folder: args.folder.clone() };
    if args.info {
        return info::tell(&recording, &how, args);
    }
    allocator::on_violation(allocator::OnViolation::Count);
    signals::listen();
    let mut output = Output::new(args, &recording)?;
    let mut trouble = None;
    let verdict = recording.replay(registry, &how, |heard| match output.take(heard) {
        Ok(()) if !signals::stopping() => ControlFlow::Continue(()),
        Ok(()) => ControlFlow::Break(()),
        Err(failure) => {
            trouble = Some(failure);
            ControlFlow::Break(())
        }
    });
    if let Some(failure) = trouble {
        return Err(failure);
    }
    let verdict = verdict.map_err(|error| failed(&error))?;
    // Of a file that somebody has been at, nothing is made.
    let files = if is_damaged(&recording) { Vec::new() } else { output.finish()? };
    tell(args, &recording, &verdict, &files)
}

fn is_damaged(recording: &Recording) -> bool {
    matches!(recording.ending, Ending::Damaged { .. })
}

/// Why it is not what was heard, or cannot be said to be.
fn failure(args: &ReplayArgs, recording: &Recording, verdict: &Verdict) -> Option<Failure> {
    let name = shown(&args.capture);
    if let Some(first) = &verdict.first {
        return Some(Failure::new(Exit::Differs, format!("{name} differs, {}", difference(recording, first))));
    }
    let ending = recording.ending;
    if is_damaged(recording) {
        let frames = recording.takes.last().map_or(0, |take| take.frames);
        let last = format!("it holds the first {} of start {}", count(frames, "frame"), recording.takes.len().max(1));
        return Some(Failure::new(Exit::File, format!("{name} is {ending}; {last}")));
    }
    let nothing = || Failure::new(Exit::File, format!("{name} has no block that could be compared ({ending})"));
    (verdict.judged() == 0).then(nothing)
}

fn tell(args: &ReplayArgs, recording: &Recording, verdict: &Verdict, files: &[String]) -> Outcome {
    let failure = failure(args, recording, verdict);
    if args.json {
        let mut data = data(verdict, files);
        document::conclude(&mut data, failure.as_ref());
        output::print(&format!("{data:#}\n"))?;
    } else {
        output::report(&text(args, recording, verdict, files))?;
    }
    failure.map_or(Ok(Exit::Ok), Err)
}

fn text(args: &ReplayArgs, recording: &Recording, verdict: &Verdict, files: &[String]) -> String {
    let rate = recording.takes.first().map_or(48_000, |take| take.start.rate);
    let blocks = |blocks: u64| count(usize::try_from(blocks).unwrap_or(usize::MAX), "block");
    let (judged, length) = (blocks(verdict.judged()), clock(verdict.frames, rate));
    let came_to = match verdict.differing {
        0 => "bit-identical".to_owned(),
        differing => format!("{} not what was heard", blocks(differing)),
    };
    let mut lines = Vec::new();
    if verdict.unjudged > 0 {
        let after = blocks(verdict.unjudged);
        lines.push(format!("{after} more follow missing ones: they were rendered, and cannot be compared"));
    }
    lines.extend(verdict.reasons.iter().map(|reason| format!("likely: {reason}")));
    lines.extend(verdict.short.clone().filter(|_| !is_damaged(recording)));
    let as_rendered = verdict.differing > 0 && recording.takes.iter().any(|take| !take.start.with_output);
    let how = if as_rendered { ", as it was rendered: the capture has no output" } else { "" };
    lines.extend(files.iter().map(|file| format!("wrote {file}{how}")));
    let lines: String = lines.iter().map(|line| format!("  {}\n", style::safe(line, 400))).collect();
    let frames = count(verdict.frames, "frame");
    format!("{}: {judged}, {frames} ({length}): {came_to}\n{lines}", shown(&args.capture))
}

/// `first at block 12, frames 3072 to 3327 (device frame 4096)`.
fn difference(recording: &Recording, first: &Difference) -> String {
    let Difference { take, block, frame, frames, position, sample } = first;
    let last = frame + (*frames as u64).saturating_sub(1);
    let start = if recording.takes.len() > 1 { format!(" of start {}", take + 1) } else { String::new() };
    let at = format!("first at block {block}{start}, frames {frame} to {last} (device frame {position})");
    match sample {
        None => at,
        Some(sample) => {
            let (frame, channel) = (sample.frame, sample.channel);
            format!(
                "{at}: at frame {frame}, channel {channel}, {} was heard and {} rendered",
                sample.heard, sample.rendered
            )
        }
    }
}

fn data(verdict: &Verdict, files: &[String]) -> Value {
    let first = verdict.first.as_ref().map(|first| {
        let sample = first.sample.map(|sample| {
            json!({ "frame": sample.frame, "channel": sample.channel, "heard": sample.heard, "rendered": sample.rendered })
        });
        json!({
            "start": first.take,
            "block": first.block,
            "frame": first.frame,
            "frames": first.frames,
            "device_frame": first.position,
            "sample": sample,
        })
    });
    json!({
        "identical": verdict.is_identical(),
        "blocks": verdict.blocks,
        "frames": verdict.frames,
        "differing_blocks": verdict.differing,
        "unjudged_blocks": verdict.unjudged,
        "complete": verdict.unjudged == 0 && verdict.short.is_none(),
        "first": first,
        "reasons": verdict.reasons,
        "short": verdict.short,
        "files": files,
    })
}

fn failed(error: &ReplayError) -> Failure {
    let exit = match error {
        ReplayError::Patch(_) => Exit::Patch,
        ReplayError::Cancelled(_) => Exit::Interrupted,
        _ => Exit::File,
    };
    let lines = error.to_string();
    let lines: Vec<String> = lines.lines().take(20).map(|line| style::safe(line, 400)).collect();
    Failure::new(exit, lines.join("\n"))
}
