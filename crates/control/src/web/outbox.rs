//! What is on its way to one WebSocket client: bounded, and who does not read is sent away.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Messages that wait at most, and bytes in them.
const MOST_MESSAGES: usize = 1024;
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// With more than this waiting, what comes again anyway is left out.
const IDLE: usize = 4;

/// Something to send.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outgoing {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    /// The last one: why the connection ends.
    Close(u16, &'static str),
}

/// A queue to the thread that writes.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
    /// To end the connection when its client does not read.
    stream: Option<TcpStream>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    /// Nothing more is taken in.
    ended: bool,
    /// Too much waited.
    overflowed: bool,
}

impl Outbox {
    pub(crate) fn new(stream: Option<TcpStream>) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), stream }
    }

    /// Sends a text, or ends the connection when too much waits already.
    pub(crate) fn send(&self, text: String) {
        self.put(Outgoing::Text(text));
    }

    /// Sends a text that comes again soon: not if others wait.
    pub(crate) fn send_if_idle(&self, text: String) {
        if self.lock().queue.len() < IDLE {
            self.send(text);
        }
    }

    /// Sends something.
    pub(crate) fn put(&self, outgoing: Outgoing) {
        let size = outgoing.size();
        let mut state = self.lock();
        if state.ended {
            return;
        }
        if state.queue.len() >= MOST_MESSAGES || state.bytes + size > MOST_BYTES {
            state.overflowed = true;
            state.end();
            if let Some(stream) = &self.stream {
                // One that is closed already needs no end.
                let _ = stream.shutdown(Shutdown::Both);
            }
        } else {
            state.ended = matches!(outgoing, Outgoing::Close(..));
            state.bytes += size;
            state.queue.push_back(outgoing);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes the next one, when there is one; none after the end.
    pub(crate) fn take(&self) -> Option<Outgoing> {
        let mut state = self.lock();
        loop {
            if let Some(outgoing) = state.queue.pop_front() {
                state.bytes -= outgoing.size();
                return Some(outgoing);
            }
            if state.ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes all texts that are there.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut state = self.lock();
        state.bytes = 0;
        let all = std::mem::take(&mut state.queue).into_iter();
        all.filter_map(|outgoing| if let Outgoing::Text(text) = outgoing { Some(text) } else { None }).collect()
    }

    /// Takes nothing more in, and forgets what waits.
    pub(crate) fn end(&self) {
        self.lock().end();
        self.changed.notify_all();
    }

    /// Whether its client did not read in time.
    pub(crate) fn overflowed(&self) -> bool {
        self.lock().overflowed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&mut self) {
        self.ended = true;
        self.bytes = 0;
        self.queue.clear();
    }
}

impl Outgoing {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Pong(bytes) => bytes.len(),
            Self::Ping | Self::Close(..) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_read_is_sent_away_and_nothing_grows() {
        let outbox = Outbox::new(None);
        for n in 0..MOST_MESSAGES {
            outbox.send(n.to_string());
            assert!(!outbox.overflowed());
        }
        outbox.send_if_idle("readings".to_owned());
        assert!(!outbox.overflowed(), "what comes again may be left out");
        outbox.send("one too many".to_owned());
        assert!(outbox.overflowed());
        assert_eq!(outbox.take(), None);
        let outbox = Outbox::new(None);
        outbox.send("x".repeat(MOST_BYTES + 1));
        assert!(outbox.overflowed());
    }

    #[test]
    fn what_was_put_before_the_close_goes_out_before_it_and_nothing_after() {
        let outbox = Outbox::new(None);
        outbox.send("a".to_owned());
        outbox.put(Outgoing::Close(1000, "done"));
        outbox.send("b".to_owned());
        assert_eq!(outbox.take(), Some(Outgoing::Text("a".to_owned())));
        assert_eq!(outbox.take(), Some(Outgoing::Close(1000, "done")));
        assert_eq!(outbox.take(), None);
    }
}
