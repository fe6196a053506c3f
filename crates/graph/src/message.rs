//! What travels to the audio thread, by one ring. Everything goes back to be freed through `basedrop`.

use basedrop::Owned;

use crate::Frame;
use crate::bypass::Bypass;
use crate::erase::AnyParams;
use crate::event::Instance;
use crate::plan::Plan;
use crate::slots::{Seat, Slab};

pub(crate) enum Message {
    Load(Owned<Load>),
    Set(Set),
}

/// A new plan and what changes with it. Swapped in place, it then holds what it replaced.
pub(crate) struct Load {
    pub(crate) plan: Plan,
    /// A slab with more places, if the old one is too small.
    pub(crate) bigger: Option<Slab>,
    /// Processors that arrive, or nothing where one leaves, by seat.
    pub(crate) exchange: Vec<(usize, Seat)>,
    /// Changed parameters of processors that stay.
    pub(crate) updates: Vec<(usize, AnyParams)>,
    /// Feedback lines that go on: their index in the old plan and in the new one.
    pub(crate) lines: Vec<(usize, usize)>,
}

/// A change of one processor.
pub(crate) struct Set {
    pub(crate) instance: Instance,
    /// The frame they are meant for; `None` is the start of the next callback.
    pub(crate) at: Option<Frame>,
    pub(crate) change: Owned<Change>,
}

pub(crate) enum Change {
    Params(AnyParams),
    /// Leaves it out, or takes it back; with what it needs for that if it has none yet.
    Bypass {
        on: bool,
        kit: Option<Box<Bypass>>,
    },
}
