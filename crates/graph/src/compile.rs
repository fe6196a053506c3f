//! From graph to schedule: a pure chain over plain data.

mod fading;

use std::ops::Range;

pub(crate) use fading::Fading;

use crate::buffers::Buffers;
use crate::channels::Widths;
use crate::resolve::{Alone, Resolved, resolve};
use crate::schedule::Line;
use crate::topology::{Edge, Topology};
use crate::{
    AnyNode, BufferId, DeviceChannels, DeviceSide, Frames, Graph, GraphError, GraphErrors, PrepareSpec, Schedule, Slot,
    Step, StreamSpec, Tail, Term, budget,
};

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

/// Appends steps node by node; knows which buffer every output lives in and how many readers it still has.
struct Builder<'a> {
    graph: Vec<(&'a str, &'a AnyNode)>,
    links: &'a crate::Links,
    topology: &'a Topology,
    widths: &'a [Widths],
    fading: &'a Fading,
    stream: &'a StreamSpec,
    schedule: Schedule,
    buffers: Buffers,
    /// The buffers of each node's output ports, channel after channel.
    values: Vec<Vec<BufferId>>,
    /// The first feedback line of each edge that has any.
    lines: Vec<usize>,
    /// What reaches the device's outputs, gathered as its nodes come.
    sent: Vec<Vec<BufferId>>,
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
            values: vec![Vec::new(); nodes],
            lines: vec![0; topology.edges.len()],
            sent: vec![Vec::new(); stream.outputs.unwrap_or(0)],
            reached: vec![(0, Tail::None); nodes],
            errors: Vec::new(),
        };
        builder.number_lines();
        builder
    }

    fn build(mut self, order: &[usize]) -> (Schedule, Vec<GraphError>) {
        self.open_device(order);
        for &node in order {
            self.node(node);
        }
        self.close_device();
        self.schedule.buffers = self.buffers.count as usize;
        let ends = (0..self.reached.len()).filter(|&node| self.topology.outgoing[node].is_empty());
        let (latency, tail) = ends.map(|node| self.reached[node]).fold((0, Tail::None), longest);
        let loops = !self.schedule.lines.is_empty();
        (self.schedule.latency, self.schedule.tail) = (latency, if loops { Tail::Infinite } else { tail });
        (self.schedule, self.errors)
    }

    /// One line for each source channel of each feedback link.
    fn number_lines(&mut self) {
        let mut twins = std::collections::HashMap::new();
        for (index, edge) in self.topology.edges.iter().enumerate().filter(|(_, edge)| edge.feedback) {
            self.lines[index] = self.schedule.lines.len();
            let link = &self.links[edge.link];
            let nth = twins.entry(link).or_insert(0usize);
            *nth += 1;
            let text = match *nth {
                1 => format!("{} ~> {}", link.from, link.to),
                nth => format!("{} ~> {} ({nth})", link.from, link.to),
            };
            let lines = (0..self.source_channels(edge).len()).map(|channel| Line { link: text.clone(), channel });
            self.schedule.lines.extend(lines);
        }
    }

    fn node(&mut self, node: usize) {
        match &self.topology.ports[node].device {
            Some(DeviceSide::Input(channels)) => self.device_input(node, channels),
            Some(DeviceSide::Output(channels)) => self.device_output(node, channels.as_deref()),
            None => self.run(node),
        }
        self.fade_outputs(node);
        for &index in &self.topology.outgoing[node] {
            if self.topology.edges[index].feedback {
                self.send(node, index);
            }
        }
    }

    // The device's side.

    /// Gives a buffer to each device channel that some node reads, before anything else runs.
    fn open_device(&mut self, order: &[usize]) {
        let mut readers = vec![0u32; self.stream.inputs];
        for &node in order {
            let Some(DeviceSide::Input(channels)) = &self.topology.ports[node].device else { continue };
            let visible = self.visible_inputs(node);
            let uses = self.readers(node, 0);
            match channels {
                DeviceChannels::All => visible.zip(&uses).for_each(|(device, &uses)| readers[device] += uses),
                DeviceChannels::Pick(list) => {
                    let picked =
                        list.iter().zip(&uses).filter_map(|(device, uses)| device.map(|device| (device, uses)));
                    picked.for_each(|(device, uses)| readers[visible.start + device] += uses);
                }
                DeviceChannels::MonoMix => visible.for_each(|device| readers[device] += 1),
            }
        }
        self.schedule.device_in =
            readers.iter().map(|&readers| (readers > 0).then(|| self.buffers.take(readers))).collect();
    }

    fn device_input(&mut self, node: usize, channels: &DeviceChannels) {
        let visible = self.visible_inputs(node);
        let uses = self.readers(node, 0);
        let device = self.schedule.device_in.clone();
        // A channel that nothing reads has no buffer; its value is never looked at.
        let buffer = |device_channel: usize| device[device_channel].unwrap_or(0);
        self.values[node] = match channels {
            DeviceChannels::All => visible.map(buffer).collect(),
            DeviceChannels::Pick(list) => {
                let value = |(channel, &uses): (&Option<usize>, &u32)| match channel {
                    Some(channel) => buffer(visible.start + channel),
                    None => self.clear(uses),
                };
                list.iter().zip(&uses).map(value).collect()
            }
            DeviceChannels::MonoMix => {
                let gain = 1.0 / visible.len() as f32;
                let terms = visible.map(|channel| Term { source: buffer(channel), gain }).collect();
                vec![self.mix(terms, uses[0])]
            }
        };
    }

    fn visible_inputs(&self, node: usize) -> Range<usize> {
        self.stream.visible_inputs(crate::NodeName::before_it_left(self.graph[node].0))
    }

    fn device_output(&mut self, node: usize, channels: Option<&[usize]>) {
        for index in 0..self.widths[node].inputs[0] {
            let channel = channels.map_or(index, |channels| channels[index]);
            let value = self.read(node, 0, index);
            if self.sent.len() <= channel {
                self.sent.resize(channel + 1, Vec::new());
            }
            self.sent[channel].push(value);
        }
        self.reached[node] = self.upstream(node);
    }

    fn close_device(&mut self) {
        for sources in std::mem::take(&mut self.sent) {
            let buffer = match sources[..] {
                [] => None,
                [only] => Some(only),
                _ => Some(self.mix(sources.iter().map(|&source| Term { source, gain: 1.0 }).collect(), 1)),
            };
            self.schedule.device_out.push(buffer);
        }
    }

    // One processor.

    fn run(&mut self, node: usize) {
        let ports = &self.topology.ports[node];
        let widths = &self.widths[node];
        let skip = usize::from(ports.in_place);
        let main: Vec<BufferId> =
            (0..if ports.in_place { widths.inputs[0] } else { 0 }).map(|c| self.own(node, c)).collect();
        let read_ports = (skip..ports.inputs.len()).flat_map(|port| (0..widths.inputs[port]).map(move |c| (port, c)));
        let inputs: Vec<BufferId> = read_ports.map(|(port, channel)| self.read(node, port, channel)).collect();
        let written: usize = widths.outputs[skip.min(widths.outputs.len())..].iter().sum();
        let outputs: Vec<BufferId> = main.into_iter().chain((0..written).map(|_| self.buffers.take(1))).collect();

        let slot = self.slot(node);
        let (inputs_at, outputs_at) = (self.wires(&inputs), self.wires(&outputs));
        self.schedule.steps.push(Step::Run { slot, inputs: inputs_at, outputs: outputs_at });

        inputs.iter().for_each(|&buffer| self.buffers.release(buffer));
        let readers: Vec<u32> = (0..ports.outputs.len()).flat_map(|port| self.readers(node, port)).collect();
        for (&buffer, &readers) in outputs.iter().zip(&readers) {
            self.buffers.hold(buffer, readers);
        }
        self.values[node] = outputs;
    }

    fn slot(&mut self, node: usize) -> usize {
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

    // What enters a port.

    /// A buffer that holds what enters a channel, to be read and then released once.
    fn read(&mut self, node: usize, port: usize, channel: usize) -> BufferId {
        let sources = self.sources(node, port, channel);
        match sources[..] {
            [] => self.clear(1),
            [only] => only,
            _ => self.mix(sources.into_iter().map(|source| Term { source, gain: 1.0 }).collect(), 1),
        }
    }

    /// A buffer that holds what enters a channel of the main port and that nobody else reads.
    fn own(&mut self, node: usize, channel: usize) -> BufferId {
        let sources = self.sources(node, 0, channel);
        match sources[..] {
            [] => self.clear(1),
            [only] if self.buffers.readers(only) == 1 => only,
            _ => self.mix(sources.into_iter().map(|source| Term { source, gain: 1.0 }).collect(), 1),
        }
    }

    /// The buffers whose sum enters a channel, in link order.
    fn sources(&mut self, node: usize, port: usize, channel: usize) -> Vec<BufferId> {
        let topology = self.topology;
        let mut sources = Vec::new();
        let mut ends = true;
        for &index in &topology.incoming[node] {
            let edge = &topology.edges[index];
            let Some(along) = (edge.to.port == port).then(|| self.along(edge, channel)).flatten() else { continue };
            sources.push(if edge.feedback {
                self.receive(self.lines[index] + along)
            } else {
                let source = self.values[edge.from.node][self.source_offset(edge) + along];
                self.faded(source, Fading::of(&self.fading.links, edge.link))
            });
            ends &= self.fading.ends(edge);
        }
        if ends && !sources.is_empty() {
            // What is left of them in the end is the silence of a channel that nothing enters, to the bit.
            sources.push(self.clear(1));
        }
        sources
    }

    /// Which of the link's source channels reaches this channel of its target, if any does.
    fn along(&self, edge: &Edge, channel: usize) -> Option<usize> {
        let target = edge.to.channels.clone().unwrap_or(0..self.widths[edge.to.node].inputs[edge.to.port]);
        let copies = self.source_channels(edge).len() == 1;
        target.contains(&channel).then(|| if copies { 0 } else { channel - target.start })
    }

    /// The channels of the source port that a link takes.
    fn source_channels(&self, edge: &Edge) -> Range<usize> {
        edge.from.channels.clone().unwrap_or(0..self.widths[edge.from.node].outputs[edge.from.port])
    }

    /// Where the link's first channel stands among the values of its source node.
    fn source_offset(&self, edge: &Edge) -> usize {
        let before: usize = self.widths[edge.from.node].outputs[..edge.from.port].iter().sum();
        before + self.source_channels(edge).start
    }

    /// How often each channel of an output port will be read: by each target channel, or once to be sent back.
    fn readers(&self, node: usize, port: usize) -> Vec<u32> {
        let mut readers = vec![0; self.widths[node].outputs[port]];
        for &index in &self.topology.outgoing[node] {
            let edge = &self.topology.edges[index];
            if edge.from.port != port {
                continue;
            }
            let source = self.source_channels(edge);
            let target = edge.to.channels.as_ref().map_or(self.widths[edge.to.node].inputs[edge.to.port], Range::len);
            let each = if edge.feedback || source.len() > 1 { 1 } else { target as u32 };
            source.for_each(|channel| readers[channel] += each);
        }
        readers
    }

    // Steps.

    fn clear(&mut self, readers: u32) -> BufferId {
        let dst = self.buffers.take(readers);
        self.schedule.steps.push(Step::Clear { dst });
        dst
    }

    /// Sums into the first term's buffer if that has no other reader, else into a fresh one.
    fn mix(&mut self, terms: Vec<Term>, readers: u32) -> BufferId {
        let first = terms[0].source;
        let rest = &terms[1..];
        let dst = if self.buffers.readers(first) == 1 && rest.iter().all(|term| term.source != first) {
            rest.iter().for_each(|term| self.buffers.release(term.source));
            self.buffers.hold(first, readers);
            first
        } else {
            let dst = self.buffers.take(readers);
            terms.iter().for_each(|term| self.buffers.release(term.source));
            dst
        };
        let start = self.schedule.terms.len();
        self.schedule.terms.extend(terms);
        self.schedule.steps.push(Step::Mix { dst, terms: start..self.schedule.terms.len() });
        dst
    }

    fn receive(&mut self, line: usize) -> BufferId {
        let dst = self.buffers.take(1);
        self.schedule.steps.push(Step::Receive { dst, line });
        dst
    }

    fn send(&mut self, node: usize, edge: usize) {
        let first = self.lines[edge];
        let edge = &self.topology.edges[edge];
        let offset = self.source_offset(edge);
        for along in 0..self.source_channels(edge).len() {
            let src = self.faded(self.values[node][offset + along], Fading::of(&self.fading.links, edge.link));
            self.schedule.steps.push(Step::Send { src, line: first + along });
            self.buffers.release(src);
        }
    }

    fn wires(&mut self, buffers: &[BufferId]) -> Range<usize> {
        let start = self.schedule.wires.len();
        self.schedule.wires.extend_from_slice(buffers);
        start..self.schedule.wires.len()
    }
}

fn longest(a: (Frames, Tail), b: (Frames, Tail)) -> (Frames, Tail) {
    (a.0.max(b.0), a.1.max(b.1))
}
