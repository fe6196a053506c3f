//! Where a callback is while a device runs, and how it gets there and back: for backends.
//!
//! The device's thread sits down with it for one block; the control thread takes it between two blocks, whether the
//! device calls again or not.
//!
//! ```
//! use std::time::Duration;
//!
//! use patchline_io::seat::{Resting, seat};
//!
//! let (door, seat) = seat();
//! door.send_in(Box::new(7)).expect("nobody is in yet");
//! if let Some(callback) = seat.sit().callback() {
//!     *callback += 1;
//! }
//! assert!(matches!(door.take_back(Duration::from_secs(1)), Some(Resting::Whole(callback)) if *callback == 8));
//! ```

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

/// How often the control thread looks whether a block is over.
const LOOK: Duration = Duration::from_millis(1);

/// A callback, between two blocks.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::seat::{Resting, seat};
///
/// let (door, seat) = seat();
/// door.send_in(Box::new(7)).expect("nobody is in yet");
/// // Its block went wrong.
/// seat.sit().panicked(Box::new("a bug"));
/// match door.take_back(Duration::from_secs(1)) {
///     Some(Resting::Panicked(callback, with)) => assert_eq!((*callback, with.downcast_ref()), (7, Some(&"a bug"))),
///     Some(Resting::Whole(_)) | None => panic!("it has panicked"),
/// }
/// ```
#[derive(Debug)]
pub enum Resting<C> {
    /// As it should be.
    Whole(Box<C>),
    /// It panicked; nobody knows what it is now.
    Panicked(Box<C>, Box<dyn Any + Send>),
}

/// Where the callback is. Both ends reach it between two blocks, so a device that hangs cannot keep it.
///
/// The lock is held during a block. Nobody ever waits for it: both ends only try, so that unlocking has nobody to wake.
#[derive(Debug)]
struct Place<C> {
    resting: Mutex<Option<Resting<C>>>,
    /// Whether the device is to leave it alone.
    leave: AtomicBool,
}

impl<C> Place<C> {
    fn try_lock(&self) -> Option<MutexGuard<'_, Option<Resting<C>>>> {
        match self.resting.try_lock() {
            Ok(resting) => Some(resting),
            // What panicked is marked as such.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// The device's end.
///
/// ```
/// use patchline_io::seat::seat;
///
/// let (door, seat) = seat::<u32>();
/// // The device calls, and nobody is there: it plays silence.
/// assert!(seat.sit().callback().is_none());
/// door.send_in(Box::new(7)).expect("nobody is in yet");
/// assert_eq!(seat.sit().callback(), Some(&mut 7));
/// ```
#[derive(Debug)]
pub struct Seat<C>(Arc<Place<C>>);

/// The control thread's end.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::seat::{Resting, seat};
///
/// let (door, _seat) = seat();
/// door.send_in(Box::new("one")).expect("nobody is in yet");
/// assert_eq!(*door.send_in(Box::new("two")).unwrap_err(), "two");
/// assert!(matches!(door.take_back(Duration::ZERO), Some(Resting::Whole(callback)) if *callback == "one"));
/// assert!(door.take_back(Duration::ZERO).is_none());
/// ```
#[derive(Debug)]
pub struct Door<C>(Arc<Place<C>>);

/// The two ends, without a callback.
///
/// ```
/// use patchline_io::seat::seat;
///
/// let (door, seat) = seat();
/// door.send_in(Box::new(7)).expect("nobody is in yet");
/// // Every callback of the device has a clone of its own.
/// assert_eq!(seat.clone().sit().callback(), Some(&mut 7));
/// ```
#[must_use]
pub fn seat<C>() -> (Door<C>, Seat<C>) {
    let place = Arc::new(Place { resting: Mutex::new(None), leave: AtomicBool::new(false) });
    // Some systems allocate for a lock when it is first used.
    drop(place.try_lock());
    (Door(Arc::clone(&place)), Seat(place))
}

/// Not derived: that would want the same of `C`.
impl<C> Clone for Seat<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The callback during a block, if there is one.
///
/// ```
/// use std::panic::{AssertUnwindSafe, catch_unwind};
///
/// use patchline_io::seat::seat;
///
/// let (door, seat) = seat();
/// door.send_in(Box::new(0_u32)).expect("nobody is in yet");
/// let mut seated = seat.sit();
/// if let Some(callback) = seated.callback() {
///     let block = catch_unwind(AssertUnwindSafe(|| {
///         *callback += 1;
///         panic!("a bug");
///     }));
///     if let Err(with) = block {
///         seated.panicked(with);
///     }
/// }
/// // It is called no more.
/// assert!(seated.callback().is_none());
/// ```
#[derive(Debug)]
pub struct Seated<'a, C>(Option<MutexGuard<'a, Option<Resting<C>>>>);

/// # Real-time
/// Nothing of it allocates, frees or waits.
impl<C> Seat<C> {
    /// For one block. There is a callback if it was sent in and not asked for since.
    #[must_use]
    pub fn sit(&self) -> Seated<'_, C> {
        if self.0.leave.load(Ordering::Acquire) {
            return Seated(None);
        }
        let whole = |resting: &MutexGuard<'_, Option<Resting<C>>>| matches!(**resting, Some(Resting::Whole(_)));
        Seated(self.0.try_lock().filter(whole))
    }
}

