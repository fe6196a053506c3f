//! Patchline's engine: a graph of audio nodes, compiled ahead of time, rendered without allocating.
//!
//! Text to sound in one direction, every stage a plain value: a [`Graph`] of [`Node`]s and links is
//! [compiled](compile) to a printable [`Schedule`]; [`Engine::load`] turns it into a plan and hands it to the
//! [`Renderer`], which runs inside the device's own callback. Only `load` changes what plays.
//!
//! This crate does no I/O and knows no file format, no device and no concrete node.
//!
//! ```
//! use patchline_graph::{DeviceChannels, Graph, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec, Processor};
//! use patchline_graph::{StreamSpec, engine};
//!
//! /// Multiplies every sample by a factor.
//! #[derive(Clone, PartialEq)]
//! struct Scale(f32);
//!
//! impl Node for Scale {
//!     const KIND: &'static str = "scale";
//!     type Processor = Scale;
//!
//!     fn ports(&self) -> Ports {
//!         Ports::effect()
//!     }
//!
//!     fn prepare(&self, _spec: &PrepareSpec) -> Result<Scale, NodeError> {
//!         Ok(self.clone())
//!     }
//!
//!     fn footprint(&self, _spec: &PrepareSpec) -> usize {
//!         size_of::<Scale>()
//!     }
//! }
//!
//! impl Processor for Scale {
//!     type Params = Scale;
//!
//!     fn update(&mut self, params: &Scale) {
//!         self.0 = params.0;
//!     }
//!
//!     fn process(&mut self, io: &mut Io<'_>) {
//!         for channel in io.main().channels() {
//!             channel.iter_mut().for_each(|sample| *sample *= self.0);
//!         }
//!     }
//! }
//!
//! /// The first channel of the device, in or out.
//! #[derive(Clone, PartialEq)]
//! struct Device {
//!     output: bool,
//! }
//!
//! impl Node for Device {
//!     const KIND: &'static str = "device";
//!     type Processor = NoProcessor<Device>;
//!
//!     fn ports(&self) -> Ports {
//!         match self.output {
//!             true => Ports::device_output(Some(vec![0])),
//!             false => Ports::device_input(DeviceChannels::Pick(vec![Some(0)])),
//!         }
//!     }
//!
//!     fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
//!         Ok(NoProcessor::default())
//!     }
//!
//!     fn footprint(&self, _spec: &PrepareSpec) -> usize {
//!         0
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut graph = Graph::new();
//! graph.add("mic", Device { output: false })?.add("trim", Scale(0.5))?.add("out", Device { output: true })?;
//! graph.chain(&["mic", "trim", "out"])?;
//!
//! let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
//! engine.load(graph)?;
//! let mut output = [0.0; 3];
//! renderer.render(3, &[&[1.0, -0.5, 0.25]], &mut [&mut output]);
//! assert_eq!(output, [0.5, -0.25, 0.125]);
//! engine.close(renderer);
//! # Ok(())
//! # }
//! ```
//!
//! # Thread roles
//! [`engine`] returns a pair: [`Engine`] stays on a control thread, [`Renderer`] moves to the audio thread.
//! [`Node`] is the control half of an effect, [`Processor`] its audio half.

mod align;
mod apart;
mod arena;
mod asked;
mod budget;
mod buffers;
mod bypass;
mod channels;
mod companion;
mod compile;
mod cost;
mod dissolved;
mod edit;
mod endpoint;
mod engine;
mod erase;
mod error;
mod event;
mod fade;
mod feedback;
mod gains;
mod graph;
pub mod guard;
mod hush;
mod instructions;
mod io;
mod kernels;
mod kit;
pub mod lapped;
pub mod level;
mod load;
mod loaded;
mod message;
mod node;
mod order;
mod pieces;
mod places;
mod plan;
mod ports;
mod power;
mod profile;
mod reading;
mod renderer;
mod report;
mod resolve;
mod schedule;
mod signs;
mod slots;
mod smooth;
mod span;
mod spread;
mod stage;
mod stats;
mod stream;
mod team;
mod time;
mod topology;
pub mod touched;
mod verify;

pub use align::Alignment;
pub use channels::{OfPorts, Widths};
pub use companion::Companion;
pub use compile::compile;
pub use cost::NodeCost;
pub use dissolved::{Mixing, Summand, Summands};
pub use edit::Edit;
pub use endpoint::{Endpoint, EndpointError, NodeName};
pub use engine::{BypassError, Engine, Entry, Journal, LoadError, SetError, Timing, Told, engine, engine_timed};
pub use erase::AnyNode;
pub use error::{GraphError, GraphErrors, Place};
pub use event::{Event, EventKind, EventSink};
pub use fade::Fade;
pub use graph::{Graph, Link, Links, LinksIter, OnReplace};
pub use hush::Hush;
pub use instructions::{Instructions, UnknownInstructions};
pub use io::{Inputs, Io, Outputs, PortIn, PortOut};
pub use loaded::{Loaded, Names};
pub use node::{Frame, Frames, NoProcessor, Node, NodeError, PrepareSpec, Processor, Tail};
pub use ports::{Channels, DeviceChannels, DeviceSide, Port, Ports};
pub use power::exp2;
pub use reading::{Per, Reading, Readings};
pub use renderer::Renderer;
pub use report::{Report, Reports, Severity, Written};
pub use schedule::{BufferId, Factor, Schedule, Slot, Slots, Step, Term, Why};
pub use smooth::{Law, Ramp, Smoothed};
pub use span::{NodeSpan, NodeSpans};
pub use spread::{Alone, Need, Spread, Task};
pub use stage::{Difference, Reason, difference};
pub use stats::Stats;
pub use stream::StreamSpec;
pub use team::Worker;
pub use time::TimeSource;
pub use verify::ScheduleError;
