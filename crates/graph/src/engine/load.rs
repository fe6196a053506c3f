//! Loads: from graph to stage, to message.

use std::sync::Arc;

use basedrop::Owned;
use rustc_hash::FxHashMap;

use super::{Engine, LoadError, Told, journal};
use crate::compile::{build, longest};
use crate::erase::AnyProcessor;
use crate::fade::Moment;
use crate::load::{Cast, Next, Takeover};
use crate::message::Message;
use crate::resolve::{Alone, resolve};
use crate::stage::{self, Stage, most_leaving};
use crate::{Frame, Frames, Graph, Loaded, Schedule};

/// The longest fade, in seconds.
const LONGEST_FADE: Frames = 10;

/// All that a load needs, before anything is sent.
pub(super) struct Arrival {
    next: stage::Next,
    schedule: Schedule,
    /// The graph as it was given, where it is another one.
    graph: Option<Graph>,
    /// The processors of those who start, in the order of their slots.
    fresh: Vec<AnyProcessor>,
    cut: bool,
}

impl Arrival {
    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

/// When a load takes over.
pub(super) struct Turning {
    pub(super) moment: Moment,
    /// The frame; `None` is the start of the next callback.
    pub(super) at: Option<Frame>,
    /// How many frames after the message before it, if it waits for that.
    pub(super) after: Frames,
    /// How long parameters that change glide, if not as long as they do by themselves.
    pub(super) over: Option<Frames>,
}

impl Engine {
    /// Replaces what plays by `graph`, from the start of the next callback on. Parameters that were set for later frames
    /// are overridden: what plays is what the graph says.
    ///
    /// A node of the same name, type and resolved channels plays on with its state, its readings and, if they differ,
    /// its new parameters; feedback links that stay keep what they hold. Everything else [fades](Self::set_fade), and what
    /// is gone rings out first.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, around, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
    /// let loaded = engine.load(trim(0.25))?;
    /// assert_eq!(loaded.updated, ["trim"]);
    /// let loaded = engine.load(around("boost", Scale(2.0)))?;
    /// assert_eq!((loaded.started[0].as_str(), loaded.ended[0].as_str()), ("boost", "trim"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All mistakes of the graph, and what its nodes say against their parameters; the old graph plays on.
    pub fn load(&mut self, graph: Graph) -> Result<Loaded, LoadError> {
        self.load_when(graph, None)
    }

    /// As [`load`](Self::load), at the frame `at`, be it in the middle of a callback; at once if that has passed.
    ///
    /// What is sent afterwards waits for it: parameters that are set meanwhile take effect at `at` or later.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load_at(trim(0.5), 2)?;
    /// let mut output = [9.0; 4];
    /// renderer.render(4, &[&[1.0; 4]], &mut [&mut output]);
    /// assert_eq!(output, [0.0, 0.0, 0.5, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_at(&mut self, graph: Graph, at: Frame) -> Result<Loaded, LoadError> {
        self.load_when(graph, Some(at))
    }

    fn load_when(&mut self, graph: Graph, at: Option<Frame>) -> Result<Loaded, LoadError> {
        let (first, now) = (self.sent, self.now());
        let loaded = self.exchange(graph, (at, None), now)?;
        journal::enter(&mut self.journal, Told::Load { graph: &self.graph, at }, (first..self.sent, now));
        Ok(loaded)
    }

    /// The frame by which what has ended can be cleared away.
    pub(super) fn now(&self) -> Frame {
        self.stats.frames.get().min(self.sweeps_until)
    }

    /// Parameters that change glide for `over`, where that is said.
    pub(super) fn exchange(
        &mut self,
        graph: Graph,
        (at, over): (Option<Frame>, Option<Frames>),
        now: Frame,
    ) -> Result<Loaded, LoadError> {
        let graph = self.room_for(1, graph)?;
        let alone = resolve(&graph, self.stage.resolved(), &self.stream)?;
        let moment = Moment::new();
        let arrival = self.arrival(&self.stage, (graph, alone), (now, &moment))?;
        let (message, loaded) = self.message(arrival, Turning { moment, at, after: 0, over });
        self.send_loads([message]);
        self.forget_bypassed();
        Ok(loaded)
    }

    /// The graph, if there is room for so many messages.
    pub(super) fn room_for(&self, messages: usize, graph: Graph) -> Result<Graph, LoadError> {
        if self.messages.is_abandoned() {
            return Err(LoadError::Closed);
        }
        if self.messages.slots() < messages {
            return Err(LoadError::Busy(Box::new(graph)));
        }
        Ok(graph)
    }

    /// Whether a node can play on; see [`Cast::sounds`].
    pub(super) fn sounds(&self, actor: usize) -> bool {
        self.stats.panics.get() == 0 || self.cast.sounds(actor)
    }

