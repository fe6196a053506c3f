//! The capture of a run: its file, and what became of it.

use std::sync::Arc;

use patchline_capture::{Capture, CaptureError, Config};
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::cli::CaptureArgs;
use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::style;
use crate::units::count;

/// Whether the name is free, before any device is opened.
pub(super) fn free(args: &CaptureArgs) -> Result<(), Failure> {
    match &args.capture {
        Some(path) if path.symlink_metadata().is_ok() => Err(failure(&CaptureError::Exists(path.clone()))),
        _ => Ok(()),
    }
}

pub(super) fn create(args: &CaptureArgs) -> Result<Option<Arc<Capture>>, Failure> {
    let config = Config { with_output: args.capture_output, ..Config::default() };
    let capture = args.capture.as_ref().map(|path| Capture::create(path, config));
    Ok(capture.transpose().map_err(|error| failure(&error))?.map(Arc::new))
}

fn failure(error: &CaptureError) -> Failure {
    Failure::new(Exit::File, style::safe(&error.to_string(), 600))
}

/// What became of a capture.
pub(super) struct Kept {
    pub(super) data: Value,
    /// A file that could not be written.
    pub(super) failure: Option<Failure>,
}

/// Nothing was played: no file stays behind.
pub(super) fn abandon(capture: &Capture, args: &CaptureArgs) {
    let summary = capture.finish();
    if let Some(path) = args.capture.as_ref().filter(|_| summary.blocks == 0 && !summary.gone) {
        // It is ours: it was made anew.
        let _ = std::fs::remove_file(path);
    }
}

/// Waits until all is written; says what it holds and, if that is not all, what is missing.
pub(super) fn finish(capture: &Capture, args: &CaptureArgs) -> Kept {
    let summary = capture.finish();
    let name = args.capture.as_deref().map(shown).unwrap_or_default();
    let failure = summary.error.as_deref().map(|error| {
        let (missing, frames) = (count(summary.missing_blocks, "block"), count(summary.missing_frames, "frame"));
        let error = style::safe(error, 200);
        let what = if summary.gone { "is not there any more" } else { "cannot be written on" };
        let rest = if summary.missing_blocks == summary.blocks { "" } else { ", what is there can be replayed" };
        let what = format!("the capture {name} {what}: {error}");
        Failure::new(Exit::File, format!("{what}; without {missing} ({frames}){rest}"))
    });
    if summary.is_complete() {
        let (blocks, frames) = (count(summary.blocks, "block"), count(summary.frames, "frame"));
        info!("captured {blocks} ({frames}) in {name}; `runner replay {name}` renders them again");
    } else if failure.is_none() {
        let (blocks, frames) = (count(summary.missing_blocks, "block"), count(summary.missing_frames, "frame"));
        warn!("the capture {name} is incomplete: the disk was too slow for {blocks} ({frames})");
    }
    let data = json!({
        "path": name,
        "complete": summary.is_complete(),
        "blocks": summary.blocks,
        "frames": summary.frames,
        "missing_blocks": summary.missing_blocks,
        "missing_frames": summary.missing_frames,
        "bytes": summary.bytes,
        "problem": summary.error,
    });
    Kept { data, failure }
}
