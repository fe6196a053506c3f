//! The difference between what plays and what will: who stays, who starts, who ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::bypass::Bypass;
use crate::cost::{Cost, CostCells};
use crate::erase::AnyProcessor;
use crate::event::Instance;
use crate::fade::Moment;
use crate::loaded::Names;
use crate::message::{Load, NextFade, Params, Turn};
use crate::places::{Places, Row};
use crate::plan::{Part, Plan};
use crate::resolve::Resolved;
use crate::signs::Signs;
use crate::slots::{Mode, Seat, Slab};
use crate::stage::Stage;
use crate::{
    Companion, Frame, Frames, GraphError, GraphErrors, Loaded, Mixing, NodeName, PrepareSpec, Readings, Schedule, Slot,
};

/// Names kept of instances that no longer play.
const NAMES: usize = 4096;

/// Who plays: the running processor of each node, and the seats they have.
#[derive(Default)]
pub(crate) struct Cast {
    /// By their numbers on the stage, which has some who need no processor.
    members: Vec<Option<Member>>,
    /// The names of all instances whose events may still come.
    names: FxHashMap<Instance, NodeName>,
    /// Companions of processors that have been replaced.
    retired: Vec<Arc<dyn Companion>>,
    /// Who was given parameters since the last load.
    touched: FxHashSet<Instance>,
    free: Vec<usize>,
    /// Seats given out so far.
    seats: usize,
    /// Where the factors are of those who only mix.
    places: Places,
    /// The seats and the places that the slab has.
    slab: [usize; 2],
    /// Who was told to be left out or to come back, and may not yet have done so for good.
    turning: FxHashSet<Instance>,
    /// Whether some who only mix are run all the same.
    runs_mixers: bool,
    generation: u32,
}

/// A running processor as the control side knows it. A load looks at each, so what it need not know is elsewhere.
struct Member {
    instance: Instance,
    /// Where its factors are.
    places: Row,
    /// Whether it only mixes, and is run all the same.
    is_run: bool,
    hold: Box<Hold>,
}

impl Member {
    /// Whether it plays, and nothing is on its way that would change that.
    fn plays(&self) -> bool {
        self.hold.signs.plays(self.hold.turns)
    }
}

/// What the control side shares with a running processor.
struct Hold {
    readings: Readings,
    companion: Option<Arc<dyn Companion>>,
    signs: Arc<Signs>,
    /// How often it was told to be left out or to come back.
    turns: u32,
    cost: Arc<CostCells>,
    /// What its cells held when they were last counted from.
    cost_before: Cost,
}

/// A graph on its way in, with all that still plays of those before it, compiled.
pub(crate) struct Next<'a> {
    pub(crate) union: &'a Resolved,
    /// How many of its nodes are those of the graph: those with a higher number are on their way out.
    pub(crate) nodes: usize,
    pub(crate) schedule: &'a Schedule,
    /// The numbers before of all that play on.
    pub(crate) before: &'a [Option<usize>],
    /// Whether it is another graph, and not the same with less of those before it.
    pub(crate) is_new: bool,
    /// How long parameters that change glide, if not as long as they do by themselves.
    pub(crate) over: Option<Frames>,
    /// The nodes that are left out before and after.
    pub(crate) out: [&'a BTreeSet<String>; 2],
    /// What every processor is prepared for, apart from its name and channels.
    pub(crate) common: &'a PrepareSpec,
}

/// How it takes over from what plays.
pub(crate) struct Takeover {
    /// Feedback lines that both plans have: their index in the old one and in the new one.
    pub(crate) lines: Vec<(usize, usize)>,
    pub(crate) fades: Vec<NextFade>,
    pub(crate) moment: Moment,
    /// The frame at which it takes over; `None` is the start of the next callback.
    pub(crate) at: Option<Frame>,
    /// How many frames after the message before it, if it waits for that.
    pub(crate) after: Frames,
}

