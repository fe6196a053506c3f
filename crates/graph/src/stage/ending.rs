//! When what is on its way out has ended.

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::DiGraph;
use rustc_hash::FxHashSet;

use super::next::Change;
use super::{Ghost, Left, Running, Stage, is_device_output, passes};
use crate::node::Questions;
use crate::{Frame, Frames, Graph, OnReplace, Tail};

/// The longest that a node rings on once nothing more enters it, in seconds.
const LONGEST_TAIL: u64 = 10;

/// A stage without what has ended.
#[derive(Clone)]
pub(crate) struct Swept {
    pub(crate) stage: Stage,
    /// Those on their way out who are left, by their place among all who were.
    pub(crate) ghosts: Vec<usize>,
}

impl Stage {
    /// The stage without what has ended by the frame `now`, if that is anything. What was sent over a feedback link
    /// arrives `feedback` frames later.
    pub(crate) fn swept(&self, now: Frame, feedback: Frames) -> Option<Swept> {
        if self.is_settled() {
            return None;
        }
        let has_feedback: FxHashSet<usize> =
            self.left.iter().filter(|left| left.link.feedback).map(|left| left.from).collect();
        let ended = |fades: &[Running], late: bool| {
            let now = if late { now.saturating_sub(feedback) } else { now };
            fades.iter().any(|fade| fade.falls() && fade.is_over(now))
        };
        let mut next = self.clone();
        next.left.retain(|left| !ended(&left.fades, left.link.feedback));
        let sounds = |(at, ghost): (usize, &Ghost)| !ended(&ghost.fades, has_feedback.contains(&(self.nodes() + at)));
        let sounds: Vec<bool> = self.ghosts.iter().enumerate().map(sounds).collect();
        let sounding = next.keep(&sounds);
        let ghosts: Vec<usize> = next.forget_unheard().into_iter().map(|heard| sounding[heard]).collect();
        let risen = |fades: &mut Vec<Running>| fades.retain(|fade| !(fade.fade.rises && fade.is_over(now)));
        for few in [&mut next.fades, &mut next.link_fades] {
            few.values_mut().for_each(risen);
            few.retain(|_, fades| !fades.is_empty());
        }
        next.ghosts.iter_mut().for_each(|ghost| risen(&mut ghost.fades));
        next.left.iter_mut().for_each(|left| risen(&mut left.fades));
        (next.size() != self.size()).then_some(Swept { stage: next, ghosts })
    }

    /// How many are on their way out, and how much fades.
    fn size(&self) -> [usize; 3] {
        let few = [&self.fades, &self.link_fades].map(|few| few.values().map(Vec::len).sum::<usize>());
        let of_ghosts: usize = self.ghosts.iter().map(|ghost| ghost.fades.len()).sum();
        let of_left: usize = self.left.iter().map(|left| left.fades.len()).sum();
        [self.ghosts.len(), self.left.len(), few[0] + few[1] + of_ghosts + of_left]
    }

    /// Keeps those on their way out of whom it is said, and the wires whose ends are both there; the places that those had
    /// who are left.
    fn keep(&mut self, who: &[bool]) -> Vec<usize> {
        let kept: Vec<usize> = (0..who.len()).filter(|&ghost| who[ghost]).collect();
        if kept.len() == who.len() {
            return kept;
        }
        let nodes = self.nodes();
        let mut number: Vec<Option<usize>> = vec![None; who.len()];
        kept.iter().enumerate().for_each(|(new, &old)| number[old] = Some(nodes + new));
        let renumbered = |end: usize| end.checked_sub(nodes).map_or(Some(end), |ghost| number[ghost]);
        self.left.retain_mut(|left| match [left.from, left.to].map(renumbered) {
            [Some(from), Some(to)] => {
                (left.from, left.to) = (from, to);
                true
            }
            _ => false,
        });
        let mut who = who.iter();
        self.ghosts.retain(|_| who.next() == Some(&true));
        kept
    }

    /// Forgets those on their way out whom nobody hears: no wire leads from them to what plays on, or to the device. The
    /// places that those had who are left.
    pub(super) fn forget_unheard(&mut self) -> Vec<usize> {
        let nodes = self.nodes();
        let mut sources: Vec<Vec<usize>> = vec![Vec::new(); self.ghosts.len()];
        let is_output = |ghost: &Ghost| is_device_output(ghost.node.ports());
        let mut heard: Vec<bool> = self.ghosts.iter().map(is_output).collect();
        let mut open: Vec<usize> = (0..heard.len()).filter(|&ghost| heard[ghost]).collect();
        for left in &self.left {
            let Some(from) = left.from.checked_sub(nodes) else { continue };
            match left.to.checked_sub(nodes) {
                Some(to) => sources[to].push(from),
                None if !heard[from] => {
                    heard[from] = true;
                    open.push(from);
                }
                None => {}
            }
        }
        while let Some(ghost) = open.pop() {
            for &source in &sources[ghost] {
                if !std::mem::replace(&mut heard[source], true) {
                    open.push(source);
                }
            }
        }
        self.keep(&heard)
    }

