//! Worker threads that render beside the callback's own, and nodes that leave them the one to be proven.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;

use patchline_graph::{Engine, Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, Worker};
use patchline_guard::{Guard, prefault_stack};

/// The name of each worker thread.
const THREAD: &str = "prove-worker";
/// What every node is said to take, in nanoseconds a frame: enough for several threads.
const DEAR: f64 = 50_000.0;
/// Multiplications of a ballast of size 1: some microseconds, in which a worker finds its task.
const ROUNDS: u32 = 1_000;

/// Keeps a thread busy for a moment.
#[derive(Clone, PartialEq)]
struct Ballast(u32);

impl Node for Ballast {
    const KIND: &'static str = "prove_ballast";
    type Processor = Self;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Self>()
    }
}

impl Processor for Ballast {
    type Params = Self;

    fn update(&mut self, params: &Self) {
        self.0 = params.0;
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let level = (0..self.0 * ROUNDS).fold(1.0_f32, |level, _| black_box(level * 0.999));
        io.main().channel(0).fill(level);
    }
}

/// A graph of what occupies so many threads, the audio thread for longest, so that what is added comes to a worker, which has the time to begin it. For one
/// thread, nothing.
pub(crate) fn ballast(threads: usize) -> Graph {
    let mut graph = Graph::new();
    for lane in (0..threads).filter(|_| threads > 1) {
        let size = if lane == 0 { 20 } else { 1 };
        graph.add(&format!("ballast{lane}"), Ballast(size)).expect("a name of its own");
    }
    graph
}

/// Has the engine spread what it loads from here on.
pub(crate) fn spread(engine: &mut Engine, graph: &Graph) {
    let cost = |name: &str| if name == "ballast0" { 2.0 * DEAR } else { DEAR };
    engine.assume_costs(graph.nodes().map(|(name, _)| (name.clone(), cost(name.as_str()))));
}

/// The workers of an engine, each on a thread of its own. They end when the renderer does.
pub(crate) struct Workers {
    threads: Vec<JoinHandle<()>>,
    watching: Arc<Watching>,
}

/// What they share with who started them.
struct Watching {
    guard: Guard,
    around: fn(&mut dyn FnMut()),
    begun: AtomicBool,
    tasks: AtomicU64,
}

impl Workers {
    pub(crate) fn start(engine: &mut Engine, guard: &Guard, around: fn(&mut dyn FnMut())) -> Result<Self, String> {
        let (guard, begun, tasks) = (guard.clone(), AtomicBool::new(false), AtomicU64::new(0));
        let watching = Arc::new(Watching { guard, around, begun, tasks });
        let start = |worker: Worker| {
            let watching = Arc::clone(&watching);
            let work = move || {
                prefault_stack();
                worker.run_around(|task| watching.watch(task));
            };
            std::thread::Builder::new().name(THREAD.to_owned()).spawn(work)
        };
        let threads = engine.workers().into_iter().map(start).collect::<Result<_, _>>();
        Ok(Self { threads: threads.map_err(|error| format!("no thread for a worker: {error}"))?, watching })
    }

    pub(crate) fn are_there(&self) -> bool {
        !self.threads.is_empty()
    }

    /// How many tasks were watched so far.
    pub(crate) fn tasks(&self) -> u64 {
        self.watching.tasks.load(Relaxed)
    }

    /// From here on their tasks are watched.
    pub(crate) fn watch(&self) {
        self.watching.begun.store(true, Relaxed);
    }

    /// Waits for their end; says how many tasks were watched.
    pub(crate) fn end(mut self) -> Result<u64, String> {
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| "a task panicked through its worker".to_owned())?;
        }
        Ok(self.tasks())
    }
}

impl Watching {
    fn watch(&self, task: &mut dyn FnMut()) {
        if self.begun.load(Relaxed) {
            self.tasks.fetch_add(1, Relaxed);
            self.guard.visit(|| (self.around)(task));
        } else {
            task();
        }
    }
}
