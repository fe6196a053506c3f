//! A disk that stands still, for tests: the recorders of some folders stop where they write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The folders whose disks stand still, and whether a recorder waits there.
static STILL: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();

/// Waits until the disk of this file moves.
pub(super) fn pass(file: &Path) {
    let mut still = STILL.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(waiting) = file.parent().and_then(|folder| still.get_mut(folder)) {
        *waiting = true;
        CHANGED.notify_all();
        still = CHANGED.wait(still).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Stops the disk of a folder until [`thaw`].
pub(super) fn freeze(folder: &Path) {
    STILL.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), false);
}

/// Waits until a recorder stands still there.
pub(super) fn wait_until_frozen(folder: &Path) {
    let still = STILL.lock().unwrap_or_else(PoisonError::into_inner);
    let waits = |still: &mut BTreeMap<PathBuf, bool>| !still[folder];
    let (still, timeout) =
        CHANGED.wait_timeout_while(still, Duration::from_secs(60), waits).unwrap_or_else(PoisonError::into_inner);
    drop(still);
    assert!(!timeout.timed_out(), "the recorder writes to {}", folder.display());
}

/// Lets it move again.
pub(super) fn thaw(folder: &Path) {
    STILL.lock().unwrap_or_else(PoisonError::into_inner).remove(folder);
    CHANGED.notify_all();
}
