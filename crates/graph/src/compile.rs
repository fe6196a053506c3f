//! From graph to schedule: a pure chain over plain data.

mod device;
mod fading;
mod feedback;
mod fold;
mod lanes;
mod mixing;
mod outputs;
mod reach;
mod sums;
mod value;

pub(crate) use fading::Fading;
pub(crate) use reach::longest;

use crate::asked::Asked;
use crate::buffers::{Buffers, Life};
use crate::channels::OfPorts;
use crate::resolve::{Alone, Resolved, resolve};
use crate::spread::spread;
use crate::topology::Topology;
use crate::{Factor, Graph, GraphErrors, Mixing, Schedule, Slot, Slots, Step, StreamSpec, budget};
use fold::Fold;
use lanes::Lanes;
use mixing::{Need, Sums, wires};
use outputs::Outputs;
use value::{Products, Value};

/// Compiles a graph for a stream. Pure: nothing is allocated for audio, nothing is opened.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`.
/// let graph = trim(0.5);
/// let schedule = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1))?;
/// assert_eq!(schedule.slots[0].name, "trim");
///
/// // All mistakes come at once.
/// let mut graph = graph;
/// graph.link("trim", "outt")?.link("mik", "out")?;
/// let errors = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1)).unwrap_err();
/// assert_eq!(errors.0.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Every mistake in the graph: unknown nodes and ports, loops without a feedback link, channels that do not match,
/// channels the device lacks, what nodes say against their parameters, more memory than the stream allows.
pub fn compile(graph: &Graph, stream: &StreamSpec) -> Result<Schedule, GraphErrors> {
    let Alone { resolved, alignments } = resolve(graph, &Resolved::default(), stream)?;
    let left_out: Vec<usize> = graph.bypassed_nodes().filter_map(|name| resolved.graph.index(name.as_str())).collect();
    let schedule = build(&resolved, &Fading::default(), &left_out, stream)?;
    Ok(spread(Schedule { alignments, ..schedule }, stream, |_| None))
}

/// Compiles what a graph means, of which some may fade. The nodes of the numbers `turning` are left out, or about to be, or were a
/// moment ago: those that sum up are run for it.
///
/// # Errors
/// More memory than the stream allows.
pub(crate) fn build(
    resolved: &Resolved,
    fading: &Fading,
    turning: &[usize],
    stream: &StreamSpec,
) -> Result<Schedule, GraphErrors> {
    let asked = run_for_it(&resolved.asked, turning);
    let mut schedule = Builder::new((resolved, &asked), fading, stream).build(&resolved.order);
    budget::memory(&schedule, stream)?;
    (schedule.latency, schedule.tail) = longest(resolved);
    Ok(schedule)
}

/// The same, but that those of these nodes that sum up do not only mix.
fn run_for_it(asked: &Asked, turning: &[usize]) -> Asked {
    let mut asked = asked.clone();
    for &node in turning {
        if let Some(Slot { mixing: Some(Mixing::Sums(_)), .. }) = &asked[node] {
            let slot = asked[node].clone();
            asked.set(node, slot.map(|slot| Slot { mixing: None, ..slot }));
        }
    }
    asked
}

/// Appends steps node by node; knows what every output is and how many readers it still has. Until the end, steps name
/// lives where a finished schedule has buffers.
struct Builder<'a> {
    graph: &'a Graph,
    topology: &'a Topology,
    widths: Vec<&'a OfPorts>,
    /// What is known of the nodes with processors, by number.
    asked: Vec<Option<&'a Slot>>,
    fading: &'a Fading,
    stream: &'a StreamSpec,
    schedule: Schedule,
    buffers: Buffers,
    products: Products,
    lanes: Lanes,
    outputs: Outputs,
    /// Wide sums on their way, by the node they enter.
    folds: Vec<Option<Box<Fold>>>,
    /// The first feedback line of each edge that has any.
    lines: Vec<usize>,
    /// The channels of the device's input that something reads.
    heard: Vec<Option<Life>>,
    /// What reaches the device's outputs, gathered as its nodes come.
    sent: Vec<Vec<Value>>,
    /// The channels of these that somebody will go on to reach.
    stays: Vec<bool>,
    // Memory for one node after the other.
    sums: Sums,
    entered: Vec<Value>,
}

