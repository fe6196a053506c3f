//! Fades in a schedule.

use crate::Fade;
use crate::topology::Edge;

/// What fades, by its index among the fades of the schedule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fading {
    pub(crate) fades: Vec<Fade>,
    /// At the outputs of each node, and on each link; what is missing at the end does not fade.
    pub(crate) nodes: Vec<Vec<usize>>,
    pub(crate) links: Vec<Vec<usize>>,
}

impl Fading {
    pub(super) fn of(list: &[Vec<usize>], index: usize) -> &[usize] {
        list.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing of a link is left in the end.
    pub(super) fn ends(&self, edge: &Edge) -> bool {
        let fades = [Self::of(&self.links, edge.link()), Self::of(&self.nodes, edge.from.node())];
        fades.into_iter().flatten().any(|&fade| !self.fades[fade].rises)
    }
}
