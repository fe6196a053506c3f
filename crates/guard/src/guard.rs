//! The guard: runs closures, and counts what they must not do.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::record::Record;
use crate::thread::{self, BLOCK, Link};
use crate::usage::{self, Usage};
use crate::{Availability, Kind, Report, Watch, dispatch};

/// Watches closures on any number of threads. Clones share what they count.
///
/// ```
/// use patchline_guard::{Guard, Kind, Watch};
///
/// let guard = Guard::new(Watch::available());
/// let mut level = 1.0_f32;
/// for _ in 0..100 {
///     guard.visit(|| level *= 0.99);
/// }
/// assert_eq!(guard.report().visits(), 100);
/// assert_eq!(guard.report().syscalls(), 0);
/// ```
#[derive(Clone)]
pub struct Guard {
    record: Arc<Record>,
    asked: Watch,
}

impl Guard {
    /// A guard that watches this much of its visits; what of it cannot be watched here, the report says.
    ///
    /// Where system calls are watched, this installs a handler of the signal SIGSYS for the whole process, and takes
    /// SIGSYS out of the masks of the other signals' handlers, in which the kernel would otherwise end the process.
    #[must_use]
    pub fn new(watch: Watch) -> Self {
        let possible = |kind: &Kind| watch.has(*kind) && kind.availability() == Availability::Watched;
        let watched = Kind::ALL.into_iter().filter(possible).fold(Watch::nothing(), Watch::and);
        if watched.has(Kind::Syscalls) {
            dispatch::tidy_masks();
        }
        crate::trace::warm_up();
        Self { record: Arc::new(Record::new(watched)), asked: watch }
    }

    /// Runs `work` and counts what it must not do; gives back what it returns.
    ///
    /// Visits may be nested: what happens inside counts for every guard around it, once. A panic ends the visit on its
    /// way through. What is counted is what the thread itself does, not what it makes others do.
    ///
    /// # Real-time
    /// The first visit of a thread makes two system calls before it begins; with page faults or context switches, each
    /// visit makes one before and one after. None of these is counted.
    #[inline(never)]
    pub fn visit<T>(&self, work: impl FnOnce() -> T) -> T {
        let record = &*self.record;
        if thread::with(|thread| thread.is_inside(record)) {
            return work();
        }
        record.visits.fetch_add(1, Relaxed);
        let link = Link::new(record);
        let _visit = Visit::begin(&link, record);
        work()
    }

    /// Runs `work`, which makes many visits, and reads page faults and context switches once around it instead of around
    /// each: cheaper, but what happens between the visits counts as well.
    pub fn batch<T>(&self, work: impl FnOnce() -> T) -> T {
        if !self.record.watch.reads_usage() {
            return work();
        }
        let _batch = Batch::begin(&self.record);
        work()
    }

    /// What was counted so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(&self.record, self.asked)
    }
}

/// A visit from its beginning to its end, which is also a panic's way.
struct Visit<'a> {
    link: &'a Link,
    record: &'a Record,
    selector: u8,
    usage: Option<Usage>,
}

impl<'a> Visit<'a> {
    #[inline]
    fn begin(link: &'a Link, record: &'a Record) -> Self {
        let blocks = record.watch.has(Kind::Syscalls) && armed(record);
        thread::with(|thread| {
            let apart = record.watch.reads_usage() && !std::ptr::eq(thread.batch.get(), record);
            let selector = thread.selector.load(Relaxed);
            let visit = Self { link, record, selector, usage: apart.then(usage::read) };
            thread.enter(link);
            if blocks {
                thread.select(BLOCK);
            }
            visit
        })
    }
}

impl Drop for Visit<'_> {
    #[inline]
    fn drop(&mut self) {
        thread::with(|thread| {
            thread.select(self.selector);
            thread.leave(self.link);
        });
        if let Some(before) = self.usage {
            self.record.usage.add(before, usage::read());
        }
    }
}

/// Whether the kernel tells of this thread's system calls; counts the visit where it does not.
fn armed(record: &Record) -> bool {
    let armed = thread::with(|thread| thread.at_own_work(dispatch::arm));
    if !armed {
        record.blind.fetch_add(1, Relaxed);
    }
    armed
}

/// Many visits of one thread.
struct Batch<'a> {
    record: &'a Record,
    outer: *const Record,
    before: Usage,
}

impl<'a> Batch<'a> {
    fn begin(record: &'a Record) -> Self {
        let outer = thread::with(|thread| thread.batch.replace(record));
        Self { record, outer, before: usage::read() }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // Inside of a batch of the same guard, the outer one counts.
        if !std::ptr::eq(self.outer, self.record) {
            self.record.usage.add(self.before, usage::read());
        }
        thread::with(|thread| thread.batch.set(self.outer));
    }
}
