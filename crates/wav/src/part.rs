//! Files that appear under their name only when they are complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::create::{check_target, create_parent, open_new};
use crate::{Options, Storage, Summary, WriteError, Writer};

/// A writer whose file appears at its name when [`commit`](Writer::commit) says so, whole or not at all.
///
/// Until then it lies beside it as `.NAME.part-PID-N`. Dropped without a commit it is removed; only a killed process
/// leaves it behind.
pub type AtomicWriter = Writer<PartFile>;

impl AtomicWriter {
    /// Creates the file beside `path`, and the folders it lies in.
    ///
    /// # Errors
    /// As [`FileWriter::create`](crate::FileWriter::create), for `path` itself: what cannot be replaced is refused
    /// before anything is written. `overwrite` is for what is there now: what takes the name later is never replaced.
    pub fn create(path: impl AsRef<Path>, options: Options) -> Result<Self, WriteError> {
        let path = path.as_ref();
        options.format.check()?;
        create_parent(path)?;
        check_target(path, options.overwrite)?;
        // What comes there later is somebody else's.
        let overwrite = options.overwrite && path.symlink_metadata().is_ok();
        Writer::new(PartFile::create(path, overwrite)?, options.format)
    }

    /// Completes the file, waits until it is on disk, and gives it its name.
    ///
    /// # Errors
    /// [`WriteError::Frames`] or [`WriteError::Update`] when the storage fails, [`WriteError::Exists`] when the name was
    /// taken meanwhile and may not be overwritten, [`WriteError::Commit`] when the system refuses. The file is removed
    /// then, and what had the name keeps it.
    pub fn commit(mut self) -> Result<Summary, WriteError> {
        let summary = self.close()?;
        let synced = self.storage().sync();
        synced.map_err(|source| WriteError::Update { written: summary.frames, source })?;
        self.storage().place()?;
        Ok(summary)
    }
}

/// The storage of an [`AtomicWriter`]: a file that is removed unless it was given its name.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    part: PathBuf,
    target: PathBuf,
    overwrite: bool,
    placed: bool,
}

impl PartFile {
    pub(crate) fn create(target: &Path, overwrite: bool) -> Result<Self, WriteError> {
        for attempt in 0..100 {
            let part = part_path(target, attempt)?;
            match open_new(&part) {
                Ok(file) => {
                    return Ok(Self { file, part, target: target.to_owned(), overwrite, placed: false });
                }
                Err(WriteError::Exists(_)) => {}
                Err(WriteError::Create { source, .. }) => {
                    return Err(WriteError::Create { path: target.to_owned(), source });
                }
                Err(other) => return Err(other),
            }
        }
        Err(WriteError::Exists(part_path(target, 0)?))
    }

    pub(crate) fn place(&mut self) -> Result<(), WriteError> {
        let moved =
            if self.overwrite { fs::rename(&self.part, &self.target) } else { rename_new(&self.part, &self.target) };
        moved.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists(self.target.clone()),
            _ => WriteError::Commit { path: self.target.clone(), source },
        })?;
        self.placed = true;
        sync_folder(&self.target);
        Ok(())
    }
}

impl Storage for PartFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// A name that no listing shows and no other process chooses; cut so that a long name stays one.
fn part_path(target: &Path, attempt: u32) -> Result<PathBuf, WriteError> {
    let Some(name) = target.file_name() else {
        return Err(WriteError::NotRegular(target.to_owned()));
    };
    let name: String = name.to_string_lossy().chars().take(50).collect();
    let part = format!(".{name}.part-{}-{attempt}", std::process::id());
    Ok(target.with_file_name(OsString::from(part)))
}

/// Renames without ever replacing: asks the kernel, else makes a second name and drops the first, else looks before.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(done) = rename_noreplace(from, to) {
        return done;
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from).or(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // No hard links here (FAT, some network shares): the last resort leaves a moment between look and leap.
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// `None` where the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_noreplace(from: &Path, to: &Path) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        result => Some(result.map_err(io::Error::from)),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_noreplace(_from: &Path, _to: &Path) -> Option<io::Result<()>> {
    None
}

/// Makes the new name survive a loss of power, where folders can be synced; the file itself is safe either way.
#[cfg(unix)]
fn sync_folder(target: &Path) {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let _ = File::open(parent.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
}

#[cfg(not(unix))]
fn sync_folder(_target: &Path) {}
