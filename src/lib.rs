//! Patchline: a real-time audio graph engine. A patch in TOML, or a graph built in code, becomes sound; the same engine
//! renders files faster than real time and runs in a device's callback, where it never allocates, frees, locks or
//! waits.
//!
//! This crate is a facade: it re-exports the engine's parts, which can also be used one by one.
//!
//! | module | what it has |
//! |---|---|
//! | [`graph`] | nodes, links, the compiler, [`Engine`] and [`Renderer`]; no I/O, no concrete node |
//! | [`nodes`] | gain, delay, meter, gate, recorder and the other node types |
//! | [`patch`] | the patch language: text to a graph, every mistake located |
//! | [`io`] | what a backend is; the file, null and simulated ones |
//! | `io_cpal` | the system's devices, with the feature `cpal` |
//! | `io_jack` | JACK, with the feature `jack` |
//! | [`wav`] | crash-safe WAV and RF64 files |
//!
//! # A graph in code
//! ```
//! use patchline::nodes::{Gain, Input, Level, Output};
//! use patchline::{Graph, StreamSpec, engine};
//!
//! let mut graph = Graph::new();
//! graph.add("mic", Input::default())?;
//! graph.add("trim", Gain { gain: Level::new(0.5)?, ..Gain::default() })?;
//! graph.add("out", Output::default())?;
//! graph.chain(&["mic", "trim", "out"])?;
//!
//! // 48 kHz, blocks of at most 64 frames, one channel in and one out.
//! let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
//! engine.load(graph)?;
//!
//! // In a program, this is the audio thread.
//! let mut output = [0.0; 3];
//! renderer.render(3, &[&[1.0, -0.5, 0.25]], &mut [&mut output]);
//! assert_eq!(output, [0.5, -0.25, 0.125]);
//!
//! engine.close(renderer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A graph from a patch
//! ```
//! use patchline::patch::{Options, Registry, read};
//! use patchline::{StreamSpec, engine};
//!
//! let text = b"
//! links = ['mic -> trim -> out']
//! [nodes.mic]
//! type = 'input'
//! [nodes.trim]
//! type = 'gain'
//! gain = '-6 dB'
//! [nodes.out]
//! type = 'output'
//! ";
//! let patch = read(text, "trim.toml")?.load(&Registry::standard(), &Options::default())?;
//! let mut stream = StreamSpec::new(48_000, 64, 2, 2);
//! patch.engine.apply(&mut stream);
//! let (mut engine, renderer) = engine(stream);
//! engine.load(patch.graph)?;
//! assert_eq!(engine.graph().nodes().len(), 3);
//! # engine.close(renderer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Embedding it
//! The two halves are types: [`Engine`] stays on a control thread, [`Renderer`] moves to the audio thread. Libraries
//! here install no allocator and no panic hook. A program that plays live should do both, as the `runner` does: an
//! allocator that lets a panicking thread through (else a caught panic still aborts), and
//! [`graph::guard::quiet_panics`]. See `examples/embed.rs` and `examples/custom_node.rs`.

pub use patchline_graph as graph;
pub use patchline_io as io;
#[cfg(feature = "cpal")]
pub use patchline_io_cpal as io_cpal;
#[cfg(feature = "jack")]
pub use patchline_io_jack as io_jack;
pub use patchline_nodes as nodes;
pub use patchline_patch as patch;
pub use patchline_wav as wav;

pub use patchline_graph::{Engine, Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, Renderer, StreamSpec};
pub use patchline_graph::{compile, engine};
pub use patchline_nodes::{PatchNode, Register, Surroundings};
pub use patchline_patch::Registry;
