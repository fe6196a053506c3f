//! Where the channels of each link stand, at both ends.

use std::iter::Copied;
use std::ops::{Index, Range};
use std::slice::Iter;

use crate::channels::OfPorts;
use crate::topology::{Edge, Topology};

/// The channels of one link.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    /// Where the first stands among all that nodes put out.
    first: u32,
    /// How many it takes there, and where they go in its target's port.
    taken: u32,
    target: [u32; 2],
}

/// Those of all links, by their edges.
pub(super) struct Lanes(Vec<Lane>);

impl Lanes {
    /// Given where the channels of each node stand among all that nodes put out.
    pub(super) fn new(topology: &Topology, widths: &[&OfPorts], starts: &[u32]) -> Self {
        Self(topology.edges.iter().map(|edge| Lane::new(edge, widths, starts)).collect())
    }
}

impl Index<usize> for Lanes {
    type Output = Lane;

    fn index(&self, edge: usize) -> &Lane {
        &self.0[edge]
    }
}

impl<'a> IntoIterator for &'a Lanes {
    type Item = Lane;
    type IntoIter = Copied<Iter<'a, Lane>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

impl Lane {
    #[inline]
    fn new(Edge { from, to, .. }: &Edge, widths: &[&OfPorts], starts: &[u32]) -> Self {
        let [outputs, inputs] = [&widths[from.node()].outputs, &widths[to.node()].inputs];
        let before: usize = outputs[..from.port()].iter().sum();
        let [source, target] =
            [(from, outputs), (to, inputs)].map(|(end, widths)| end.channels().unwrap_or(0..widths[end.port()]));
        Self {
            first: starts[from.node()] + (before + source.start) as u32,
            taken: source.len() as u32,
            target: [target.start as u32, target.end as u32],
        }
    }

    /// How many channels it takes from its source.
    pub(super) fn width(self) -> usize {
        self.taken as usize
    }

    /// Where they stand among all that nodes put out.
    pub(super) fn sources(self) -> Range<usize> {
        self.first as usize..(self.first + self.taken) as usize
    }

    /// Whether each channel of a port of so many has one of them, in order.
    pub(super) fn is_whole(self, width: usize) -> bool {
        self.target == [0, width as u32] && self.taken == self.target[1]
    }

    /// Which of them reaches this channel of its target, if any does.
    pub(super) fn along(self, channel: usize) -> Option<usize> {
        let [start, end] = self.target.map(|channel| channel as usize);
        (start..end).contains(&channel).then(|| if self.taken == 1 { 0 } else { channel - start })
    }

    /// How often each of them is read in a block.
    pub(super) fn readers(self) -> u32 {
        if self.taken == 1 { self.target[1] - self.target[0] } else { 1 }
    }
}
