//! Graphs that replace each other while the callback runs: nothing is freed there, and nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use patchline_graph::{
    Engine, Event, EventKind, Graph, Io, LoadError, Node, NodeError, Ports, PrepareSpec, Processor, Renderer,
    StreamSpec, engine, guard as callback,
};
use patchline_guard::{Guard, Kind, Watch};
use patchline_nodes::Output;

use crate::row::Row;

static MADE: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static DROPPED_IN_CALLBACK: AtomicU64 = AtomicU64::new(0);

/// A source that is another one each time, with memory to be freed.
#[derive(Clone, PartialEq)]
struct Tone(u64);

struct ToneProcessor {
    samples: Vec<f32>,
    at: usize,
}

impl Node for Tone {
    const KIND: &'static str = "tone";
    type Processor = ToneProcessor;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<ToneProcessor, NodeError> {
        MADE.fetch_add(1, Relaxed);
        Ok(ToneProcessor { samples: (0..256).map(|frame| (frame as u64 ^ self.0) as f32 * 1e-3).collect(), at: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        256 * size_of::<f32>() + size_of::<ToneProcessor>()
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self != previous
    }
}

impl Processor for ToneProcessor {
    type Params = Tone;

    fn update(&mut self, _params: &Tone) {}

    fn process(&mut self, io: &mut Io<'_>) {
        for sample in io.main().channel(0) {
            *sample = self.samples[self.at % 256];
            self.at += 1;
        }
    }
}

impl Drop for ToneProcessor {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
        DROPPED_IN_CALLBACK.fetch_add(u64::from(callback::in_callback()), Relaxed);
    }
}

/// Loads `swaps` graphs, each when the one before has been taken over. Without a guard where another tool looks that
/// does not go together with it.
pub(crate) fn swaps(swaps: u64, guarded: bool) -> Row {
    let by = if guarded { "guard" } else { "tsan" };
    Row::judge("0 frees in the callback, every processor dropped elsewhere, once", by, swap(swaps, guarded))
}

fn swap(swaps: u64, guarded: bool) -> Result<String, String> {
    // Looking for waits, too: nobody hands anything over by a lock.
    let watch = Watch::all().without(Kind::PageFaults);
    let guard = Guard::new(if guarded { watch } else { Watch::nothing() });
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
    let done = AtomicBool::new(false);
    let (renderer, loaded) = thread::scope(|scope| {
        let audio = scope.spawn(|| play(renderer, &guard, &done));
        let loaded = load_all(&mut engine, swaps);
        done.store(true, Relaxed);
        (audio.join().expect("the renderer catches panics"), loaded)
    });
    engine.close(renderer);
    drop(engine);
    loaded?;
    let report = guard.report();
    if !report.is_clean() {
        return Err(report.to_string());
    }
    let [made, dropped, in_callback] = [&MADE, &DROPPED, &DROPPED_IN_CALLBACK].map(|count| count.load(Relaxed));
    let found = format!("{swaps} swaps: {made} processors made, {dropped} dropped, {in_callback} in the callback");
    if made == dropped && made >= swaps && in_callback == 0 { Ok(found) } else { Err(found) }
}

fn play(mut renderer: Renderer, guard: &Guard, done: &AtomicBool) -> Renderer {
    let mut output = [1.0_f32; 64];
    while !done.load(Relaxed) {
        guard.visit(|| renderer.render(64, &[], &mut [&mut output]));
    }
    renderer
}

fn load_all(engine: &mut Engine, swaps: u64) -> Result<(), String> {
    for number in 0..swaps {
        let mut graph = Graph::new();
        let made = graph.add("tone", Tone(number)).and_then(|graph| graph.add("out", Output::default()));
        made.map_err(|error| error.to_string())?;
        graph.link("tone", "out").map_err(|error| error.to_string())?;
        match engine.load(graph) {
            Ok(_) => wait_until_loaded(engine),
            Err(LoadError::Busy(_)) => return Err("a graph was sent before the last was taken".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
        engine.collect();
    }
    Ok(())
}

fn wait_until_loaded(engine: &mut Engine) {
    loop {
        match engine.next_event() {
            Some(Event { kind: EventKind::Loaded, .. }) => return,
            Some(_) => {}
            None => thread::yield_now(),
        }
    }
}
