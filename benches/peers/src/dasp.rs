//! dasp_graph: a petgraph of boxed nodes, walked anew for each block of 64 frames. It brings no gain, echo, meter or gate.

use dasp_graph::{BoxedNode, Buffer, Input, Node, NodeData, Processor};
use patchline_benches::{Contestant, DELAY, FEEDBACK, GAIN, MIX, Peer, SEEDS_DELAY, Workload, gains, mix};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::custom::{Echo, Effect, Gain, Gate, Meter};

/// dasp_graph.
pub(crate) struct DaspGraph;

impl Peer for DaspGraph {
    fn name(&self) -> &'static str {
        "dasp_graph"
    }

    fn version(&self) -> &'static str {
        "0.11.0"
    }

    fn differs(&self) -> &'static str {
        "Only a graph: gain, delay, meter and gate are written for it as custom nodes; an edit is made where it plays, by \
         whoever plays, and blocks have 64 frames."
    }

    fn contestant(&self, workload: &Workload, block: usize) -> Option<Box<dyn Contestant>> {
        (block % Buffer::LEN == 0).then(|| Playing::new(workload)).flatten().map(|playing| Box::new(playing) as _)
    }

    fn cannot(&self, _workload: &Workload, block: usize) -> Option<String> {
        (block % Buffer::LEN != 0).then(|| format!("its buffers have {} frames", Buffer::LEN))
    }
}

type Graph = DiGraph<NodeData<BoxedNode>, ()>;

/// A graph with its input and output nodes.
pub(crate) struct Playing {
    graph: Graph,
    processor: Processor<Graph>,
    input: NodeIndex,
    output: NodeIndex,
    /// The node before the output.
    last: NodeIndex,
}

impl Playing {
    pub(crate) fn new(workload: &Workload) -> Option<Self> {
        let mut playing = Self::through();
        match *workload {
            Workload::Empty => playing.graph.clear_edges(),
            Workload::Through => {}
            Workload::Chain { nodes } | Workload::OpaqueChain { nodes } => {
                gains(nodes).into_iter().for_each(|factor| playing.append(Gain(factor)));
            }
            Workload::Wide { nodes } | Workload::OpaqueWide { nodes } => playing.wide(nodes),
            Workload::Delays { nodes, feedback } => {
                let feedback = if feedback { FEEDBACK as f32 } else { 0.0 };
                (0..nodes).for_each(|_| playing.append(Echo::new(DELAY, mix(nodes), feedback)));
            }
            Workload::Meter => {
                playing.append(Gain(GAIN));
                playing.append(Meter::default());
            }
            Workload::Seeds => {
                playing.append(Gain(GAIN));
                playing.append(Echo::new(SEEDS_DELAY, MIX, 0.0));
                playing.append(Meter::default());
                playing.append(Gate::default());
            }
            Workload::Moving { .. } | Workload::Mixed { .. } => return None,
        }
        Some(playing)
    }

    fn through() -> Self {
        let mut graph = Graph::with_capacity(2048, 4096);
        let input = graph.add_node(NodeData::boxed2(Source));
        let output = graph.add_node(NodeData::boxed2(Sum));
        graph.add_edge(input, output, ());
        Self { graph, processor: Processor::with_capacity(2048), input, output, last: input }
    }

    /// Puts an effect between what was last and the output.
    pub(crate) fn append(&mut self, effect: impl Effect) {
        let node = self.graph.add_node(NodeData::boxed2(Wrapped(effect)));
        if let Some(edge) = self.graph.find_edge(self.last, self.output) {
            self.graph.remove_edge(edge);
        }
        self.graph.add_edge(self.last, node, ());
        self.graph.add_edge(node, self.output, ());
        self.last = node;
    }

    fn wide(&mut self, nodes: usize) {
        self.graph.clear_edges();
        for factor in gains(nodes) {
            let node = self.graph.add_node(NodeData::boxed2(Wrapped(Gain(factor))));
            self.graph.add_edge(self.input, node, ());
            self.graph.add_edge(node, self.output, ());
        }
    }
}

impl Contestant for Playing {
    fn run(&mut self, input: [&[f32]; 2], [left, right]: [&mut [f32]; 2]) {
        for start in (0..left.len()).step_by(Buffer::LEN) {
            let range = start..start + Buffer::LEN;
            for (buffer, input) in self.graph[self.input].buffers.iter_mut().zip(input) {
                buffer.copy_from_slice(&input[range.clone()]);
            }
            self.processor.process(&mut self.graph, self.output);
            let buffers = &self.graph[self.output].buffers;
            left[range.clone()].copy_from_slice(&buffers[0]);
            right[range].copy_from_slice(&buffers[1]);
        }
    }
}

/// Whose buffers the device's input is copied to.
struct Source;

impl Node for Source {
    fn process(&mut self, _inputs: &[Input], _output: &mut [Buffer]) {}
}

/// Adds what is linked to it.
struct Sum;

impl Node for Sum {
    fn process(&mut self, inputs: &[Input], output: &mut [Buffer]) {
        for (channel, output) in output.iter_mut().enumerate() {
            let mut inputs = inputs.iter().map(|input| &input.buffers()[channel]);
            match inputs.next() {
                Some(first) => output.copy_from_slice(first),
                None => output.silence(),
            }
            for input in inputs {
                output.iter_mut().zip(input.iter()).for_each(|(sum, sample)| *sum += sample);
            }
        }
    }
}

struct Wrapped<E>(E);

impl<E: Effect> Node for Wrapped<E> {
    fn process(&mut self, inputs: &[Input], output: &mut [Buffer]) {
        let [input, ..] = inputs else { return };
        let ([left, right], [out_left, out_right]) = (input.buffers(), output) else { return };
        self.0.run([left, right], [out_left, out_right]);
    }
}
