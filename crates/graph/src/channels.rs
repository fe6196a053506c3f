//! How wide every port is: channels follow the links.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use crate::pieces::Pieces;
use crate::resolve::Resolved;
use crate::topology::{Edge, Topology};
use crate::{Channels, DeviceChannels, DeviceSide, Endpoint, Graph, GraphError, Link, Place, Port, StreamSpec};

/// The channels of one node's ports. Nodes share them.
///
/// ```
/// use patchline_graph::Widths;
///
/// // A node of one stereo input and two mono outputs.
/// let widths = Widths::new(vec![2], vec![1, 1]);
/// assert_eq!(widths.inputs, [2]);
/// assert_eq!(widths.outputs.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widths(Arc<OfPorts>);

/// The channels of each of a node's ports.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{OfPorts, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`: as wide as the device.
/// let schedule = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 2, 2))?;
/// assert_eq!(*schedule.slots[0].widths, OfPorts { inputs: vec![2], outputs: vec![2] });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OfPorts {
    /// Of its inputs; 0 for an optional one that nothing is linked to.
    pub inputs: Vec<usize>,
    /// Of its outputs.
    pub outputs: Vec<usize>,
}

impl Widths {
    /// Of a node whose ports have these channels: its inputs, and its outputs.
    #[must_use]
    pub fn new(inputs: Vec<usize>, outputs: Vec<usize>) -> Self {
        Self(Arc::new(OfPorts { inputs, outputs }))
    }
}

impl Deref for Widths {
    type Target = OfPorts;

    fn deref(&self) -> &OfPorts {
        &self.0
    }
}

/// Resolves the width of every port, forward links first; a node fed only by feedback links takes its sources' width,
/// and one whose width nothing determines is mono.
pub(crate) fn resolve(
    (graph, topology): (&Graph, &Topology),
    order: &[usize],
    before: &Resolved,
    stream: &StreamSpec,
    errors: &mut Vec<GraphError>,
) -> Pieces<Widths> {
    let any_feedback = topology.has_feedback();
    let edges = if any_feedback { &topology.edges[..] } else { &[] };
    let forward = edges.iter().filter(|edge| !edge.feedback);
    let fed_forward = forward.map(|edge| (edge.to.node(), edge.to.port())).collect();
    let nodes = topology.ports.len();
    let (last, inputs) = (Widths::default(), Vec::new());
    let mut is_known = topology.unchanged(&before.topology);
    if any_feedback {
        is_known.fill(false);
    }
    let known_edges = topology.known_of(&before.topology);
    let mut resolver = Resolver {
        graph,
        topology,
        stream,
        errors,
        any_feedback,
        fed_forward,
        before: &before.widths,
        found: vec![None; nodes],
        is_known,
        others: false,
        last,
        inputs,
    };
    if !resolver.run_in_order(order) {
        resolver.run(order);
    }
    // What fitted before fits still.
    let fits = if resolver.others { 0 } else { known_edges };
    for edge in &topology.edges[fits..] {
        resolver.check(edge);
    }
    resolver.done()
}

struct Resolver<'a> {
    graph: &'a Graph,
    topology: &'a Topology,
    stream: &'a StreamSpec,
    errors: &'a mut Vec<GraphError>,
    /// Those of the graph before.
    before: &'a Pieces<Widths>,
    /// Those of nodes that are not as wide as there.
    found: Vec<Option<Widths>>,
    /// The nodes of which they are known: from the start of those that no other links enter than there, until a node before
    /// them comes out to be of other widths.
    is_known: Vec<bool>,
    /// Whether a node is not as wide as one was in its place before.
    others: bool,
    any_feedback: bool,
    /// The ports that a forward link enters; looked at where there are feedback links.
    fed_forward: HashSet<(usize, usize)>,
    /// Those found last, which the next node may have, too.
    last: Widths,
    /// Memory for those of its inputs.
    inputs: Vec<usize>,
}

/// What is known of the links that determine a node; the best first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    All,
    Forward,
    Feedback,
    Nothing,
}

impl<'a> Resolver<'a> {
    /// Every node in order, if all that determines them is known by then: only feedback links can lead to what is not.
    fn run_in_order(&mut self, order: &[usize]) -> bool {
        let before = self.errors.len();
        for &node in order {
            if self.is_known[node] {
                continue;
            }
            let is_known = |edge: &Edge| self.is_known[edge.from.node()];
            if self.any_feedback && !self.determining(node).all(is_known) {
                self.is_known.fill(false);
                self.found.fill(None);
                self.errors.truncate(before);
                return false;
            }
            if self.find(node) {
                let leaving = self.topology.outgoing.of(node).map(|edge| &self.topology.edges[edge]);
                leaving.filter(|edge| !edge.feedback).for_each(|edge| self.is_known[edge.to.node()] = false);
            }
        }
        true
    }

