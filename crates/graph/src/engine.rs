//! The control thread's half: loads graphs, sets parameters, reads what happens.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use basedrop::{Collector, Owned};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::erase::AnyProcessor;
use crate::event::{Instance, RawEvent};
use crate::message::{Load, Message, Set};
use crate::plan::Plan;
use crate::slots::{Seat, Slab};
use crate::stats::StatsCells;
use crate::{
    AnyNode, Companion, Event, Frame, Graph, GraphError, GraphErrors, Node, NodeError, NodeName, Place, PrepareSpec,
    Readings, Renderer, Report, Reports, Schedule, Slot, Stats, StreamSpec, compile,
};

/// Messages on their way to the audio thread.
const MESSAGES: usize = 1024;
/// Events on their way back.
const EVENTS: usize = 4096;
/// Names kept of instances that no longer play.
const NAMES: usize = 4096;
/// Panic payloads on their way back.
const PAYLOADS: usize = 16;

/// Makes the two halves of an engine for a stream: it plays silence until a graph is loaded.
#[must_use]
pub fn engine(stream: StreamSpec) -> (Engine, Renderer) {
    let (messages, messages_end) = RingBuffer::new(MESSAGES);
    let (events_end, events) = RingBuffer::new(EVENTS);
    let (payloads_end, payloads) = RingBuffer::new(PAYLOADS);
    let (report, reports) = channel();
    let stats = Arc::new(StatsCells::default());
    let renderer = Renderer::new(messages_end, events_end, payloads_end, Arc::clone(&stats), stream.max_frames);
    let engine = Engine {
        stream,
        collector: Collector::new(),
        messages,
        events,
        payloads,
        reports,
        report: Reports::new(report),
        stats,
        graph: Graph::new(),
        schedule: Schedule::default(),
        cast: HashMap::new(),
        names: HashMap::new(),
        retired: Vec::new(),
        free: Vec::new(),
        seats: 0,
        slab: 0,
        generation: 0,
    };
    (engine, renderer)
}

/// The control thread's handle on a running graph.
///
/// Close it in order, with [`close`](Self::close): the renderer first, then what it sent back.
pub struct Engine {
    stream: StreamSpec,
    collector: Collector,
    messages: Producer<Message>,
    events: Consumer<RawEvent>,
    payloads: Consumer<Box<dyn Any + Send>>,
    reports: Receiver<Report>,
    report: Reports,
    stats: Arc<StatsCells>,
    graph: Graph,
    schedule: Schedule,
    /// Who plays: the running processor of each node, by the node's name.
    cast: HashMap<String, Member>,
    /// The names of all instances whose events may still come.
    names: HashMap<Instance, String>,
    /// Companions of processors that have been replaced.
    retired: Vec<Arc<dyn Companion>>,
    free: Vec<usize>,
    /// Places given out so far, and those the slab has.
    seats: usize,
    slab: usize,
    generation: u32,
}

/// A running processor as the control side knows it.
#[derive(Clone)]
struct Member {
    instance: Instance,
    kind: &'static str,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    readings: Readings,
    companion: Option<Arc<dyn Companion>>,
}

/// What a load did, by node name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Nodes that play on with their state.
    pub carried: Vec<String>,
    /// Those of them that got new parameters.
    pub updated: Vec<String>,
    /// Nodes that started fresh.
    pub started: Vec<String>,
    /// Nodes that ended.
    pub ended: Vec<String>,
}

/// Why a graph was not loaded; the old one plays on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The graph has mistakes.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// The audio thread has not yet taken what was sent before: try again later. The graph comes back.
    #[error("the audio thread has not yet taken the last {MESSAGES} messages")]
    Busy(Box<Graph>),
}

/// Why parameters were not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// No such node is loaded.
    #[error("there is no node `{0}`")]
    Unknown(String),
    /// The node is of another type.
    #[error("`{name}` is a {actual}, not a {given}")]
    OtherKind {
        /// The node's name.
        name: String,
        /// Its type.
        actual: &'static str,
        /// The type of the parameters.
        given: &'static str,
    },
    /// The parameters need a new processor, and it could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The audio thread has not yet taken what was sent before: try again later.
    #[error("the audio thread has not yet taken the last {MESSAGES} messages")]
    Busy,
}

impl Engine {
    /// Replaces what plays by `graph`, from the start of the next callback on.
    ///
    /// A node of the same name, type and resolved channels plays on with its state, its readings and, if they differ,
    /// its new parameters; feedback links that stay keep what they hold.
    ///
    /// # Errors
    /// All mistakes of the graph, and what its nodes say against their parameters; the old graph plays on.
    pub fn load(&mut self, graph: Graph) -> Result<Loaded, LoadError> {
        if self.messages.is_full() {
            return Err(LoadError::Busy(Box::new(graph)));
        }
        let schedule = compile(&graph, &self.stream)?;
        schedule.verify().expect("compile upholds what verify checks");
        let fresh = self.prepare(&graph, &schedule)?;
        let (load, loaded) = self.change(&graph, &schedule, fresh);
        let load = Owned::new(&self.collector.handle(), load);
        assert!(self.messages.push(Message::Load(load)).is_ok(), "room was checked and only we push");
        (self.graph, self.schedule) = (graph, schedule);
        Ok(loaded)
    }