impl Next<'_> {
    /// The nodes that have slots, in the order of these.
    fn slots(&self) -> impl Iterator<Item = usize> {
        self.schedule.slots.numbers()
    }

    /// The slot of a node that has one.
    fn slot(&self, node: usize) -> &Slot {
        self.schedule.slots.of_node(node).expect("a node of one of the slots")
    }

    /// Whether some who only mix are run all the same.
    fn runs_mixers(&self) -> bool {
        !self.schedule.slots.are(&self.union.asked)
    }

    /// How many factors a node has, if it only mixes.
    fn factors(&self, node: usize) -> usize {
        self.union.mixing(node).map_or(0, Mixing::factors)
    }

    /// What the processor of a slot is prepared for.
    fn spec(&self, slot: &Slot) -> PrepareSpec {
        PrepareSpec {
            name: slot.name.to_string(),
            inputs: slot.widths.inputs.clone(),
            outputs: slot.widths.outputs.clone(),
            ..self.common.clone()
        }
    }
}

impl Cast {
    fn member(&self, actor: usize) -> Option<&Member> {
        self.members.get(actor)?.as_ref()
    }

    pub(crate) fn instance(&self, actor: usize) -> Option<Instance> {
        self.member(actor).map(|member| member.instance)
    }

    pub(crate) fn readings(&self, actor: usize) -> Option<Readings> {
        self.member(actor).map(|member| member.hold.readings.clone())
    }

    pub(crate) fn name(&self, instance: Instance) -> Option<String> {
        self.names.get(&instance).map(NodeName::to_string)
    }

    /// The time that a node took since the last [`restart_costs`](Self::restart_costs).
    pub(crate) fn cost(&self, actor: usize) -> Option<Cost> {
        self.member(actor).map(|Member { hold, .. }| hold.cost.read().since(hold.cost_before))
    }

    pub(crate) fn restart_costs(&mut self) {
        self.members.iter_mut().flatten().for_each(|Member { hold, .. }| hold.cost_before = hold.cost.restart());
    }

    /// Notes that an instance was given parameters that the next load overrides.
    pub(crate) fn touch(&mut self, instance: Instance) {
        self.touched.insert(instance);
    }

    pub(crate) fn companions(&self) -> impl Iterator<Item = &Arc<dyn Companion>> {
        self.members.iter().flatten().filter_map(|member| member.hold.companion.as_ref())
    }

    /// Waits for all helper threads; the processors are gone.
    pub(crate) fn finish(&mut self) {
        self.companions().chain(&self.retired).for_each(|companion| companion.finish());
        self.members.clear();
        self.retired.clear();
    }

    /// Whether no helper thread has anything to do any more.
    pub(crate) fn is_finished(&self) -> bool {
        self.companions().chain(&self.retired).all(|companion| companion.is_finished())
    }

    /// Forgets what nobody will ask for again.
    pub(crate) fn tidy(&mut self) {
        self.retired.retain(|companion| !companion.is_finished());
        if self.names.len() > 4 * self.members.len() + NAMES {
            let playing: FxHashSet<Instance> = self.members.iter().flatten().map(|member| member.instance).collect();
            self.names.retain(|instance, _| playing.contains(instance));
        }
    }

    /// Builds the processors that cannot be carried over, in the order of the schedule's slots.
    pub(crate) fn prepare(next: &Next<'_>) -> Result<Vec<AnyProcessor>, GraphErrors> {
        let (mut fresh, mut errors) = (Vec::new(), Vec::new());
        for slot in next.slots().filter(|node| next.before[*node].is_none()).map(|node| next.slot(node)) {
            let node = next.union.graph.at(slot.node).1;
            let processor =
                node.prepare(&next.spec(slot)).and_then(|processor| processor.with(next.factors(slot.node)));
            match processor {
                Ok(processor) => fresh.push(processor),
                Err(error) => errors.push(GraphError::of_node(slot.name.as_str(), error)),
            }
        }
        if errors.is_empty() { Ok(fresh) } else { Err(GraphErrors(errors)) }
    }

    /// Whether a node can play on. One that panicked cannot: a load gives it a fresh start.
    pub(crate) fn sounds(&self, actor: usize) -> bool {
        self.member(actor).is_none_or(|member| !member.hold.signs.panicked())
    }

