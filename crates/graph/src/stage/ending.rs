//! When what is on its way out has ended.

use std::collections::{HashMap, HashSet};

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::DiGraph;

use super::next::Change;
use super::{Actor, Stage, Wire};
use crate::{Frame, Frames, NodeName, OnReplace, PrepareSpec, Tail};

/// The longest that a node rings on once nothing more enters it, in seconds.
const LONGEST_TAIL: u64 = 10;

impl Stage {
    /// The stage without what has ended by the frame `now`, if that is anything. What was sent over a feedback link
    /// arrives `feedback` frames later.
    pub(crate) fn swept(&self, now: Frame, feedback: Frames) -> Option<Stage> {
        let mut next = self.clone();
        let has_feedback: HashSet<&str> =
            self.wires.iter().filter(|wire| wire.link.feedback).map(|wire| wire.link.from.node.as_str()).collect();
        let over = |actor: &Actor| {
            let late = if has_feedback.contains(actor.name.as_str()) { feedback } else { 0 };
            actor.fades.iter().any(|fade| !fade.fade.rises && fade.is_over(now.saturating_sub(late)))
        };
        let ended = |wire: &Wire| {
            let late = if wire.link.feedback { feedback } else { 0 };
            wire.fades.iter().any(|fade| !fade.fade.rises && fade.is_over(now.saturating_sub(late)))
        };
        next.actors.retain(|actor| !over(actor));
        next.wires.retain(|wire| !ended(wire));
        next.forget_unheard();
        let risen = |fades: &mut Vec<super::Running>| fades.retain(|fade| !(fade.fade.rises && fade.is_over(now)));
        next.actors.iter_mut().for_each(|actor| risen(&mut actor.fades));
        next.wires.iter_mut().for_each(|wire| risen(&mut wire.fades));
        let fades = |stage: &Stage| {
            let of_actors: usize = stage.actors.iter().map(|actor| actor.fades.len()).sum();
            of_actors + stage.wires.iter().map(|wire| wire.fades.len()).sum::<usize>()
        };
        let same = next.actors.len() == self.actors.len() && next.wires.len() == self.wires.len();
        (!same || fades(&next) != fades(self)).then_some(next)
    }

    /// Forgets those on their way out whom nobody hears: no wire leads from them to what plays on, or to the device.
    pub(super) fn forget_unheard(&mut self) {
        let mut sources: HashMap<&str, Vec<&str>> = HashMap::new();
        for wire in &self.wires {
            sources.entry(wire.link.to.node.as_str()).or_default().push(wire.link.from.node.as_str());
        }
        let ends = self.actors.iter().filter(|actor| actor.left.is_none() || actor.is_device_output());
        let mut open: Vec<&str> = ends.map(|actor| actor.name.as_str()).collect();
        let mut heard: HashSet<String> = open.iter().map(|&name| name.to_owned()).collect();
        while let Some(name) = open.pop() {
            for &source in sources.get(name).into_iter().flatten() {
                if heard.insert(source.to_owned()) {
                    open.push(source);
                }
            }
        }
        let there: HashSet<String> = self.actors.iter().map(|actor| actor.name.to_string()).collect();
        self.actors.retain(|actor| heard.contains(actor.name.as_str()));
        self.wires.retain(|wire| {
            [&wire.link.from, &wire.link.to]
                .iter()
                .all(|end| heard.contains(end.node.as_str()) && there.contains(end.node.as_str()))
        });
    }

