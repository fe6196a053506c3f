//! What can go wrong, and what would fix it.

use std::io;
use std::path::PathBuf;

/// Why a file could not be created, written or put in its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The format cannot be written.
    #[error("a WAV file cannot hold {0}")]
    Format(String),
    /// The samples handed over are no whole frames of the file's channels.
    #[error("{0}")]
    Shape(String),
    /// Something is there already.
    #[error("{} exists; choose another name, or allow overwriting", .0.display())]
    Exists(PathBuf),
    /// A symbolic link is never written through.
    #[error("{} is a symbolic link, which is not followed; name the file itself", .0.display())]
    Symlink(PathBuf),
    /// A folder on the way is a symbolic link, which may lead anywhere.
    #[error("the folder {} is a symbolic link, which is not followed", .0.display())]
    LinkedFolder(PathBuf),
    /// A device, pipe, socket or folder.
    #[error("{} is no regular file", .0.display())]
    NotRegular(PathBuf),
    /// Somebody else is writing the file.
    #[error("{} is being written, or has just changed; try again when it is finished", .0.display())]
    Busy(PathBuf),
    /// Somebody reads the file, or writes it: it is not emptied under their hands.
    #[error("{} is being read or written at the moment, and not replaced; name another file", .0.display())]
    InUse(PathBuf),
    /// The sizes of more than 4 GiB find no room in the header.
    #[error("{} has no room in its header for the sizes of more than 4 GiB; write a copy instead", .0.display())]
    NoRoom(PathBuf),
    /// The file or its folder could not be created.
    #[error("cannot create {}: {source}", path.display())]
    Create {
        /// What was to be created.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk is full, the pipe closed, or the device failed. The file ends with its last whole frame.
    #[error("{lost} frames could not be written after {written}: {source}")]
    Frames {
        /// Frames in the file, since its start.
        written: u64,
        /// Frames handed over and not in the file, since the last such error.
        lost: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The frames went out, but the header may name fewer of them, or they are not yet safe on disk.
    #[error("{written} frames are written, but the file could not be brought up to date: {source}")]
    Update {
        /// Frames in the file, since its start.
        written: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The finished file could not be given its name; it was removed.
    #[error("cannot put the finished file at {}: {source}", path.display())]
    Commit {
        /// Where it was to go.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a file could not be read. `offset` counts bytes from the start of the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// What was to be opened.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The source failed.
    #[error("cannot read at byte {offset}: {source}")]
    Io {
        /// Where.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The source ends within its header.
    #[error("the file ends at byte {offset}, within {what}")]
    Truncated {
        /// Where it ends.
        offset: u64,
        /// What is cut.
        what: &'static str,
    },
    /// The header is no WAV header, or says what cannot be.
    #[error("byte {offset}: {what}")]
    Malformed {
        /// Where.
        offset: u64,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// A frame was asked for that lies behind the last one.
    #[error("frame {frame} lies behind the end; there are {frames}")]
    PastEnd {
        /// The frame asked for.
        frame: u64,
        /// The frames there are.
        frames: u64,
    },
}