    /// Notes that a node was told to be left out, or to come back.
    pub(crate) fn turn(&mut self, actor: usize) {
        let Some(Some(member)) = self.members.get_mut(actor) else { return };
        member.hold.turns += 1;
        self.turning.insert(member.instance);
    }

    /// The numbers of those who are left out, or fade, or may be about to, where these are their numbers before.
    pub(crate) fn turning(&self, before: &[Option<usize>]) -> Vec<usize> {
        if self.turning.is_empty() {
            return Vec::new();
        }
        let turns = |member: &Member| self.turning.contains(&member.instance) && !member.plays();
        let turns = |was: &Option<usize>| was.and_then(|was| self.member(was)).is_some_and(turns);
        (0..before.len()).filter(|&node| turns(&before[node])).collect()
    }

    /// The message that turns what plays, on the stage `old`, into what will, and what it does in words.
    pub(crate) fn change(
        &mut self,
        next: &Next<'_>,
        takeover: Takeover,
        fresh: Vec<AnyProcessor>,
        old: &Stage,
    ) -> (Load, Loaded) {
        let mut change = Change::default();
        let alike = self.alike(next, old);
        let mut members = std::mem::take(&mut self.members);
        let mut before = members.split_off(alike);
        members.resize_with(next.before.len(), || None);
        let mut fresh = fresh.into_iter();
        for slot in next.slots().filter(|&node| node >= alike).map(|node| next.slot(node)) {
            let member = match next.before[slot.node] {
                Some(was) => {
                    let member = before[was - alike].take().expect("whoever plays on has played");
                    self.keep(slot, (member, was, old), next, &mut change)
                }
                None => {
                    let processor = fresh.next().expect("whoever does not play on was prepared");
                    self.start(slot, processor, next, &mut change)
                }
            };
            members[slot.node] = Some(member);
        }
        self.members = members;
        for (actor, member) in (alike..).zip(before) {
            self.retire((actor, old), member, &mut change);
        }
        if next.is_new {
            self.touched.clear();
        }
        self.runs_mixers = next.runs_mixers();
        let Change { exchange, runs, updates, turns, mut loaded } = change;
        self.forget_who_plays();
        let is_carried = |node: usize| node < next.nodes && next.before[node].is_some();
        loaded.carried = Names::of(next.schedule.slots.only(is_carried));
        loaded.ended.sort_unstable();
        let plan = self.plan(next);
        let Takeover { lines, fades, moment, at, after } = takeover;
        let (bigger, told) = (self.grow(), next.is_new);
        let load = Load { plan, bigger, exchange, runs, updates, turns, lines, fades, at, after, moment, told };
        (load, loaded)
    }

    /// So many of the first nodes play on as they are, and nobody has asked for anything else.
    fn alike(&self, next: &Next<'_>, old: &Stage) -> usize {
        let all_dissolved = !self.runs_mixers && !next.runs_mixers();
        let nothing_asked = self.touched.is_empty() && all_dissolved && next.out.iter().all(|out| out.is_empty());
        let shared = if nothing_asked { old.graph.shared_with(&next.union.graph)[0] } else { 0 };
        next.before[..shared].iter().enumerate().take_while(|(node, was)| **was == Some(*node)).count()
    }

    fn plan(&self, next: &Next<'_>) -> Plan {
        let part = |slot: usize| {
            let member = self.member(next.schedule.slots.number(slot)).expect("every slot has a member");
            Part { instance: member.instance, place: member.places.start, cost: &member.hold.cost }
        };
        Plan::new(next.schedule, &part, next.common.max_frames)
    }

