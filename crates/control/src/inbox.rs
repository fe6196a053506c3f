//! What clients want, on its way to the control thread: bounded for each of them, and served in turn.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Messages that wait for one client at most.
const MOST_MESSAGES: usize = 512;
/// Bytes in them at most; one message may be longer.
const MOST_BYTES: usize = 256 * 1024;

/// Who sent something: a connection, or an OSC sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId(pub(crate) u64);

impl ClientId {
    /// The number of an OSC sender, from 1.
    pub(crate) fn osc(number: u64) -> Self {
        Self(2 * number + 1)
    }

    /// The number of a connection, from 1.
    pub(crate) fn web(number: u64) -> Self {
        Self(2 * number)
    }
}

/// Queues of messages, one for each client.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    state: Mutex<State<T>>,
    /// Something arrived.
    arrived: Condvar,
    /// Something was taken out, or the end came.
    taken: Condvar,
}

#[derive(Debug)]
struct State<T> {
    queues: BTreeMap<ClientId, Queue<T>>,
    /// Those with messages, the next one first.
    turns: VecDeque<ClientId>,
    closed: bool,
}

#[derive(Debug)]
struct Queue<T> {
    messages: VecDeque<(T, usize)>,
    bytes: usize,
}

impl<T> Queue<T> {
    fn has_room(&self, bytes: usize) -> bool {
        let fits = self.messages.len() < MOST_MESSAGES && self.bytes + bytes <= MOST_BYTES;
        fits || self.messages.is_empty()
    }
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let state = State { queues: BTreeMap::new(), turns: VecDeque::new(), closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), taken: Condvar::new() }
    }
}

impl<T> Inbox<T> {
    /// Adds a message of so many bytes, if the client's queue has room.
    pub(crate) fn offer(&self, client: ClientId, message: T, bytes: usize) -> bool {
        let mut state = self.lock();
        let fits = !state.closed && state.queues.get(&client).is_none_or(|queue| queue.has_room(bytes));
        if fits {
            state.add(client, message, bytes);
            drop(state);
            self.arrived.notify_one();
        }
        fits
    }

    /// Adds a message, when the client's queue has room. False when nobody takes messages any more.
    pub(crate) fn give(&self, client: ClientId, message: T, bytes: usize) -> bool {
        let mut state = self.lock();
        while !state.closed && state.queues.get(&client).is_some_and(|queue| !queue.has_room(bytes)) {
            state = self.taken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return false;
        }
        state.add(client, message, bytes);
        drop(state);
        self.arrived.notify_one();
        true
    }

    /// The next message of the client whose turn it is.
    pub(crate) fn take(&self) -> Option<(ClientId, T)> {
        let mut state = self.lock();
        let client = state.turns.pop_front()?;
        let queue = state.queues.get_mut(&client)?;
        let (message, bytes) = queue.messages.pop_front()?;
        queue.bytes -= bytes;
        if queue.messages.is_empty() {
            state.queues.remove(&client);
        } else {
            state.turns.push_back(client);
        }
        drop(state);
        self.taken.notify_all();
        Some((client, message))
    }

    /// Waits until there is something, or for so long.
    pub(crate) fn wait(&self, at_most: Duration) {
        let end = Instant::now() + at_most;
        let mut state = self.lock();
        while state.turns.is_empty() && !state.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes no more messages; whoever waits for room gives up.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.queues.clear();
        state.turns.clear();
        drop(state);
        self.taken.notify_all();
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn add(&mut self, client: ClientId, message: T, bytes: usize) {
        let queue = self.queues.entry(client).or_insert_with(|| Queue { messages: VecDeque::new(), bytes: 0 });
        if queue.messages.is_empty() {
            self.turns.push_back(client);
        }
        queue.messages.push_back((message, bytes));
        queue.bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: ClientId = ClientId(1);
    const QUIET: ClientId = ClientId(2);

    #[test]
    fn who_says_little_waits_for_one_message_of_who_says_much() {
        let inbox = Inbox::default();
        assert!((0..20).all(|n| inbox.offer(LOUD, n, 1)));
        assert!(inbox.offer(QUIET, 100, 1));
        let order: Vec<i32> = (0..4).filter_map(|_| inbox.take()).map(|(_, message)| message).collect();
        assert_eq!(order, [0, 100, 1, 2]);
    }

    #[test]
    fn a_queue_is_bounded_in_messages_and_in_bytes_for_each_client() {
        let inbox = Inbox::default();
        assert_eq!((0..1000).filter(|_| inbox.offer(LOUD, (), 1)).count(), MOST_MESSAGES);
        assert!(inbox.offer(QUIET, (), 10 * MOST_BYTES), "a long message by itself");
        assert!(!inbox.offer(QUIET, (), 1));
    }

    #[test]
    fn who_waits_for_room_is_let_go_at_the_end() {
        let inbox = Inbox::default();
        while inbox.offer(LOUD, (), 1) {}
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| inbox.give(LOUD, (), 1));
            let second = scope.spawn(|| inbox.give(LOUD, (), 1));
            assert!(inbox.take().is_some());
            while !waiting.is_finished() && !second.is_finished() {
                std::thread::yield_now();
            }
            inbox.close();
            let given = [waiting.join().unwrap(), second.join().unwrap()];
            assert_eq!(given.iter().filter(|&&given| given).count(), 1);
        });
    }
}
