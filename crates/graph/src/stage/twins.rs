//! Which link of a new graph is which link of the old one.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{GONE, Stage};
use crate::{Endpoint, Graph, Link};

/// The links of an old graph, each handed out once, equal ones in their order.
///
/// Graphs that follow each other have most links in common, in the same order: these are found without a table.
pub(super) struct Twins<'a> {
    old: &'a Stage,
    /// The old number of each node of the new graph that has one.
    was: &'a [Option<usize>],
    /// How many of the first nodes and links both graphs are known to have.
    shared: [usize; 2],
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

impl<'a> Twins<'a> {
    /// Of which the first `next` are handed out.
    pub(super) fn new(old: &'a Stage, was: &'a [Option<usize>], graph: &Graph, next: usize) -> Self {
        Self { old, was, shared: old.graph.shared_with(graph), next, skipped: Vec::new(), others: None }
    }

    /// The old link that a link of the new graph is, if there is one that was not handed out.
    pub(super) fn take(&mut self, (at, link): (usize, &'a Link), [from, to]: [usize; 2]) -> Option<usize> {
        if self.is_in_step(at, [from, to]) {
            self.next += 1;
            return Some(at);
        }
        let ends = [self.was[from]?, self.was[to]?];
        if self.others.is_none() {
            if let Some(at) = self.look(link, ends) {
                return Some(at);
            }
            self.others = Some(self.rest());
        }
        self.others.as_mut()?.get_mut(&Key::new(link, ends))?.pop_front()
    }

    /// Whether a link is known to be what comes next.
    fn is_in_step(&self, at: usize, ends: [usize; 2]) -> bool {
        let [nodes, links] = self.shared;
        let none_skipped = self.skipped.is_empty() && self.others.is_none();
        let known = at < links && ends.iter().all(|&end| end < nodes);
        at == self.next && none_skipped && known && self.old.wires[at] != GONE
    }

    /// Looks among those that were skipped, and then at what comes next.
    fn look(&mut self, link: &Link, ends: [usize; 2]) -> Option<usize> {
        if let Some(at) = self.skipped.iter().position(|&at| self.is_it(at, link, ends)) {
            return Some(self.skipped.remove(at));
        }
        let most = self.next + FEW.saturating_sub(self.skipped.len());
        let found = (self.next..=most).find(|&at| self.is_it(at, link, ends))?;
        self.skipped.extend(self.next..found);
        self.next = found + 1;
        Some(found)
    }

    /// Whether sound goes over an old link that is equal to a new one.
    fn is_it(&self, at: usize, link: &Link, ends: [usize; 2]) -> bool {
        if self.old.wires.get(at).is_none_or(|&wire| wire == GONE) {
            return false;
        }
        let (old, old_ends) = self.old.graph.linked(at);
        old_ends == ends.map(Some) && (std::ptr::eq(old, link) || is_alike(old, link))
    }

    fn rest(&self) -> FxHashMap<Key<'a>, VecDeque<usize>> {
        let mut rest: FxHashMap<_, VecDeque<usize>> = FxHashMap::default();
        for at in self.skipped.iter().copied().chain(self.next..self.old.wires.len()) {
            if let ((link, [Some(from), Some(to)]), true) = (self.old.graph.linked(at), self.old.wires[at] != GONE) {
                rest.entry(Key::new(link, [from, to])).or_default().push_back(at);
            }
        }
        rest
    }
}

/// Whether two links between the same nodes are equal.
fn is_alike(one: &Link, other: &Link) -> bool {
    let same = |(one, other): (&Endpoint, &Endpoint)| one.port == other.port && one.channels == other.channels;
    let ends = [(&one.from, &other.from), (&one.to, &other.to)];
    (one.feedback, one.direct) == (other.feedback, other.direct) && ends.into_iter().all(same)
}

impl<'a> Key<'a> {
    fn new(link: &'a Link, ends: [usize; 2]) -> Self {
        let both = [&link.from, &link.to];
        Self {
            ends,
            ports: both.map(|end| end.port.as_deref()),
            channels: both.map(|end| end.channels.as_ref()),
            feedback: link.feedback,
            direct: link.direct,
        }
    }
}
