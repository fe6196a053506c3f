//! What must hold of any bytes at all: a patch, a patch that plays, a sound file, what control clients send.
//!
//! Each function takes bytes and panics where something does not hold. The targets of `fuzz_targets/` hand them what
//! libFuzzer comes up with; `./x fuzz` builds and runs these.

mod choices;
mod control;
mod course;
mod folder;
mod graph;
mod patch;
mod sound;
mod wav;

pub use control::{answers_json, answers_osc};
pub use graph::plays;
pub use patch::reads;
pub use wav::survives;
