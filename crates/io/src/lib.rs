//! Patchline's backends: the contract, and the file, null and simulated devices.
//!
//! A [`Backend`] is a device with a clock of its own: it calls a [`Callback`] (a [`Renderer`](patchline_graph::Renderer),
//! usually) once per block, tells what goes wrong as [`IoEvent`]s, and gives the callback back when it is stopped.
//!
//! This crate knows no node: what plays is the callback's business.

mod backend;
mod callback;
pub mod channels;
mod error;
mod event;
pub mod file;
pub mod null;
mod ring;
mod settings;
mod stats;

pub use backend::{Backend, DeviceSpec};
pub use callback::{Block, Callback, FnCallback};
pub use error::{IoError, Refused};
pub use event::{IoEvent, IoEventKind, LostReason, Side};
pub use ring::{EventReceiver, EventSender, event_ring};
pub use stats::IoStats;
