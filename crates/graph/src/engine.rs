//! The control thread's half: loads graphs, sets parameters, reads what happens.

mod bypass;
mod dip;
mod journal;
mod load;
mod set;
mod threads;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub use bypass::BypassError;
pub use journal::{Entry, Journal, Told};
pub use set::SetError;

use basedrop::Collector;
use rtrb::{Consumer, Producer};
use rustc_hash::FxHashMap;

use crate::cost::{self, Cost};
use crate::event::{Events, RawEvent};
use crate::lapped::{Kept, lapped};
use crate::load::Cast;
use crate::message::Message;
use crate::profile::{ProfileCells, Sampler, lap_nanoseconds};
use crate::renderer::crew;
use crate::slots::Payload;
use crate::span::{RawSpan, SpanReader};
use crate::stage::Stage;
use crate::stats::StatsCells;
use crate::stream::MOST_THREADS;
use crate::{
    Event, Frame, Frames, Graph, GraphErrors, NodeCost, NodeName, NodeSpan, NodeSpans, PrepareSpec, Readings, Renderer,
    Report, Reports, Schedule, Stats, StreamSpec, TimeSource, Worker, touched,
};

/// Messages on their way to the audio thread.
const MESSAGES: usize = 1024;
/// Events on their way back.
const EVENTS: usize = 4096;
/// From one look at helper threads that are waited for to the next.
const LOOK: Duration = Duration::from_millis(2);
/// Panic payloads on their way back.
const PAYLOADS: usize = 16;

/// Makes the two halves of an engine for a stream: it plays silence until a graph is loaded.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 2));
/// engine.load(Graph::new())?;
/// let (mut left, mut right) = ([1.0; 64], [1.0; 64]);
/// renderer.render(64, &[], &mut [&mut left, &mut right]);
/// assert_eq!((left, right), ([0.0; 64], [0.0; 64]));
/// engine.close(renderer);
/// # Ok::<(), patchline_graph::LoadError>(())
/// ```
#[must_use]
pub fn engine(stream: StreamSpec) -> (Engine, Renderer) {
    engine_timed(stream, Timing::default())
}

/// How an engine takes the time of its nodes, once [`Engine::profile`] asks for it.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_graph::{StreamSpec, TimeSource, Timing, engine_timed};
///
/// // In a test, no time passes at all.
/// let timing = Timing { time: TimeSource::new(|| Duration::ZERO), spans: 100 };
/// let (engine, _renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
/// assert_eq!(engine.spans().written, 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// The clock: the machine's, from now on, by default.
    pub time: TimeSource,
    /// How many runs of nodes are kept one by one for [`Engine::spans`], the newest ones: 48 bytes each. 0 by default.
    pub spans: usize,
}

/// As [`engine`], with a say in how the time of nodes is taken.
///
/// ```
/// use patchline_graph::{StreamSpec, Timing, engine_timed};
///
/// // The last second of runs of nodes, at 750 blocks a second and 20 nodes.
/// let timing = Timing { spans: 15_000, ..Timing::default() };
/// let (mut engine, _renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
/// engine.profile(std::num::NonZeroU32::new(1));
/// assert!(engine.spans().spans.is_empty());
/// ```
#[must_use]
pub fn engine_timed(stream: StreamSpec, timing: Timing) -> (Engine, Renderer) {
    let (messages, messages_end) = touched::ring(MESSAGES);
    let (events_end, events) = touched::ring(EVENTS);
    let (payloads_end, payloads) = touched::ring(PAYLOADS);
    let (report, reports) = channel();
    let stats = Arc::new(StatsCells::default());
    let profile = Arc::new(ProfileCells::default());
    let (span_writer, spans) = (timing.spans > 0).then(|| lapped(timing.spans)).unzip();
    let sampler = Sampler::new(Arc::clone(&profile), timing.time.clone(), span_writer);
    let (crew, workers) = (stream.threads > 1).then(|| crew(stream.threads.min(MOST_THREADS))).unzip();
    let renderer = Renderer::new(
        messages_end,
        Events { ring: events_end, stats: Arc::clone(&stats) },
        payloads_end,
        (sampler, crew),
        (stream.max_frames, stream.instructions),
    );
    let fade = load::bounded(stream.fade, stream.rate);
    let engine = Engine {
        most_threads: stream.threads.max(1),
        workers: workers.unwrap_or_default(),
        assumed: FxHashMap::default(),
        stream,
        collector: Collector::new(),
        messages,
        events,
        payloads,
        reports,
        report: Reports::new(report),
        stats,
        profile,
        time: timing.time,
        spans,
        rest_before: Cost::default(),
        lap: 0.0,
        graph: Graph::new(),
        stage: Stage::default(),
        schedule: Schedule::default(),
        fade,
        sweeps_until: Frame::MAX,
        cast: Cast::default(),
        sets_sent: 0,
        sent: 0,
        loads: 0,
        journal: None,
        bypassed: BTreeSet::new(),
        out: BTreeSet::new(),
    };
    (engine, renderer)
}

