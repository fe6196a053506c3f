//! A node between a device's input and output, or behind a source that plays anything, even NaN.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use patchline_graph::{
    Channels, DeviceChannels, DeviceSide, Engine, Graph, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec,
    Processor, Renderer, StreamSpec, engine,
};

use crate::{Prove, workers};

/// The name of the node in its graph.
pub(crate) const NAME: &str = "node";

/// The device's input, some of it.
#[derive(Clone, PartialEq)]
struct In(usize);

impl Node for In {
    const KIND: &'static str = "prove_in";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::device_input(DeviceChannels::Pick((0..self.0).map(Some).collect()))
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// Channels of the device's output.
#[derive(Clone, PartialEq)]
struct Out(Vec<usize>);

impl Node for Out {
    const KIND: &'static str = "prove_out";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::device_output(Some(self.0.clone()))
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// Plays samples as they are, where a device's input would let only finite ones pass.
#[derive(Clone)]
struct Raw(Arc<Vec<Vec<f32>>>);

struct RawProcessor {
    samples: Arc<Vec<Vec<f32>>>,
    at: usize,
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Node for Raw {
    const KIND: &'static str = "prove_raw";
    type Processor = RawProcessor;

    fn ports(&self) -> Ports {
        Ports::source(self.0.len())
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<RawProcessor, NodeError> {
        Ok(RawProcessor { samples: Arc::clone(&self.0), at: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<RawProcessor>()
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self != previous
    }
}

impl Processor for RawProcessor {
    type Params = Raw;

    fn update(&mut self, _params: &Raw) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let frames = io.frames();
        let mut main = io.main();
        for (channel, samples) in self.samples.iter().enumerate() {
            let given = samples.get(self.at..).unwrap_or(&[]);
            let given = &given[..given.len().min(frames)];
            let (heard, silent) = main.channel(channel).split_at_mut(given.len());
            heard.copy_from_slice(given);
            silent.fill(0.0);
        }
        self.at += frames;
    }

    fn reset(&mut self) {
        self.at = 0;
    }
}

/// Counts the denormal samples that it hears.
#[derive(Clone)]
struct Tap(Arc<AtomicU64>);

impl PartialEq for Tap {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Node for Tap {
    const KIND: &'static str = "prove_tap";
    type Processor = Self;

    fn ports(&self) -> Ports {
        Ports::sink()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Self>()
    }
}

impl Processor for Tap {
    type Params = Self;

    fn update(&mut self, _params: &Self) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let samples = io.inputs.port(0).channels().flatten();
        let denormals = samples.filter(|sample| sample.is_subnormal()).count();
        self.0.fetch_add(denormals as u64, Relaxed);
    }
}

/// What feeds the node.
#[derive(Clone, Copy)]
pub(crate) enum Feed<'a> {
    /// The device's input.
    Device,
    /// These samples, channels × frames, whatever they are.
    Raw(&'a Arc<Vec<Vec<f32>>>),
}

/// The node, every input fed and every output on channels of its own; says how many these are.
pub(crate) fn graph_around<N: Node>(node: &N, channels: usize, feed: Feed<'_>) -> (Graph, usize) {
    graph_with(Graph::new(), node, channels, feed)
}

/// The same, beside what occupies so many threads.
pub(crate) fn graph_for<N: Node>(threads: usize, node: &N, channels: usize) -> (Graph, usize) {
    graph_with(workers::ballast(threads), node, channels, Feed::Device)
}

fn graph_with<N: Node>(mut graph: Graph, node: &N, channels: usize, feed: Feed<'_>) -> (Graph, usize) {
    let ports = node.ports();
    let add = "names of their own, each once";
    graph.add(NAME, node.clone()).expect(add);
    for port in &ports.inputs {
        let (from, width) = (format!("to_{}", port.name), width(port.channels, channels));
        match feed {
            Feed::Device => graph.add(&from, In(width)).expect(add),
            Feed::Raw(samples) => graph.add(&from, raw(samples, width)).expect(add),
        };
        graph.link(&from, &format!("{NAME}.{}", port.name)).expect("both are there");
    }
    let mut used = 0;
    for port in &ports.outputs {
        let (to, width) = (format!("from_{}", port.name), width(port.channels, channels));
        graph.add(&to, Out((used..used + width).collect())).expect(add);
        graph.link(&format!("{NAME}.{}", port.name), &to).expect("both are there");
        used += width;
    }
    (graph, used)
}

/// As many channels of the samples as the port takes, from the first again where there are too few.
fn raw(samples: &Arc<Vec<Vec<f32>>>, width: usize) -> Raw {
    match samples.len() == width {
        true => Raw(Arc::clone(samples)),
        false => Raw(Arc::new(samples.iter().cycle().take(width).cloned().collect())),
    }
}

pub(crate) fn width(channels: Channels, follow: usize) -> usize {
    match channels {
        Channels::Exactly(width) => width,
        Channels::Follow => follow,
    }
}

/// A running node.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) renderer: Renderer,
    pub(crate) outputs: usize,
}

impl Stage {
    pub(crate) fn new<N: Node>(prove: &Prove<N>, feed: Feed<'_>) -> Result<Self, String> {
        Self::of(prove, 1, graph_around(&prove.node, prove.channels, feed))
    }

    /// Between the device's input and output, for as many threads as the proof asks for.
    pub(crate) fn shared<N: Node>(prove: &Prove<N>) -> Result<Self, String> {
        Self::of(prove, prove.threads, graph_for(prove.threads, &prove.node, prove.channels))
    }

    /// Between the device's input and output, and a count of the denormal samples that the node itself puts out: the
    /// device's output would make them 0.
    pub(crate) fn tapped<N: Node>(prove: &Prove<N>) -> Result<(Self, Arc<AtomicU64>), String> {
        let (mut graph, outputs) = graph_around(&prove.node, prove.channels, Feed::Device);
        let denormals = Arc::new(AtomicU64::new(0));
        for port in &prove.node.ports().outputs {
            let tap = format!("tap_{}", port.name);
            graph.add(&tap, Tap(Arc::clone(&denormals))).expect("a name of its own");
            graph.link(&format!("{NAME}.{}", port.name), &tap).expect("both are there");
        }
        Ok((Self::of(prove, 1, (graph, outputs))?, denormals))
    }

    fn of<N: Node>(prove: &Prove<N>, threads: usize, (graph, outputs): (Graph, usize)) -> Result<Self, String> {
        let (mut engine, renderer) = engine(StreamSpec {
            outputs: None,
            instructions: prove.instructions,
            threads,
            ..StreamSpec::new(prove.rate, prove.max_frames, device_channels(&prove.node, prove.channels), 0)
        });
        workers::spread(&mut engine, &graph);
        engine.load(graph).map_err(|error| format!("it does not load: {error}"))?;
        Ok(Self { engine, renderer, outputs })
    }

    /// Renders `input` (channels × frames), then silence up to `frames`, in blocks of these lengths in turn.
    pub(crate) fn render(&mut self, input: &[Vec<f32>], frames: usize, blocks: &[usize]) -> Vec<Vec<f32>> {
        let mut out = vec![vec![0.0; frames]; self.outputs];
        let mut lengths = blocks.iter().copied().cycle();
        let mut at = 0;
        while at < frames {
            let block = at..frames.min(at + lengths.next().expect("at least one length"));
            self.engine.wait_ready(block.len());
            let input: Vec<&[f32]> = input.iter().map(|channel| slice(channel, block.clone())).collect();
            let mut output: Vec<&mut [f32]> = out.iter_mut().map(|channel| &mut channel[block.clone()]).collect();
            self.renderer.render(block.len(), &input, &mut output);
            at = block.end;
        }
        out
    }

    pub(crate) fn close(mut self) {
        self.engine.close(self.renderer);
    }
}

/// The part of a channel that is there.
pub(crate) fn slice(channel: &[f32], block: std::ops::Range<usize>) -> &[f32] {
    &channel[block.start.min(channel.len())..block.end.min(channel.len())]
}

/// Channels of the device that feeds the node.
pub(crate) fn device_channels<N: Node>(node: &N, channels: usize) -> usize {
    let ports = node.ports();
    if matches!(ports.device, Some(DeviceSide::Input(_))) {
        return channels;
    }
    ports.inputs.iter().map(|port| width(port.channels, channels)).max().unwrap_or(0)
}
