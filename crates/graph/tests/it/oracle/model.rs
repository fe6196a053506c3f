//! A random graph as plain data, with every width known: what both evaluations are made from.

use std::ops::Range;

use patchline_graph::{DeviceChannels, Endpoint, Graph, Link, NodeName};

use super::random::Dice;
use crate::nodes::{Blend, Combine, DeviceIn, DeviceOut, OnePole, Scale, Side, Sink, Source, Trim};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) feedback: u64,
    pub(crate) nodes: Vec<Vertex>,
    pub(crate) links: Vec<Wire>,
}

#[derive(Debug)]
pub(crate) struct Vertex {
    pub(crate) kind: Kind,
    /// Channels of the input ports; the second one may be unlinked and has 0 then.
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    DeviceIn(DeviceChannels),
    DeviceOut(Vec<usize>),
    Source { seed: u32 },
    Scale { factor: f32 },
    Trim { factor: f32 },
    OnePole { feed: f32, back: f32 },
    Side { depth: f32 },
    Combine { factor: f32 },
    Blend { parts: Vec<(usize, usize, f32)> },
    Sink,
}

#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) from: Plug,
    pub(crate) to: Plug,
    pub(crate) feedback: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Plug {
    pub(crate) node: usize,
    pub(crate) port: usize,
    pub(crate) channels: Option<Range<usize>>,
}

impl Model {
    pub(crate) fn random(dice: &mut Dice, size: usize) -> Self {
        let inputs = dice.between(1, 4);
        let outputs = dice.between(1, 4);
        let mut model = Self { inputs, outputs, feedback: dice.between(1, 90) as u64, nodes: vec![], links: vec![] };
        model.nodes.push(Vertex { kind: Kind::DeviceIn(DeviceChannels::All), inputs: vec![], outputs: vec![inputs] });
        for _ in 0..size {
            model.grow(dice);
        }
        for _ in 0..dice.between(1, 2) {
            model.device_out(dice);
        }
        for _ in 0..dice.between(0, 3) {
            model.feed_back(dice);
        }
        let determined = model.nodes.len();
        for _ in 0..dice.between(0, 2) {
            model.echo(dice, determined);
        }
        model
    }

    /// One more node, fed by earlier ones.
    fn grow(&mut self, dice: &mut Dice) {
        let factor = 0.5 * dice.sample();
        let width = dice.between(1, 3);
        let vertex = |kind, inputs: &[usize], outputs: &[usize]| Vertex {
            kind,
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
        };
        let kind = Kind::Source { seed: dice.next() as u32 };
        let (outputs, parts) = blend(dice, width);
        self.nodes.push(match dice.between(0, 14) {
            0 => vertex(self.device_channels(dice), &[], &[]),
            1 => vertex(kind, &[], &[width]),
            2 => vertex(Kind::Scale { factor: 2.0 * factor }, &[width], &[width]),
            3..=5 => vertex(Kind::Trim { factor: 2.0 * factor }, &[width], &[width]),
            6 => vertex(Kind::OnePole { feed: factor, back: 0.9 * dice.sample() }, &[width], &[width]),
            7..=8 => vertex(Kind::Side { depth: factor }, &[width, 0], &[width, 1]),
            9..=10 => vertex(Kind::Combine { factor }, &[width, 0], &[2]),
            11..=13 => vertex(Kind::Blend { parts }, &[width], &[outputs]),
            _ => vertex(Kind::Sink, &[width], &[]),
        });
        let node = self.nodes.len() - 1;
        if let Kind::DeviceIn(channels) = &self.nodes[node].kind {
            self.nodes[node].outputs = vec![channels.width(self.inputs)];
        }
        if !self.nodes[node].inputs.is_empty() {
            self.feed(dice, node, 0, width);
        }
        if self.nodes[node].inputs.len() > 1 && dice.chance(60) {
            self.nodes[node].inputs[1] = 1;
            self.link(dice, node, 1, 1);
        }
    }

