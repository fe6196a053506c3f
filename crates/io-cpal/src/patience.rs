//! Waiting for what may never come: a sound server that hangs answers nothing, and cpal waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::chatter::{let_through, quietly};

/// How long libraries are kept quiet: meanwhile lines that stay in their place on a terminal are not shown.
const QUIET: Duration = Duration::from_secs(4);
/// How long what others print waits in that time.
const LET_THROUGH: Duration = Duration::from_millis(100);

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
    /// What came of it; gives the work back if it is not done in time.
    ///
    /// # Panics
    /// When the work did.
    pub(crate) fn wait(self, time: Duration) -> Result<T, Self> {
        let value = self.result.recv_timeout(time);
        if matches!(value, Err(RecvTimeoutError::Timeout)) {
            return Err(self);
        }
        // It is at its end. What it panicked with was said by the hook.
        let _ = self.thread.join();
        Ok(value.expect("the host does not panic"))
    }
}

impl<T> Work<T> {
    /// As [`wait`](Self::wait), while what others than libraries print comes through.
    fn wait_aloud(self, time: Duration) -> Result<T, Self> {
        let (start, mut work) = (Instant::now(), self);
        loop {
            let left = time.saturating_sub(start.elapsed());
            match work.wait(left.min(LET_THROUGH)) {
                Err(back) if left > LET_THROUGH => work = back,
                ended => return ended,
            }
            let_through();
        }
    }
}

/// Work that nobody waits for any more, and what it is about.
static HUNG: Mutex<Vec<(String, JoinHandle<()>)>> = Mutex::new(Vec::new());

/// Runs `work` on a thread of its own; `None` if it is not done in time. The thread then goes on by itself, and as long
/// as it does, no other work `about` the same is begun: the answer is `None` at once. What libraries print meanwhile can be
/// kept quiet.
///
/// # Errors
/// When the system has no thread.
///
/// # Panics
/// When the work does.
pub(crate) fn within<T: Send + 'static>(
    about: &str,
    quiet: bool,
    time: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Option<T>> {
    if is_hung(about) {
        return Ok(None);
    }
    let work = begin(work)?;
    let early = match quiet {
        true => quietly(|| work.wait_aloud(time.min(QUIET))),
        false => Err(work),
    };
    let late = if quiet { time.saturating_sub(QUIET) } else { time };
    match early.or_else(|work| work.wait(late)) {
        Ok(value) => Ok(Some(value)),
        Err(work) => {
            hung().push((about.to_owned(), work.thread));
            Ok(None)
        }
    }
}

fn hung() -> MutexGuard<'static, Vec<(String, JoinHandle<()>)>> {
    HUNG.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_hung(about: &str) -> bool {
    let mut hung = hung();
    hung.retain(|(_, thread)| !thread.is_finished());
    hung.iter().any(|(its, _)| its == about)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn work_is_waited_for_but_not_forever_and_what_hangs_is_not_tried_again() {
        assert_eq!(within("a", false, Duration::from_secs(60), || 7).unwrap(), Some(7));
        let (free, waits) = channel::<()>();
        let (brief, tried) = (Duration::from_millis(10), Arc::new(AtomicU32::new(0)));
        assert_eq!(within("a", true, brief, move || waits.recv().is_ok()).unwrap(), None);
        for _ in 0..100 {
            let tried = Arc::clone(&tried);
            // Were this begun, it would be done in time.
            assert_eq!(
                within("a", false, Duration::from_secs(60), move || tried.fetch_add(1, Ordering::Relaxed)).unwrap(),
                None
            );
        }
        assert_eq!(tried.load(Ordering::Relaxed), 0);
        assert_eq!(within("b", false, Duration::from_secs(60), || 7).unwrap(), Some(7), "others are not concerned");
        drop(free);
        let start = std::time::Instant::now();
        while within("a", false, Duration::from_secs(60), || 7).unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(60), "it was freed");
        }
    }
}
