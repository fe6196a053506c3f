//! A program with node types of its own, one of which misbehaves: a patch says when and how. The runner's tests use it
//! to see the audio callback's promise broken.
//!
//! ```sh
//! cargo run -p patchline-runner --example planted -- render broken.toml -o out.wav --duration 1s --on-violation count
//! ```

use std::process::ExitCode;

use patchline_graph::{Io, Node, NodeError, Ports, PrepareSpec, Processor};
use patchline_nodes::{PatchNode, Register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: runner::Watch = runner::Watch;

fn main() -> ExitCode {
    let mut registry = runner::standard_registry();
    registry.node::<Planted>();
    runner::main_with(registry, std::env::args_os())
}

/// Passes its input on and does at one frame what no node may.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Planted {
    /// What it does.
    fault: Fault,
    /// When, in frames.
    at: u64,
}

/// What a node may not do.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fault {
    /// Allocates and frees memory.
    Allocate,
    /// Panics with a message that is put together.
    Panic,
}

impl Node for Planted {
    const KIND: &'static str = "planted";
    type Processor = PlantedProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<PlantedProcessor, NodeError> {
        Ok(PlantedProcessor { node: self.clone() })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<PlantedProcessor>()
    }
}

impl PatchNode for Planted {
    fn example() -> Self {
        Self { fault: Fault::Allocate, at: 4800 }
    }
}

struct PlantedProcessor {
    node: Planted,
}

impl Processor for PlantedProcessor {
    type Params = Planted;

    fn update(&mut self, params: &Planted) {
        self.node.clone_from(params);
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let (first, frames) = (io.position(), io.frames() as u64);
        if !(first..first + frames).contains(&self.node.at) {
            return;
        }
        match self.node.fault {
            Fault::Allocate => drop(std::hint::black_box(Box::new(first))),
            Fault::Panic => panic!("planted at {}", self.node.at),
        }
    }
}
