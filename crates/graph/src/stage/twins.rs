//! Which link of a new graph is which link of the old one.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{GONE, Stage};
use crate::{Graph, Link};

/// The links of an old graph, each handed out once, equal ones in their order.
///
/// Graphs that follow each other have most links in common, in the same order: these are found without a table.
pub(super) struct Twins<'a> {
    old: &'a Stage,
    new: &'a Graph,
    /// The old number of each node of the new graph that has one.
    was: &'a [Option<usize>],
    /// Old links before this one were handed out, or skipped.
    next: usize,
    skipped: Vec<usize>,
    /// All that were not handed out, once there are too many to look through.
    others: Option<FxHashMap<Key<'a>, VecDeque<usize>>>,
}

/// So many links that are gone are skipped.
const FEW: usize = 4;

/// What links have in common that are equal, by the old numbers of their nodes.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    ends: [usize; 2],
    ports: [Option<&'a str>; 2],
    channels: [Option<&'a Range<usize>>; 2],
    feedback: bool,
    direct: bool,
}

impl<'a> Key<'a> {
    fn new(link: &'a Link, ends: [Option<usize>; 2]) -> Option<Self> {
        let [from, to] = ends;
        let both = [&link.from, &link.to];
        Some(Self {
            ends: [from?, to?],
            ports: both.map(|end| end.port.as_deref()),
            channels: both.map(|end| end.channels.as_ref()),
            feedback: link.feedback,
            direct: link.direct,
        })
    }
}

impl<'a> Twins<'a> {
    pub(super) fn new(old: &'a Stage, new: &'a Graph, was: &'a [Option<usize>]) -> Self {
        Self { old, new, was, next: 0, skipped: Vec::new(), others: None }
    }

    /// The old link that a link of the new graph is, if there is one that was not handed out.
    pub(super) fn take(&mut self, link: usize) -> Option<usize> {
        let key = Key::new(&self.new.links()[link], self.new.ends(link).map(|node| self.was[node?]))?;
        if self.others.is_none() {
            if let Some(at) = self.look(&key) {
                return Some(at);
            }
            self.others = Some(self.rest());
        }
        self.others.as_mut()?.get_mut(&key)?.pop_front()
    }

    /// Looks among those that were skipped, and then at what comes next.
    fn look(&mut self, key: &Key<'_>) -> Option<usize> {
        let is_it = |at: usize| self.key(at).is_some_and(|other| other == *key);
        if let Some(at) = self.skipped.iter().position(|&at| is_it(at)) {
            return Some(self.skipped.remove(at));
        }
        let most = self.next + FEW.saturating_sub(self.skipped.len());
        let found = (self.next..=most).find(|&at| is_it(at))?;
        self.skipped.extend(self.next..found);
        self.next = found + 1;
        Some(found)
    }

    fn rest(&self) -> FxHashMap<Key<'a>, VecDeque<usize>> {
        let mut rest: FxHashMap<_, VecDeque<usize>> = FxHashMap::default();
        for at in self.skipped.iter().copied().chain(self.next..self.old.wires.len()) {
            if let Some(key) = self.key(at) {
                rest.entry(key).or_default().push_back(at);
            }
        }
        rest
    }

    /// An old link that sound goes over.
    fn key(&self, at: usize) -> Option<Key<'a>> {
        let link = self.old.graph.links().get(at)?;
        Key::new(link, self.old.graph.ends(at)).filter(|_| self.old.wires[at] != GONE)
    }
}
