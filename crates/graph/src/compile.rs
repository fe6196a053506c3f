//! From graph to schedule: a pure chain over plain data.

mod device;
mod fading;
mod feedback;
mod fold;
mod mixing;
mod value;

pub(crate) use fading::Fading;

use crate::buffers::{Buffers, Life};
use crate::channels::Widths;
use crate::resolve::{Alone, Resolved, resolve};
use crate::topology::Topology;
use crate::{
    AnyNode, DeviceSide, Factor, Frames, Graph, GraphError, GraphErrors, PrepareSpec, Schedule, Slot, Step, StreamSpec,
    Tail, budget,
};
use fold::Fold;
use mixing::Need;
use value::{Products, Value};

/// Compiles a graph for a stream. Pure: nothing is allocated for audio, nothing is opened.
///
/// # Errors
/// Every mistake in the graph: unknown nodes and ports, loops without a feedback link, channels that do not match,
/// channels the device lacks, what nodes say against their parameters, more memory than the stream allows.
pub fn compile(graph: &Graph, stream: &StreamSpec) -> Result<Schedule, GraphErrors> {
    let Alone { resolved, alignments } = resolve(graph, stream)?;
    let schedule = build(&resolved, &Fading::default(), stream)?;
    Ok(Schedule { alignments, ..schedule })
}

/// Compiles what a graph means, of which some may fade.
///
/// # Errors
/// What nodes say against their parameters, or more memory than the stream allows.
pub(crate) fn build(resolved: &Resolved, fading: &Fading, stream: &StreamSpec) -> Result<Schedule, GraphErrors> {
    let Resolved { graph, topology, order, widths } = resolved;
    let (schedule, errors) = Builder::new(graph, topology, (widths, fading), stream).build(order);
    if !errors.is_empty() {
        return Err(GraphErrors(errors));
    }
    budget::memory(&schedule, stream)?;
    Ok(schedule)
}

/// Appends steps node by node; knows what every output is and how many readers it still has. Until the end, steps name
/// lives where a finished schedule has buffers.
struct Builder<'a> {
    graph: Vec<(&'a str, &'a AnyNode)>,
    links: &'a crate::Links,
    topology: &'a Topology,
    widths: &'a [Widths],
    fading: &'a Fading,
    stream: &'a StreamSpec,
    schedule: Schedule,
    buffers: Buffers,
    products: Products,
    /// What each node's output ports put out, channel after channel.
    values: Vec<Vec<Value>>,
    /// The nodes that are through.
    done: Vec<bool>,
    /// Wide sums on their way, by the node they enter.
    folds: Vec<Option<Box<Fold>>>,
    /// The first feedback line of each edge that has any.
    lines: Vec<usize>,
    /// The channels of the device's input that something reads.
    heard: Vec<Option<Life>>,
    /// What reaches the device's outputs, gathered as its nodes come.
    sent: Vec<Vec<Value>>,
    /// Longest latency and tail up to each node's output.
    reached: Vec<(Frames, Tail)>,
    /// What nodes say against their parameters.
    errors: Vec<GraphError>,
}

impl<'a> Builder<'a> {
    fn new(
        graph: &'a Graph,
        topology: &'a Topology,
        (widths, fading): (&'a [Widths], &'a Fading),
        stream: &'a StreamSpec,
    ) -> Self {
        let nodes = topology.ports.len();
        let mut builder = Self {
            graph: graph.nodes().map(|(name, node)| (name.as_str(), node)).collect(),
            links: graph.links(),
            topology,
            widths,
            fading,
            stream,
            schedule: Schedule { feedback: stream.feedback, fades: fading.fades.clone(), ..Schedule::default() },
            buffers: Buffers::default(),
            products: Products::default(),
            values: vec![Vec::new(); nodes],
            done: vec![false; nodes],
            folds: fold::wide_sums(topology, widths),
            lines: vec![0; topology.edges.len()],
            heard: vec![None; stream.inputs],
            sent: vec![Vec::new(); stream.outputs.unwrap_or(0)],
            reached: vec![(0, Tail::None); nodes],
            errors: Vec::new(),
        };
        builder.number_lines();
        builder
    }

