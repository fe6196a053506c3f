//! Folders by their descriptors: one step at a time, none through a link.

use std::ffi::OsStr;
use std::fs::{File, create_dir_all};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, mkdirat, open, openat, statat, unlinkat};
use rustix::io::Errno;

use super::Place;
use crate::WriteError;
use crate::create::{emptied, lock, refusal};

/// A folder may be passed through without being readable, where the system knows how to say so.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Place {
    /// `rest` beneath `folder`, which is taken as it is; below it no link is followed and every missing folder is
    /// made.
    ///
    /// # Errors
    /// [`WriteError::LinkedFolder`] when a folder is a link, [`WriteError::NotRegular`] when `rest` names no file
    /// beneath the folder, [`WriteError::Create`] when the system refuses.
    pub fn beneath(folder: &Path, rest: &Path) -> Result<Self, WriteError> {
        let path = folder.join(rest);
        let (Some(name), true) = (rest.file_name(), is_plain(rest)) else {
            return Err(WriteError::NotRegular(path));
        };
        let mut at = if folder.as_os_str().is_empty() { Path::new(".").to_owned() } else { folder.to_owned() };
        let refused = |source| WriteError::Create { path: folder.to_owned(), source };
        create_dir_all(&at).map_err(refused)?;
        let mut opened = open(&at, FOLDER, Mode::empty()).map_err(|error| refused(error.into()))?;
        for name in rest.parent().into_iter().flat_map(Path::components) {
            at.push(name);
            opened = enter(&opened, name.as_os_str(), &at)?;
        }
        at.push(name);
        Ok(Self { folder: opened, path })
    }

    /// Opens the file, which is new.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::Symlink`] or [`WriteError::NotRegular`] for what is there already;
    /// [`WriteError::Create`] when the system refuses.
    pub fn open_new(&self) -> Result<File, WriteError> {
        self.open(OFlags::EXCL).inspect(lock)
    }

    /// Opens the file, which is made if need be, and empties it if it is a regular one.
    pub(crate) fn open_emptied(&self) -> Result<File, WriteError> {
        emptied(self.open(OFlags::empty())?, &self.path)
    }

    /// NONBLOCK keeps a pipe without a reader from blocking the open.
    fn open(&self, more: OFlags) -> Result<File, WriteError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | more;
        let opened = openat(&self.folder, self.name(), flags, Mode::from_raw_mode(0o666));
        opened.map(File::from).map_err(|error| refusal(&self.path, error.into()))
    }

    /// The file as it is, for reading.
    ///
    /// # Errors
    /// What the system says.
    pub fn open_to_read(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(openat(&self.folder, self.name(), flags, Mode::empty())?))
    }

    /// Whether anything has that name.
    pub fn exists(&self) -> bool {
        statat(&self.folder, self.name(), AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Removes the file; what cannot be removed stays.
    pub fn remove(&self) {
        let _ = unlinkat(&self.folder, self.name(), AtFlags::empty());
    }

    fn name(&self) -> &OsStr {
        self.path.file_name().expect("a place has a name")
    }
}

fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// Opens a folder in a folder, and makes it first if it is not there.
fn enter(folder: &OwnedFd, name: &OsStr, path: &Path) -> Result<OwnedFd, WriteError> {
    let open = || openat(folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty());
    let made = |error| match error {
        Errno::NOENT => match mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => open(),
            Err(error) => Err(error),
        },
        error => Err(error),
    };
    open().or_else(made).map_err(|error| {
        let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
        let is_link = found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink);
        match is_link {
            true => WriteError::LinkedFolder(path.to_owned()),
            false => WriteError::Create { path: path.to_owned(), source: error.into() },
        }
    })
}
