//! Creating files without surprises: nothing replaced unasked, no symbolic link followed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::reader::open_regular;
use crate::{Broadcast, Format, Place, WriteError, Writer};

/// A writer for a file on disk, readable at its own name from its first moment.
pub type FileWriter = Writer<File>;

/// How a file is to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What it holds.
    pub format: Format,
    /// Whether a regular file of that name may be replaced.
    pub overwrite: bool,
}

impl Options {
    /// Of this format, replacing nothing.
    pub const fn new(format: Format) -> Self {
        Self { format, overwrite: false }
    }
}

impl FileWriter {
    /// Creates a file, and the folders it lies in.
    ///
    /// # Errors
    /// [`WriteError::Format`] when the format cannot be written (nothing is created then); [`WriteError::Exists`],
    /// [`WriteError::Symlink`] or [`WriteError::NotRegular`] for what is there already, [`WriteError::InUse`] where it is
    /// to be replaced while somebody reads or writes it; [`WriteError::Create`] or [`WriteError::Update`] when the system
    /// refuses.
    pub fn create(path: impl AsRef<Path>, options: Options) -> Result<Self, WriteError> {
        let path = path.as_ref();
        options.format.check()?;
        create_parent(path)?;
        let file = if options.overwrite { open_emptied(path)? } else { open_new(path)? };
        let writer = Writer::new(file, options.format);
        if writer.is_err() && !options.overwrite {
            let _ = fs::remove_file(path); // ours, and without even a header
        }
        writer
    }

    /// Creates a file at a place, and says in its header where it comes from and when it began.
    ///
    /// # Errors
    /// As [`create`](FileWriter::create), without those about folders.
    pub fn create_at(place: &Place, options: Options, broadcast: &Broadcast) -> Result<Self, WriteError> {
        options.format.check()?;
        let file = if options.overwrite { place.open_emptied()? } else { place.open_new()? };
        let writer = Writer::with_broadcast(file, options.format, broadcast);
        if writer.is_err() && !options.overwrite {
            place.remove(); // ours, and without even a header
        }
        writer
    }
}

impl FileWriter {
    /// Whether the file has been removed: what is written goes nowhere then. Systems other than Unix cannot tell.
    pub fn is_removed(&mut self) -> bool {
        has_no_name(self.storage())
    }
}

#[cfg(unix)]
fn has_no_name(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|found| found.nlink() == 0)
}

#[cfg(not(unix))]
fn has_no_name(_file: &File) -> bool {
    false
}

pub(crate) fn create_parent(path: &Path) -> Result<(), WriteError> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(parent).map_err(|source| WriteError::Create { path: parent.to_owned(), source })
}

pub(crate) fn open_new(path: &Path) -> Result<File, WriteError> {
    let opened = without_links(OpenOptions::new().write(true).create_new(true)).open(path);
    opened.map_err(|source| refusal(path, source)).inspect(lock)
}

/// Opens first and empties only what turned out to be a regular file.
pub(crate) fn open_emptied(path: &Path) -> Result<File, WriteError> {
    let opened = without_links(OpenOptions::new().write(true).create(true).truncate(false)).open(path);
    emptied(opened.map_err(|source| refusal(path, source))?, path)
}

/// Empties a file that is a regular one.
pub(crate) fn emptied(file: File, path: &Path) -> Result<File, WriteError> {
    let failed = |source| WriteError::Create { path: path.to_owned(), source };
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_symlink() {
        return Err(WriteError::Symlink(path.to_owned()));
    }
    if !kind.is_file() {
        return Err(WriteError::NotRegular(path.to_owned()));
    }
    if is_refused(&file) {
        return Err(WriteError::InUse(path.to_owned()));
    }
    file.set_len(0).map_err(failed)?;
    Ok(file)
}

/// Locks a file for writing, as [`lock`] does; says whether somebody reads or writes it.
#[cfg(unix)]
fn is_refused(file: &File) -> bool {
    rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK)
}

#[cfg(not(unix))]
fn is_refused(_file: &File) -> bool {
    false
}

/// A file that no [`FileWriter`] replaces as long as this lives: one that is read, or will be. Only on Unix, and where
/// files can be locked.
#[derive(Debug)]
pub struct Hold(#[allow(dead_code, reason = "it is held")] File);

impl Hold {
    /// Holds on to a regular file.
    ///
    /// # Errors
    /// What the system says.
    pub fn on(path: impl AsRef<Path>) -> io::Result<Self> {
        open_regular(path.as_ref()).inspect(lock_to_read).map(Self)
    }
}

/// Keeps writers from emptying a file that is being read, where files can be locked.
#[cfg(unix)]
pub(crate) fn lock_to_read(file: &File) {
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockShared);
}

#[cfg(not(unix))]
pub(crate) fn lock_to_read(_file: &File) {}

/// Tells others who ask (as [`Repair`](crate::Repair) does) that this file is being written, where files can be locked.
#[cfg(unix)]
pub(crate) fn lock(file: &File) {
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
}

#[cfg(not(unix))]
pub(crate) fn lock(_file: &File) {}

/// Whether somebody has said so of this file.
#[cfg(unix)]
pub(crate) fn is_locked(file: &File) -> bool {
    rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}

#[cfg(not(unix))]
pub(crate) fn is_locked(_file: &File) -> bool {
    false
}

/// Refuses to write to `path` later, by what is there now.
pub(crate) fn check_target(path: &Path, overwrite: bool) -> Result<(), WriteError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(WriteError::Symlink(path.to_owned())),
        Ok(found) if !found.is_file() => Err(WriteError::NotRegular(path.to_owned())),
        Ok(_) if !overwrite => Err(WriteError::Exists(path.to_owned())),
        // A name that the system does not even look up is none it would create.
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(WriteError::Create { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Says what stands in the way rather than how the system puts it.
pub(crate) fn refusal(path: &Path, source: io::Error) -> WriteError {
    let exists = source.kind() == io::ErrorKind::AlreadyExists;
    match check_target(path, !exists) {
        Err(refused) => refused,
        Ok(()) if exists => WriteError::Exists(path.to_owned()),
        Ok(()) => WriteError::Create { path: path.to_owned(), source },
    }
}

/// NONBLOCK keeps a pipe without a reader from blocking the open; regular files ignore it.
#[cfg(unix)]
pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
}

#[cfg(windows)]
pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::windows::fs::OpenOptionsExt;
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