impl<'a> Builder<'a> {
    fn new((resolved, asked): (&'a Resolved, &'a Asked), fading: &'a Fading, stream: &'a StreamSpec) -> Self {
        let Resolved { graph, topology, widths, .. } = resolved;
        let nodes = topology.ports.len();
        let widths: Vec<&OfPorts> = widths.iter().map(|widths| &**widths).collect();
        let starts = outputs::starts(&widths);
        let lanes = Lanes::new(topology, &widths, &starts);
        let mut builder = Self {
            graph,
            topology,
            asked: asked.iter().map(Option::as_ref).collect(),
            fading,
            stream,
            schedule: Schedule {
                slots: Slots::of(asked.clone()),
                feedback: stream.feedback,
                fades: fading.fades.clone(),
                ..Schedule::default()
            },
            buffers: Buffers::default(),
            products: Products::with_capacity(nodes),
            outputs: Outputs::new(topology, &lanes, starts),
            lanes,
            folds: fold::wide_sums(topology, &widths),
            widths,
            lines: Vec::new(),
            heard: vec![None; stream.inputs],
            sent: vec![Vec::new(); stream.outputs.unwrap_or(0)],
            stays: vec![false; stream.outputs.unwrap_or(0)],
            sums: Sums::default(),
            entered: Vec::new(),
        };
        builder.schedule.steps.reserve(nodes);
        builder.schedule.factors.reserve(nodes);
        builder.number_lines();
        builder
    }

    fn build(mut self, order: &[usize]) -> Schedule {
        for &node in order {
            self.node(node);
        }
        let outputs = self.close_device();
        self.name_buffers(&outputs);
        self.schedule
    }

    fn node(&mut self, node: usize) {
        match self.asked[node] {
            Some(slot) => match &slot.mixing {
                None => self.run(node, slot),
                Some(Mixing::Scales) => self.scale(node),
                Some(Mixing::Sums(sums)) => self.add_up(node, sums),
            },
            None => self.device(node),
        }
        self.fade_outputs(node);
        self.share(node);
        for edge in self.topology.outgoing.of(node) {
            if self.topology.edges[edge].feedback {
                self.send(edge);
            }
            self.fold_into(self.topology.edges[edge].to.node());
        }
    }

    /// Buffers instead of lives, everywhere.
    fn name_buffers(&mut self, outputs: &[Option<Life>]) {
        let Self { schedule, heard, .. } = self;
        let buffers = self.buffers.number();
        for step in &mut schedule.steps {
            match step {
                Step::Clear { dst: life } | Step::Receive { dst: life, .. } | Step::Send { src: life, .. } => {
                    *life = buffers.buffer(*life);
                }
                Step::Mix { .. } | Step::Run { .. } => {}
            }
        }
        schedule.wires.iter_mut().for_each(|life| *life = buffers.buffer(*life));
        let named = |lives: &[Option<Life>]| lives.iter().map(|life| life.map(|life| buffers.buffer(life))).collect();
        (schedule.device_in, schedule.device_out) = (named(heard), named(outputs));
        schedule.buffers = buffers.count;
    }

    // One processor.

    fn scale(&mut self, node: usize) {
        self.entered.clear();
        self.enter(node, 0, Need::Value);
        let factor = Factor::Gain { slot: self.schedule.slots.come(node), factor: 0 };
        let scaled = |value: &Value| Value { factors: self.products.times(value.factors, factor), ..*value };
        self.outputs.come(node, self.entered.iter().map(scaled));
    }

    fn run(&mut self, node: usize, Slot { widths, in_place, .. }: &Slot) {
        self.entered.clear();
        if *in_place {
            self.enter(node, 0, Need::Own);
        }
        let main = self.entered.len();
        let skip = usize::from(*in_place);
        (skip..widths.inputs.len()).for_each(|port| self.enter(node, port, Need::Read));
        let written: usize = widths.outputs.iter().skip(skip).sum();
        let fresh = (0..written).map(|_| Value::plain(self.buffers.take()));
        self.outputs.come(node, self.entered[..main].iter().copied().chain(fresh));

        let slot = self.schedule.slots.come(node);
        let inputs = wires(&mut self.schedule, self.entered[main..].iter().copied());
        let outputs = wires(&mut self.schedule, self.outputs.values(self.outputs.of(node)).iter().copied());
        self.schedule.steps.push(Step::Run { slot, inputs, outputs });
        self.entered[main..].iter().for_each(|value| self.buffers.release(value.life));
    }
}
