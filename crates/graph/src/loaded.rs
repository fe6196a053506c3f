//! What a load did, in words.

use std::fmt;

use crate::{NodeName, Slots};

/// What a load did, by node name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Nodes that play on with their state.
    pub carried: Names,
    /// Those of them that got new parameters.
    pub updated: Vec<NodeName>,
    /// Nodes that started fresh.
    pub started: Vec<NodeName>,
    /// Nodes that ended; one that was replaced under its name has started too.
    pub ended: Vec<NodeName>,
    /// Nodes that are no more part of the graph and ring out, those of earlier loads among them.
    pub leaving: Vec<NodeName>,
    /// Whether the old graph was cut off, as there was no memory for it to fade beside the new one.
    pub cut: bool,
    /// Whether what is gone was silenced before the new graph took over: [`Engine::dip`](crate::Engine::dip).
    pub dipped: bool,
}

/// The names of many nodes, in the order in which they run: they stand where what plays has them.
#[derive(Clone, Default)]
pub struct Names(Slots);

impl Names {
    pub(crate) fn of(slots: Slots) -> Self {
        Self(slots)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &NodeName> {
        self.0.iter().map(|slot| &slot.name)
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Names {}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
