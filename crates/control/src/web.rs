//! The WebSocket's port: who is let in, and what they send.

mod admission;
mod connection;
mod http;
mod outbox;
mod server;

pub(crate) use outbox::Outbox;
pub(crate) use server::Server;
