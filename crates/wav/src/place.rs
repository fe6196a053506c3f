//! A name in a folder that was reached without following a link.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::path::{Path, PathBuf};

use crate::WriteError;

/// Where a file is to be created: its folder, held open where the system can, and its name.
///
/// What is put in the way later, a link in place of a folder, is not followed: the folder is the one that was found.
/// (Systems other than Unix only look for links before they open.)
#[derive(Debug)]
pub struct Place {
    #[cfg(unix)]
    folder: std::os::fd::OwnedFd,
    path: PathBuf,
}

impl Place {
    /// The file's name as it was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another file in the same folder.
    ///
    /// # Errors
    /// [`WriteError::Create`] when the system has no more descriptors.
    pub fn sibling(&self, name: impl AsRef<Path>) -> Result<Self, WriteError> {
        let path = self.path.with_file_name(name.as_ref());
        #[cfg(unix)]
        return match self.folder.try_clone() {
            Ok(folder) => Ok(Self { folder, path }),
            Err(source) => Err(WriteError::Create { path, source }),
        };
        #[cfg(not(unix))]
        Ok(Self { path })
    }
}
