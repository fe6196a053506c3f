//! A node that does one thing it must not, once, in a real callback.

use std::sync::{Arc, Mutex};

use patchline_graph::{Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, StreamSpec, engine};
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

/// Of the audio thread, in bytes: violations may use a lot of it.
const STACK: usize = 1 << 24;

/// Does it at its tenth block.
#[derive(Clone)]
struct Culprit(Arc<Mutex<Option<Deed>>>);

impl PartialEq for Culprit {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

struct CulpritProcessor {
    deed: Option<Deed>,
    blocks: u32,
}

impl Node for Culprit {
    const KIND: &'static str = "culprit";
    type Processor = CulpritProcessor;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<CulpritProcessor, NodeError> {
        let deed = self.0.lock().expect("nobody panics with it").take();
        Ok(CulpritProcessor { deed, blocks: 0 })
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
        if let (10, Some(deed)) = (self.blocks, &mut self.deed) {
            deed();
        }
    }
}

/// Renders twenty blocks on a thread of its own, as a device would, under the tool; says what the guard saw if it is
/// the tool.
pub(crate) fn in_a_callback(deed: Deed, tool: Tool) -> Report {
    let guard = Guard::new(if tool == Tool::Guard { Watch::all() } else { Watch::nothing() });
    let mut graph = Graph::new();
    graph.add("culprit", Culprit(Arc::new(Mutex::new(Some(deed))))).expect("a name of its own");
    graph.add("out", Output::default()).expect("a name of its own").link("culprit", "out").expect("both are there");
    let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
    engine.load(graph).expect("a graph that plays");
    if tool == Tool::AssertNoAlloc {
        allocator::abort_on_violation();
    }
    let watching = guard.clone();
    let audio = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let mut output = [1.0_f32; 64];
        for block in 0..20 {
            let mut render = || renderer.render(64, &[], &mut [&mut output]);
            let mut callback = || if tool == Tool::Rtsan { rtsan::around(&mut render) } else { render() };
            // The first blocks bring the code into memory.
            if block < 5 { callback() } else { watching.visit(callback) }
        }
        renderer
    });
    let renderer = audio.expect("a thread can be made").join().expect("the renderer catches panics");
    engine.close(renderer);
    guard.report()
}
