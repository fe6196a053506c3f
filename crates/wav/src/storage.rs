//! Where a writer puts its bytes.

use std::fs::File;
use std::io;

/// Bytes at positions: a file, or anything a test wants to put in its place.
pub trait Storage {
    /// Whether bytes already written can be written again; without it the header leaves all sizes open.
    const REWRITABLE: bool = true;

    /// Writes some of `bytes` at `offset` and says how many.
    ///
    /// # Errors
    /// What the system says; nothing was written then.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes it `len` bytes long: cuts everything from there on, or adds zeros up to there.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Hands what was written to the system.
    ///
    /// # Errors
    /// What the system says.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Waits until what was written would survive a loss of power.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&mut self) -> io::Result<()> {
        self.flush()
    }
}

impl Storage for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        write_at(self, bytes, offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(unix)]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, offset)
}

#[cfg(not(any(unix, windows)))]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write(bytes)
}

/// Writes all of `bytes` at `offset`; says how many went before an error, too.
pub(crate) fn write_all_at<S: Storage>(storage: &mut S, bytes: &[u8], offset: u64) -> (usize, io::Result<()>) {
    let mut done = 0;
    while done < bytes.len() {
        match storage.write_at(&bytes[done..], offset + done as u64) {
            Ok(0) => return (done, Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}
