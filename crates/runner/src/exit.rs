//! How a run ends: one code for each kind of end, the same in every command.

use std::process::ExitCode;

use serde_json::{Map, Value};

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
    /// A replay differs from what was heard.
    Differs = 8,
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
  8    a replay differs from what was heard
  130  a render was interrupted, or a run by a second Ctrl-C";

impl Exit {
    /// The code in a word, for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Usage => "usage",
            Self::Patch => "patch",
            Self::Device => "device",
            Self::File => "file",
            Self::Xruns => "xruns",
            Self::Broken => "internal",
            Self::Differs => "differs",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What programs get, as `--help` and the man page say it.
pub(crate) const JSON: &str = "\
With --json there is one JSON document on stdout whatever happens; of `meter`, `devices --watch` and `render` of several
files JSON Lines, one document in each line. `exit` is the exit code. `error` is null or missing when all went well, else it has `code` (usage,
patch, device, file, xruns, internal, differs, interrupted), `message`, and what more is known: `mistakes` with line and
column.";

/// Why a command ends early, or other than well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code it ends with.
    pub exit: Exit,
    /// What is wrong and what would be right.
    pub message: String,
    /// Whether people have been told already.
    said: bool,
    /// What programs are told beside the message.
    pub(crate) details: Map<String, Value>,
}

/// What a command comes to.
pub(crate) type Outcome = Result<Exit, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), said: false, details: Map::new() }
    }

    /// Of which people have been told already.
    pub(crate) fn said(self) -> Self {
        Self { said: true, ..self }
    }

    /// With more for programs.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// What is left to tell people.
    pub(crate) fn unsaid(&self) -> Option<&str> {
        (!self.said).then_some(self.message.as_str())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
