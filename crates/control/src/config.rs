//! What is opened, and for whom.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::rate::MOST_HZ;
use crate::token::Token;

/// What control is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where OSC is listened for, by UDP. It asks for no token: whoever reaches the port may set parameters.
    pub osc: Option<SocketAddr>,
    /// Where WebSocket clients are let in.
    pub web: Option<WebConfig>,
    /// Whether addresses other than this machine's own (loopback) may be listened at.
    pub remote: bool,
    /// How often a client is told readings at most, in Hz: 0.1 to 30.
    pub most_hz: f64,
}

impl Default for Config {
    /// Nothing is open.
    fn default() -> Self {
        Self { osc: None, web: None, remote: false, most_hz: MOST_HZ }
    }
}

/// For whom the WebSocket is.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// What a client has to know.
    pub token: Token,
    /// Pages of other origins (`https://desk.example`) from which browsers may come. Pages of this port itself may.
    pub origins: Vec<String>,
    /// Names of this machine under which clients may come, beside `localhost` and any numeric address.
    pub hosts: Vec<String>,
    /// A page for browsers that know the token; without it they are told what this port is.
    pub page: Option<Arc<str>>,
}

impl WebConfig {
    /// An address and a token, and nothing but that.
    #[must_use]
    pub fn new(address: SocketAddr, token: Token) -> Self {
        Self { address, token, origins: Vec::new(), hosts: Vec::new(), page: None }
    }
}

/// Why control was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address of others than this machine, without being told so.
    #[error("{0} is reached from other machines: that has to be allowed")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen for {what} at {address}: {error}")]
    Bind {
        /// `"OSC"` or `"WebSocket"`.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
}

impl Config {
    /// Whether all addresses may be listened at.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let mut addresses = self.osc.iter().chain(self.web.iter().map(|web| &web.address));
        match addresses.find(|address| !self.remote && !address.ip().to_canonical().is_loopback()) {
            Some(&address) => Err(StartError::NotLoopback(address)),
            None => Ok(()),
        }
    }
}
