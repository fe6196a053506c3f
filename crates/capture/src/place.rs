//! Where a capture's file was made, and whether it still is there.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A file that was made, and its name.
pub(crate) struct Place {
    path: PathBuf,
    file: File,
}

/// Why a file is not at its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Nothing of it will be left.
    Removed,
    /// It has another name now.
    Moved,
}

impl Place {
    /// Of a file that was just made.
    pub(crate) fn new(path: &Path, file: &File) -> io::Result<Self> {
        Ok(Self { path: std::path::absolute(path)?, file: file.try_clone()? })
    }

    /// Why the file is not there any more, if it is not. What cannot be told is taken for well.
    pub(crate) fn gone(&self) -> Option<Gone> {
        let ours = self.file.metadata().ok()?;
        match self.path.symlink_metadata() {
            _ if has_no_name(&ours) => Some(Gone::Removed),
            Ok(found) => (!is_same(&found, &ours)).then_some(Gone::Moved),
            Err(error) => (error.kind() == ErrorKind::NotFound).then_some(Gone::Moved),
        }
    }
}

impl Gone {
    /// The end of a sentence about the file.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Removed => "it was removed while it was written",
            Self::Moved => "it was moved away while it was written",
        }
    }
}

#[cfg(unix)]
fn has_no_name(file: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) == 0
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn has_no_name(_file: &Metadata) -> bool {
    false
}

/// Here files cannot be told apart: a name that is taken is taken for ours.
#[cfg(not(unix))]
fn is_same(_one: &Metadata, _other: &Metadata) -> bool {
    true
}
