//! Events: what happened at which frame, from the audio thread to the control side.

use std::sync::Arc;

use rtrb::Producer;

use crate::stats::StatsCells;
use crate::{Frame, Frames};

/// Something that happened on the audio thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, in frames since the renderer started.
    pub frame: Frame,
    /// The node's name, where one is concerned.
    pub node: Option<String>,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EventKind {
    /// A new graph took over.
    Loaded,
    /// New parameters took effect, this many frames later than asked.
    Set {
        /// 0 unless the message came too late.
        late: Frames,
    },
    /// The node is left out from here on, or taken back: the fade begins.
    Bypassed {
        /// Whether it is left out.
        on: bool,
    },
    /// The node's processor panicked: it is silent from here on, the rest plays on.
    Panicked,
    /// Our code in the callback allocated or freed memory, this many times in the render call that began here.
    Allocated {
        /// How often.
        times: u32,
    },
    /// What the node itself has to say, as a word and a value.
    Node {
        /// The word (`"open"`).
        what: &'static str,
        /// The value that belongs to it.
        value: f64,
    },
}

/// An event as it travels: the node is a seat and its generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawEvent {
    pub(crate) frame: Frame,
    pub(crate) instance: Option<Instance>,
    pub(crate) kind: EventKind,
}

/// Which processor, among all that ever had this seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Instance {
    pub(crate) seat: u32,
    pub(crate) generation: u32,
}

/// The audio thread's end of all events.
pub(crate) struct Events {
    pub(crate) ring: Producer<RawEvent>,
    pub(crate) stats: Arc<StatsCells>,
}

impl Events {
    /// For whom something happens in a piece that begins at this frame.
    pub(crate) fn sink(&mut self, position: Frame, instance: Option<Instance>) -> EventSink<'_> {
        EventSink { events: self, position, instance }
    }
}

/// Where a processor sends its events. Bounded: what does not fit is counted.
pub struct EventSink<'a> {
    pub(crate) events: &'a mut Events,
    pub(crate) position: Frame,
    pub(crate) instance: Option<Instance>,
}

impl EventSink<'_> {
    /// Says that `what` happened at frame `offset` of this block.
    pub fn emit(&mut self, offset: usize, what: &'static str, value: f64) {
        self.push(offset, EventKind::Node { what, value });
    }

    pub(crate) fn push(&mut self, offset: usize, kind: EventKind) {
        let event = RawEvent { frame: self.position + offset as Frame, instance: self.instance, kind };
        if self.events.ring.push(event).is_err() {
            self.events.stats.events_lost.add(1);
        }
    }
}
