//! Patchline's nodes: gain, delay, meter, gate, recorder and the rest, one file each.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare with the system's functions"))]

pub mod declaration;
mod delay;
mod device_channels;
pub mod dsp;
mod file_sink;
mod file_source;
mod gain;
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "between the control side and a helper thread, never in the callback"
)]
mod helper_thread;
mod input;
mod matrix;
mod meter;
mod noise;
mod oscillator;
mod output;
mod patch_node;
mod paths;
mod quantity;
mod system;
mod vad_gate;

pub use declaration::{Declaration, Param};
pub use delay::Delay;
pub use device_channels::{ChannelIndex, InputChannel, InputChannels};
pub use file_sink::{Cause, Destination, FileSink, Gap, GapLine, GapList, Split, Subtype, gap_lists};
pub use file_source::{FileSource, Origin};
pub use gain::Gain;
pub use input::Input;
pub use matrix::{Entry, Matrix, Preset, Targets};
pub use meter::Meter;
pub use noise::{Color, Noise};
pub use oscillator::{Oscillator, Shape};
pub use output::Output;
pub use patch_node::{PatchNode, Register, Surroundings};
pub use paths::resolve_path;
pub use quantity::{Frequency, Level, QuantityError, Size, Time};
pub use system::now;
pub use vad_gate::{Detector, Mode, VadGate};

/// Hands every node type of this crate to `registry`, one line a type.
///
/// ```
/// use patchline_graph::Node;
/// use patchline_nodes::declaration::Declaration;
/// use patchline_nodes::{PatchNode, Register, register_all};
///
/// struct Count(usize);
///
/// impl Register for Count {
///     fn node<N: PatchNode>(&mut self) {
///         assert_eq!(Declaration::of::<N>().kind, N::KIND);
///         self.0 += 1;
///     }
/// }
///
/// let mut count = Count(0);
/// register_all(&mut count);
/// assert_eq!(count.0, 11);
/// ```
pub fn register_all(registry: &mut impl Register) {
    registry.node::<Input>();
    registry.node::<Output>();
    registry.node::<Gain>();
    registry.node::<Delay>();
    registry.node::<Meter>();
    registry.node::<VadGate>();
    registry.node::<FileSink>();
    registry.node::<FileSource>();
    registry.node::<Matrix>();
    registry.node::<Oscillator>();
    registry.node::<Noise>();
}
