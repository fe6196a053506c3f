//! Requests that one thread carries out for all who want them: latencies that a JACK server is to add up.
//!
//! Whoever wants it says so, and becomes the one who asks the server unless somebody is at it already. What is wanted is
//! asked for after it was wanted, and never by two at once.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakening {
    /// Nothing.
    None,
    /// Whoever is done does not look whether more was wanted meanwhile.
    LeavesAtOnce,
    /// Whoever is done says so by a store, which sees nobody who came and left.
    StoresOnly,
    /// Who wants something says so by a store, which hides what another one wanted.
    WantsByStore,
}

impl Weakening {
    /// All that are wrong.
    pub const ALL: [Self; 3] = [Self::LeavesAtOnce, Self::StoresOnly, Self::WantsByStore];
}

struct Requests {
    wanted: AtomicBool,
    asking: AtomicBool,
    /// What is to be told to the server, and what it was told last.
    value: AtomicUsize,
    told: AtomicUsize,
    at_it: AtomicUsize,
}

/// The model: two threads each change something, and the server knows of both in the end.
pub fn model(weakening: Weakening) {
    let (wanted, asking) = (AtomicBool::new(false), AtomicBool::new(false));
    let (value, told, at_it) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let requests = Arc::new(Requests { wanted, asking, value, told, at_it });
    let other = Arc::clone(&requests);
    let changing = thread::spawn(move || other.change(weakening));
    requests.change(weakening);
    changing.join().unwrap();
    assert_eq!(requests.told.load(Ordering::Relaxed), 2, "the server knows what was changed last");
}

impl Requests {
    fn change(&self, weakening: Weakening) {
        self.value.fetch_add(1, Ordering::Relaxed);
        if weakening == Weakening::WantsByStore {
            self.wanted.store(true, Ordering::Release);
        } else {
            self.wanted.swap(true, Ordering::AcqRel);
        }
        if self.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        loop {
            while self.wanted.swap(false, Ordering::AcqRel) {
                self.ask();
            }
            if weakening == Weakening::StoresOnly {
                self.asking.store(false, Ordering::Release);
            } else {
                self.asking.swap(false, Ordering::AcqRel);
            }
            if weakening == Weakening::LeavesAtOnce {
                return;
            }
            if !self.wanted.load(Ordering::Acquire) || self.asking.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }

    fn ask(&self) {
        assert_eq!(self.at_it.fetch_add(1, Ordering::Relaxed), 0, "one at a time");
        self.told.store(self.value.load(Ordering::Relaxed), Ordering::Relaxed);
        self.at_it.fetch_sub(1, Ordering::Relaxed);
    }
}
