//! The thread of a node that works with files, as the control side holds it.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// A thread that ends by itself, and is waited for when the run ends.
pub(crate) struct HelperThread(Mutex<Option<JoinHandle<()>>>);

impl HelperThread {
    /// Starts it.
    pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let thread = Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self(Mutex::new(Some(thread))))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread().as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its end, after `hurry` has woken it; once is enough.
    pub(crate) fn finish(&self, hurry: impl FnOnce()) {
        let Some(thread) = self.thread().take() else { return };
        hurry();
        // A panic on that thread has already been shown by the panic hook.
        let _ = thread.join();
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
