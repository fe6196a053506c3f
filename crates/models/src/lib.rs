//! What threads hand to each other, in every order in which it can happen.
//!
//! [loom](https://docs.rs/loom) runs a small program again and again, once for each interleaving that it tells apart, with
//! all that the memory model allows, and fails where two threads touch the same memory at once or an assertion breaks.
//! What it tells apart is not quite everything: calls of a callback, between which time goes by, yield to the other thread
//! here, or it would miss some. It cannot look into the libraries that carry our messages (`rtrb`, `basedrop`). So there
//! are two kinds of model:
//!
//! - what is ours alone is compiled here from its own source, with loom's atomics in the place of the standard library's
//!   ([`lapped`], [`team`]);
//! - what is built on a library is rewritten over a [`Ring`] that does what the library documents: [`swap`] (a plan takes
//!   over and the old one goes back), [`pending`] (parameter changes that wait), [`marks`] (a recorder's gaps),
//!   [`requests`] (one thread asks for all).
//!
//! Each model takes its weakenings as a parameter, and its tests plant them: one that goes unnoticed fails the test.

pub mod lapped;
pub mod marks;
pub mod pending;
pub mod requests;
mod ring;
pub mod swap;
pub mod team;

pub use ring::{Consumer, Producer, Ring};

/// Runs every interleaving of `model`, with at most so many involuntary switches between threads.
pub fn explore(switches: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(switches);
    builder.check(model);
}

/// Whether some interleaving of `model` fails.
///
/// # Panics
/// Never: what the model panics with is the answer.
pub fn fails(switches: usize, model: impl Fn() + Sync + Send + 'static) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| explore(switches, model))).is_err()
}
