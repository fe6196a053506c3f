//! Waiting for what may never come: a sound server that hangs answers nothing, and cpal waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Work on a thread of its own.
pub(crate) struct Work<T> {
    result: Receiver<T>,
    thread: JoinHandle<()>,
}

/// Begins `work`, which goes on by itself if nobody waits for it.
///
/// # Errors
/// When the system has no thread.
pub(crate) fn begin<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> std::io::Result<Work<T>> {
    let (done, result) = channel();
    let thread = Builder::new().name("patchline-cpal".to_owned()).spawn(move || {
        // Nobody may wait any more.
        let _ = done.send(work());
    })?;
    Ok(Work { result, thread })
}

impl<T> Work<T> {
    /// What came of it; `None` if it is not done in time.
    ///
    /// # Panics
    /// When the work did.
    pub(crate) fn wait(self, time: Duration) -> Option<T> {
        let value = self.result.recv_timeout(time);
        if matches!(value, Err(RecvTimeoutError::Timeout)) {
            return None;
        }
        // It is at its end. What it panicked with was said by the hook.
        let _ = self.thread.join();
        Some(value.expect("the host does not panic"))
    }
}

/// Runs `work` on a thread of its own; `None` if it is not done in time. The thread then goes on by itself.
///
/// # Errors
/// When the system has no thread.
///
/// # Panics
/// When the work does.
pub(crate) fn within<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Option<T>> {
    Ok(begin(work)?.wait(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_waited_for_but_not_forever() {
        assert_eq!(within(Duration::from_secs(60), || 7).unwrap(), Some(7));
        let (_never, waits) = channel::<()>();
        assert_eq!(within(Duration::from_millis(10), move || waits.recv().is_ok()).unwrap(), None);
    }
}