    fn device_channels(&self, dice: &mut Dice) -> Kind {
        Kind::DeviceIn(match dice.between(0, 2) {
            0 => DeviceChannels::MonoMix,
            1 => DeviceChannels::All,
            _ => {
                let pick = |_| dice.chance(85).then(|| dice.between(0, self.inputs - 1));
                DeviceChannels::Pick((0..3).map(pick).collect())
            }
        })
    }

    /// One to four links into a port, now and then many more; the first one makes it `width` wide.
    fn feed(&mut self, dice: &mut Dice, node: usize, port: usize, width: usize) {
        let source = self.plug(dice, node, width);
        self.links.push(Wire { from: source, to: Plug { node, port, channels: None }, feedback: false });
        let more = if dice.chance(10) { 25 } else { 3 };
        for _ in 0..dice.between(0, more) {
            self.link(dice, node, port, width);
        }
    }

    /// A link that does not make its port wider than `width`.
    fn link(&mut self, dice: &mut Dice, node: usize, port: usize, width: usize) {
        let start = dice.between(0, width - 1);
        let part = start..dice.between(start + 1, width);
        let channels = dice.chance(40).then_some(part);
        let wanted = if dice.chance(40) { 1 } else { channels.as_ref().map_or(width, ExactSizeIterator::len) };
        let from = self.plug(dice, node, wanted);
        self.links.push(Wire { from, to: Plug { node, port, channels }, feedback: false });
    }

    /// An output of a node before `node` that gives exactly `width` channels, sliced if need be; a fresh source if none
    /// is wide enough. (It is added behind, but links need not run from earlier to later.)
    fn plug(&mut self, dice: &mut Dice, node: usize, width: usize) -> Plug {
        for _ in 0..4 {
            let node = dice.between(0, node - 1);
            let Some(port) = self.nodes[node].outputs.len().checked_sub(1).map(|last| dice.between(0, last)) else {
                continue;
            };
            let has = self.nodes[node].outputs[port];
            if has >= width {
                let start = dice.between(0, has - width);
                let channels = (has > width || dice.chance(20)).then_some(start..start + width);
                return Plug { node, port, channels };
            }
        }
        let seed = dice.next() as u32;
        self.nodes.push(Vertex { kind: Kind::Source { seed }, inputs: vec![], outputs: vec![width] });
        Plug { node: self.nodes.len() - 1, port: 0, channels: None }
    }

    fn device_out(&mut self, dice: &mut Dice) {
        let mut channels: Vec<usize> = (0..self.outputs).collect();
        dice.shuffle(&mut channels);
        channels.truncate(dice.between(1, self.outputs));
        let width = channels.len();
        self.nodes.push(Vertex { kind: Kind::DeviceOut(channels), inputs: vec![width], outputs: vec![] });
        self.feed(dice, self.nodes.len() - 1, 0, width);
    }

    /// A feedback link from anywhere to any main input, one channel wide or as wide as its target.
    fn feed_back(&mut self, dice: &mut Dice) {
        let targets: Vec<usize> = (0..self.nodes.len()).filter(|&node| !self.nodes[node].inputs.is_empty()).collect();
        let Some(&node) = targets.get(dice.between(0, targets.len().max(1) - 1)) else { return };
        let last = self.nodes.len();
        let wanted = if dice.chance(50) { 1 } else { self.nodes[node].inputs[0] };
        let from = self.plug(dice, last, wanted);
        self.links.push(Wire { from, to: Plug { node, port: 0, channels: None }, feedback: true });
    }