    fn keep(
        &mut self,
        slot: &Slot,
        (mut member, was, old): (Member, usize, &Stage),
        next: &Next<'_>,
        change: &mut Change,
    ) -> Member {
        let is_run = !member.places.is_empty() && slot.mixing.is_none();
        if std::mem::replace(&mut member.is_run, is_run) != is_run {
            change.runs.push((member.instance.seat as usize, is_run));
        }
        if slot.node >= next.nodes {
            // On its way out.
            let name = old.name_in_graph(was);
            change.loaded.leaving.push(name.clone());
            change.loaded.ended.extend((was < old.nodes()).then(|| name.clone()));
            return member;
        }
        let (name, node) = next.union.graph.at(slot.node);
        let changed = || self.touched.contains(&member.instance) || node != old.node(was);
        if next.is_new && changed() {
            let params = Params { params: node.params(), over: next.over };
            change.updates.push((member.instance.seat as usize, params));
            change.loaded.updated.push(name.clone());
        }
        let [was_out, on] = next.out.map(|out| out.contains(slot.name.as_str()));
        if next.is_new && was_out != on {
            let kit = on.then(|| Box::new(Bypass::new(slot, next.common.rate, next.common.max_frames)));
            change.turns.push(Turn { instance: member.instance, on, kit });
            member.hold.turns += 1;
            self.turning.insert(member.instance);
        }
        member
    }

    fn start(&mut self, slot: &Slot, mut processor: AnyProcessor, next: &Next<'_>, change: &mut Change) -> Member {
        let (name, node) = next.union.graph.at(slot.node);
        self.generation += 1;
        let seat = self.free.pop().unwrap_or_else(|| {
            self.seats += 1;
            self.seats - 1
        });
        let width = slot.widths.inputs.first().or(slot.widths.outputs.first()).copied().unwrap_or(0);
        let instance = Instance { seat: seat as u32, generation: self.generation };
        let out = next.out[1].contains(slot.name.as_str());
        let hold = Box::new(Hold {
            readings: Readings::new(node.readings(), width),
            companion: processor.companion(),
            signs: Arc::new(Signs::new(out)),
            turns: 0,
            cost: Arc::default(),
            cost_before: Cost::default(),
        });
        self.names.insert(instance, name.clone());
        change.loaded.started.push(name.clone());
        if out {
            self.turning.insert(instance);
        }
        let places = self.places.take(next.factors(slot.node));
        let is_run = !places.is_empty() && slot.mixing.is_none();
        let PrepareSpec { rate, max_frames, .. } = *next.common;
        let arrives = Seat {
            mode: if out { Mode::Bypassed } else { Mode::Plays },
            bypass: out.then(|| Box::new(Bypass::left_out(slot, rate, max_frames))),
            meter: slot
                .listens
                .then(|| processor.meter())
                .flatten()
                .filter(|meter| meter.channels() == width)
                .map(Box::new),
            processor: Some(processor),
            readings: hold.readings.clone(),
            instance,
            places: places.clone(),
            is_run,
            signs: Arc::clone(&hold.signs),
        };
        change.exchange.push((seat, arrives));
        Member { instance, places, is_run, hold }
    }

    /// Whoever is not in the new cast leaves its seat and its places, which are free from the next load on.
    fn retire(&mut self, (actor, old): (usize, &Stage), member: Option<Member>, change: &mut Change) {
        let Some(member) = member else { return };
        let seat = member.instance.seat as usize;
        change.exchange.push((seat, Seat::default()));
        self.free.push(seat);
        self.places.give_back(member.places);
        self.retired.extend(member.hold.companion);
        if actor < old.nodes() {
            change.loaded.ended.push(old.name_in_graph(actor).clone());
        }
    }

    /// Forgets whose turns are over.
    fn forget_who_plays(&mut self) {
        if self.turning.is_empty() {
            return;
        }
        let members = self.members.iter().flatten().filter(|member| !member.plays());
        let turning = members.map(|member| member.instance).filter(|instance| self.turning.contains(instance));
        self.turning = turning.collect();
    }

    /// A bigger slab when the seats or the places have run out since the last load.
    fn grow(&mut self) -> Option<Slab> {
        let needed = [self.seats, self.places.count()];
        let more = |needed: usize, has: usize| if needed > has { needed.next_power_of_two().max(16) } else { has };
        let slab = [0, 1].map(|of| more(needed[of], self.slab[of]));
        (slab != self.slab).then(|| {
            self.slab = slab;
            Slab::new(slab[0], slab[1])
        })
    }
}

/// What the message will carry.
#[derive(Default)]
struct Change {
    exchange: Vec<(usize, Seat)>,
    runs: Vec<(usize, bool)>,
    updates: Vec<(usize, Params)>,
    turns: Vec<Turn>,
    loaded: Loaded,
}
