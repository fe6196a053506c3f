//! The files that this process records at the moment: two recorders never share one, even when allowed to overwrite.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
static RELEASED: Condvar = Condvar::new();

/// A hold on one path.
pub(super) struct Claim(PathBuf);

impl Claim {
    /// Takes hold of a path unless another recorder has it. Whoever is about to let go of it, as the recorder that this
    /// one replaces does, is waited for, but no longer than `patience`.
    pub(super) fn new(path: &Path, patience: Duration) -> Option<Self> {
        let claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = RELEASED.wait_timeout_while(claimed, patience, |claimed| claimed.contains(path));
        let (mut claimed, _) = waited.unwrap_or_else(PoisonError::into_inner);
        claimed.insert(path.to_owned()).then(|| Self(path.to_owned()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
        RELEASED.notify_all();
    }
}
