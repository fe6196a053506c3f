//! Clients over real sockets, against a desk that only remembers.

mod bench;
mod direct;
mod documented;
mod hostile;
mod osc;
mod support;
mod websocket;
