//! Rendering a graph in a test.
#![allow(dead_code, reason = "each test uses its part")]

use patchline_graph::{Engine, Graph, Renderer, StreamSpec, engine};
use patchline_nodes::{Input, Output};

/// The longest block of the tests.
pub(crate) const MAX_FRAMES: usize = 256;

/// An engine with this graph, whose device has as many inputs as `inputs` says.
pub(crate) fn loaded(rate: u32, inputs: usize, graph: Graph) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(StreamSpec { outputs: None, ..StreamSpec::new(rate, MAX_FRAMES, inputs, 0) });
    engine.load(graph).unwrap_or_else(|error| panic!("{error}"));
    (engine, renderer)
}

/// Renders `input` (channels × frames) in blocks of these lengths, in turn; gives back `outputs` channels.
pub(crate) fn render(
    engine: &Engine,
    renderer: &mut Renderer,
    input: &[Vec<f32>],
    frames: usize,
    outputs: usize,
    blocks: &[usize],
) -> Vec<Vec<f32>> {
    let mut out = vec![vec![0.0; frames]; outputs];
    let mut lengths = blocks.iter().copied().cycle();
    let mut at = 0;
    while at < frames {
        let block = at..frames.min(at + lengths.next().unwrap());
        engine.wait_ready(block.len());
        let input: Vec<&[f32]> = input.iter().map(|channel| &channel[block.clone()]).collect();
        let mut output: Vec<&mut [f32]> = out.iter_mut().map(|channel| &mut channel[block.clone()]).collect();
        renderer.render(block.len(), &input, &mut output);
        at = block.end;
    }
    out
}

/// `in -> node -> out` for one node with one input and one output port.
pub(crate) fn chain(node: impl patchline_graph::Node) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("node", node).unwrap().add("out", Output::default()).unwrap();
    graph.chain(&["in", "node", "out"]).unwrap();
    graph
}

/// White noise between −`peak` and `peak`.
pub(crate) fn noise(seed: u64, frames: usize, peak: f32) -> Vec<f32> {
    let mut samples = vec![0.0; frames];
    patchline_nodes::dsp::noise::White::new(seed, 0).fill(&mut samples);
    samples.iter_mut().for_each(|sample| *sample *= peak);
    samples
}

/// Asserts the same bits in every channel.
#[track_caller]
pub(crate) fn assert_same_bits(got: &[Vec<f32>], expected: &[Vec<f32>], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}: channels");
    for (channel, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got.len(), expected.len(), "{what}: frames");
        let differs = got.iter().zip(expected).position(|(g, e)| g.to_bits() != e.to_bits());
        if let Some(frame) = differs {
            panic!("{what}: channel {channel}, frame {frame}: {} is not {}", got[frame], expected[frame]);
        }
    }
}