    /// Gives the node `name` new parameters, at frame `at` or at the start of the next callback.
    ///
    /// Parameters that need a new processor load the changed graph instead, which takes effect at the start of the
    /// next callback.
    ///
    /// # Errors
    /// See [`SetError`]; what played before plays on.
    pub fn set(&mut self, name: &str, node: impl Node, at: Option<Frame>) -> Result<(), SetError> {
        self.set_any(name, AnyNode::new(node), at)
    }

    /// As [`set`](Self::set), for a node whose type is erased.
    ///
    /// # Errors
    /// See [`SetError`]; what played before plays on.
    pub fn set_any(&mut self, name: &str, node: AnyNode, at: Option<Frame>) -> Result<(), SetError> {
        let old = self.graph.node(name).ok_or_else(|| SetError::Unknown(name.to_owned()))?;
        if old.kind() != node.kind() {
            return Err(SetError::OtherKind { name: name.to_owned(), actual: old.kind(), given: node.kind() });
        }
        let rebuilds = node.rebuilds(old);
        let name = NodeName::new(name).map_err(|_| SetError::Unknown(name.to_owned()))?;
        let member = self.cast.get(name.as_str()).filter(|_| !rebuilds);
        let Some(instance) = member.map(|member| member.instance) else {
            let mut graph = self.graph.clone();
            graph.insert(name, node);
            self.load(graph)?;
            return Ok(());
        };
        let params = Owned::new(&self.collector.handle(), node.params());
        let message = Message::Set(Set { instance, at, params });
        self.messages.push(message).map_err(|_| SetError::Busy)?;
        self.graph.insert(name, node);
        Ok(())
    }

    /// The stream that graphs are compiled for.
    #[must_use]
    pub fn stream(&self) -> &StreamSpec {
        &self.stream
    }

    /// The graph loaded last, with the parameters set since.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What plays, step by step.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The readings of a node.
    #[must_use]
    pub fn readings(&self, name: &str) -> Option<Readings> {
        self.cast.get(name).map(|member| member.readings.clone())
    }

