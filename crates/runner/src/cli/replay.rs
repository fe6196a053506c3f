//! Captures of live runs.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::wav_file;

/// What `runner run` keeps of a run.
#[derive(Debug, Default, Args)]
pub(crate) struct CaptureArgs {
    /// Writes what the callback receives to this file: blocks, input, parameters, what happens to the device.
    /// `runner replay` renders the same bits from it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) capture: Option<PathBuf>,
    /// Keeps the output, too: a replay then names the frame and the channel of a difference, not only its block.
    #[arg(long, requires = "capture")]
    pub(crate) capture_output: bool,
}

/// `runner replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The capture, as `runner run PATCH --capture FILE` makes it.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) capture: PathBuf,
    /// Compares the bits with what was heard; exit code 8 if they differ. What is done without any other option.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Writes what was heard to this WAV file; what follows at another rate to a name with a number.
    #[arg(long, short, value_name = "FILE", value_parser = wav_file(), value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Replaces the output file if there is one.
    #[arg(long, requires = "output")]
    pub(crate) overwrite: bool,
    /// Says what is in the capture, and renders nothing.
    #[arg(long, conflicts_with_all = ["verify", "output"])]
    pub(crate) info: bool,
    /// Where the patch's files are, if no longer where they were.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    /// Prints one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}
