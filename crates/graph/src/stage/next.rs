//! The stage after a load.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Actor, Running, Stage, Wire};
use crate::channels::Widths;
use crate::fade::Moment;
use crate::{AnyNode, Fade, Frame, Frames, Graph, Link, NodeName, StreamSpec};

/// How many nodes may be on their way out without being hurried, beside a graph.
pub(crate) fn most_leaving(graph: &Graph) -> usize {
    (4 * graph.nodes().len()).max(FEW)
}

/// So many nodes on their way out are never too many.
const FEW: usize = 64;

/// How many loads within one fade are taken into account where their fades overlap.
const MOST_FALLS: usize = 8;

/// A load, as a stage takes it.
pub(crate) struct Change<'a> {
    pub(crate) graph: &'a Graph,
    /// The widths of all ports of its nodes.
    pub(crate) widths: &'a [Widths],
    /// The graph that played, with the parameters set since.
    pub(crate) old: &'a Graph,
    pub(crate) stream: &'a StreamSpec,
    /// How long a fade lasts; 0 is a cut.
    pub(crate) fade: Frames,
    /// What has ended by this frame is forgotten.
    pub(crate) now: Frame,
    /// When the load will have taken over.
    pub(crate) moment: Moment,
}

/// Who plays after a load, and who was who before.
pub(crate) struct Next {
    pub(crate) stage: Stage,
    /// By name: the name before, of all that play on, be it on their way out.
    pub(crate) before: HashMap<String, String>,
}

impl Next {
    /// The same without what has ended.
    pub(crate) fn of_those_who_stay(stage: Stage) -> Self {
        let before = stage.actors.iter().map(|actor| (actor.name.to_string(), actor.name.to_string())).collect();
        Self { stage, before }
    }
}

impl Stage {
    /// The stage after a load. `sounds` says of a node that played whether it still can: one that has panicked cannot.
    pub(crate) fn next(&self, change: &Change<'_>, sounds: impl Fn(&str) -> bool) -> Next {
        let old = self.swept(change.now, change.stream.feedback).unwrap_or_else(|| self.clone());
        let mut carried = old.carried(change, &sounds);
        loop {
            let mut transition = Transition::new(&old, change, &carried);
            let next = transition.run(&sounds);
            let knotted = next.stage.knotted();
            let before = carried.len();
            carried.retain(|name| !knotted.contains(name));
            if carried.len() == before {
                return next;
            }
        }
    }

    /// The nodes that go on as they are, or with other parameters.
    fn carried(&self, change: &Change<'_>, sounds: impl Fn(&str) -> bool) -> HashSet<String> {
        let playing: HashMap<&str, &Actor> =
            self.actors.iter().filter(|actor| actor.left.is_none()).map(|actor| (actor.name.as_str(), actor)).collect();
        let goes_on = |name: &str, node: &AnyNode, widths: &Widths| {
            let (Some(actor), Some(old)) = (playing.get(name), change.old.node(name)) else { return false };
            actor.widths == *widths && !node.rebuilds(old) && sounds(name)
        };
        let nodes = change.graph.nodes().zip(change.widths);
        let names = nodes.filter(|((name, node), widths)| goes_on(name.as_str(), node, widths));
        names.map(|((name, _), _)| name.to_string()).collect()
    }
}

/// One load on its way from stage to stage.
struct Transition<'a> {
    old: &'a Stage,
    change: &'a Change<'a>,
    carried: &'a HashSet<String>,
    next: Stage,
    /// The names of the old actors in the next stage; those without one are gone.
    renamed: HashMap<&'a NodeName, NodeName>,
    /// Those of the next stage that sound goes through.
    passing: HashSet<NodeName>,
    rise: Running,
    fall: Running,
    /// Whether anything fades.
    fades: bool,
}

impl<'a> Transition<'a> {
    fn new(old: &'a Stage, change: &'a Change<'a>, carried: &'a HashSet<String>) -> Self {
        let mut next = Stage { numbers: old.numbers, ..Stage::default() };
        let mut fade = |rises: bool| Running {
            number: next.number(),
            fade: Fade { after: 0, length: change.fade, rises },
            moment: change.moment.clone(),
        };
        let (rise, fall) = (fade(true), fade(false));
        // What a new engine plays first is there at once.
        let fades = change.fade > 0 && old.numbers > 0;
        Self { old, change, carried, next, renamed: HashMap::new(), passing: HashSet::new(), rise, fall, fades }
    }

    fn run(&mut self, sounds: &impl Fn(&str) -> bool) -> Next {
        self.enter();
        let leaving = self.leave(sounds);
        let kept = self.link();
        self.keep_wires(&kept);
        self.end(&leaving);
        self.next.forget_unheard();
        self.hurry();
        let before = self.renamed.drain().map(|(old, new)| (new.to_string(), old.to_string())).collect();
        Next { stage: std::mem::take(&mut self.next), before }
    }

