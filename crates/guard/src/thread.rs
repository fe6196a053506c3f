//! What this thread is doing: which visits it is inside of, and whether the kernel may be entered.
//!
//! All of it is read by the signal handler and by the allocator, so it is plain cells without a destructor: touching
//! them never allocates.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering, compiler_fence};

use crate::record::Record;

/// The selector's values, as the kernel defines them.
pub(crate) const ALLOW: u8 = 0;
pub(crate) const BLOCK: u8 = 1;

thread_local! {
    static THREAD: Thread = const {
        Thread {
            selector: AtomicU8::new(ALLOW),
            innermost: Cell::new(std::ptr::null()),
            batch: Cell::new(std::ptr::null()),
            own_work: Cell::new(false),
        }
    };
}

pub(crate) struct Thread {
    /// The kernel reads this byte at every system call of a thread that is armed.
    pub(crate) selector: AtomicU8,
    innermost: Cell<*const Link>,
    /// The guard that reads the thread's usage around many visits instead of each.
    pub(crate) batch: Cell<*const Record>,
    /// The guard itself is at work: what it allocates is its own business.
    own_work: Cell<bool>,
}

/// A visit that this thread is inside of. It lives on the stack of the function that makes the visit.
pub(crate) struct Link {
    pub(crate) record: *const Record,
    outer: Cell<*const Link>,
}

impl Link {
    pub(crate) fn new(record: &Record) -> Self {
        Self { record, outer: Cell::new(std::ptr::null()) }
    }
}

/// This thread's state. Its cells have no destructor, so they are there as long as the thread is.
pub(crate) fn with<T>(work: impl FnOnce(&Thread) -> T) -> T {
    THREAD.with(work)
}

impl Thread {
    /// Puts a visit inside of those before it.
    ///
    /// The link, and the record that it names, must outlive the call of [`leave`](Self::leave) that ends it.
    pub(crate) fn enter(&self, link: &Link) {
        link.outer.set(self.innermost.get());
        compiler_fence(Ordering::SeqCst);
        self.innermost.set(link);
    }

    /// Ends the innermost visit.
    pub(crate) fn leave(&self, link: &Link) {
        self.innermost.set(link.outer.get());
        compiler_fence(Ordering::SeqCst);
    }

    /// Lets the kernel refuse this thread's system calls from here on, or be entered again.
    pub(crate) fn select(&self, selector: u8) {
        compiler_fence(Ordering::SeqCst);
        self.selector.store(selector, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }

    /// The records of all visits that this thread is inside of, except while the guard itself is at work.
    #[allow(unsafe_code, reason = "the visits are a list through the stack")]
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        let first = if self.own_work.get() { std::ptr::null() } else { self.innermost.get() };
        // SAFETY: a link is in the list from `enter` to `leave`, between which it is alive, and so is its record.
        let link = |pointer: *const Link| unsafe { pointer.as_ref() };
        let links = std::iter::successors(link(first), move |at| link(at.outer.get()));
        // SAFETY: as above.
        links.map(|at| unsafe { &*at.record })
    }

    /// Whether this thread is inside a visit of this guard.
    pub(crate) fn is_inside(&self, record: &Record) -> bool {
        self.records().any(|inside| std::ptr::eq(inside, record))
    }

    /// Tells all visits something, without looking at what that takes.
    pub(crate) fn tell(&self, mut what: impl FnMut(&Record)) {
        let records = self.records();
        self.at_own_work(|| records.for_each(&mut what));
    }

    /// Runs the guard's own work, which no visit counts.
    pub(crate) fn at_own_work<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.own_work.replace(true);
        let done = work();
        self.own_work.set(before);
        done
    }
}
