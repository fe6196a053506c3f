//! Two devices with clocks of their own, in virtual time.

mod devices;
mod pair;
mod trouble;
