//! The stage after a load.

use rustc_hash::FxHashMap;

use super::ending::Swept;
use super::twins::Twins;
use super::{GONE, Ghost, Left, Running, Stage, is_device_output, is_sink, passes};
use crate::channels::Widths;
use crate::fade::Moment;
use crate::resolve::Resolved;
use crate::topology::Edge;
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
    pub(crate) new: &'a Resolved,
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
    /// Of each who plays, be it on its way out, the number in the stage before, if it was there.
    pub(crate) before: Vec<Option<usize>>,
    /// All of it as one graph.
    pub(crate) union: Resolved,
}

impl Next {
    /// The same stage again.
    pub(crate) fn again(stage: Stage, stream: &StreamSpec) -> Self {
        let before = (0..stage.nodes() + stage.ghosts.len()).map(Some).collect();
        Self::without_new_links(stage, before, stream)
    }

    /// A stage without what has ended.
    pub(crate) fn of_those_who_stay(Swept { stage, ghosts }: Swept, stream: &StreamSpec) -> Self {
        let nodes = stage.nodes();
        let before = (0..nodes).chain(ghosts.into_iter().map(|ghost| nodes + ghost)).map(Some).collect();
        Self::without_new_links(stage, before, stream)
    }

    /// A stage as it is.
    pub(crate) fn as_it_is(stage: &Stage, stream: &StreamSpec) -> Self {
        Self::without_new_links(stage.clone(), (0..stage.nodes() + stage.ghosts.len()).map(Some).collect(), stream)
    }

    fn without_new_links(stage: Stage, before: Vec<Option<usize>>, stream: &StreamSpec) -> Self {
        let union = stage.union(stream).expect("less than what made no loops makes none");
        Self { stage, before, union }
    }
}

impl Stage {
    /// The stage after a load. `sounds` says of a node that played whether it still can: one that has panicked cannot.
    pub(crate) fn next(&self, change: &Change<'_>, sounds: impl Fn(usize) -> bool) -> Next {
        let swept = self.swept(change.now, change.stream.feedback);
        let old = swept.as_ref().map_or(self, |swept| &swept.stage);
        let was = old.same_names(&change.new.graph);
        let mut carried = old.carried(change, &was, &sounds);
        loop {
            let (stage, mut before) = Transition::new(old, change, (&was, &carried)).run(&sounds);
            match stage.union(change.stream) {
                Ok(union) => {
                    if let Some(Swept { ghosts, .. }) = &swept {
                        let number =
                            |was: usize| was.checked_sub(old.nodes()).map_or(was, |at| old.nodes() + ghosts[at]);
                        before.iter_mut().flatten().for_each(|was| *was = number(*was));
                    }
                    return Next { stage, before, union };
                }
                // Who is on loops of old and new links counts as replaced.
                Err(knotted) => {
                    let carried_before = carried.iter().filter(|carried| **carried).count();
                    let nodes = carried.len();
                    knotted.into_iter().filter(|&node| node < nodes).for_each(|node| carried[node] = false);
                    if carried.iter().filter(|carried| **carried).count() == carried_before {
                        carried.fill(false);
                    }
                }
            }
        }
    }

    /// The number of the node of the same name, for each node of another graph.
    fn same_names(&self, graph: &Graph) -> Vec<Option<usize>> {
        let [shared, _] = self.graph.shared_with(graph);
        let mut next = shared;
        let mut same = |name: &NodeName| {
            // Graphs that follow each other have most nodes in common, in the same order.
            let follows = next < self.nodes() && self.graph.at(next).0 == name;
            let at = if follows { Some(next) } else { self.graph.index(name.as_str()) };
            next = at.map_or(next, |at| at + 1);
            at
        };
        let mut was = Vec::with_capacity(graph.nodes().len());
        was.extend((0..shared).map(Some));
        was.extend(graph.nodes_from(shared).map(|(name, _)| same(name)));
        was
    }

    /// Whether each node of a new graph goes on as it is, or with other parameters.
    fn carried(&self, change: &Change<'_>, was: &[Option<usize>], sounds: impl Fn(usize) -> bool) -> Vec<bool> {
        let Resolved { graph, widths, .. } = change.new;
        // These are the same, and as wide.
        let shared = self.graph.shared_with(graph)[0].min(self.resolved.widths.shared_with(widths));
        let goes_on = |was: usize, node: &AnyNode, widths: &Widths| {
            self.widths(was) == widths && !node.rebuilds(self.node(was)) && sounds(was)
        };
        let mixes_as = |was: usize, node: usize| self.resolved.mixing(was) == change.new.mixing(node);
        let others = was[shared..].iter().zip(graph.nodes_from(shared).zip(widths.iter_from(shared))).zip(shared..);
        let others = others.map(|((was, ((_, node), widths)), at)| {
            was.is_some_and(|was| goes_on(was, node, widths) && mixes_as(was, at))
        });
        (0..shared).map(&sounds).chain(others).collect()
    }
}

