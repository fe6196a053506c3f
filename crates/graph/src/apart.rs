//! Things of which each is used by one step at a time, while others are used by other steps.
#![allow(unsafe_code, reason = "steps of several threads use different ones of a list at once")]

use std::cell::UnsafeCell;

/// A list whose entries are used one by one through a shared borrow.
///
/// Whoever calls [`of_step`](Self::of_step) is a step of a verified schedule that names this entry: `verify` has shown that of two
/// steps which name the same feedback line or node one comes after the other.
/// What belongs to a lane is of the steps of its tasks, which come one after the other, too.
#[derive(Default)]
pub(crate) struct Apart<T>(Vec<UnsafeCell<T>>);

// SAFETY: an entry goes from thread to thread, but is never used by two at once (see above).
unsafe impl<T: Send> Sync for Apart<T> {}

impl<T> Apart<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline(always)]
    pub(crate) fn at(&mut self, index: usize) -> &mut T {
        self.0[index].get_mut()
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index).map(UnsafeCell::get_mut)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(UnsafeCell::get_mut)
    }

    /// The entry that a step names, for as long as the step runs.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "apart from any other step's")]
    pub(crate) fn of_step(&self, index: usize) -> &mut T {
        // SAFETY: as above, and a step takes it once at a time: what it took before is not used afterwards.
        unsafe { &mut *self.0[index].get() }
    }
}

impl<T> FromIterator<T> for Apart<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Self(entries.into_iter().map(UnsafeCell::new).collect())
    }
}
