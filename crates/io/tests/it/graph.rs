//! A graph with a long memory, from nodes of its own.

use patchline_graph::{
    DeviceChannels, Engine, Graph, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec, Processor, Renderer,
    StreamSpec, engine,
};

/// All channels of the device's input.
#[derive(Clone, PartialEq)]
pub(crate) struct In;

impl Node for In {
    const KIND: &'static str = "in";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::device_input(DeviceChannels::All)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// All channels of the device's output.
#[derive(Clone, PartialEq)]
pub(crate) struct Out;

impl Node for Out {
    const KIND: &'static str = "out";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::device_output(None)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// `y[n] = x[n] / 8 + 7/8 · y[n − frames]`: every frame ever heard is in it.
#[derive(Clone, PartialEq)]
struct Comb {
    frames: usize,
}

struct CombProcessor {
    lines: Vec<Vec<f32>>,
    at: usize,
}

impl Node for Comb {
    const KIND: &'static str = "comb";
    type Processor = CombProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<CombProcessor, NodeError> {
        Ok(CombProcessor { lines: vec![vec![0.0; self.frames]; spec.channels()], at: 0 })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        4 * self.frames * spec.channels()
    }
}

impl Processor for CombProcessor {
    type Params = Comb;

    fn update(&mut self, _params: &Comb) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let (frames, start) = (io.frames(), self.at);
        for (line, samples) in self.lines.iter_mut().zip(io.main().channels()) {
            self.at = start;
            for sample in samples {
                line[self.at] = *sample * 0.125 + line[self.at] * 0.875;
                *sample = line[self.at];
                self.at = (self.at + 1) % line.len();
            }
        }
        assert!(frames > 0);
    }
}

/// Passes on what it gets, up to a frame in whose block it panics.
#[derive(Clone, PartialEq)]
struct Faulty {
    from: usize,
}

struct FaultyProcessor {
    left: usize,
}

impl Node for Faulty {
    const KIND: &'static str = "faulty";
    type Processor = FaultyProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<FaultyProcessor, NodeError> {
        Ok(FaultyProcessor { left: self.from })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl Processor for FaultyProcessor {
    type Params = Faulty;

    fn update(&mut self, _params: &Faulty) {}

    fn process(&mut self, io: &mut Io<'_>) {
        self.left = self.left.checked_sub(io.frames()).expect("planted");
    }
}

/// What comes in goes out, and once more through a node that panics in the block of its frame `from`.
pub(crate) fn faulty(from: usize) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 256, 2, 2));
    let mut graph = Graph::new();
    graph.add("in", In).unwrap().add("out", Out).unwrap().add("faulty", Faulty { from }).unwrap();
    graph.chain(&["in", "faulty", "out"]).unwrap().chain(&["in", "out"]).unwrap();
    engine.load(graph).unwrap();
    (engine, renderer)
}

/// Two combs one after the other and one beside them, `channels` wide.
pub(crate) fn combs(rate: u32, channels: usize) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(StreamSpec::new(rate, 256, channels, channels));
    let mut graph = Graph::new();
    graph.add("in", In).unwrap().add("out", Out).unwrap();
    graph.add("short", Comb { frames: 1 }).unwrap().add("long", Comb { frames: 997 }).unwrap();
    graph.add("odd", Comb { frames: 31 }).unwrap();
    graph.chain(&["in", "short", "long", "out"]).unwrap().chain(&["in", "odd", "out"]).unwrap();
    engine.load(graph).unwrap();
    (engine, renderer)
}

/// A sample for each frame and channel; no two of the first million frames have the same.
pub(crate) fn noise(frame: u64, channel: usize) -> f32 {
    let mixed = (frame * 2 + channel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 40) as f32 / (1_u64 << 23) as f32) - 1.0
}

/// What the combs make of `frames` frames of noise in one go: channels × frames.
pub(crate) fn expected(rate: u32, channels: usize, frames: usize) -> Vec<Vec<f32>> {
    expected_of(rate, channels, 0..frames as u64)
}

/// What the combs make in one go of the noise of these frames of the device: channels × frames.
pub(crate) fn expected_of(rate: u32, channels: usize, heard: impl Iterator<Item = u64> + Clone) -> Vec<Vec<f32>> {
    let (mut engine, mut renderer) = combs(rate, channels);
    let input: Vec<Vec<f32>> =
        (0..channels).map(|channel| heard.clone().map(|frame| noise(frame, channel)).collect()).collect();
    let frames = heard.count();
    let mut output = vec![vec![0.0; frames]; channels];
    let inputs: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
    renderer.render(frames, &inputs, &mut outputs);
    engine.close(renderer);
    output
}