/// One load on its way from stage to stage.
struct Transition<'a> {
    old: &'a Stage,
    change: &'a Change<'a>,
    /// For each node of the graph, the old one of its name, and whether it goes on as that.
    was: &'a [Option<usize>],
    carried: &'a [bool],
    next: Stage,
    /// The new numbers of those who played; those without one are gone.
    renumbered: Vec<Option<usize>>,
    /// The other way round.
    before: Vec<Option<usize>>,
    rise: Running,
    fall: Running,
    /// Whether anything fades.
    fades: bool,
}

impl<'a> Transition<'a> {
    fn new(old: &'a Stage, change: &'a Change<'a>, (was, carried): (&'a [Option<usize>], &'a [bool])) -> Self {
        let mut next = Stage {
            graph: change.new.graph.clone(),
            resolved: change.new.clone(),
            numbers: old.numbers,
            ..Stage::default()
        };
        let mut fade = |rises: bool| Running {
            number: next.number(),
            fade: Fade { after: 0, length: change.fade, rises },
            moment: change.moment.clone(),
        };
        let (rise, fall) = (fade(true), fade(false));
        // What a new engine plays first is there at once.
        let fades = change.fade > 0 && old.numbers > 0;
        let renumbered = vec![None; old.nodes() + old.ghosts.len()];
        Self { old, change, was, carried, next, renumbered, before: Vec::with_capacity(was.len()), rise, fall, fades }
    }

    fn run(mut self, sounds: &impl Fn(usize) -> bool) -> (Stage, Vec<Option<usize>>) {
        self.enter();
        let leaving = self.leave(sounds);
        let kept = self.link();
        self.keep_wires(&kept);
        self.end(leaving);
        let nodes = self.next.nodes();
        let heard = self.next.forget_unheard();
        let mut before = self.before;
        let ghosts: Vec<Option<usize>> = heard.into_iter().map(|ghost| before[nodes + ghost]).collect();
        before.truncate(nodes);
        before.extend(ghosts);
        hurry(&mut self.next, &self.fall, most_leaving(&self.change.new.graph));
        (self.next, before)
    }

    /// The nodes of the graph.
    fn enter(&mut self) {
        for (node, (&was, &carried)) in self.was.iter().zip(self.carried).enumerate() {
            let was = was.filter(|_| carried);
            self.before.push(was);
            if let Some(was) = was {
                self.renumbered[was] = Some(node);
                if let Some(fades) = self.old.fades.get(&was) {
                    self.next.fades.insert(node, fades.clone());
                }
                continue;
            }
            let ports = self.next.node(node).ports();
            if self.fades && !passes(ports) && !is_sink(ports) {
                self.next.fades.insert(node, vec![self.rise.clone()]);
            }
        }
    }

    /// Who leaves, but sounds on; how many leave only now, who are the first of those on their way out.
    fn leave(&mut self, sounds: &impl Fn(usize) -> bool) -> usize {
        if !self.fades {
            return 0;
        }
        let old = self.old;
        for actor in (0..old.nodes()).filter(|&actor| self.renumbered[actor].is_none()).collect::<Vec<_>>() {
            let (name, node) = old.graph.at(actor);
            if is_sink(node.ports()) || !sounds(actor) {
                continue;
            }
            let since = self.next.number();
            let fades = old.fades.get(&actor).cloned().unwrap_or_default();
            let (was, widths) = (name.clone(), old.widths(actor).clone());
            self.go(
                actor,
                Ghost { name: name.leaving(since), was, node: node.clone(), widths, fades, shared: GONE, since },
            );
        }
        let leaving = self.next.ghosts.len();
        old.ghosts.iter().enumerate().for_each(|(at, ghost)| self.go(old.nodes() + at, ghost.clone()));
        leaving
    }

    fn go(&mut self, actor: usize, ghost: Ghost) {
        self.renumbered[actor] = Some(self.next.nodes() + self.next.ghosts.len());
        self.before.push(Some(actor));
        self.next.ghosts.push(ghost);
    }

    /// The links of the graph; whether each of the old graph goes on in them.
    fn link(&mut self) -> Vec<bool> {
        let graph = &self.change.new.graph;
        let mut kept = vec![false; self.old.wires.len()];
        let known = self.go_on(&mut kept);
        let mut twins = Twins::new(self.old, self.was, graph, known);
        for (at, link, ends) in graph.linked_from(known) {
            let [from, to] = ends.map(|node| node.expect("links without mistakes have both ends"));
            let twin = twins.take((at, link), [from, to]);
            let [source, target] = [self.carried[from], self.carried[to]];
            if let Some(twin) = twin.filter(|_| source && target) {
                kept[twin] = true;
                if let Some(fades) = self.old.link_fades.get(&twin) {
                    self.next.link_fades.insert(at, fades.clone());
                }
                self.next.wires.push(self.old.wires[twin]);
                continue;
            }
            let number = self.next.number();
            self.next.wires.push(number);
            if self.fades && source && (target || passes(self.next.node(to).ports())) {
                self.next.link_fades.insert(at, vec![self.rise.clone()]);
            }
        }
        kept
    }