    /// A load, as a stage takes it.
    pub(super) fn change_to<'a>(&'a self, alone: &'a Alone, now: Frame, moment: &Moment) -> stage::Change<'a> {
        stage::Change { new: &alone.resolved, stream: &self.stream, fade: self.fade, now, moment: moment.clone() }
    }

    /// What a load makes of a stage; it is cut where there is no memory for both.
    pub(super) fn arrival(
        &self,
        from: &Stage,
        (graph, alone): (Graph, Alone),
        (now, moment): (Frame, &Moment),
    ) -> Result<Arrival, LoadError> {
        let change = self.change_to(&alone, now, moment);
        let sounds = |actor: usize| self.sounds(actor);
        let next = from.next(&change, sounds);
        if next.stage.leaving().count() > 2 * most_leaving(&graph) {
            return Err(LoadError::Crowded(Box::new(graph)));
        }
        let (next, between, cut) = match self.between(&next) {
            Ok(between) => (next, between, false),
            // What speaks against the graph by itself speaks against it here.
            Err(_) => {
                let next = from.next(&stage::Change { fade: 0, ..change }, sounds);
                let between = self.between(&next)?;
                (next, between, true)
            }
        };
        let arrival = self.prepared(next, between, Some((graph, alone)))?;
        Ok(Arrival { cut, ..arrival })
    }

    /// A stage, compiled.
    pub(super) fn between(&self, next: &stage::Next) -> Result<Schedule, LoadError> {
        self.with_turning(next, &[])
    }

    /// The same, where more nodes are about to be left out.
    pub(super) fn with_turning(&self, next: &stage::Next, more: &[usize]) -> Result<Schedule, LoadError> {
        let graph = &next.stage.graph;
        let mut turning = self.cast.turning(&next.before);
        turning.extend(self.out_of(graph).iter().filter_map(|name| graph.index(name)));
        turning.extend_from_slice(more);
        Ok(build(&next.union, &next.stage.fading(), &turning, &self.stream)?)
    }

    /// The next stage with its new processors: of another graph, or only with less of what was on its way out.
    pub(super) fn prepared(
        &self,
        next: stage::Next,
        mut schedule: Schedule,
        graph: Option<(Graph, Alone)>,
    ) -> Result<Arrival, LoadError> {
        let graph = match graph {
            Some((graph, Alone { resolved, alignments })) => {
                // That of the graph, without what is on its way out.
                if !Arc::ptr_eq(&resolved.topology, &next.union.topology) {
                    (schedule.latency, schedule.tail) = longest(&resolved);
                }
                schedule.alignments = alignments;
                Some(graph)
            }
            None => {
                (schedule.latency, schedule.tail) = (self.schedule.latency, self.schedule.tail);
                schedule.alignments.clone_from(&self.schedule.alignments);
                None
            }
        };
        schedule = self.spread_out(schedule, &next);
        schedule.verify().expect("compile upholds what verify checks");
        let (is_new, common) = (graph.is_some(), self.common());
        let out = [&self.out, &self.out];
        let (union, nodes, before) = (&next.union, next.stage.nodes(), &*next.before);
        let of = Next { union, nodes, schedule: &schedule, before, is_new, over: None, out, common: &common };
        let fresh = Cast::prepare(&of)?;
        Ok(Arrival { next, schedule, graph, fresh, cut: false })
    }

    /// The message that makes the next stage of the one at hand, which is over with that.
    pub(super) fn message(&mut self, arrival: Arrival, turning: Turning) -> (Message, Loaded) {
        let Arrival { next: stage::Next { stage, before, union }, schedule, graph, fresh, cut } = arrival;
        let Turning { moment, at, after, over } = turning;
        let lines = same_lines(self.stage.lines(&self.schedule), &stage.lines(&schedule));
        let lines = if self.schedule.feedback == schedule.feedback { lines } else { Vec::new() };
        let fades = stage.fades_after(&self.stage);
        let takeover = Takeover { lines, fades, moment, at, after };
        let out = graph.as_ref().map(|_| self.out_of(&stage.graph));
        let (is_new, common) = (graph.is_some(), self.common());
        let outs = [&self.out, out.as_ref().unwrap_or(&self.out)];
        let (nodes, schedule_of) = (stage.nodes(), &schedule);
        let next = Next {
            union: &union,
            nodes,
            schedule: schedule_of,
            before: &before,
            is_new,
            over,
            out: outs,
            common: &common,
        };
        let (load, loaded) = self.cast.change(&next, takeover, fresh, &self.stage);
        (self.stage, self.schedule) = (stage, schedule);
        if let Some(graph) = graph {
            self.graph = graph;
        }
        self.out = out.unwrap_or(std::mem::take(&mut self.out));
        (Message::Load(Owned::new(&self.collector.handle(), load)), Loaded { cut, ..loaded })
    }

