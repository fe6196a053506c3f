//! Without descriptors of folders: looks for links before it opens.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path};

use super::Place;
use crate::WriteError;
use crate::create::{create_parent, open_emptied, open_new};

impl Place {
    /// `rest` beneath `folder`, which is taken as it is; below it no link is followed and every missing folder is made.
    ///
    /// # Errors
    /// [`WriteError::LinkedFolder`] when a folder is a link, [`WriteError::NotRegular`] when `rest` names no file
    /// beneath the folder, [`WriteError::Create`] when the system refuses.
    pub fn beneath(folder: &Path, rest: &Path) -> Result<Self, WriteError> {
        let path = folder.join(rest);
        let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_plain || rest.file_name().is_none() {
            return Err(WriteError::NotRegular(path));
        }
        let folders = path.ancestors().skip(1).take_while(|&at| at != folder && !at.as_os_str().is_empty());
        let is_link = |at: &&Path| at.symlink_metadata().is_ok_and(|found| found.is_symlink());
        if let Some(link) = folders.filter(is_link).last() {
            return Err(WriteError::LinkedFolder(link.to_owned()));
        }
        create_parent(&path)?;
        Ok(Self { path })
    }

    /// Opens the file, which is new.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::Symlink`] or [`WriteError::NotRegular`] for what is there already;
    /// [`WriteError::Create`] when the system refuses.
    pub fn open_new(&self) -> Result<File, WriteError> {
        open_new(&self.path)
    }

    pub(crate) fn open_emptied(&self) -> Result<File, WriteError> {
        open_emptied(&self.path)
    }

    /// The file as it is, for reading.
    ///
    /// # Errors
    /// What the system says.
    pub fn open_to_read(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Whether anything has that name.
    pub fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// Removes the file; what cannot be removed stays.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
