//! The values of nodes that only scale: the factors of mixes, by seat.
//!
//! Most of the time they are steady, and a mix multiplies by numbers that lie side by side. Those that glide, fade with a node
//! that is left out, or are silent since their node panicked, are listed apart.

use crate::bypass::Crossing;
use crate::{Ramp, touched};

/// All factors.
#[derive(Default)]
pub(crate) struct Gains {
    /// By seat: the value, while it is steady.
    steady: Vec<f32>,
    /// By seat: 0 while it is steady, else one more than its index among those that move.
    places: Vec<u32>,
    moving: Vec<(u32, Moving)>,
    /// How often a value has become another.
    changes: u64,
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
    pub(crate) fn with_seats(count: usize) -> Self {
        Self { steady: touched::zeros(count), places: vec![0; count], moving: touched::room(count), changes: 0 }
    }

    /// Takes over what others were.
    pub(crate) fn adopt(&mut self, others: &Self) {
        let count = others.steady.len();
        self.steady[..count].copy_from_slice(&others.steady);
        self.places[..count].copy_from_slice(&others.places);
        self.moving.extend_from_slice(&others.moving);
        self.changes = others.changes + 1;
    }

    /// A factor is steady from here on.
    pub(crate) fn settle(&mut self, seat: usize, value: f32) {
        self.changes += u64::from(self.steady[seat].to_bits() != value.to_bits());
        self.steady[seat] = value;
        let Some(index) = (std::mem::take(&mut self.places[seat]) as usize).checked_sub(1) else { return };
        self.moving.swap_remove(index);
        if let Some((moved, _)) = self.moving.get(index) {
            self.places[*moved as usize] = index as u32 + 1;
        }
    }

    /// A factor moves so in the next piece.
    pub(crate) fn stir(&mut self, seat: usize, moving: Moving) {
        match (self.places[seat] as usize).checked_sub(1) {
            Some(index) => self.moving[index].1 = moving,
            None => {
                self.moving.push((seat as u32, moving));
                self.places[seat] = self.moving.len() as u32;
            }
        }
    }

    /// One of those that move glides on for so many frames, if that is what it does.
    pub(crate) fn glides_on(&mut self, index: usize, frames: usize) -> bool {
        match &mut self.moving[index].1 {
            Moving::Glides(ramp) => {
                ramp.pass(frames);
                true
            }
            _ => false,
        }
    }

    /// The seats of those that move, the last first: those behind one that settles stay where they are.
    pub(crate) fn seat(&self, index: usize) -> usize {
        self.moving[index].0 as usize
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

    /// The steady values, by seat.
    #[inline(always)]
    pub(crate) fn steady(&self) -> &[f32] {
        &self.steady
    }

    /// How a factor moves, if it does.
    #[inline(always)]
    pub(crate) fn of(&self, seat: usize) -> Option<&Moving> {
        let index = (self.places[seat] as usize).checked_sub(1)?;
        Some(&self.moving[index].1)
    }
}
