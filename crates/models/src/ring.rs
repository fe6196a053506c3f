//! What the models send through: a bounded ring between two threads, as `rtrb` documents it.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Places for values; `N` at most at a time.
pub struct Ring<T, const N: usize> {
    places: [UnsafeCell<Option<T>>; N],
    /// Values sent and taken so far.
    sent: AtomicUsize,
    taken: AtomicUsize,
    abandoned: AtomicBool,
}

/// The sending end.
pub struct Producer<T, const N: usize>(Arc<Ring<T, N>>);

/// The taking end.
pub struct Consumer<T, const N: usize>(Arc<Ring<T, N>>);

impl<T, const N: usize> Ring<T, N> {
    /// Both ends of an empty ring.
    #[must_use]
    pub fn ends() -> (Producer<T, N>, Consumer<T, N>) {
        let ring = Arc::new(Self {
            places: std::array::from_fn(|_| UnsafeCell::new(None)),
            sent: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
        });
        (Producer(Arc::clone(&ring)), Consumer(ring))
    }

    /// Works on what lies in a place, for the one end whose turn it is.
    #[expect(unsafe_code, reason = "loom watches the access and fails the model if it is not exclusive")]
    fn at<R>(&self, number: usize, work: impl FnOnce(&mut Option<T>) -> R) -> R {
        // SAFETY: loom panics on a second access at the same time, before a pointer is given out.
        self.places[number % N].with_mut(|place| work(unsafe { &mut *place }))
    }
}

impl<T, const N: usize> Producer<T, N> {
    /// Sends a value.
    ///
    /// # Errors
    /// Gives it back if the ring is full.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        self.push_with(value, Ordering::Release)
    }

    /// Whether a value finds room, as it then will until it is pushed.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.0.sent.load(Ordering::Relaxed) - self.0.taken.load(Ordering::Acquire) < N
    }

    /// As [`push`](Self::push), with an order of one's own for what makes the value visible.
    ///
    /// # Errors
    /// Gives it back if the ring is full.
    pub fn push_with(&mut self, value: T, order: Ordering) -> Result<(), T> {
        let sent = self.0.sent.load(Ordering::Relaxed);
        if sent - self.0.taken.load(Ordering::Acquire) == N {
            return Err(value);
        }
        self.0.at(sent, |place| *place = Some(value));
        self.0.sent.store(sent + 1, order);
        Ok(())
    }
}

impl<T, const N: usize> Consumer<T, N> {
    /// Values that can be taken.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.0.sent.load(Ordering::Acquire) - self.0.taken.load(Ordering::Relaxed)
    }

    /// Takes a value, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        let value = self.next(Option::take)?;
        let taken = self.0.taken.load(Ordering::Relaxed);
        self.0.taken.store(taken + 1, Ordering::Release);
        Some(value)
    }

    /// The next value, which stays.
    pub fn peek(&mut self) -> Option<T>
    where
        T: Copy,
    {
        self.next(|place| *place)
    }

    fn next(&mut self, work: impl FnOnce(&mut Option<T>) -> Option<T>) -> Option<T> {
        if self.slots() == 0 { None } else { self.0.at(self.0.taken.load(Ordering::Relaxed), work) }
    }

    /// Whether the sending end is gone: what is there now is all.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.0.abandoned.load(Ordering::Acquire)
    }
}

impl<T, const N: usize> Drop for Producer<T, N> {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::Release);
    }
}
