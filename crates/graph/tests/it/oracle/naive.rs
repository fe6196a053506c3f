//! The naive evaluation: frame by frame, link by link, without buffers, blocks or an order worked out before.

use patchline_graph::DeviceChannels;

use super::model::{Kind, Model, Plug, Wire};

/// Output channels × frames.
pub(crate) fn evaluate(model: &Model, input: &[Vec<f32>], frames: usize) -> Vec<Vec<f32>> {
    let states = model.nodes.iter().map(|vertex| State::new(&vertex.kind, vertex.outputs.first().copied())).collect();
    let mut run = Run { model, now: vec![None; model.nodes.len()], states, past: vec![Vec::new(); model.links.len()] };
    let mut output = vec![Vec::with_capacity(frames); model.outputs];
    for frame in 0..frames {
        let device: Vec<f32> = input.iter().map(|channel| sane(channel[frame])).collect();
        for (channel, sample) in run.frame(&device).into_iter().enumerate() {
            output[channel].push(if sample.is_finite() { sample } else { 0.0 });
        }
    }
    output
}

fn sane(sample: f32) -> f32 {
    if sample.is_finite() && (sample.abs() >= 1e-15 || sample == 0.0) { sample } else { 0.0 }
}

struct Run<'a> {
    model: &'a Model,
    /// The outputs of each node at this frame, ports × channels, once it has run.
    now: Vec<Option<Vec<Vec<f32>>>>,
    states: Vec<State>,
    /// What each feedback link was given, frame after frame.
    past: Vec<Vec<Vec<f32>>>,
}

struct State {
    channels: Vec<f32>,
    random: u32,
}

impl State {
    fn new(kind: &Kind, width: Option<usize>) -> Self {
        let random = if let Kind::Source { seed } = kind { *seed } else { 0 };
        Self { channels: vec![0.0; width.unwrap_or(0)], random }
    }
}

impl Run<'_> {
    fn frame(&mut self, device: &[f32]) -> Vec<f32> {
        self.now.fill(None);
        let mut sums: Vec<Option<f32>> = vec![None; self.model.outputs];
        for node in 0..self.model.nodes.len() {
            self.node(node, device);
        }
        // Output nodes are summed in the order they run: the order in which they were found, like everything, by name.
        for node in 0..self.model.nodes.len() {
            let Kind::DeviceOut(channels) = &self.model.nodes[node].kind else { continue };
            let values = self.port(node, 0, device);
            for (&channel, value) in channels.iter().zip(values) {
                sums[channel] = Some(sums[channel].map_or(value, |sum| sum + value));
            }
        }
        for (index, link) in self.model.links.iter().enumerate().filter(|(_, link)| link.feedback) {
            let sent = self.taken(&link.from, device).into_iter().map(sane).collect();
            self.past[index].push(sent);
        }
        sums.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Runs a node for this frame, once.
    fn node(&mut self, node: usize, device: &[f32]) {
        if self.now[node].is_some() {
            return;
        }
        let ports = self.model.nodes[node].inputs.len();
        let inputs: Vec<Vec<f32>> = (0..ports).map(|port| self.port(node, port, device)).collect();
        let state = &mut self.states[node];
        self.now[node] = Some(tick(&self.model.nodes[node].kind, state, &inputs, device));
    }

    /// What enters a port at this frame: the sum of its links, left to right.
    fn port(&mut self, node: usize, port: usize, device: &[f32]) -> Vec<f32> {
        let width = self.model.nodes[node].inputs[port];
        let mut sums: Vec<Option<f32>> = vec![None; width];
        let links: Vec<usize> = (0..self.model.links.len())
            .filter(|&index| self.model.links[index].to.node == node && self.model.links[index].to.port == port)
            .collect();
        for index in links {
            let link = &self.model.links[index];
            let values = if link.feedback { self.received(index, link) } else { self.taken(&link.from, device) };
            let target = link.to.channels.clone().unwrap_or(0..width);
            for (along, channel) in target.enumerate() {
                let value = if values.len() == 1 { values[0] } else { values[along] };
                sums[channel] = Some(sums[channel].map_or(value, |sum| sum + value));
            }
        }
        sums.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn taken(&mut self, from: &Plug, device: &[f32]) -> Vec<f32> {
        self.node(from.node, device);
        let outputs = self.now[from.node].as_ref().expect("the node has just run");
        let port = &outputs[from.port];
        port[from.channels.clone().unwrap_or(0..port.len())].to_vec()
    }

    fn received(&self, index: usize, link: &Wire) -> Vec<f32> {
        let past = &self.past[index];
        let width = link
            .from
            .channels
            .as_ref()
            .map_or_else(|| self.model.nodes[link.from.node].outputs[link.from.port], ExactSizeIterator::len);
        past.len().checked_sub(self.model.feedback as usize).map_or(vec![0.0; width], |at| past[at].clone())
    }
}

fn tick(kind: &Kind, state: &mut State, inputs: &[Vec<f32>], device: &[f32]) -> Vec<Vec<f32>> {
    match kind {
        Kind::DeviceIn(channels) => vec![pick(channels, device)],
        Kind::DeviceOut(_) | Kind::Sink => vec![],
        Kind::Source { .. } => vec![state.channels.iter().map(|_| noise(&mut state.random)).collect()],
        Kind::Scale { factor } | Kind::Trim { factor } => vec![inputs[0].iter().map(|x| x * factor).collect()],
        Kind::OnePole { feed, back } => {
            for (y, x) in state.channels.iter_mut().zip(&inputs[0]) {
                *y = x * feed + *y * back;
            }
            vec![state.channels.clone()]
        }
        Kind::Side { depth } => {
            let modulation = inputs[1].first().copied().unwrap_or(1.0);
            let level = inputs[0].iter().fold(0.0, |sum, x| sum + x.abs());
            vec![inputs[0].iter().map(|x| x + depth * modulation).collect(), vec![level]]
        }
        Kind::Blend { parts } => {
            let outputs = state.channels.len();
            let of = |output| parts.iter().filter(move |(_, to, _)| *to == output);
            let sum = |output| of(output).map(|(from, _, factor)| inputs[0][*from] * factor).reduce(|sum, x| sum + x);
            vec![(0..outputs).map(|output| sum(output).unwrap_or(0.0)).collect()]
        }
        Kind::Combine { factor } => {
            let sum = inputs[0].iter().fold(0.0, |sum, x| sum + x);
            let before = std::mem::replace(&mut state.channels[0], sum);
            vec![vec![sum * factor + inputs[1].first().copied().unwrap_or(0.0), before]]
        }
    }
}

fn pick(channels: &DeviceChannels, device: &[f32]) -> Vec<f32> {
    match channels {
        DeviceChannels::All => device.to_vec(),
        DeviceChannels::Pick(list) => list.iter().map(|channel| channel.map_or(0.0, |c| device[c])).collect(),
        DeviceChannels::MonoMix => {
            let gain = 1.0 / device.len() as f32;
            let mean = device.iter().map(|x| x * gain).reduce(|sum, x| sum + x);
            vec![mean.unwrap_or_default()]
        }
    }
}

fn noise(random: &mut u32) -> f32 {
    *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*random >> 8) as f32 / (1 << 24) as f32
}