    /// For each of the first `leaving` of those on their way out, who leave now, how many frames after the load their
    /// last fade begins: when all that feeds them has ended and they have rung out. `old` is the graph that they are of.
    pub(super) fn ends(&self, leaving: usize, (change, old): (&Change<'_>, &Graph)) -> Vec<(usize, Frames)> {
        let nodes = self.nodes();
        let mut feeds: Vec<Vec<&Left>> = vec![Vec::new(); leaving];
        for left in &self.left {
            if let Some(list) = left.to.checked_sub(nodes).and_then(|to| feeds.get_mut(to)) {
                list.push(left);
            }
        }
        let longest = LONGEST_TAIL * u64::from(change.stream.rate);
        let mut ends: Vec<Option<Frames>> = self.ghosts.iter().map(|ghost| ghost.last_fade(change.fade)).collect();
        ends[..leaving].fill(None);
        let mut found = Vec::with_capacity(leaving);
        for ghost in self.sources_first(leaving) {
            let until = |left: &&Left| {
                let late = if left.link.feedback { change.stream.feedback } else { 0 };
                let end = match left.from.checked_sub(nodes) {
                    // What has no end yet is on a loop with it.
                    Some(from) if from < leaving => ends[from].unwrap_or(longest),
                    Some(from) => ends[from].unwrap_or(change.fade),
                    None => change.fade,
                };
                end.saturating_add(late)
            };
            let entered = feeds[ghost].iter().map(until).max().unwrap_or(0);
            let (after, rung_out) = self.ghosts[ghost].rings_after(entered, longest, (change, old));
            // Of what has rung out, nothing is left to fade.
            ends[ghost] = Some(if rung_out { after } else { after.saturating_add(change.fade) });
            found.push((ghost, after));
        }
        found
    }

    /// Those who leave, each after all that feeds it; on a loop over feedback links, after what feeds it without one.
    fn sources_first(&self, leaving: usize) -> Vec<usize> {
        let mut wires = DiGraph::<usize, bool>::new();
        let numbers: Vec<_> = (0..leaving).map(|ghost| wires.add_node(ghost)).collect();
        for left in &self.left {
            let [from, to] =
                [left.from, left.to].map(|end| end.checked_sub(self.nodes()).and_then(|at| numbers.get(at)));
            if let (Some(&from), Some(&to)) = (from, to) {
                wires.add_edge(from, to, left.link.feedback);
            }
        }
        // The last one first: whoever is fed comes before what feeds it.
        let loops = kosaraju_scc(&wires).into_iter().rev().enumerate();
        let mut rank = vec![0; leaving];
        loops.for_each(|(at, nodes)| nodes.into_iter().for_each(|node| rank[node.index()] = at));
        let forward = wires.filter_map(|_, ghost| Some(*ghost), |_, feedback| (!feedback).then_some(()));
        let mut order = toposort(&forward, None).expect("wires without a delay make no loop");
        order.sort_by_key(|node| rank[node.index()]);
        order.into_iter().map(|node| wires[node]).collect()
    }
}

impl Ghost {
    /// When it ends, at the latest, if it left before: its load came before this one. What plays on fades for as long as
    /// any fade.
    fn last_fade(&self, fade: Frames) -> Option<Frames> {
        let falls = self.fades.iter().filter(|fade| fade.falls());
        Some(falls.map(|running| running.fade.end()).min()?.max(fade))
    }

    /// When the last fade begins of a node that nothing enters any more after `entered` frames, and whether it has rung
    /// out by then.
    fn rings_after(&self, entered: Frames, longest: Frames, (change, old): (&Change<'_>, &Graph)) -> (Frames, bool) {
        let (name, new) = (self.was.as_str(), &change.new.graph);
        let has_the_say = if new.node(name).is_some() { new } else { old };
        if is_device_output(self.node.ports()) {
            return (entered, true);
        }
        if !passes(self.node.ports()) || has_the_say.replacing(name) == OnReplace::Cut {
            return (0, false);
        }
        let mut questions = Questions::new(change.stream);
        let spec = questions.of(&self.name, &self.widths);
        let late = self.node.latency(spec);
        let rings = match self.node.tail(spec) {
            Tail::None => late,
            Tail::Frames(frames) => frames.saturating_add(late),
            Tail::Infinite => Frames::MAX,
        };
        (entered.saturating_add(rings.min(longest)), rings <= longest)
    }
}
