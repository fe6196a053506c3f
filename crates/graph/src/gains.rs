//! The factors of nodes that only mix, as mixes read them: by place.
//!
//! Most of the time they are steady, and a mix multiplies by numbers that lie side by side. Those that glide, fade with a node
//! that is left out, or are silent since their node panicked, are listed apart.

use crate::bypass::Crossing;
use crate::{Ramp, touched};

/// All factors.
#[derive(Default)]
pub(crate) struct Gains {
    /// By place: the value, while it is steady.
    steady: Vec<f32>,
    /// By place: 0 while it is steady, else one more than its index among those that move.
    listed: Vec<u32>,
    moving: Vec<Mover>,
    /// How often a value has become another.
    changes: u64,
}

/// One that moves.
#[derive(Clone, Copy)]
struct Mover {
    whose: Whose,
    moving: Moving,
}

/// A place, and the seat of the processor that it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose {
    pub(crate) place: usize,
    pub(crate) seat: usize,
}

/// A factor that is not one number for all frames of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moving {
    Glides(Ramp),
    /// From what is multiplied to what is not, or back.
    Crosses(Ramp, Crossing),
    /// All is silent.
    Silent,
}

impl Gains {
    /// Bytes for each place.
    pub(crate) const FOOTPRINT: usize = size_of::<f32>() + size_of::<u32>() + size_of::<Mover>();

    pub(crate) fn with_places(count: usize) -> Self {
        Self { steady: touched::zeros(count), listed: vec![0; count], moving: touched::room(count), changes: 0 }
    }

    /// Takes over what others were.
    pub(crate) fn adopt(&mut self, others: &Self) {
        let count = others.steady.len();
        self.steady[..count].copy_from_slice(&others.steady);
        self.listed[..count].copy_from_slice(&others.listed);
        self.moving.extend_from_slice(&others.moving);
        self.changes = others.changes + 1;
    }

    /// A factor is steady from here on.
    pub(crate) fn settle(&mut self, place: usize, value: f32) {
        self.changes += u64::from(self.steady[place].to_bits() != value.to_bits());
        self.steady[place] = value;
        let Some(index) = (std::mem::take(&mut self.listed[place]) as usize).checked_sub(1) else { return };
        self.moving.swap_remove(index);
        if let Some(moved) = self.moving.get(index) {
            self.listed[moved.whose.place] = index as u32 + 1;
        }
    }

    /// A factor moves so in the next piece.
    pub(crate) fn stir(&mut self, whose: Whose, moving: Moving) {
        let listed = &mut self.listed[whose.place];
        match (*listed as usize).checked_sub(1) {
            Some(index) => self.moving[index] = Mover { whose, moving },
            None => {
                self.moving.push(Mover { whose, moving });
                *listed = self.moving.len() as u32;
            }
        }
    }

    /// One of those that move glides on for so many frames, if that is what it does.
    pub(crate) fn glides_on(&mut self, index: usize, frames: usize) -> bool {
        match &mut self.moving[index].moving {
            Moving::Glides(ramp) => {
                ramp.pass(frames);
                true
            }
            _ => false,
        }
    }

    /// Those that move, the last first: those behind one that settles stay where they are.
    pub(crate) fn whose(&self, index: usize) -> Whose {
        self.moving[index].whose
    }

    /// How many move.
    #[inline(always)]
    pub(crate) fn moving(&self) -> usize {
        self.moving.len()
    }

    /// How often a steady value has become another.
    #[inline(always)]
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// The steady values, by place.
    #[inline(always)]
    pub(crate) fn steady(&self) -> &[f32] {
        &self.steady
    }

    /// How a factor moves, if it does.
    #[inline(always)]
    pub(crate) fn of(&self, place: usize) -> Option<&Moving> {
        let index = (self.listed[place] as usize).checked_sub(1)?;
        Some(&self.moving[index].moving)
    }
}
