//! `runner repair` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Say what is wrong with WAV files that a kill, a crash or a full disk left unfinished, and put it right.
///
/// Without --write or -o nothing is changed. Samples are never changed: a repair is other sizes in the header, and a pad
/// byte where one is missing. What is missing from a recording (its .gaps.jsonl) is listed, too. The exit code is 0 when
/// all files are whole, or are now; 5 when one is not.
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Puts them right where they are.
    #[arg(long, conflicts_with = "output")]
    pub(crate) write: bool,
    /// Writes a repaired copy to this file instead, and leaves the damaged one (just one) as it is.
    #[arg(long, short, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Replaces OUT if it is there.
    #[arg(long, requires = "output")]
    pub(crate) overwrite: bool,
    /// Prints one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}
