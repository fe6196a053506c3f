//! How a run ends: one code for each kind of end, the same in every command.

use std::process::ExitCode;

/// The exit codes, a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Ok = 0,
    /// The command line is wrong.
    Usage = 2,
    /// The patch is wrong.
    Patch = 3,
    /// The device cannot be had, or was lost.
    Device = 4,
    /// A file cannot be read or written.
    File = 5,
    /// More xruns than the patch allows.
    Xruns = 6,
    /// A bug: a broken promise of the audio callback, or of the program.
    Broken = 7,
    /// A render was interrupted and its output is gone, or a second Ctrl-C forced the end of a run.
    Interrupted = 130,
}

/// The codes as `--help` and the man page list them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    all went well
  2    the command line is wrong
  3    the patch is wrong
  4    the device cannot be had, or was lost
  5    a file cannot be read or written
  6    more xruns than the patch allows
  7    internal, or a broken real-time promise
  130  a render was interrupted, or a run by a second Ctrl-C";

/// Why a command ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code it ends with.
    pub exit: Exit,
    /// What is wrong and what would be right, for stderr; empty where all has been said.
    pub message: String,
}

/// What a command comes to.
pub(crate) type Outcome = Result<Exit, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// An end of which everything has been said.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