/// The control thread's handle on a running graph.
///
/// Close it in order, with [`close`](Self::close): the renderer first, then what it sent back.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{EventKind, StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// assert_eq!(engine.stream().rate, 48_000);
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`.
/// engine.load(trim(0.5))?;
/// let mut output = [0.0; 64];
/// renderer.render(64, &[&[1.0; 64]], &mut [&mut output]);
/// assert_eq!(output, [0.5; 64]);
///
/// // From now on, as the control thread comes round:
/// engine.set("trim", Scale(0.25), None)?;
/// renderer.render(64, &[&[1.0; 64]], &mut [&mut output]);
/// assert_eq!(output, [0.25; 64]);
/// let told: Vec<EventKind> = std::iter::from_fn(|| engine.next_event()).map(|event| event.kind).collect();
/// assert_eq!(told, [EventKind::Loaded, EventKind::Set { late: 0 }]);
/// while let Some(report) = engine.next_report() {
///     eprintln!("{}: {}", report.node, report.message);
/// }
/// engine.collect();
///
/// assert_eq!(engine.graph().node("trim").and_then(|node| node.downcast_ref()), Some(&Scale(0.25)));
/// assert_eq!(engine.stats().frames, 128);
/// engine.close(renderer);
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    stream: StreamSpec,
    collector: Collector,
    messages: Producer<Message>,
    events: Consumer<RawEvent>,
    payloads: Consumer<Payload>,
    reports: Receiver<Report>,
    report: Reports,
    stats: Arc<StatsCells>,
    profile: Arc<ProfileCells>,
    time: TimeSource,
    spans: Option<SpanReader>,
    /// The time outside of all nodes when it was last counted from.
    rest_before: Cost,
    /// What taking the time of one step takes, in nanoseconds.
    lap: f64,
    graph: Graph,
    /// What plays, with the nodes that let links wait.
    stage: Stage,
    schedule: Schedule,
    fade: Frames,
    /// What ended later than at this frame is not cleared away.
    sweeps_until: Frame,
    cast: Cast,
    /// Parameter changes sent so far.
    sets_sent: u64,
    /// Messages of any kind sent so far.
    sent: u64,
    /// Loads among them.
    loads: u64,
    journal: Option<Journal>,
    /// Nodes that are to be left out whatever the graph says.
    bypassed: BTreeSet<String>,
    /// Nodes whose processors are left out, or will be.
    out: BTreeSet<String>,
    /// Those who can help the renderer, until they are asked for, and how many threads there can be.
    workers: Vec<Worker>,
    most_threads: usize,
    /// What nodes are assumed to take, in nanoseconds a frame.
    assumed: FxHashMap<NodeName, f64>,
}

/// Why a graph was not loaded; the old one plays on.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{LoadError, StreamSpec, engine};
///
/// let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut graph = trim(0.5);
/// graph.link("trim", "echo")?;
/// match engine.load(graph) {
///     Err(LoadError::Graph(errors)) => assert_eq!(errors.0.len(), 1),
///     other => panic!("there is no `echo`: {other:?}"),
/// }
/// engine.close(renderer);
/// assert!(matches!(engine.load(trim(0.5)), Err(LoadError::Closed)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The graph has mistakes.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// The audio thread has not yet taken what was sent before: try again later. The graph comes back.
    #[error("the audio thread has not yet taken the last {MESSAGES} messages")]
    Busy(Box<Graph>),
    /// Too many nodes of earlier graphs are still on their way out: try again later. The graph comes back.
    #[error("too many nodes of earlier graphs are still ringing out")]
    Crowded(Box<Graph>),
    /// The renderer is gone.
    #[error("the engine has been closed")]
    Closed,
}

impl Engine {
    /// What all processors are prepared for.
    fn common(&self) -> PrepareSpec {
        let StreamSpec { rate, max_frames, instructions, .. } = self.stream;
        PrepareSpec { rate, max_frames, instructions, reports: self.report.clone(), ..PrepareSpec::default() }
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

    /// What plays, step by step, as it was when it was loaded.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 2, 2));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// println!("{}", engine.schedule());
    /// assert_eq!(engine.schedule().slots.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The readings of a node.
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
    /// // `trim` runs, but shows nothing; `echo` is not there.
    /// assert_eq!(engine.readings("trim").map(|readings| readings.all().count()), Some(0));
    /// assert!(engine.readings("echo").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn readings(&self, name: &str) -> Option<Readings> {
        self.cast.readings(self.stage.graph.index(name)?)
    }

    /// What has been counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.snapshot()
    }

    /// Takes the time of every node in one call of `render` out of `every`, at irregular distances, or in none; and
    /// starts [`costs`](Self::costs) anew. A new engine takes none.
    ///
    /// A call that is timed reads the clock once for each node, which takes some 50 ns (on Linux without a system call
    /// wherever the kernel keeps time by the processor's own counter); the others pay nothing. The sound is the same.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::num::NonZeroU32;
    ///
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// engine.profile(NonZeroU32::new(2));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// (0..100).for_each(|_| renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]));
    /// assert!(engine.costs()[0].samples > 0);
    /// engine.profile(None);
    /// assert!(engine.costs().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn profile(&mut self, every: Option<NonZeroU32>) {
        if every.is_some() {
            self.lap = lap_nanoseconds(&self.time);
        }
        self.cast.restart_costs();
        self.rest_before = self.profile.rest.restart();
        self.profile.ask(every);
    }

    /// What each node that plays costs, the heaviest first; none that was not timed yet.
    /// See [`profile`](Self::profile).
    ///
    /// A load keeps what was found of nodes that play on. [`close`](Self::close) forgets it.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// engine.profile(std::num::NonZeroU32::new(1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// (0..100).for_each(|_| renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]));
    /// for cost in engine.costs() {
    ///     println!("{:>5.1} %  {}", 100.0 * cost.load(48_000), cost.node);
    /// }
    /// assert_eq!(engine.costs()[0].node, "trim");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn costs(&self) -> Vec<NodeCost> {
        let nodes = self.stage.graph.nodes().enumerate();
        let costs = nodes.filter_map(|(at, (name, _))| Some((name.to_string(), self.cast.cost(at)?)));
        cost::costs(costs, self.profile.rest.read().since(self.rest_before), self.lap)
    }

    /// What each node did in the calls that were [timed](Self::profile), as far back as
    /// [`Timing::spans`](crate::Timing::spans) are kept. May be read at any moment, on the control thread.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, Timing, engine_timed};
    ///
    /// let timing = Timing { spans: 1_000, ..Timing::default() };
    /// let (mut engine, mut renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
    /// engine.profile(std::num::NonZeroU32::new(1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// (0..3).for_each(|_| renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]));
    /// let spans = engine.spans().spans;
    /// assert_eq!((spans[0].node.as_deref(), spans[0].frames), (Some("trim"), 64));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn spans(&self) -> NodeSpans {
        self.last_spans(usize::MAX)
    }

    /// The last `count` of them.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, Timing, engine_timed};
    ///
    /// let timing = Timing { spans: 1_000, ..Timing::default() };
    /// let (mut engine, mut renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
    /// engine.profile(std::num::NonZeroU32::new(1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// (0..20).for_each(|_| renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]));
    /// let last = engine.last_spans(2);
    /// assert!(last.spans.len() == 2 && last.spans[0].call < last.spans[1].call);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn last_spans(&self, count: usize) -> NodeSpans {
        let kept = self.spans.as_ref().map_or_else(Kept::default, |spans| spans.last(count));
        let name = |words| {
            let RawSpan { instance, call, begins, lasts, frames } = RawSpan::of(words);
            NodeSpan { node: self.cast.name(instance), call, begins, lasts, frames }
        };
        let (written, torn, lost) = (kept.written, kept.torn, self.profile.spans_lost.get());
        NodeSpans { spans: kept.records.into_iter().map(name).collect(), written, torn, lost }
    }

    /// The next event from the audio thread, if there is one.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{Event, EventKind, StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// assert_eq!(engine.next_event(), None);
    /// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
    /// assert_eq!(engine.next_event(), Some(Event { frame: 0, node: None, kind: EventKind::Loaded }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_event(&mut self) -> Option<Event> {
        let RawEvent { frame, instance, kind } = self.events.pop().ok()?;
        let node = instance.and_then(|instance| self.cast.name(instance));
        Some(Event { frame, node, kind })
    }

    /// The next report from a node's helper thread, if there is one.
    pub fn next_report(&mut self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// Frees what the audio thread has sent back. Call it now and then.
    pub fn collect(&mut self) {
        self.sweep();
        self.collector.collect();
        while self.payloads.pop().is_ok() {}
        self.cast.tidy();
    }

    /// Blocks until every node can run `frames` frames without losing any. For backends that are not paced by a clock.
    ///
    /// Helper threads keep a few of the stream's longest blocks (`max_frames`) ready, not any length: wait for longer
    /// stretches, and render them, piece by piece.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// // Offline: before each block, so that no file falls behind.
    /// for _ in 0..10 {
    ///     engine.wait_ready(64);
    ///     renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
    /// }
    /// assert_eq!(renderer.position(), 640);
    /// engine.close(renderer);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_ready(&self, frames: usize) {
        self.cast.companions().for_each(|companion| companion.wait_ready(frames));
    }

    /// Ends the run: frees everything and waits until all files are written and closed.
    /// Events and reports can still be read afterwards.
    pub fn close(&mut self, renderer: Renderer) {
        drop(renderer);
        self.collect();
        self.cast.finish();
    }

    /// Ends a run whose renderer is lost: a panic in a callback took it along, or the callback does not return.
    ///
    /// Where the renderer was dropped, this is as [`close`](Self::close). Where somebody still has it, its files cannot
    /// be closed: after `patience` they are left as they are. Returns whether all were closed.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// drop(renderer); // A panic in somebody's callback took it along.
    /// assert!(engine.close_lost(Duration::from_millis(100)));
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::disallowed_methods, reason = "the control thread may wait")]
    pub fn close_lost(&mut self, patience: Duration) -> bool {
        let waited = TimeSource::monotonic();
        loop {
            self.collect();
            if self.cast.is_finished() {
                self.cast.finish();
                return true;
            }
            if waited.now() >= patience {
                return false;
            }
            std::thread::sleep(LOOK);
        }
    }
}