    /// A node whose main input only a feedback link enters, and which takes its width from there; it may go on into the
    /// very node that it comes from, one of the first `determined` nodes.
    fn echo(&mut self, dice: &mut Dice, determined: usize) {
        let sources: Vec<usize> = (0..determined).filter(|&node| !self.nodes[node].outputs.is_empty()).collect();
        let source = sources[dice.between(0, sources.len() - 1)];
        let width = self.nodes[source].outputs[0];
        let (kind, outputs) = match dice.chance(50) {
            true => (Kind::Scale { factor: 0.5 }, vec![width]),
            false => (Kind::Side { depth: 0.25 }, vec![width, 1]),
        };
        let ports = outputs.len();
        self.nodes.push(Vertex { kind, inputs: [width, 0][..ports].to_vec(), outputs });
        let echo = self.nodes.len() - 1;
        let plug = |node| Plug { node, port: 0, channels: None };
        self.links.push(Wire { from: plug(source), to: plug(echo), feedback: true });
        if ports == 2 && dice.chance(50) {
            self.nodes[echo].inputs[1] = 1;
            let from = Plug { node: 0, port: 0, channels: Some(0..1) };
            self.links.push(Wire { from, to: Plug { node: echo, port: 1, channels: None }, feedback: false });
        }
        if self.nodes[source].inputs.first() == Some(&width) {
            self.links.push(Wire { from: plug(echo), to: plug(source), feedback: false });
        }
    }

    /// Changes one thing that must be heard.
    pub(crate) fn disturb(&mut self) {
        self.feedback += 1;
        for vertex in &mut self.nodes {
            if let Kind::Scale { factor } | Kind::Trim { factor } = &mut vertex.kind {
                *factor *= 0.5;
            }
        }
    }

    /// The graph, its nodes added in random order.
    pub(crate) fn graph(&self, dice: &mut Dice) -> Graph {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        dice.shuffle(&mut order);
        let mut graph = Graph::new();
        for node in order {
            self.add(&mut graph, node);
        }
        for link in &self.links {
            let (from, to) = (self.endpoint(&link.from, false), self.endpoint(&link.to, true));
            graph.push_link(Link { feedback: link.feedback, ..Link::new(from, to) });
        }
        graph
    }

    fn add(&self, graph: &mut Graph, index: usize) {
        let name = format!("n{index}");
        let width = |port: usize| self.nodes[index].outputs[port];
        match self.nodes[index].kind.clone() {
            Kind::DeviceIn(channels) => graph.add(&name, DeviceIn(channels)),
            Kind::DeviceOut(channels) => graph.add(&name, DeviceOut(channels)),
            Kind::Source { seed } => graph.add(&name, Source { seed, channels: width(0) }),
            Kind::Scale { factor } => graph.add(&name, Scale(factor)),
            Kind::Trim { factor } => graph.add(&name, Trim(factor)),
            Kind::OnePole { feed, back } => graph.add(&name, OnePole { feed, back }),
            Kind::Side { depth } => graph.add(&name, Side(depth)),
            Kind::Combine { factor } => graph.add(&name, Combine(factor)),
            Kind::Blend { parts } => graph.add(&name, Blend { outputs: width(0), parts, opaque: false }),
            Kind::Sink => graph.add(&name, Sink),
        }
        .expect("n0, n1, … are names");
    }

    fn endpoint(&self, plug: &Plug, input: bool) -> Endpoint {
        let names = if input { ["in", "mod"] } else { ["out", "aux"] };
        let port = (plug.port > 0 || plug.node.is_multiple_of(3)).then(|| names[plug.port].to_owned());
        let node = NodeName::new(&format!("n{}", plug.node)).expect("n0, n1, … are names");
        Endpoint { node, port, channels: plug.channels.clone() }
    }
}

/// Outputs, and what goes into them of so many inputs, by which factors.
pub(crate) fn blend(dice: &mut Dice, inputs: usize) -> (usize, Vec<(usize, usize, f32)>) {
    let outputs = dice.between(1, 4);
    let part = |dice: &mut Dice| (dice.between(0, inputs - 1), dice.between(0, outputs - 1), dice.sample());
    let parts = (0..dice.between(0, 7)).map(|_| part(dice)).collect();
    (outputs, parts)
}
