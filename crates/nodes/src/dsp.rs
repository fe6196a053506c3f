//! The kernels that nodes are made of: plain slices of samples, no graph types.
//!
//! Everything here counts its own frames, so that any split of a signal into calls gives the same bits, and none of it
//! allocates, locks or waits after its constructor. One slice is one channel; a *frame* is one sample per channel.

pub mod delay;
pub mod flush;
pub mod gate;
pub mod noise;
pub mod oscillator;
mod prefetch;
mod resample;
pub mod smooth;
pub mod speech;

#[cfg(test)]
mod testing;
