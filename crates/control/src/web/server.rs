//! The listening socket: a thread that takes connections in, and sends away what is too much.

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::connection;
use crate::config::WebConfig;
use crate::control::Incoming;
use crate::counts::Counts;
use crate::inbox::{ClientId, Inbox};

/// Clients at a time.
const MOST_CLIENTS: usize = 16;
/// Connections that are not let in yet. Of more, the one that has taken longest is sent away.
const MOST_STRANGERS: usize = 32;
/// How long the door stays closed after that: who means well is let in within this for each place at the door.
const CROWDED: Duration = Duration::from_millis(5);
/// What a connection's threads need: deep JSON is followed on the stack.
pub(super) const STACK: usize = 1024 * 1024;

/// The port, open until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections know.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: WebConfig,
    pub(super) inbox: Arc<Inbox<Incoming>>,
    pub(super) counts: Arc<Counts>,
    ending: AtomicBool,
    guests: Mutex<Guests>,
}

/// All open connections, by their numbers.
#[derive(Debug, Default)]
struct Guests {
    numbers: u64,
    strangers: BTreeMap<u64, TcpStream>,
    clients: BTreeMap<u64, TcpStream>,
}

impl Server {
    /// Binds the port and starts to listen.
    pub(crate) fn start(config: WebConfig, inbox: Arc<Inbox<Incoming>>, counts: Arc<Counts>) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address)?;
        let address = listener.local_addr()?;
        let (ending, guests) = (AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { config, inbox, counts, ending, guests });
        let listening = Arc::clone(&shared);
        let thread = Builder::new().name("websocket".to_owned()).spawn(move || listening.listen(&listener))?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        // The thread waits for a connection: here is one.
        let mut own = self.address;
        if own.ip().is_unspecified() {
            own.set_ip(if own.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
        }
        let woken = TcpStream::connect_timeout(&own, Duration::from_secs(1)).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
        self.shared.guests().close_all();
    }
}

impl Shared {
    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.ending.load(Ordering::Relaxed) {
                return;
            }
            let taken = stream.and_then(|stream| self.take_in(stream));
            if taken.is_err() {
                // Too many files are open, or too many threads: some end soon.
                self.counts.connections_refused.raise();
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    fn take_in(self: &Arc<Self>, stream: TcpStream) -> io::Result<()> {
        let (number, crowded) = self.guests().stranger(stream.try_clone()?);
        if crowded {
            self.counts.connections_refused.raise();
            std::thread::sleep(CROWDED);
        }
        let shared = Arc::clone(self);
        let begun = Builder::new().name(format!("client {number}")).stack_size(STACK).spawn(move || {
            connection::serve(stream, number, &shared);
            shared.guests().forget(number);
        });
        if begun.is_err() {
            self.guests().forget(number);
        }
        begun.map(|_| ())
    }

    /// Lets somebody in; false if there is no room.
    pub(super) fn let_in(&self, number: u64) -> bool {
        self.guests().let_in(number)
    }

    /// The number of a connection as a client.
    pub(super) fn client(number: u64) -> ClientId {
        ClientId::web(number)
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    /// Takes down somebody who has come; if there was no room, in the place of whoever has been at the door for longest.
    fn stranger(&mut self, stream: TcpStream) -> (u64, bool) {
        let crowded = self.strangers.len() >= MOST_STRANGERS;
        if crowded && let Some((_, slow)) = self.strangers.pop_first() {
            end(&slow);
        }
        self.numbers += 1;
        self.strangers.insert(self.numbers, stream);
        (self.numbers, crowded)
    }

    fn let_in(&mut self, number: u64) -> bool {
        if self.clients.len() >= MOST_CLIENTS {
            return false;
        }
        let stranger = self.strangers.remove(&number);
        stranger.is_some_and(|stream| self.clients.insert(number, stream).is_none())
    }

    fn forget(&mut self, number: u64) {
        self.strangers.remove(&number);
        self.clients.remove(&number);
    }

    fn close_all(&mut self) {
        self.strangers.values().chain(self.clients.values()).for_each(end);
    }
}

fn end(stream: &TcpStream) {
    // One that is closed already needs no end.
    let _ = stream.shutdown(Shutdown::Both);
}
