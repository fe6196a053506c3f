//! Waiting for a server that may hang: it answers no request then, and libjack waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use patchline_io::IoError;

use crate::host::NAME;

/// How long a server may take for what is asked of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests that were given up and are still under way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Asks the server for something, on a thread of its own. Without an answer in time that thread goes on by itself, and
/// until it is done nothing else is asked for: at most one such request hangs.
///
/// # Errors
/// When there was no answer.
pub(crate) fn ask<T: Send + 'static>(request: impl FnOnce() -> T + Send + 'static) -> Result<T, IoError> {
    if hangs() { Err(no_answer()) } else { within(PATIENCE, request) }
}

/// Does what must be done with the server in any case, on a thread of its own, and waits for it while that is sensible.
pub(crate) fn leave(request: impl FnOnce() + Send + 'static) {
    let patience = if hangs() { Duration::ZERO } else { PATIENCE };
    // Nobody is interested in what comes of it.
    let _ = within(patience, request);
}

fn hangs() -> bool {
    UNDER_WAY.load(Ordering::Acquire) > 0
}

fn within<T: Send + 'static>(time: Duration, request: impl FnOnce() -> T + Send + 'static) -> Result<T, IoError> {
    // Without a place in it: what is sent has been received.
    let (answer, answers) = sync_channel(0);
    let asked = Builder::new().name("patchline-jack".to_owned()).spawn(move || {
        let answered = request();
        if answer.send(answered).is_err() {
            UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
        }
    });
    if let Err(error) = asked {
        return Err(IoError::Host { host: NAME, reason: format!("the system has no thread for it: {error}") });
    }
    match answers.recv_timeout(time) {
        Ok(answer) => Ok(answer),
        Err(RecvTimeoutError::Timeout) => {
            UNDER_WAY.fetch_add(1, Ordering::AcqRel);
            Err(no_answer())
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(IoError::Host { host: NAME, reason: "asking its server panicked".to_owned() })
        }
    }
}

fn no_answer() -> IoError {
    IoError::NoAnswer { host: NAME }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_request_may_hang_and_the_others_do_not_wait_for_it() {
        assert_eq!(within(Duration::from_secs(60), || 7).unwrap(), 7);
        let (go_on, waits) = channel::<()>();
        let hung = within(Duration::from_millis(10), move || waits.recv().is_ok());
        assert!(hung.unwrap_err().to_string().contains("does not answer"));
        assert!(ask(|| 7).is_err(), "another one would hang, too");
        let (done, left) = channel();
        leave(move || done.send(()).unwrap());
        left.recv().unwrap();
        go_on.send(()).unwrap();
        while hangs() {
            std::thread::yield_now();
        }
        assert_eq!(ask(|| 7).unwrap(), 7);
    }
}
