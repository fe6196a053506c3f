//! A node that does one thing it must not, once, in a real callback or in a task of a worker.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

use patchline_graph::{
    Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, Renderer, StreamSpec, Worker, engine,
};
use patchline_guard::{Guard, Report, Watch};
use patchline_nodes::Output;

use super::deeds::Deed;
use crate::{allocator, rtsan};

/// What looks at a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    /// patchline-guard.
    Guard,
    /// RealtimeSanitizer.
    Rtsan,
    /// assert_no_alloc.
    AssertNoAlloc,
}

/// Which thread does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The callback's own.
    Callback,
    /// A worker that does a part of it.
    Worker,
}

impl Place {
    pub(crate) fn of(in_worker: bool) -> Self {
        if in_worker { Self::Worker } else { Self::Callback }
    }
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Callback) };
}

/// Of each thread that renders, in bytes: violations may use a lot of it.
const STACK: usize = 1 << 24;

/// Does it at its tenth block, or the first one after that in which it is where it is to be done.
#[derive(Clone)]
struct Culprit {
    deed: Arc<Mutex<Option<Deed>>>,
    place: Place,
    done: Arc<AtomicBool>,
}

impl PartialEq for Culprit {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.deed, &other.deed)
    }
}

struct CulpritProcessor {
    deed: Option<Deed>,
    place: Place,
    done: Arc<AtomicBool>,
    blocks: u32,
}

impl Node for Culprit {
    const KIND: &'static str = "culprit";
    type Processor = CulpritProcessor;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<CulpritProcessor, NodeError> {
        let deed = self.deed.lock().expect("nobody panics with it").take();
        Ok(CulpritProcessor { deed, place: self.place, done: Arc::clone(&self.done), blocks: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<CulpritProcessor>()
    }
}

impl Processor for CulpritProcessor {
    type Params = Culprit;

    fn update(&mut self, _params: &Culprit) {}

    fn process(&mut self, io: &mut Io<'_>) {
        io.main().channel(0).fill(0.0);
        self.blocks += 1;
        let is_time = self.blocks >= 10 && PLACE.get() == self.place && !self.done.load(Relaxed);
        if let (true, Some(deed)) = (is_time, &mut self.deed) {
            self.done.store(true, Relaxed);
            deed();
        }
    }
}

/// Has the audio thread do something else, so that a worker comes to the culprit.
#[derive(Clone, PartialEq)]
struct Busy;

impl Node for Busy {
    const KIND: &'static str = "busy";
    type Processor = Self;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self, NodeError> {
        Ok(Self)
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl Processor for Busy {
    type Params = Self;

    fn update(&mut self, _params: &Self) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let level = (0..5_000).fold(1.0_f32, |level, _| black_box(level * 0.999));
        io.main().channel(0).fill(level);
    }
}

/// Blocks that are rendered at most until a worker has come to the culprit.
const MOST: u32 = 100_000;

/// Renders twenty blocks, or as many as it takes, on a thread of its own, as a device would, under the tool; says what
/// the guard saw if it is the tool.
pub(crate) fn in_a_callback(deed: Deed, tool: Tool, place: Place) -> Report {
    let watching =
        Watching { guard: Guard::new(if tool == Tool::Guard { Watch::all() } else { Watch::nothing() }), tool };
    let done = Arc::<AtomicBool>::default();
    let culprit = Culprit { deed: Arc::new(Mutex::new(Some(deed))), place, done: Arc::clone(&done) };
    let mut graph = Graph::new();
    graph.add("busy", Busy).and_then(|graph| graph.add("culprit", culprit)).expect("names of their own");
    graph.add("out", Output::default()).expect("a name of its own");
    // What is linked first is done first, by the audio thread.
    graph.link("busy", "out").and_then(|graph| graph.link("culprit", "out")).expect("all are there");
    let threads = if place == Place::Worker { 2 } else { 1 };
    let (mut engine, renderer) = engine(StreamSpec { threads, ..StreamSpec::new(48_000, 64, 0, 1) });
    engine.assume_costs(graph.nodes().map(|(name, _)| (name.clone(), 50_000.0)).collect::<Vec<_>>());
    engine.load(graph).expect("a graph that plays");
    if tool == Tool::AssertNoAlloc {
        allocator::abort_on_violation();
    }
    let helping: Vec<_> = engine.workers().into_iter().map(|worker| watching.clone().help(worker)).collect();
    let renderer = watching.clone().play(renderer, done).join().expect("the renderer catches panics");
    engine.close(renderer);
    helping.into_iter().for_each(|helper| helper.join().expect("the renderer catches panics"));
    watching.guard.report()
}

/// What looks, and how.
#[derive(Clone)]
struct Watching {
    guard: Guard,
    tool: Tool,
}

impl Watching {
    fn play(self, mut renderer: Renderer, done: Arc<AtomicBool>) -> thread::JoinHandle<Renderer> {
        let play = move || {
            let mut output = [1.0_f32; 64];
            let goes_on = |block: &u32| *block < 20 || (*block < MOST && !done.load(Relaxed));
            for block in (0..).take_while(goes_on) {
                let mut render = || renderer.render(64, &[], &mut [&mut output]);
                // The first blocks bring the code into memory.
                if block < 5 { self.around(&mut render) } else { self.watch(&mut render) }
            }
            renderer
        };
        thread::Builder::new().stack_size(STACK).spawn(play).expect("a thread can be made")
    }

    fn help(self, worker: Worker) -> thread::JoinHandle<()> {
        let work = move || {
            PLACE.set(Place::Worker);
            worker.run_around(|task| self.watch(task));
        };
        thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread can be made")
    }

    fn watch(&self, work: &mut dyn FnMut()) {
        self.guard.visit(|| self.around(work));
    }

    fn around(&self, work: &mut dyn FnMut()) {
        if self.tool == Tool::Rtsan { rtsan::around(work) } else { work() }
    }
}
