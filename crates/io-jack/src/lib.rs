//! Plays through a JACK server: the callback runs in JACK's process callback, straight on JACK's buffers, and adds no
//! frame of latency.
//!
//! [`JackHost`] finds and opens; [`Jack`] is what it opens: one client of the server with all ports. libjack is opened
//! when the first of them is needed: a program with this backend starts on machines without JACK.
//!
//! ```no_run
//! use patchline_io::{Backend, Block, DeviceRequest, FnCallback, Host, SideRequest};
//! use patchline_io_jack::JackHost;
//!
//! let side = Some(SideRequest::default());
//! let request = DeviceRequest { client_name: "twice".to_owned(), input: side.clone(), output: side, ..Default::default() };
//! let mut device = JackHost.open(&request)?;
//! println!("{}: {} in, {} out", device.spec().name, device.spec().inputs, device.spec().outputs);
//! device.start(FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
//!     for (input, output) in inputs.iter().zip(outputs) {
//!         output.iter_mut().zip(*input).for_each(|(output, input)| *output = 2.0 * input);
//!     }
//! }))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod client;
mod device;
mod host;
mod latency;
mod link;
mod midi;
mod names;
mod notify;
mod ports;
mod process;
mod shared;

pub use device::Jack;
pub use host::JackHost;
