//! Where processors live on the audio thread: a slab that outlasts every plan.

use crate::Readings;
use crate::erase::AnyProcessor;
use crate::event::Instance;

/// One place of the slab.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) processor: Option<AnyProcessor>,
    pub(crate) readings: Readings,
    pub(crate) instance: Instance,
    /// Set once the processor has panicked.
    pub(crate) silenced: bool,
}

/// All places.
#[derive(Default)]
pub(crate) struct Slab(Vec<Seat>);

impl Slab {
    pub(crate) fn with_seats(count: usize) -> Self {
        Self((0..count).map(|_| Seat::default()).collect())
    }

    pub(crate) fn seat(&mut self, slot: usize) -> &mut Seat {
        &mut self.0[slot]
    }

    /// The place of this very instance, unless another has taken it since.
    pub(crate) fn instance(&mut self, instance: Instance) -> Option<&mut Seat> {
        self.0.get_mut(instance.slot as usize).filter(|seat| seat.instance == instance)
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