    /// Sends messages that arrive together.
    pub(super) fn send_loads<const COUNT: usize>(&mut self, messages: [Message; COUNT]) {
        let told = |message: &&Message| matches!(message, Message::Load(load) if load.told);
        let told = messages.iter().filter(told).count() as u64;
        (self.sent, self.loads) = (self.sent + told, self.loads + told);
        let room = self.messages.write_chunk_uninit(COUNT).expect("room was checked and only we push");
        room.fill_from_iter(messages);
    }

    /// How many graphs were sent to the audio thread so far, by loads and by changes that need new processors. Each of
    /// them tells [`Loaded`](crate::EventKind::Loaded) when it takes over, in this order.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// engine.load(trim(0.25))?;
    /// assert_eq!(engine.loads(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.loads
    }

    /// Clears away what has ended of nodes and links on their way out. No sample changes by it.
    pub(super) fn sweep(&mut self) {
        let now = self.now();
        if self.messages.is_full() || self.stage.is_settled() {
            return;
        }
        let Some(swept) = self.stage.swept(now, self.stream.feedback) else { return };
        let next = stage::Next::of_those_who_stay(swept, &self.stream);
        match self.between(&next).and_then(|between| self.prepared(next, between, None)) {
            Ok(arrival) => self.arrive_untold(arrival),
            Err(error) => debug_assert!(false, "less than before takes less than before: {error}"),
        }
    }

    /// From the next load on, lets sound that comes or goes with it fade for so many frames, as
    /// [`StreamSpec::fade`](crate::StreamSpec::fade) does from the beginning: 20 ms are not heard as a click, nor as a
    /// fade. A node that is gone or replaced rings out for its [tail](crate::Node::tail), 10 s at most,
    /// before it fades. What a new engine plays first is there at once. 0 is a cut.
    ///
    /// A fade sits where sound leaves something that plays on: at a new link out of a node that stays, at one that is
    /// gone, at the outputs of a source that comes or goes. What comes and what goes by it add up to what was there.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, around, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// engine.set_fade(0);
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// let mut output = [0.0; 2];
    /// renderer.render(2, &[&[1.0; 2]], &mut [&mut output]);
    /// engine.load(around("boost", Scale(2.0)))?;
    /// renderer.render(2, &[&[1.0; 2]], &mut [&mut output]);
    /// assert_eq!(output, [2.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_fade(&mut self, frames: Frames) {
        let fade = bounded(frames, self.stream.rate);
        if fade == self.fade {
            return;
        }
        self.fade = fade;
        let now = self.now();
        journal::enter(&mut self.journal, Told::Fade(self.fade), (self.sent..self.sent, now));
    }

    /// Clears away nothing that ended later than at the frame `frame`, until this is called again; nor do loads take it for
    /// ended. No sample that was rendered changes by what is cleared away, but what a load makes of what is on its way
    /// out does: where a [journal](Self::keep_journal) is told again, each entry says the frame.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, around, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec { fade: 16, ..StreamSpec::new(48_000, 64, 1, 1) });
    /// engine.sweep_until(0);
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
    /// engine.load(around("boost", Scale(2.0)))?;
    /// renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
    /// // `trim` has faded out, but is kept.
    /// engine.collect();
    /// assert_eq!(engine.leaving().collect::<Vec<_>>(), ["trim"]);
    /// engine.sweep_until(u64::MAX);
    /// engine.collect();
    /// assert_eq!(engine.leaving().count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep_until(&mut self, frame: Frame) {
        self.sweeps_until = frame;
    }

    /// The names of nodes that are no more part of the graph, but still sound.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, around, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec { fade: 64, ..StreamSpec::new(48_000, 64, 1, 1) });
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
    /// engine.load(around("boost", Scale(2.0)))?;
    /// assert_eq!(engine.leaving().collect::<Vec<_>>(), ["trim"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn leaving(&self) -> impl Iterator<Item = &str> {
        self.stage.leaving()
    }
}

/// A fade that can be.
pub(super) fn bounded(frames: Frames, rate: u32) -> Frames {
    frames.min(LONGEST_FADE * Frames::from(rate))
}

/// Feedback lines that both plans have: their index in the old one and in the new one.
fn same_lines(old: Vec<(u64, usize)>, new: &[(u64, usize)]) -> Vec<(usize, usize)> {
    let at: FxHashMap<_, _> = old.into_iter().enumerate().map(|(index, line)| (line, index)).collect();
    new.iter().enumerate().filter_map(|(index, line)| at.get(line).map(|&old| (old, index))).collect()
}
