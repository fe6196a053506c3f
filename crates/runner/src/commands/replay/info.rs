//! What is in a capture.

use patchline_capture::{Deed, Ending, Recording, Replay, Take};
use serde_json::{Value, json};

use crate::cli::ReplayArgs;
use crate::exit::{Exit, Outcome};
use crate::load::shown;
use crate::units::{clock, count};
use crate::{document, output, style};

pub(super) fn tell(recording: &Recording, how: &Replay, args: &ReplayArgs) -> Outcome {
    let changed = recording.changed_files(how);
    if args.json {
        let mut data = data(recording, &changed);
        document::conclude(&mut data, None);
        output::print(&format!("{data:#}\n"))?;
    } else {
        let text = text(recording, &changed);
        output::print(&format!("{}: {} bytes\n{text}", shown(&args.capture), recording.bytes))?;
    }
    Ok(Exit::Ok)
}

fn text(recording: &Recording, changed: &[String]) -> String {
    let mut lines = Vec::new();
    if let Some(header) = &recording.header {
        lines.push(format!("by version {} on {} ({}), {}", header.program, header.os, header.arch, header.began));
    }
    lines.extend(recording.takes.iter().flat_map(of_take));
    lines.extend(changed.iter().cloned());
    lines.push(recording.ending.to_string());
    lines.iter().map(|line| format!("  {}\n", style::safe(line, 400))).collect()
}

fn of_take(take: &Take) -> Vec<String> {
    let start = &take.start;
    let (shortest, longest) = take.block_frames;
    let (shortest, rate) = (shortest.min(longest), start.rate);
    let [loads, sets, bypasses] = told(take);
    let mut lines = vec![
        format!("on {}: {rate} Hz, {} in, {} out", start.device, start.inputs, start.outputs),
        format!(
            "{} blocks of {shortest} to {longest} frames, {} frames ({}); {} not follow the one before",
            take.blocks,
            take.frames,
            clock(take.frames, rate),
            if take.discontinuities == 1 { "1 does".to_owned() } else { format!("{} do", take.discontinuities) }
        ),
        format!(
            "{}, {}, nodes left out or taken back: {bypasses}",
            count(loads, "load"),
            count(sets, "parameter change")
        ),
    ];
    let (blocks, frames) = take.missing;
    if blocks > 0 {
        lines.push(format!("incomplete: without {} ({})", count(blocks, "block"), count(frames, "frame")));
    }
    let patch = take.calls.iter().find_map(|call| match &call.deed {
        Deed::Load(source) | Deed::LoadAt { patch: source, .. } | Deed::Dip(source) => {
            Some(format!("patch {}", source.path.display()))
        }
        _ => None,
    });
    lines.extend(patch);
    lines.extend(take.files.iter().map(|file| match file.bytes {
        Some(bytes) => format!("`{}` read {} ({bytes} bytes)", file.node, file.path),
        None => format!("`{}` read {}, which could not be looked at", file.node, file.path),
    }));
    lines.extend(take.notes.iter().map(|note| note.what.clone()));
    lines.extend(take.end.iter().flat_map(|end| end.notes.iter().cloned()));
    lines
}

/// Loads, parameter changes, and nodes left out or taken back.
fn told(take: &Take) -> [usize; 3] {
    let of = |wanted: fn(&Deed) -> bool| take.calls.iter().filter(|call| wanted(&call.deed)).count();
    [
        of(|deed| matches!(deed, Deed::Load(_) | Deed::LoadAt { .. } | Deed::Dip(_))),
        of(|deed| matches!(deed, Deed::Set { .. })),
        of(|deed| matches!(deed, Deed::Bypass { .. })),
    ]
}

fn data(recording: &Recording, changed: &[String]) -> Value {
    let take = |take: &Take| {
        json!({
            "device": take.start.device,
            "sample_rate": take.start.rate,
            "inputs": take.start.inputs,
            "outputs": take.start.outputs,
            "with_output": take.start.with_output,
            "blocks": take.blocks,
            "frames": take.frames,
            "discontinuities": take.discontinuities,
            "missing_blocks": take.missing.0,
            "missing_frames": take.missing.1,
            "told": take.calls,
            "files": take.files,
            "events": take.notes,
        })
    };
    json!({
        "header": recording.header,
        "starts": recording.takes.iter().map(take).collect::<Vec<_>>(),
        "whole": recording.ending == Ending::Whole,
        "ending": recording.ending.to_string(),
        "bytes": recording.bytes,
        "changed_files": changed,
    })
}