    /// Finds those of a node; whether they are others than before.
    fn find(&mut self, node: usize) -> bool {
        let (widths, before) = (self.widths_of(node), self.before.get(node));
        let is_other = before != Some(&widths);
        self.others |= is_other && before.is_some();
        self.found[node] = is_other.then_some(widths);
        self.is_known[node] = true;
        is_other
    }

    /// The channels of a node of which they are known.
    fn widths(&self, node: usize) -> &Widths {
        self.found[node].as_ref().unwrap_or_else(|| &self.before[node])
    }

    /// Those of all nodes. Pieces that stay as they were stay shared.
    fn done(self) -> Pieces<Widths> {
        let mut all = self.before.clone();
        all.truncate(self.found.len());
        let mut found = self.found.into_iter();
        for (node, widths) in found.by_ref().take(all.len()).enumerate() {
            widths.into_iter().for_each(|widths| all.set(node, widths));
        }
        all.extend(found.map(|widths| widths.expect("a node that is new has found its channels")));
        all
    }

    /// Every node once, as soon as what determines it is known. When stuck in a loop, the first node in order that some
    /// known link enters is settled, forward links before feedback links; without any, the first one, as mono.
    fn run(&mut self, order: &[usize]) {
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &node)| place[node] = at);
        let mut waiting: Vec<usize> = (0..self.is_known.len()).map(|node| self.determining(node).count()).collect();
        let mut next: BinaryHeap<_> = (0..order.len())
            .map(|node| match waiting[node] {
                0 => Reverse((Known::All, place[node])),
                _ if self.determining(node).any(|edge| edge.to.channels().is_some()) => {
                    Reverse((Known::Forward, place[node]))
                }
                _ => Reverse((Known::Nothing, place[node])),
            })
            .collect();
        while let Some(Reverse((_, at))) = next.pop() {
            let node = order[at];
            if self.is_known[node] {
                continue;
            }
            self.find(node);
            for edge in self.topology.outgoing.of(node) {
                let edge = &self.topology.edges[edge];
                let target = edge.to.node();
                if self.determines(edge) {
                    waiting[target] -= 1;
                    let known = match edge.feedback {
                        _ if waiting[target] == 0 => Known::All,
                        true => Known::Feedback,
                        false => Known::Forward,
                    };
                    next.push(Reverse((known, place[target])));
                }
            }
        }
    }

    /// The edges that a node's widths depend on.
    fn determining(&self, node: usize) -> impl Iterator<Item = &Edge> {
        let edges = self.topology.incoming.of(node).map(|edge| &self.topology.edges[edge]);
        edges.filter(|edge| self.determines(edge))
    }

    /// Links into a port that follows them do; feedback links only where no forward link enters the port.
    fn determines(&self, edge: &Edge) -> bool {
        let follows = self.topology.ports[edge.to.node()].inputs[edge.to.port()].channels == Channels::Follow;
        follows && (!edge.feedback || !self.fed_forward.contains(&(edge.to.node(), edge.to.port())))
    }

    fn widths_of(&mut self, node: usize) -> Widths {
        let ports = &self.topology.ports[node];
        let mut inputs = std::mem::take(&mut self.inputs);
        inputs.clear();
        inputs.extend(ports.inputs.iter().enumerate().map(|(index, port)| self.input_width(node, index, port)));
        let mut follow = inputs.first().copied().unwrap_or(0);
        match &ports.device {
            Some(DeviceSide::Input(channels)) => follow = self.device_input(node, channels),
            Some(DeviceSide::Output(channels)) => inputs[0] = self.device_output(node, channels.as_deref(), follow),
            None => {}
        }
        let output = |port: &Port| match port.channels {
            Channels::Exactly(width) => width,
            Channels::Follow => follow,
        };
        let outputs = ports.outputs.iter().map(output);
        if !inputs.iter().eq(&self.last.inputs) || !outputs.clone().eq(self.last.outputs.iter().copied()) {
            self.last = Widths::new(inputs.clone(), outputs.collect());
        }
        self.inputs = inputs;
        self.last.clone()
    }

    fn input_width(&self, node: usize, index: usize, port: &Port) -> usize {
        let edges = self.topology.incoming.of(node).map(|edge| &self.topology.edges[edge]);
        let mut edges = edges.filter(|edge| edge.to.port() == index);
        match port.channels {
            _ if port.optional && edges.clone().next().is_none() => 0,
            Channels::Exactly(width) => width,
            Channels::Follow => {
                let (mut forward, mut back) = (None, None);
                for edge in &mut edges {
                    let widest = if edge.feedback { &mut back } else { &mut forward };
                    *widest = self.carried(edge).max(*widest);
                }
                forward.or(back).unwrap_or(1).max(1)
            }
        }
    }

    /// How wide a link makes the port it enters, if its source is known.
    fn carried(&self, edge: &Edge) -> Option<usize> {
        match edge.to.channels() {
            Some(range) => Some(range.end),
            None => match edge.from.channels() {
                Some(range) => Some(range.len()),
                None => {
                    self.is_known[edge.from.node()].then(|| self.widths(edge.from.node()).outputs[edge.from.port()])
                }
            },
        }
    }

    fn device_input(&mut self, node: usize, channels: &DeviceChannels) -> usize {
        let visible = self.stream.visible_inputs(self.name(node)).len();
        let width = channels.width(visible);
        let missing = match channels {
            DeviceChannels::Pick(list) => list.iter().flatten().copied().find(|&channel| channel >= visible),
            DeviceChannels::All | DeviceChannels::MonoMix => (visible == 0).then_some(0),
        };
        if let Some(channel) = missing {
            self.missing_channel(node, channel, visible, "input");
        }
        width
    }

    fn device_output(&mut self, node: usize, channels: Option<&[usize]>, linked: usize) -> usize {
        let Some(channels) = channels else { return self.stream.outputs.unwrap_or(linked) };
        let available = self.stream.outputs.unwrap_or(usize::MAX);
        if let Some(&channel) = channels.iter().find(|&&channel| channel >= available) {
            self.missing_channel(node, channel, available, "output");
        }
        channels.len()
    }

    fn missing_channel(&mut self, node: usize, channel: usize, available: usize, side: &str) {
        let has = match available {
            0 => format!("there is no {side} here"),
            1 => format!("the {side} has 1 channel, number 0"),
            n => format!("the {side} has {n} channels, 0 to {}", n - 1),
        };
        let name = self.name(node).to_owned();
        let message = format!("`{name}` asks for channel {channel} of the device, but {has}");
        self.errors.push(GraphError::new(Place::Parameter(name, "channels".into()), message));
    }

    fn name(&self, node: usize) -> &'a str {
        self.graph.at(node).0.as_str()
    }

    /// Whether what a link carries fits where it goes.
    fn check(&mut self, edge: &Edge) {
        let source = self.widths(edge.from.node()).outputs[edge.from.port()];
        let target = self.widths(edge.to.node()).inputs[edge.to.port()];
        if source == target && edge.from.channels().is_none() && edge.to.channels().is_none() {
            return;
        }
        let (from, to) = (self.name(edge.from.node()), self.name(edge.to.node()));
        if let Some(range) = edge.from.channels().filter(|range| range.end > source) {
            let message = format!("`{from}` has {}; there is no channel {}", counted(source), range.end - 1);
            return self.errors.push(GraphError::new(Place::From(edge.link()), message));
        }
        if let Some(range) = edge.to.channels().filter(|range| range.end > target) {
            let message = format!("`{to}` takes {}; there is no channel {}", counted(target), range.end - 1);
            return self.errors.push(GraphError::new(Place::To(edge.link()), message));
        }
        let given = edge.from.channels().map_or(source, |range| range.len());
        let taken = edge.to.channels().map_or(target, |range| range.len());
        if given != 1 && given != taken {
            let message = mismatch(&self.graph.links()[edge.link()], given, taken);
            self.errors.push(GraphError::new(Place::To(edge.link()), message));
        }
    }
}

fn mismatch(link: &Link, given: usize, taken: usize) -> String {
    let (from, to) = (link.from.node.as_str(), link.to.node.as_str());
    if given == 0 {
        return format!("`{from}` has no channels here that `{to}` could take");
    }
    let narrowed = |end: &Endpoint, width: usize| {
        let start = end.channels.as_ref().map_or(0, |range| range.start);
        Endpoint { channels: Some(start..start + width), ..end.clone() }
    };
    let choose = match given > taken {
        true => format!("`{} -> {}`", narrowed(&link.from, taken), link.to),
        false => format!("`{} -> {}`", link.from, narrowed(&link.to, given)),
    };
    format!(
        "`{from}` gives {} and `{to}` takes {taken}: only 1 into many or equal counts match. Choose channels as in \
         {choose}, convert with a `matrix` node, or take an input's `channels = \"mono_mix\"`",
        counted(given)
    )
}

fn counted(channels: usize) -> String {
    match channels {
        0 => "no channels".to_owned(),
        1 => "1 channel (number 0)".to_owned(),
        n => format!("{n} channels (0 to {})", n - 1),
    }
}
