//! The engine from outside. Every render in here runs under an allocator that aborts on the audio thread.

mod align;
mod budget;
mod bypass;
mod change;
mod compile;
mod difference;
mod dip;
#[cfg(unix)]
mod growth;
mod leaving;
mod load;
mod nodes;
mod oracle;
mod planted;
mod profile;
mod reload;
mod rest;
mod set;
mod spread;
mod sums;
mod swap;
mod tap;
mod threads;

use assert_no_alloc::AllocDisabler;
use patchline_graph::{Engine, Graph, NodeName, Renderer, StreamSpec, engine};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// An engine that plays `graph`, mono in and out, in pieces of at most 64 frames.
fn playing(graph: Graph) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    engine.load(graph).expect("the test's graph is good");
    (engine, renderer)
}

/// Names as text.
fn names(names: &[NodeName]) -> Vec<&str> {
    names.iter().map(NodeName::as_str).collect()
}

/// Renders a mono signal in blocks of `block` frames.
fn render(renderer: &mut Renderer, input: &[f32], block: usize) -> Vec<f32> {
    let mut output = vec![f32::NAN; input.len()];
    for (input, output) in input.chunks(block).zip(output.chunks_mut(block)) {
        renderer.render(input.len(), &[input], &mut [output]);
    }
    output
}
