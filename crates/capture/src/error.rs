//! What can be wrong with a capture.

use std::io;
use std::path::PathBuf;

/// Why a capture was not begun.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// There is a file of that name already, and none is ever replaced.
    #[error("{0} is there already, and a capture replaces nothing; name another file")]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("cannot write {path}: {source}")]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start the thread that writes the capture: {0}")]
    Thread(io::Error),
}

/// Why a capture cannot be read or replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is a folder, a pipe, or a device.
    #[error("{0} is no regular file, and so no capture")]
    NoFile(PathBuf),
    /// It is no capture.
    #[error("{0} is no capture: `runner run PATCH --capture FILE` makes one")]
    NoCapture(PathBuf),
    /// It is of another version of the format.
    #[error("the capture is of version {found}; this program reads versions up to {known}")]
    Version {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It says something that no run can have done.
    #[error("the capture is damaged: {0}")]
    Damaged(String),
    /// Its patch cannot be loaded here.
    #[error("the capture's patch cannot be loaded here: {0}")]
    Patch(String),
    /// A graph or parameters could not be written down when it was captured.
    #[error("at block {block} the engine was told what could not be captured: {what}")]
    Unwritable {
        /// The block, from 0.
        block: u64,
        /// What.
        what: String,
    },
    /// Whoever looked on ended it.
    #[error("ended after {0} blocks")]
    Cancelled(u64),
}
