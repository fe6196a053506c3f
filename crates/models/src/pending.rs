//! Parameter changes that wait for their frame: `Engine::set`, `Renderer::enqueue`, `Renderer::apply_due`.
//!
//! The list that they wait in has a fixed capacity, and the audio thread may not let it grow. So the control thread sends
//! one only while fewer than that have been sent and not applied.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::Ring;

/// Changes that can wait.
const ROOM: usize = 1;
/// Changes that somebody wants to send.
const WANTED: usize = 3;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakening {
    /// Nothing.
    None,
    /// A change counts as done when it is received, not when it is applied.
    DoneOnReceipt,
}

/// The model.
pub fn model(weakening: Weakening) {
    let (mut messages, mut arrive) = Ring::<usize, WANTED>::ends();
    let done = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&done);
    let audio = thread::spawn(move || {
        let mut waiting = 0;
        for call in 0..3 {
            while arrive.pop().is_some() {
                waiting += 1;
                assert!(waiting <= ROOM, "the list would grow");
                if weakening == Weakening::DoneOnReceipt {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            // At every second call their frame has come.
            if call % 2 == 1 && weakening == Weakening::None {
                count.fetch_add(waiting, Ordering::Relaxed);
            }
            waiting = if call % 2 == 1 { 0 } else { waiting };
            thread::yield_now();
        }
    });
    let mut sent = 0;
    for change in 0..WANTED {
        if sent - done.load(Ordering::Relaxed) < ROOM && messages.push(change).is_ok() {
            sent += 1;
        }
    }
    audio.join().unwrap();
}
