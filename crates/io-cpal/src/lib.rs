//! Patchline's devices through [cpal](https://docs.rs/cpal): ALSA on Linux, with features also PulseAudio and PipeWire,
//! WASAPI on Windows, CoreAudio on macOS.
//!
//! [`hosts`] says which there are; each is a [`Host`](patchline_io::Host), which lists devices and opens them.
//!
//! - Two devices, one for each side, are joined by [`patchline_io::drift`]: the output's callback is the master. The
//!   callback is called from when both run.
//! - Samples are converted at the device's edge by [`patchline_io::convert`]: f32 where the device has it, else the
//!   format that keeps most.
//! - What alsa-lib and libjack print while devices are looked for and opened does not reach stderr.
//! - A host's thread never sees a panic of ours, and none of our code in it allocates, frees or waits, for a
//!   lock or anything else.
//!
//! JACK is not among the hosts: through cpal it would be a block later than it is by itself.
//!
//! # Features
//! | feature | what it brings | what it needs to build |
//! |---|---|---|
//! | `pulseaudio` | the PulseAudio host | – |
//! | `pipewire` | the PipeWire host | `libpipewire-0.3-dev`, `libclang-dev` |
//! | `realtime-dbus` | real-time rights, asked for over D-Bus | `libdbus-1-dev` |
//!
//! On Linux all need `libasound2-dev` and `pkg-config`.

mod adapter;
mod backend;
mod caller;
mod caps;
mod chatter;
mod ends;
mod faults;
mod feeder;
mod host;
mod names;
mod patience;
mod plan;
mod shared;
mod streams;

pub use chatter::release_stderr;
pub use host::{CpalHost, hosts};

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
