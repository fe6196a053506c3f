//! Waiting for what may never come: a sound server that hangs answers nothing, and cpal waits for it.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

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
    let (done, result) = channel();
    let thread = Builder::new().name("patchline-cpal".to_owned()).spawn(move || {
        // Nobody may wait any more.
        let _ = done.send(work());
    })?;
    match result.recv_timeout(time) {
        Ok(value) => {
            end(thread);
            Ok(Some(value))
        }
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => {
            end(thread);
            panic!("the host panicked")
        }
    }
}

fn end(thread: std::thread::JoinHandle<()>) {
    // What it panicked with was said by the hook.
    let _ = thread.join();
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