    /// For each of those who leave now, given by their indices, how many frames after the load their last fade begins:
    /// when all that feeds them has ended and they have rung out.
    pub(super) fn ends(&self, leaving: &[usize], change: &Change<'_>) -> Vec<(usize, Frames)> {
        let index: HashMap<&str, usize> =
            leaving.iter().map(|&actor| (self.actors[actor].name.as_str(), actor)).collect();
        let mut feeds: HashMap<usize, Vec<&Wire>> = HashMap::new();
        for wire in &self.wires {
            let Some(&to) = index.get(wire.link.to.node.as_str()) else { continue };
            feeds.entry(to).or_default().push(wire);
        }
        let longest = LONGEST_TAIL * u64::from(change.stream.rate);
        let earlier: HashMap<&str, Frames> = self.last_fades(change.fade);
        let mut ends: HashMap<&str, Frames> = earlier;
        let mut found = Vec::new();
        for actor in self.sources_first(leaving, &index) {
            let wires = feeds.get(&actor).map_or(&[][..], Vec::as_slice);
            let until = |wire: &&Wire| {
                let late = if wire.link.feedback { change.stream.feedback } else { 0 };
                let from = wire.link.from.node.as_str();
                // What has no end yet is on a loop with it.
                let end = if index.contains_key(from) {
                    ends.get(from).copied().unwrap_or(longest)
                } else {
                    ends.get(from).copied().unwrap_or(change.fade)
                };
                end.saturating_add(late)
            };
            let entered = wires.iter().map(until).max().unwrap_or(0);
            let (after, rung_out) = self.actors[actor].rings_after(entered, longest, change);
            // Of what has rung out, nothing is left to fade.
            let end = if rung_out { after } else { after.saturating_add(change.fade) };
            ends.insert(self.actors[actor].name.as_str(), end);
            found.push((actor, after));
        }
        found
    }

    /// Those who leave, each after all that feeds it; on a loop over feedback links, after what feeds it without one.
    fn sources_first(&self, leaving: &[usize], index: &HashMap<&str, usize>) -> Vec<usize> {
        let mut wires = DiGraph::<usize, bool>::new();
        let nodes: HashMap<usize, _> = leaving.iter().map(|&actor| (actor, wires.add_node(actor))).collect();
        for wire in &self.wires {
            let [from, to] = [&wire.link.from, &wire.link.to].map(|end| index.get(end.node.as_str()));
            if let (Some(from), Some(to)) = (from, to) {
                wires.add_edge(nodes[from], nodes[to], wire.link.feedback);
            }
        }
        // The last one first: whoever is fed comes before what feeds it.
        let loops = kosaraju_scc(&wires).into_iter().rev().enumerate();
        let rank: HashMap<_, usize> =
            loops.flat_map(|(rank, nodes)| nodes.into_iter().map(move |node| (node, rank))).collect();
        let forward = wires.filter_map(|_, actor| Some(*actor), |_, feedback| (!feedback).then_some(()));
        let mut order = toposort(&forward, None).expect("wires without a delay make no loop");
        order.sort_by_key(|node| rank[node]);
        order.into_iter().map(|node| wires[node]).collect()
    }

    /// When those end who left before, at the latest: their loads came before this one. What plays on fades for as long
    /// as any fade.
    fn last_fades(&self, fade: Frames) -> HashMap<&str, Frames> {
        let left = self.actors.iter().filter(|actor| actor.left.is_some());
        let last = |actor: &Actor| {
            let falls = actor.fades.iter().filter(|fade| !fade.fade.rises);
            falls.map(|running| running.fade.end()).min()
        };
        left.filter_map(|actor| Some((actor.name.as_str(), last(actor)?.max(fade)))).collect()
    }
}

impl Actor {
    /// When the last fade begins of a node that nothing enters any more after `entered` frames, and whether it has rung
    /// out by then.
    fn rings_after(&self, entered: Frames, longest: Frames, change: &Change<'_>) -> (Frames, bool) {
        let name = NodeName::before_it_left(self.name.as_str());
        let has_the_say = if change.graph.node(name).is_some() { change.graph } else { change.old };
        if !self.passes() || has_the_say.replacing(name) == OnReplace::Cut {
            return (0, false);
        }
        let spec = PrepareSpec {
            name: self.name.to_string(),
            rate: change.stream.rate,
            max_frames: change.stream.max_frames,
            inputs: self.widths.inputs.clone(),
            outputs: self.widths.outputs.clone(),
            ..PrepareSpec::default()
        };
        let late = self.node.latency(&spec);
        let rings = match self.node.tail(&spec) {
            Tail::None => late,
            Tail::Frames(frames) => frames.saturating_add(late),
            Tail::Infinite => Frames::MAX,
        };
        (entered.saturating_add(rings.min(longest)), rings <= longest)
    }
}
