//! Threads that render a piece together.
//!
//! The audio thread is the conductor: it has lane 0, and whatever no helper has begun. Each other lane has a helper, a
//! worker thread that looks for its next task, and sleeps between calls of `render` as [`pace`] says. Nobody wakes anybody.

mod cell;
mod pace;
mod protocol;
mod worker;

pub(crate) use protocol::{Conductor, Job, team};
pub use worker::Worker;
pub(crate) use worker::{Call, Calls, workers};
