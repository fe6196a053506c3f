//! Where processors live on the audio thread: a slab of seats that outlasts every plan.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::erase::{AnyParams, AnyProcessor};
use crate::event::Instance;
use crate::{Readings, guard};

/// What a panic leaves behind. Freed on the control thread.
pub(crate) type Payload = Box<dyn Any + Send>;

/// One place of the slab.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) processor: Option<AnyProcessor>,
    pub(crate) readings: Readings,
    pub(crate) instance: Instance,
    /// Set once the processor has panicked.
    pub(crate) silenced: bool,
    /// The same for the control side.
    pub(crate) panicked: Arc<AtomicBool>,
}

impl Seat {
    /// Gives the processor new parameters; one that panics over them is silenced.
    pub(crate) fn update(&mut self, params: &AnyParams) -> Result<(), Payload> {
        let instance = self.instance;
        let Some(processor) = self.processor.as_mut().filter(|_| !self.silenced) else { return Ok(()) };
        guard::with_running(|running| running.set(Some(instance)));
        let updated = catch_unwind(AssertUnwindSafe(|| processor.update(params)));
        guard::with_running(|running| running.set(None));
        updated.inspect_err(|_| self.silence())
    }

    pub(crate) fn silence(&mut self) {
        self.silenced = true;
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
