//! Events: what happened at which frame, from the audio thread to the control side.

use std::sync::Arc;

use rtrb::Producer;

use crate::stats::StatsCells;
use crate::{Frame, Frames};

/// Something that happened on the audio thread.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Event, EventKind, StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// engine.bypass("trim", true, Some(10))?;
/// renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
/// let events: Vec<Event> = std::iter::from_fn(|| engine.next_event()).collect();
/// let bypassed = Event { frame: 10, node: Some("trim".to_owned()), kind: EventKind::Bypassed { on: true } };
/// assert_eq!(events[1], bypassed);
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// use patchline_graph::EventKind;
///
/// fn said(kind: EventKind) -> String {
///     match kind {
///         EventKind::Node { what, value } => format!("{what}: {value}"),
///         EventKind::Set { late } if late > 0 => format!("set {late} frames late"),
///         other => format!("{other:?}"),
///     }
/// }
/// assert_eq!(said(EventKind::Node { what: "open", value: 1.0 }), "open: 1");
/// assert_eq!(said(EventKind::Set { late: 12 }), "set 12 frames late");
/// ```
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
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Does, around};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{EventKind, Io, Ports, StreamSpec, engine};
///
/// /// As a gate might: says at which frame of the block something was loud.
/// fn process(io: &mut Io<'_>) {
///     let loud = io.main().channel(0).iter().position(|sample| sample.abs() > 0.9);
///     if let Some(offset) = loud {
///         io.events.emit(offset, "loud", 1.0);
///     }
/// }
///
/// # let gate = Does(Ports::effect(), process);
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `around` makes the graph `mic -> gate -> out`; `gate` is a node that does this.
/// engine.load(around("gate", gate))?;
/// renderer.render(3, &[&[0.1, 0.2, 1.0]], &mut [&mut [0.0; 3]]);
/// let event = std::iter::from_fn(|| engine.next_event()).last().unwrap();
/// assert_eq!((event.frame, event.kind), (2, EventKind::Node { what: "loud", value: 1.0 }));
/// # Ok(())
/// # }
/// ```
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
