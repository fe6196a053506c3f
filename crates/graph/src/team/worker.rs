//! A worker thread of a renderer.

use std::fmt;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::pace::{Pace, Rest};
use super::protocol::Helper;
use crate::TimeSource;
use crate::kit::Kit;

/// How often it looks within a call before it asks the time.
const LOOKS: u32 = 4_096;
/// After so long within one call it sleeps: the audio thread is kept from running.
const LONGEST_CALL: Duration = Duration::from_millis(20);
const NAP: Duration = Duration::from_millis(1);

/// What the renderer tells its workers, apart from tasks.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Twice the calls of `render` so far that had tasks for them, and one less within such a call.
    count: AtomicU64,
    present: AtomicUsize,
    closed: AtomicBool,
}

impl Calls {
    /// Whether somebody is there to help.
    pub(crate) fn has_helpers(&self) -> bool {
        self.present.load(Ordering::Relaxed) > 0
    }

    /// A call begins; it ends when what this returns is dropped.
    pub(crate) fn call(calls: &Arc<Self>) -> Call {
        calls.count_up();
        Call(Arc::clone(calls))
    }

    /// Two moves: there is one renderer.
    fn count_up(&self) {
        self.count.store(self.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// A call of `render` that workers know of.
pub(crate) struct Call(Arc<Calls>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.count_up();
    }
}

/// Does a part of what a [`Renderer`](crate::Renderer) has to do, on a thread of yours.
///
/// [`Engine::workers`](crate::Engine::workers) gives as many as the stream's `threads` ask for. A worker is as good as its thread: it should be
/// scheduled as the audio thread is, or the callback waits while it is kept from running. Without any, the renderer does everything
/// by itself.
///
/// ```
/// use patchline_graph::{StreamSpec, engine};
///
/// let (mut engine, renderer) = engine(StreamSpec { threads: 3, ..StreamSpec::new(48_000, 64, 2, 2) });
/// let helpers: Vec<_> = engine.workers().into_iter().map(|worker| {
///     std::thread::spawn(move || {
///         let lane = worker.lane();
///         match lane {
///             1 => worker.run(),
///             // Somebody who watches what it does.
///             _ => worker.run_around(|work| work()),
///         }
///         lane
///     })
/// }).collect();
/// engine.close(renderer);
/// let lanes: Vec<usize> = helpers.into_iter().map(|helper| helper.join().unwrap()).collect();
/// assert_eq!(lanes, [1, 2]);
/// ```
#[must_use = "a worker that does not run helps nobody"]
pub struct Worker {
    helper: Helper<Kit>,
    calls: Arc<Calls>,
}

pub(crate) fn workers(helpers: Vec<Helper<Kit>>, calls: &Arc<Calls>) -> Vec<Worker> {
    helpers.into_iter().map(|helper| Worker { helper, calls: Arc::clone(calls) }).collect()
}

impl Worker {
    /// Which lane of a schedule it works on, from 1.
    #[must_use]
    pub fn lane(&self) -> usize {
        self.helper.lane()
    }

    /// Works until the renderer is gone.
    ///
    /// Between calls of `render` it sleeps, and wakes by itself when the next one is due: the callback never wakes anybody.
    ///
    /// # Real-time
    /// While it renders it does what `render` does, and no more: it never allocates, frees, locks, or enters the kernel.
    pub fn run(self) {
        self.run_around(|work| work());
    }

    /// As [`run`](Self::run), with a say in what is around each task: `around` calls what it is given, once. What would watch a
    /// callback can watch a worker so.
    pub fn run_around(self, mut around: impl FnMut(&mut dyn FnMut())) {
        let Self { helper, calls } = self;
        let _present = Present::new(&calls);
        let mut waiting = Waiting::new(&calls);
        while !calls.closed.load(Ordering::Relaxed) {
            match helper.help(&mut around) {
                true => waiting.helped(),
                false => waiting.step(),
            }
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("lane", &self.lane()).finish_non_exhaustive()
    }
}

/// A worker that runs.
struct Present<'a>(&'a Calls);

impl<'a> Present<'a> {
    fn new(calls: &'a Calls) -> Self {
        calls.present.fetch_add(1, Ordering::Relaxed);
        Self(calls)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a worker does while there is no task for it.
struct Waiting<'a> {
    calls: &'a Calls,
    pace: Pace,
    time: TimeSource,
    /// When it last looked for a call, and how often it has looked within one.
    looked: Duration,
    looks: u32,
}

impl<'a> Waiting<'a> {
    fn new(calls: &'a Calls) -> Self {
        let time = TimeSource::monotonic();
        Self { calls, pace: Pace::default(), looked: time.now(), time, looks: 0 }
    }

    /// A task came up and is done, maybe before the call was seen at all.
    fn helped(&mut self) {
        let call = self.calls.count.load(Ordering::Relaxed).div_ceil(2);
        self.pace.has_begun(call, self.looked);
    }

    fn step(&mut self) {
        let count = self.calls.count.load(Ordering::Relaxed);
        if count % 2 == 1 { self.within(count.div_ceil(2)) } else { self.between(count / 2) }
    }

    fn within(&mut self, call: u64) {
        if self.pace.is_new(call) {
            (self.looked, self.looks) = (self.time.now(), 0);
            self.pace.has_begun(call, self.looked);
        }
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS) && self.pace.since(self.time.now()) > LONGEST_CALL {
            sleep(NAP);
        }
        spin_loop();
    }

    fn between(&mut self, calls: u64) {
        let now = self.time.now();
        self.looked = now;
        self.pace.over(calls, now);
        match self.pace.rest(now) {
            Rest::Look => spin_loop(),
            Rest::Sleep(time) => {
                sleep(time);
                self.pace.slept(time, self.time.now().saturating_sub(now));
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a worker may wait while it has nothing to do")]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}