/// # Real-time
/// Nothing of it allocates, frees or waits.
impl<C> Seated<'_, C> {
    /// What is to be called.
    pub fn callback(&mut self) -> Option<&mut C> {
        match self.0.as_deref_mut() {
            Some(Some(Resting::Whole(callback))) => Some(callback),
            _ => None,
        }
    }

    /// The callback panicked: it is called no more, and is dropped elsewhere with what it panicked with.
    pub fn panicked(&mut self, with: Box<dyn Any + Send>) {
        let Some(resting) = self.0.as_deref_mut() else {
            // Dropping it here would free memory.
            return std::mem::forget(with);
        };
        match resting.take() {
            Some(Resting::Whole(callback)) => *resting = Some(Resting::Panicked(callback, with)),
            other => {
                *resting = other;
                std::mem::forget(with);
            }
        }
    }
}

impl<C> Door<C> {
    /// Sends the callback in; it is called from the next block on.
    ///
    /// # Errors
    /// Gives it back if there is one already, or the device still holds one that was asked for.
    pub fn send_in(&self, callback: Box<C>) -> Result<(), Box<C>> {
        loop {
            // Without a callback in it, the device has it for an instant only.
            if let Some(mut resting) = self.0.try_lock() {
                if resting.is_some() {
                    return Err(callback);
                }
                *resting = Some(Resting::Whole(callback));
                self.0.leave.store(false, Ordering::Release);
                return Ok(());
            }
            if self.0.leave.load(Ordering::Acquire) {
                return Err(callback);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Takes the callback back when its block is over, which may last this long.
    #[must_use]
    pub fn take_back(&self, patience: Duration) -> Option<Resting<C>> {
        self.0.leave.store(true, Ordering::Release);
        let start = Instant::now();
        loop {
            if let Some(mut resting) = self.0.try_lock() {
                return resting.take();
            }
            if start.elapsed() >= patience {
                return None;
            }
            std::thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole<C>(back: Option<Resting<C>>) -> Option<C> {
        match back? {
            Resting::Whole(callback) => Some(*callback),
            Resting::Panicked(..) => None,
        }
    }

    #[test]
    fn a_callback_can_be_taken_between_two_blocks_only() {
        let (door, seat) = seat();
        assert!(seat.sit().callback().is_none());
        door.send_in(Box::new(7)).unwrap();
        assert!(door.send_in(Box::new(9)).is_err(), "one at a time");
        let mut seated = seat.sit();
        *seated.callback().unwrap() += 1;
        assert!(door.take_back(Duration::from_millis(5)).is_none(), "in a block");
        assert!(seated.callback().is_some(), "to the end of the block");
        drop(seated);
        assert!(seat.sit().callback().is_none(), "it was asked for");
        assert_eq!(whole(door.take_back(Duration::ZERO)), Some(8));
        door.send_in(Box::new(9)).unwrap();
        assert_eq!(seat.sit().callback().copied(), Some(9), "the next one");
    }

    #[test]
    fn a_device_that_is_gone_or_never_called_keeps_nothing() {
        let (door, seat) = seat();
        door.send_in(Box::new(7)).unwrap();
        drop(seat);
        assert_eq!(whole(door.take_back(Duration::ZERO)), Some(7));
    }

    #[test]
    fn a_callback_that_panicked_comes_back_as_such() {
        let (door, seat) = seat();
        door.send_in(Box::new(7)).unwrap();
        let mut seated = seat.sit();
        seated.callback().unwrap();
        seated.panicked(Box::new("why"));
        assert!(seated.callback().is_none());
        seated.panicked(Box::new("again"));
        drop(seated);
        assert!(seat.sit().callback().is_none());
        assert!(matches!(door.take_back(Duration::ZERO), Some(Resting::Panicked(..))));
    }

    #[test]
    fn a_callback_comes_back_from_a_device_that_never_rests() {
        let (door, seat) = seat();
        door.send_in(Box::new(0_u64)).unwrap();
        std::thread::scope(|threads| {
            let device = threads.spawn(move || {
                while let Some(blocks) = seat.sit().callback() {
                    *blocks += 1;
                    std::thread::sleep(Duration::from_micros(200));
                }
            });
            std::thread::sleep(Duration::from_millis(20));
            let back = whole(door.take_back(Duration::from_secs(60)));
            assert!(back.is_some_and(|blocks| blocks > 0));
            device.join().unwrap();
        });
    }
}
