//! What control has done and refused.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

/// A counter that any thread may raise.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn raise(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters, shared by all threads of control.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) messages: Count,
    pub(crate) refused: Count,
    pub(crate) malformed: Count,
    pub(crate) over_rate: Count,
    pub(crate) late: Count,
    pub(crate) connections: Count,
    pub(crate) connections_refused: Count,
    pub(crate) clients_dropped: Count,
}

/// What control has counted since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControlStats {
    /// Messages that were handled, of all clients.
    pub messages: u64,
    /// Messages that were understood and not done: unknown names, values out of range.
    pub refused: u64,
    /// Messages that were none.
    pub malformed: u64,
    /// OSC messages that were thrown away since their sender sent too many.
    pub over_rate: u64,
    /// Bundles whose time had passed when they came; they were done at once.
    pub late: u64,
    /// WebSocket clients that were let in.
    pub connections: u64,
    /// Connections that were not: without a token, from foreign pages, too slow.
    pub connections_refused: u64,
    /// Clients that were sent away: too slow in reading, or too many messages that were none.
    pub clients_dropped: u64,
}

impl Counts {
    pub(crate) fn read(&self) -> ControlStats {
        ControlStats {
            messages: self.messages.get(),
            refused: self.refused.get(),
            malformed: self.malformed.get(),
            over_rate: self.over_rate.get(),
            late: self.late.get(),
            connections: self.connections.get(),
            connections_refused: self.connections_refused.get(),
            clients_dropped: self.clients_dropped.get(),
        }
    }
}

impl ControlStats {
    /// The counters by their names.
    #[must_use]
    pub fn data(&self) -> Map<String, Value> {
        let all = [
            ("messages", self.messages),
            ("refused", self.refused),
            ("malformed", self.malformed),
            ("over_rate", self.over_rate),
            ("late", self.late),
            ("connections", self.connections),
            ("connections_refused", self.connections_refused),
            ("clients_dropped", self.clients_dropped),
        ];
        all.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect()
    }
}
