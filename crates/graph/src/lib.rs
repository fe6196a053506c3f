//! Patchline's engine: a graph of audio nodes, compiled ahead of time, rendered without allocating.
//!
//! Text to sound in one direction, every stage a plain value: a [`Graph`] of [`Node`]s and links is
//! [compiled](compile) to a printable [`Schedule`]; [`Engine::load`] turns it into a plan and hands it to the
//! [`Renderer`], which runs inside the device's own callback. Only `load` changes what plays.
//!
//! This crate does no I/O and knows no file format, no device and no concrete node.
//!
//! # Thread roles
//! [`engine`] returns a pair: [`Engine`] stays on a control thread, [`Renderer`] moves to the audio thread.
//! [`Node`] is the control half of an effect, [`Processor`] its audio half.

mod arena;
mod budget;
mod channels;
mod companion;
mod compile;
mod endpoint;
mod engine;
mod erase;
mod error;
mod event;
mod feedback;
mod graph;
pub mod guard;
mod io;
mod kernels;
mod message;
mod node;
mod order;
mod plan;
mod ports;
mod reading;
mod renderer;
mod report;
mod schedule;
mod slots;
mod stats;
mod stream;
mod topology;
mod verify;

pub use companion::Companion;
pub use compile::compile;
pub use endpoint::{Endpoint, EndpointError, NodeName};
pub use engine::{Engine, LoadError, Loaded, SetError, engine};
pub use erase::AnyNode;
pub use error::{GraphError, GraphErrors, Place};
pub use event::{Event, EventKind, EventSink};
pub use graph::{Graph, Link};
pub use io::{Inputs, Io, Outputs, PortIn, PortOut};
pub use node::{Frame, Frames, NoProcessor, Node, NodeError, PrepareSpec, Processor, Tail};
pub use ports::{Channels, DeviceChannels, DeviceSide, Port, Ports};
pub use reading::{Per, Reading, Readings};
pub use renderer::Renderer;
pub use report::{Report, Reports, Severity};
pub use schedule::{BufferId, Schedule, Slot, Step, Term};
pub use stats::Stats;
pub use stream::StreamSpec;
pub use verify::ScheduleError;