    /// The first links, as far as both graphs are known to have them and their ends go on; how many they are.
    fn go_on(&mut self, kept: &mut [bool]) -> usize {
        let (old, new) = (&self.old.resolved.topology, &self.change.new.topology);
        let goes_on = |edge: &Edge| self.carried[edge.from.node()] && self.carried[edge.to.node()];
        let edges = new.edges[..new.known_of(old)].iter().zip(&self.old.wires);
        let known = edges.take_while(|(edge, wire)| goes_on(edge) && **wire != GONE).count();
        kept[..known].fill(true);
        self.next.wires.reserve(new.edges.len());
        self.next.wires.extend_from_slice(&self.old.wires[..known]);
        self.next.link_fades.extend(self.old.link_fades.range(..known).map(|(&at, fades)| (at, fades.clone())));
        known
    }

    /// Wires that are no more part of the graph, as long as both of their ends are there.
    fn keep_wires(&mut self, kept: &[bool]) {
        if !self.fades {
            return;
        }
        let old = self.old;
        for at in (0..kept.len()).filter(|&at| !kept[at] && old.wires[at] != GONE) {
            let (link, [Some(from), Some(to)]) = old.graph.linked(at) else { continue };
            let fades = old.link_fades.get(&at).cloned().unwrap_or_default();
            self.keep_wire((old.wires[at], link), [from, to], fades);
        }
        for left in &old.left {
            self.keep_wire((left.number, &left.link), [left.from, left.to], left.fades.clone());
        }
    }

    fn keep_wire(&mut self, (number, link): (u64, &Link), ends: [usize; 2], mut fades: Vec<Running>) {
        let [Some(from), Some(to)] = ends.map(|end| self.renumbered[end]) else { return };
        let plays_on = |actor: usize| actor < self.next.nodes();
        let falls = fades.iter().filter(|fade| fade.falls()).count();
        // One that falls already does so once more, so that all that leaves and all that comes add up to 1.
        if plays_on(from) && falls < MOST_FALLS && (plays_on(to) || passes(self.next.node(to).ports())) {
            fades.push(self.fall.clone());
        }
        let mut link = link.clone();
        link.from.node.clone_from(self.next.name(from));
        link.to.node.clone_from(self.next.name(to));
        self.next.left.push(Left { number, link, from, to, fades });
    }

    /// Gives those who leave only now their last fades, one for all who end together. Who is read only by those who end with
    /// it leaves that to them.
    fn end(&mut self, leaving: usize) {
        let mut fades: FxHashMap<Frames, Running> = FxHashMap::default();
        for (ghost, after) in self.next.ends(leaving, (self.change, &self.old.graph)) {
            let running = fades.entry(after).or_insert_with(|| {
                let fade = Fade { after, length: self.change.fade, rises: false };
                Running { number: self.next.number(), fade, moment: self.change.moment.clone() }
            });
            let ghost = &mut self.next.ghosts[ghost];
            ghost.fades.push(running.clone());
            // Nobody reads an output of the device: what goes there fades by its own.
            ghost.shared = if is_device_output(ghost.node.ports()) { GONE } else { running.number };
        }
        let Stage { ghosts, left, .. } = &mut self.next;
        let nodes = self.change.new.graph.nodes().len();
        for left in left.iter() {
            let Some(from) = left.from.checked_sub(nodes) else { continue };
            let reader = left.to.checked_sub(nodes).map(|to| &ghosts[to]);
            let shared = ghosts[from].shared;
            if !reader.is_some_and(|reader| reader.fades.iter().any(|fade| fade.number == shared)) {
                ghosts[from].shared = GONE;
            }
        }
    }
}

/// Lets the oldest of those who leave end now, where there are too many.
fn hurry(stage: &mut Stage, fall: &Running, most: usize) {
    let too_many = stage.ghosts.len().saturating_sub(most);
    if too_many == 0 {
        return;
    }
    let mut leaving: Vec<(u64, usize)> = stage.ghosts.iter().enumerate().map(|(at, ghost)| (ghost.since, at)).collect();
    leaving.sort_unstable();
    for (_, at) in leaving.into_iter().take(too_many) {
        let fades = &mut stage.ghosts[at].fades;
        if !fades.iter().any(|fade| fade.falls() && fade.fade.after == 0) {
            fades.push(fall.clone());
        }
    }
}
