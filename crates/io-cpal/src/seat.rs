//! How a callback gets to the device's thread and back, whatever becomes of the device.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

/// How often the control thread looks whether a callback is back.
const LOOK: Duration = Duration::from_millis(1);

/// A callback that came back.
pub(crate) enum Back<C> {
    /// As it was.
    Whole(Box<C>),
    /// It panicked; nobody knows what it is now.
    Panicked(Box<C>, Box<dyn Any + Send>),
}

/// The device's end.
pub(crate) struct Seat<C> {
    inbox: Consumer<Box<C>>,
    outbox: Producer<Back<C>>,
    callback: Option<Box<C>>,
    leave: Arc<AtomicBool>,
}

/// The control thread's end.
pub(crate) struct Door<C> {
    inbox: Producer<Box<C>>,
    outbox: Consumer<Back<C>>,
    leave: Arc<AtomicBool>,
}

/// The two ends. A callback goes in once, and comes back when it is asked to, or when the seat is dropped.
pub(crate) fn seat<C>() -> (Door<C>, Seat<C>) {
    let (give, inbox) = RingBuffer::new(1);
    // One place more than there are callbacks: what comes back always fits.
    let (outbox, back) = RingBuffer::new(2);
    let leave = Arc::new(AtomicBool::new(false));
    let seat = Seat { inbox, outbox, callback: None, leave: Arc::clone(&leave) };
    (Door { inbox: give, outbox: back, leave }, seat)
}

impl<C> Seat<C> {
    /// The callback, if there is one and it may be called.
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub(crate) fn callback(&mut self) -> Option<&mut C> {
        if self.leave.load(Ordering::Acquire) {
            self.give_back();
            return None;
        }
        if self.callback.is_none() {
            self.callback = self.inbox.pop().ok();
        }
        self.callback.as_deref_mut()
    }

    /// The callback panicked: it goes, with what it panicked with, to be dropped elsewhere.
    pub(crate) fn panicked(&mut self, with: Box<dyn Any + Send>) {
        match self.callback.take() {
            Some(callback) => self.send(Back::Panicked(callback, with)),
            // Dropping it here would free memory.
            None => std::mem::forget(with),
        }
    }

    fn give_back(&mut self) {
        if let Some(callback) = self.callback.take().or_else(|| self.inbox.pop().ok()) {
            self.send(Back::Whole(callback));
        }
    }

    fn send(&mut self, back: Back<C>) {
        if let Err(rtrb::PushError::Full(back)) = self.outbox.push(back) {
            // Cannot be: there is room for more than there are.
            std::mem::forget(back);
        }
    }
}

impl<C> Drop for Seat<C> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<C> Door<C> {
    /// Sends the callback in; it is called from the next block on.
    pub(crate) fn send_in(&mut self, callback: Box<C>) -> Result<(), Box<C>> {
        self.inbox.push(callback).map_err(|rtrb::PushError::Full(callback)| callback)
    }

    /// Asks for the callback.
    pub(crate) fn ask_back(&self) {
        self.leave.store(true, Ordering::Release);
    }

    /// Waits for the callback this long.
    pub(crate) fn wait(&mut self, patience: Duration) -> Option<Back<C>> {
        let start = Instant::now();
        loop {
            if let Ok(back) = self.outbox.pop() {
                return Some(back);
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

    fn whole<C>(back: Option<Back<C>>) -> Option<C> {
        match back? {
            Back::Whole(callback) => Some(*callback),
            Back::Panicked(..) => None,
        }
    }

    #[test]
    fn a_callback_comes_back_when_it_is_asked_to() {
        let (mut door, mut seat) = seat();
        assert!(seat.callback().is_none());
        door.send_in(Box::new(7)).unwrap();
        *seat.callback().unwrap() += 1;
        assert!(door.wait(Duration::ZERO).is_none());
        door.ask_back();
        assert!(seat.callback().is_none());
        assert_eq!(whole(door.wait(Duration::ZERO)), Some(8));
    }

    #[test]
    fn a_callback_comes_back_when_its_stream_is_dropped() {
        let (mut door, mut seat_called) = seat();
        door.send_in(Box::new(7)).unwrap();
        seat_called.callback().unwrap();
        drop(seat_called);
        assert_eq!(whole(door.wait(Duration::ZERO)), Some(7));
        let (mut door, seat_never_called) = seat();
        door.send_in(Box::new(7)).unwrap();
        drop(seat_never_called);
        assert_eq!(whole(door.wait(Duration::ZERO)), Some(7));
    }

    #[test]
    fn a_callback_that_panicked_comes_back_as_such() {
        let (mut door, mut seat) = seat();
        door.send_in(Box::new(7)).unwrap();
        seat.callback().unwrap();
        seat.panicked(Box::new("why"));
        assert!(seat.callback().is_none());
        assert!(matches!(door.wait(Duration::ZERO), Some(Back::Panicked(..))));
    }
}
