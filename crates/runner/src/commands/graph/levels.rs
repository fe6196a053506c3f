//! `graph --levels`: how loud it gets on each link, from rendering the patch.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use patchline_graph::{AnyNode, Engine, Graph, GraphErrors, Link, NodeName, Readings, StreamSpec, compile, engine};
use patchline_io::file::{Length, Output, Render};
use patchline_nodes::{Meter, Time};
use patchline_patch::Loaded;

use crate::cli::{GraphArgs, RenderArgs};
use crate::commands::render;
use crate::cpu::without_files;
use crate::exit::{Exit, Failure};
use crate::helpers::Helpers;
use crate::overview::Overview;
use crate::{load, signals};

/// Frames of a block and of a meter's window: each block is one window.
const BLOCK: usize = 256;

/// The patch as it is with these inputs, and the highest peak on each link.
pub(super) fn measured(loaded: &Loaded, args: &GraphArgs) -> Result<Overview, Failure> {
    let played = RenderArgs {
        input: args.input.clone(),
        duration: args.duration,
        // Where the patch leaves it open.
        sample_rate: loaded.engine.rate().or(args.assumed.rate),
        ..RenderArgs::of(&args.patch)
    };
    let inputs = render::Inputs::open(loaded, &played)?;
    let stream = StreamSpec { max_frames: BLOCK, ..render::stream(loaded, &inputs, BLOCK) };
    let schedule = compile(&loaded.graph, &stream).map_err(|error| refused(loaded, error))?;
    let mut overview = Overview::new(&loaded.graph, &schedule, &stream);
    let length = match args.duration {
        Some(duration) => Length::Exactly(crate::cli::duration_frames(duration, inputs.rate)),
        None => Length::Inputs { tail: 0 },
    };
    let metered = Metered::new(&loaded.graph);
    let peaks = metered.play(loaded, inputs, stream, length)?;
    for (link, peak) in overview.links.iter_mut().zip(peaks) {
        link.peak_dbfs = Some(peak);
    }
    Ok(overview)
}

fn refused(loaded: &Loaded, error: GraphErrors) -> Failure {
    load::refused(loaded, error.into())
}

/// A graph with a meter at each end that sound comes from.
struct Metered {
    graph: Graph,
    /// The meter of each link, in the order of the links.
    meters: Vec<NodeName>,
}

impl Metered {
    /// Without recorders: nothing is written.
    fn new(graph: &Graph) -> Self {
        let (mut graph, _) = without_files(graph);
        let mut names: BTreeMap<String, NodeName> = BTreeMap::new();
        let links: Vec<Link> = graph.links().iter().cloned().collect();
        let mut meters = Vec::new();
        for link in &links {
            let name = names.entry(link.from.to_string()).or_insert_with(|| {
                let name = free_name(&graph);
                graph.insert(
                    name.clone(),
                    AnyNode::new(Meter { window: Time::Frames(BLOCK as u64), ..Meter::default() }),
                );
                let to = name.as_str().parse().expect("a node's name is an end");
                // A path of its own latency: what is measured must not make others wait.
                graph.push_link(Link { direct: true, ..Link::new(link.from.clone(), to) });
                name
            });
            meters.push(name.clone());
        }
        Self { graph, meters }
    }

    /// The highest peak of each link in dBFS, negative infinity for silence.
    fn play(
        self,
        loaded: &Loaded,
        inputs: render::Inputs,
        stream: StreamSpec,
        length: Length,
    ) -> Result<Vec<f64>, Failure> {
        let (mut engine, mut renderer) = engine(stream);
        engine.load(self.graph).map_err(|error| load::refused(loaded, error))?;
        signals::listen();
        let mut peaks = vec![f64::NEG_INFINITY; self.meters.len()];
        let mut helpers = Helpers::unhurried(&mut engine, &mut renderer);
        // Whole windows only: what begins is played to its end; where that is not known, in silence as long as a window.
        let length = match length.frames(&inputs.files) {
            Some(frames) => Length::Exactly(frames.next_multiple_of(BLOCK as u64)),
            None => Length::Inputs { tail: BLOCK as u64 },
        };
        let job = Render { inputs: inputs.files, output: Output::None, block: BLOCK, length };
        let done = job.run(&mut engine, &mut renderer, |engine, _| {
            look(engine, &self.meters, &mut peaks);
            helpers.look(engine, engine.stats().frames);
            if signals::stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        engine.close(renderer);
        helpers.end();
        if signals::stopping() {
            return Err(Failure::new(Exit::Interrupted, "stopped before all levels were measured"));
        }
        done.map_err(|error| Failure::new(Exit::File, format!("cannot render it for its levels: {error}")))?;
        Ok(peaks)
    }
}

/// Takes what the meters show where it is more than before.
fn look(engine: &Engine, meters: &[NodeName], peaks: &mut [f64]) {
    for (name, peak) in meters.iter().zip(peaks) {
        let loudest = engine.readings(name.as_str()).as_ref().map_or(f64::NEG_INFINITY, loudest);
        *peak = peak.max(loudest);
    }
}

/// Of all channels; what the meter's floor stands for is silence.
fn loudest(readings: &Readings) -> f64 {
    let peaks = (0..).map_while(|channel| readings.get("peak", channel));
    let floor = Meter::default().floor.db();
    peaks.filter(|peak| *peak > floor).fold(f64::NEG_INFINITY, f64::max)
}

fn free_name(graph: &Graph) -> NodeName {
    let name = (0..).map(|number| format!("level_{number}")).find(|name| graph.node(name).is_none());
    name.and_then(|name| NodeName::new(&name).ok()).expect("it is a name, and there are more numbers than nodes")
}
