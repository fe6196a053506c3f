//! The binary from outside: what goes in, what comes out, and how it ends.

mod batch;
mod bench;
#[cfg(target_os = "linux")]
#[path = "../../../io-jack/tests/live/buried.rs"]
mod buried;
mod check;
#[cfg(unix)]
mod control;
mod corpus;
mod demo;
mod devices;
mod doctor;
#[cfg(unix)]
mod documented;
mod first;
mod flight;
mod guarded;
mod help;
#[path = "../../../patch/tests/hostile/mod.rs"]
mod hostile;
#[cfg(target_os = "linux")]
mod jack;
mod json;
mod meter;
mod mistakes;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "nothing is frozen here")]
#[path = "../../../nodes/tests/faults/mounts.rs"]
mod mounts;
#[cfg(unix)]
mod page;
mod panel;
mod pictures;
mod pipes;
mod planted;
mod play;
#[cfg(target_os = "linux")]
mod pulse;
mod record;
mod reload;
mod render;
mod repair;
mod replay;
mod run;
#[cfg(all(target_os = "linux", feature = "tui"))]
mod screen;
mod support;
