//! `./x prove` and `./x soak`: what is promised of the audio callback, tried, and shown to be able to fail.
//!
//! As a library: the node types that come with Patchline, as tests want them.

mod allocator;
mod cargo;
mod catalog;
mod clippy;
mod nodes;
mod planted;
mod program;
mod row;
mod rtsan;
mod run;
mod sanitizers;
mod soak;
mod swaps;

pub use allocator::{Switch, allocator};
pub use catalog::{Each, Every, every_node, every_type, other, random, resolved, variants};
pub use program::main;
