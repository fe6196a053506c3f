//! Control of what plays, from elsewhere: OSC over UDP, and JSON over WebSocket.
//!
//! This crate knows sockets and protocols, not the engine. Whoever runs an engine implements [`Desk`] on its control
//! thread, starts [`Control`], and calls [`Control::pass`] every 10 ms or so. Everything that arrives is bounded before
//! anything is made of it, answered in words where it makes no sense, and never reaches the audio thread except as what
//! the desk does.
//!
//! What the messages are stands in `docs/control.md`.

mod bucket;
mod config;
mod control;
mod counts;
mod desk;
mod inbox;
mod json;
mod news;
mod osc;
mod rate;
mod span;
mod token;
mod web;

pub use config::{Config, StartError, WebConfig};
pub use control::Control;
pub use counts::ControlStats;
pub use desk::{Code, Desk, How, Measured, Name, NodeInfo, ParameterInfo, ReadingInfo, Refusal, Setting, When};
pub use token::Token;