    /// What has been counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.snapshot()
    }

    /// The next event from the audio thread, if there is one.
    pub fn next_event(&mut self) -> Option<Event> {
        let RawEvent { frame, instance, kind } = self.events.pop().ok()?;
        let node = instance.and_then(|instance| self.names.get(&instance).cloned());
        Some(Event { frame, node, kind })
    }

    /// The next report from a node's helper thread, if there is one.
    pub fn next_report(&mut self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// Frees what the audio thread has sent back. Call it now and then.
    pub fn collect(&mut self) {
        self.collector.collect();
        while self.payloads.pop().is_ok() {}
        if self.names.len() > 4 * self.cast.len() + NAMES {
            let playing: HashSet<Instance> = self.cast.values().map(|member| member.instance).collect();
            self.names.retain(|instance, _| playing.contains(instance));
        }
    }

    /// Blocks until every node can run `frames` frames without losing any. For backends that are not paced by a clock.
    pub fn wait_ready(&self, frames: usize) {
        self.companions().for_each(|companion| companion.wait_ready(frames));
    }

    /// Ends the run: frees everything and waits until all files are written and closed.
    /// Events and reports can still be read afterwards.
    pub fn close(&mut self, renderer: Renderer) {
        drop(renderer);
        self.collect();
        self.companions().chain(self.retired.iter()).for_each(|companion| companion.finish());
        self.cast.clear();
        self.retired.clear();
    }

    fn companions(&self) -> impl Iterator<Item = &Arc<dyn Companion>> {
        self.cast.values().filter_map(|member| member.companion.as_ref())
    }

    // Loading.

    /// Builds the processors that cannot be carried over, in the order of the schedule's slots.
    fn prepare(&self, graph: &Graph, schedule: &Schedule) -> Result<Vec<Option<AnyProcessor>>, GraphErrors> {
        let nodes: Vec<&AnyNode> = graph.nodes().map(|(_, node)| node).collect();
        let mut errors = Vec::new();
        let mut fresh = Vec::with_capacity(schedule.slots.len());
        for slot in &schedule.slots {
            let node = nodes[slot.node];
            let processor = match self.carried(slot, node) {
                Some(_) => None,
                None => node.prepare(&self.spec(slot)).map_err(|error| errors.push(located(slot, error))).ok(),
            };
            fresh.push(processor);
        }
        if errors.is_empty() { Ok(fresh) } else { Err(GraphErrors(errors)) }
    }

    /// The running processor that plays on as this slot, if there is one.
    fn carried(&self, slot: &Slot, node: &AnyNode) -> Option<&Member> {
        let old = self.graph.node(&slot.name)?;
        let member = self.cast.get(&slot.name)?;
        let same = member.kind == slot.kind && member.inputs == slot.inputs && member.outputs == slot.outputs;
        (same && !node.rebuilds(old)).then_some(member)
    }

    fn spec(&self, slot: &Slot) -> PrepareSpec {
        PrepareSpec {
            name: slot.name.clone(),
            rate: self.stream.rate,
            max_frames: self.stream.max_frames,
            inputs: slot.inputs.clone(),
            outputs: slot.outputs.clone(),
            reports: self.report.clone(),
        }
    }

    /// The difference between what plays and what will.
    fn change(&mut self, graph: &Graph, schedule: &Schedule, fresh: Vec<Option<AnyProcessor>>) -> (Load, Loaded) {
        let mut loaded = Loaded::default();
        let (mut exchange, mut updates, mut cast) = (Vec::new(), Vec::new(), HashMap::new());
        let mut seats = Vec::with_capacity(schedule.slots.len());
        for (slot, processor) in schedule.slots.iter().zip(fresh) {
            let member = match processor {
                None => self.keep(graph, slot, &mut updates, &mut loaded),
                Some(processor) => {
                    loaded.started.push(slot.name.clone());
                    self.start(graph, slot, processor, &mut exchange)
                }
            };
            seats.push(member.instance.slot as usize);
            cast.insert(slot.name.clone(), member);
        }
        for (name, member) in std::mem::replace(&mut self.cast, cast) {
            self.retire(&name, member, &mut exchange, &mut loaded);
        }
        let bigger = self.grow();
        let plan = Plan::new(schedule, &seats, self.stream.max_frames);
        let load = Load { plan, bigger, exchange, updates, lines: self.carried_lines(schedule) };
        (load, loaded)
    }

    fn keep(
        &self,
        graph: &Graph,
        slot: &Slot,
        updates: &mut Vec<(usize, crate::erase::AnyParams)>,
        loaded: &mut Loaded,
    ) -> Member {
        let member = self.cast[&slot.name].clone();
        let node = graph.node(&slot.name).filter(|&node| Some(node) != self.graph.node(&slot.name));
        if let Some(node) = node {
            updates.push((member.instance.slot as usize, node.params()));
            loaded.updated.push(slot.name.clone());
        }
        loaded.carried.push(slot.name.clone());
        member
    }

    fn start(
        &mut self,
        graph: &Graph,
        slot: &Slot,
        processor: AnyProcessor,
        exchange: &mut Vec<(usize, Seat)>,
    ) -> Member {
        self.generation += 1;
        let seat = self.free.pop().unwrap_or_else(|| {
            self.seats += 1;
            self.seats - 1
        });
        let instance = Instance { slot: seat as u32, generation: self.generation };
        let declared = graph.node(&slot.name).map_or(&[][..], AnyNode::readings);
        let width = slot.inputs.first().or(slot.outputs.first()).copied().unwrap_or(0);
        let readings = Readings::new(declared, width);
        let companion = processor.companion();
        self.names.insert(instance, slot.name.clone());
        exchange
            .push((seat, Seat { processor: Some(processor), readings: readings.clone(), instance, silenced: false }));
        Member {
            instance,
            kind: slot.kind,
            inputs: slot.inputs.clone(),
            outputs: slot.outputs.clone(),
            readings,
            companion,
        }
    }

    /// Whoever is not in the new cast leaves its seat, which is free from the next load on.
    fn retire(&mut self, name: &str, member: Member, exchange: &mut Vec<(usize, Seat)>, loaded: &mut Loaded) {
        let stays = self.cast.get(name).is_some_and(|now| now.instance == member.instance);
        if stays {
            return;
        }
        let seat = member.instance.slot as usize;
        exchange.push((seat, Seat::default()));
        self.free.push(seat);
        self.retired.extend(member.companion);
        loaded.ended.push(name.to_owned());
        loaded.ended.sort_unstable();
    }

    /// A bigger slab when the places have run out since the last load.
    fn grow(&mut self) -> Option<Slab> {
        (self.seats > self.slab).then(|| {
            self.slab = self.seats.next_power_of_two().max(16);
            Slab::with_seats(self.slab)
        })
    }

    /// Feedback lines that both plans have: their index in the old one and in the new one.
    fn carried_lines(&self, schedule: &Schedule) -> Vec<(usize, usize)> {
        if schedule.feedback != self.schedule.feedback {
            return Vec::new();
        }
        let old: HashMap<_, _> = self.schedule.lines.iter().enumerate().map(|(index, line)| (line, index)).collect();
        let lines = schedule.lines.iter().enumerate();
        lines.filter_map(|(new, line)| old.get(line).map(|&old| (old, new))).collect()
    }
}

fn located(slot: &Slot, error: NodeError) -> GraphError {
    let place = match error.parameter {
        Some(parameter) => Place::Parameter(slot.name.clone(), parameter),
        None => Place::Node(slot.name.clone()),
    };
    GraphError { place, message: error.message }
}
