//! Where processors live on the audio thread: a slab of seats that outlasts every plan.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bypass::Bypass;
use crate::erase::AnyProcessor;
use crate::event::Instance;
use crate::message::Params;
use crate::{Readings, guard};

/// What a panic leaves behind. Freed on the control thread.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Whether a processor runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does, and is all that is heard.
    #[default]
    Plays,
    /// It is left out, or fades.
    Bypassed,
    /// It has panicked.
    Silent,
}

/// One place of the slab.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) processor: Option<AnyProcessor>,
    pub(crate) readings: Readings,
    pub(crate) instance: Instance,
    pub(crate) mode: Mode,
    /// What being left out needs, once that was asked for.
    pub(crate) bypass: Option<Box<Bypass>>,
    /// The same for the control side.
    pub(crate) panicked: Arc<AtomicBool>,
}

impl Seat {
    /// Gives the processor new parameters; one that panics over them is silenced.
    pub(crate) fn update(&mut self, params: &Params) -> Result<(), Payload> {
        let instance = self.instance;
        let Some(processor) = self.processor.as_mut().filter(|_| self.mode != Mode::Silent) else { return Ok(()) };
        guard::with_running(|running| running.set(Some(instance)));
        let updated = catch_unwind(AssertUnwindSafe(|| processor.update(params)));
        guard::with_running(|running| running.set(None));
        updated.inspect_err(|_| self.silence())
    }

    /// Leaves the processor out, or takes it back; says in how many frames it is all left out.
    pub(crate) fn turn(&mut self, on: bool, kit: &mut Option<Box<Bypass>>) -> Option<u64> {
        if self.bypass.is_none() {
            std::mem::swap(&mut self.bypass, kit);
        }
        // Without one, it was never left out.
        let bypass = self.bypass.as_mut().filter(|_| self.mode != Mode::Silent)?;
        let out = bypass.turn(on);
        self.mode = if bypass.is_over() { Mode::Plays } else { Mode::Bypassed };
        out
    }

    pub(crate) fn silence(&mut self) {
        self.mode = Mode::Silent;
        self.panicked.store(true, Ordering::Relaxed);
    }
}

/// All places.
#[derive(Default)]
pub(crate) struct Slab(Vec<Seat>);

impl Slab {
    pub(crate) fn with_seats(count: usize) -> Self {
        Self((0..count).map(|_| Seat::default()).collect())
    }

    pub(crate) fn seat(&mut self, seat: usize) -> &mut Seat {
        &mut self.0[seat]
    }

    /// The place of this very instance, unless another has taken it since.
    pub(crate) fn instance(&mut self, instance: Instance) -> Option<&mut Seat> {
        self.0.get_mut(instance.seat as usize).filter(|seat| seat.instance == instance)
    }

    pub(crate) fn seats(&mut self) -> impl Iterator<Item = &mut Seat> {
        self.0.iter_mut()
    }

    /// Moves everybody into a bigger slab; the old one comes back in its place.
    pub(crate) fn move_into(&mut self, bigger: &mut Slab) {
        for (old, new) in self.0.iter_mut().zip(&mut bigger.0) {
            std::mem::swap(old, new);
        }
        std::mem::swap(self, bigger);
    }
}