    fn build(mut self, order: &[usize]) -> (Schedule, Vec<GraphError>) {
        for &node in order {
            self.node(node);
        }
        let outputs = self.close_device();
        self.name_buffers(&outputs);
        let ends = (0..self.reached.len()).filter(|&node| self.topology.outgoing[node].is_empty());
        let (latency, tail) = ends.map(|node| self.reached[node]).fold((0, Tail::None), longest);
        let loops = !self.schedule.lines.is_empty();
        (self.schedule.latency, self.schedule.tail) = (latency, if loops { Tail::Infinite } else { tail });
        (self.schedule, self.errors)
    }

    fn node(&mut self, node: usize) {
        match &self.topology.ports[node].device {
            Some(DeviceSide::Input(channels)) => self.device_input(node, channels),
            Some(DeviceSide::Output(channels)) => self.device_output(node, channels.as_deref()),
            None if self.scales(node) => self.scale(node),
            None => self.run(node),
        }
        self.fade_outputs(node);
        self.share(node);
        self.done[node] = true;
        for &edge in &self.topology.outgoing[node] {
            if self.topology.edges[edge].feedback {
                self.send(node, edge);
            }
            self.fold_into(self.topology.edges[edge].to.node);
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

    /// Whether a node is a factor of whoever reads it.
    fn scales(&self, node: usize) -> bool {
        let ports = &self.topology.ports[node];
        self.graph[node].1.scales() && ports.in_place && ports.inputs.len() == 1 && ports.outputs.len() == 1
    }

    fn scale(&mut self, node: usize) {
        let inputs = self.enter(node, 0, Need::Value);
        let factor = Factor::Gain(self.slot(node, true));
        let scaled = |value: Value| Value { factors: self.products.times(value.factors, factor), ..value };
        self.values[node] = inputs.into_iter().map(scaled).collect();
    }

    fn run(&mut self, node: usize) {
        let topology = self.topology;
        let (ports, widths) = (&topology.ports[node], &self.widths[node]);
        let skip = usize::from(ports.in_place);
        let mut outputs = if ports.in_place { self.enter(node, 0, Need::Own) } else { Vec::new() };
        let inputs: Vec<Value> =
            (skip..ports.inputs.len()).flat_map(|port| self.enter(node, port, Need::Read)).collect();
        let written: usize = widths.outputs[skip.min(widths.outputs.len())..].iter().sum();
        outputs.extend((0..written).map(|_| Value::plain(self.buffers.take())));

        let slot = self.slot(node, false);
        let (inputs_at, outputs_at) = (self.wires(&inputs), self.wires(&outputs));
        self.schedule.steps.push(Step::Run { slot, inputs: inputs_at, outputs: outputs_at });
        inputs.iter().for_each(|value| self.buffers.release(value.life));
        self.values[node] = outputs;
    }

    fn slot(&mut self, node: usize, scales: bool) -> usize {
        let (name, any) = self.graph[node];
        let widths = &self.widths[node];
        let spec = PrepareSpec {
            name: name.to_owned(),
            rate: self.stream.rate,
            max_frames: self.stream.max_frames,
            inputs: widths.inputs.clone(),
            outputs: widths.outputs.clone(),
            ..PrepareSpec::default()
        };
        self.errors.extend(any.check(&spec).err().map(|error| GraphError::of_node(name, error)));
        let (latency, tail) = (any.latency(&spec), any.tail(&spec));
        let before = self.upstream(node);
        self.reached[node] = (before.0.saturating_add(latency), before.1.then(tail));
        self.schedule.slots.push(Slot {
            kind: any.kind(),
            node,
            in_place: self.topology.ports[node].in_place,
            scales,
            latency,
            tail,
            footprint: any.footprint(&spec),
            name: spec.name,
            inputs: spec.inputs,
            outputs: spec.outputs,
        });
        self.schedule.slots.len() - 1
    }

    fn upstream(&self, node: usize) -> (Frames, Tail) {
        let edges = self.topology.incoming[node].iter().map(|&edge| &self.topology.edges[edge]);
        edges.filter(|edge| !edge.feedback).map(|edge| self.reached[edge.from.node]).fold((0, Tail::None), longest)
    }
}

fn longest(a: (Frames, Tail), b: (Frames, Tail)) -> (Frames, Tail) {
    (a.0.max(b.0), a.1.max(b.1))
}
