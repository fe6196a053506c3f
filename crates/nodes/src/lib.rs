//! Patchline's nodes: gain, delay, meter, gate, recorder and the rest, one file each.

mod quantity;

pub use quantity::{Frequency, Level, QuantityError, Size, Time};
