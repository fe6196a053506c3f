//! Patchline's backends: the contract, and the file, null and simulated devices.
//!
//! A [`Backend`] is a device with a clock of its own: it calls a [`Callback`] (a [`Renderer`](patchline_graph::Renderer),
//! usually) once per block, tells what goes wrong as [`IoEvent`]s, and gives the callback back when it is stopped.
//!
//! - [`mod@file`]: offline, files in and a file out, as fast as the machine. Not a [`Backend`]: nothing paces it.
//! - [`null`]: paced by the machine's clock, silence in, nothing out.
//! - [`sim`]: everything that real devices do to a callback, in virtual time, the same for the same seed.
//!
//! What crates for real devices share is here, too: [`event_ring`], and the [`channels`] that make a callback's slices
//! without allocating; [`convert`]s between a device's samples and ours; [`drift`] joins two
//! devices with clocks of their own. [`blocking`] lets a thread read and write any device like a file; [`load`] says how
//! much of its time a callback takes; [`flight`] remembers the last callbacks, and says why an xrun came about.
//!
//! This crate knows no node: what plays is the callback's business.

mod backend;
pub mod blocking;
mod callback;
pub mod channels;
pub mod convert;
pub mod drift;
mod error;
mod event;
pub mod file;
mod find;
pub mod flight;
mod host;
pub mod load;
mod midi;
pub mod null;
mod ring;
pub mod seat;
mod settings;
pub mod shed;
pub mod sim;
mod stack;
mod stats;
mod supervised;

pub use backend::{Backend, DeviceSpec};
pub use callback::{Block, Callback, FnCallback};
pub use error::{IoError, Refused};
pub use event::{IoEvent, IoEventKind, LostReason, Side};
pub use find::find_device;
pub use host::{ChannelCount, DeviceInfo, DeviceRequest, Host, LatencyWish, SideRequest};
pub use midi::{Midi, MidiReceiver, MidiSender, TimedMidi, midi_ring};
pub use ring::{EventReceiver, EventSender, event_ring};
pub use stack::prefault_stack;
pub use stats::IoStats;
pub use supervised::{Patience, Placed, Supervised};
