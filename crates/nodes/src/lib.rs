//! Patchline's nodes: gain, delay, meter, gate, recorder and the rest, one file each.

pub mod declaration;
pub mod dsp;
mod patch_node;
mod paths;
mod quantity;

pub use declaration::{Declaration, Param};
pub use patch_node::{PatchNode, Register, Surroundings};
pub use paths::resolve_path;
pub use quantity::{Frequency, Level, QuantityError, Size, Time};

/// Hands every node type of this crate to `registry`, one line a type.
pub fn register_all(registry: &mut impl Register) {
    let _ = registry;
}