    /// The nodes of the graph.
    fn enter(&mut self) {
        let old: HashMap<&NodeName, &Actor> = self.old.actors.iter().map(|actor| (&actor.name, actor)).collect();
        for ((name, node), widths) in self.change.graph.nodes().zip(self.change.widths) {
            let mut actor = Actor {
                name: name.clone(),
                node: node.clone(),
                ports: node.ports().clone(),
                widths: widths.clone(),
                fades: Vec::new(),
                left: None,
            };
            match old.get(name).filter(|_| self.carried.contains(name.as_str())) {
                Some(before) => {
                    actor.fades.clone_from(&before.fades);
                    self.renamed.insert(&before.name, name.clone());
                }
                None if self.fades && !actor.passes() && !actor.is_sink() => actor.fades.push(self.rise.clone()),
                None => {}
            }
            self.take(actor);
        }
    }

    /// Who leaves, but sounds on; the indices of those who leave only now.
    fn leave(&mut self, sounds: &impl Fn(&str) -> bool) -> Vec<usize> {
        let mut leaving = Vec::new();
        let gone: Vec<&Actor> =
            self.old.actors.iter().filter(|actor| !self.renamed.contains_key(&actor.name)).collect();
        let fades = self.fades;
        for actor in gone.into_iter().filter(|_| fades) {
            let mut next = actor.clone();
            if actor.left.is_none() {
                if actor.is_sink() || !sounds(actor.name.as_str()) {
                    continue;
                }
                let number = self.next.number();
                next.name = actor.name.leaving(number);
                next.left = Some(number);
                next.node = self.change.old.node(actor.name.as_str()).unwrap_or(&actor.node).clone();
                leaving.push(self.next.actors.len());
            }
            self.renamed.insert(&actor.name, next.name.clone());
            self.take(next);
        }
        leaving
    }

    /// The links of the graph; the numbers of the wires that go on in them.
    fn link(&mut self) -> HashSet<u64> {
        let mut twins: HashMap<&Link, VecDeque<&Wire>> = HashMap::new();
        for wire in self.old.wires.iter().filter(|wire| !wire.left) {
            twins.entry(&wire.link).or_default().push_back(wire);
        }
        let mut kept = HashSet::new();
        for link in self.change.graph.links() {
            let [from, to] = [&link.from, &link.to].map(|end| self.carried.contains(end.node.as_str()));
            let before = twins.get_mut(link).and_then(VecDeque::pop_front).filter(|_| from && to);
            let wire = match before {
                Some(wire) => wire.clone(),
                None => {
                    let rises = self.fades && from && (to || self.passes(&link.to.node));
                    let fades = if rises { vec![self.rise.clone()] } else { Vec::new() };
                    Wire { number: self.next.number(), link: link.clone(), fades, left: false }
                }
            };
            kept.insert(wire.number);
            self.next.wires.push(wire);
        }
        kept
    }

    /// Wires that are no more part of the graph, as long as both of their ends are there.
    fn keep_wires(&mut self, kept: &HashSet<u64>) {
        for wire in self.old.wires.iter().filter(|wire| !kept.contains(&wire.number) && self.fades) {
            let ends = [&wire.link.from.node, &wire.link.to.node].map(|end| self.renamed.get(end).cloned());
            let [Some(from), Some(to)] = ends else { continue };
            let mut next = wire.clone();
            let plays_on = self.carried.contains(from.as_str());
            let falls = next.fades.iter().filter(|fade| !fade.fade.rises).count();
            // One that falls already does so once more, so that all that leaves and all that comes add up to 1.
            if plays_on && falls < MOST_FALLS && (self.carried.contains(to.as_str()) || self.passes(&to)) {
                next.fades.push(self.fall.clone());
            }
            next.left = true;
            (next.link.from.node, next.link.to.node) = (from, to);
            self.next.wires.push(next);
        }
    }

    fn take(&mut self, actor: Actor) {
        if actor.passes() {
            self.passing.insert(actor.name.clone());
        }
        self.next.actors.push(actor);
    }

    fn passes(&self, name: &NodeName) -> bool {
        self.passing.contains(name)
    }

    /// Lets the oldest of those who leave end now, where there are too many.
    fn hurry(&mut self) {
        let most = most_leaving(self.change.graph);
        let mut leaving: Vec<(u64, usize)> =
            self.next.actors.iter().enumerate().filter_map(|(at, actor)| Some((actor.left?, at))).collect();
        let too_many = leaving.len().saturating_sub(most);
        leaving.sort_unstable();
        for (_, at) in leaving.into_iter().take(too_many) {
            let fades = &mut self.next.actors[at].fades;
            if !fades.iter().any(|fade| !fade.fade.rises && fade.fade.after == 0) {
                fades.push(self.fall.clone());
            }
        }
    }

    /// Gives each of those who leave their last fade.
    fn end(&mut self, leaving: &[usize]) {
        for (actor, after) in self.next.ends(leaving, self.change) {
            let number = self.next.number();
            let fade = Fade { after, length: self.change.fade, rises: false };
            self.next.actors[actor].fades.push(Running { number, fade, moment: self.change.moment.clone() });
        }
    }
}
