//! What travels to the audio thread, by one ring. Everything goes back to be freed through `basedrop`.

use basedrop::Owned;

use crate::bypass::Bypass;
use crate::erase::AnyParams;
use crate::event::Instance;
use crate::fade::Moment;
use crate::plan::Plan;
use crate::slots::{Seat, Slab};
use crate::{Fade, Frame, Frames};

pub(crate) enum Message {
    Load(Owned<Load>),
    /// Changes that take effect together.
    Sets(Owned<Vec<Set>>),
}

/// A new plan and what changes with it. Swapped in place, it then holds what it replaced.
pub(crate) struct Load {
    pub(crate) plan: Plan,
    /// A slab with more places, if the old one is too small.
    pub(crate) bigger: Option<Slab>,
    /// Processors that arrive, or nothing where one leaves, by seat.
    pub(crate) exchange: Vec<(usize, Seat)>,
    /// Processors that stay and only mix: whether they are run all the same from here on, or no more; by seat.
    pub(crate) runs: Vec<(usize, bool)>,
    /// Changed parameters of processors that stay.
    pub(crate) updates: Vec<(usize, Params)>,
    /// Processors that stay and are left out from here on, or taken back.
    pub(crate) turns: Vec<Turn>,
    /// Feedback lines that go on: their index in the old plan and in the new one.
    pub(crate) lines: Vec<(usize, usize)>,
    /// What fades in the new plan.
    pub(crate) fades: Vec<NextFade>,
    /// The frame that it waits for, and all that was sent after it.
    pub(crate) at: Option<Frame>,
    /// How many frames after what was sent before it took over it does so; 0 leaves it to `at`.
    pub(crate) after: Frames,
    /// Where the frame at which it took over is noted.
    pub(crate) moment: Moment,
    /// Whether it is told of: one that only clears away what has ended is not.
    pub(crate) told: bool,
}

/// Where a fade of a new plan comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NextFade {
    /// It starts with this load.
    Starts(Fade),
    /// It goes on, from this index of the old plan.
    GoesOn(usize),
}

/// A change of one processor.
pub(crate) struct Set {
    pub(crate) instance: Instance,
    /// The frame they are meant for; `None` is the start of the next callback.
    pub(crate) at: Option<Frame>,
    pub(crate) change: Owned<Change>,
}

/// New parameters.
pub(crate) struct Params {
    pub(crate) params: AnyParams,
    /// How long all that glides takes, if not as long as it takes by itself.
    pub(crate) over: Option<Frames>,
}

/// One that is left out from a load on, or taken back; with what it needs for that if it has none yet.
pub(crate) struct Turn {
    pub(crate) instance: Instance,
    pub(crate) on: bool,
    pub(crate) kit: Option<Box<Bypass>>,
}

pub(crate) enum Change {
    Params(Params),
    /// Leaves it out, or takes it back; with what it needs for that if it has none yet.
    Bypass {
        on: bool,
        kit: Option<Box<Bypass>>,
    },
}
