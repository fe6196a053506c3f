//! All clients of a desk, served on its thread.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::config::{Config, StartError};
use crate::counts::{ControlStats, Counts};
use crate::desk::{Desk, Name, Refusal};
use crate::inbox::{ClientId, Inbox};
use crate::json::{self, Asked, Watcher};
use crate::news::News;
use crate::osc::packet::Group;
use crate::osc::{self, Osc};
use crate::web::{self, Outbox};

/// Messages that are handled in one pass at most.
const MOST_MESSAGES: usize = 1024;
/// How long one pass takes at most, but for the message that it is at.
const MOST_TIME: Duration = Duration::from_millis(5);

/// The client of a program's own transport: no socket has these.
const DIRECT: ClientId = ClientId(u64::MAX);
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// What arrives for the control thread.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A WebSocket client was let in.
    Joined(Arc<Outbox>),
    /// It is gone.
    Left,
    /// It asks for something.
    Json(Asked),
    /// A packet of an OSC client.
    Osc(SocketAddr, Vec<Group>),
    /// One that was none, and why.
    BadOsc(SocketAddr, String),
}

/// Sockets that are listened at, and whoever came.
///
/// The sockets have threads of their own, at normal priority; what arrives there waits, bounded for each client, until the
/// thread that owns the [`Desk`] calls [`pass`](Self::pass). Clients are served in turn, so that one who floods delays
/// others by no more than one message each.
#[derive(Debug)]
pub struct Control {
    inbox: Arc<Inbox<Incoming>>,
    counts: Arc<Counts>,
    osc_server: Option<osc::server::Server>,
    web_server: Option<web::Server>,
    osc: Osc,
    watchers: BTreeMap<ClientId, Watcher>,
    news: News,
    most_hz: f64,
}

/// What is at hand while messages are handled.
pub(crate) struct Context<'a> {
    pub(crate) desk: &'a mut dyn Desk,
    pub(crate) news: &'a mut News,
    pub(crate) counts: &'a Counts,
    pub(crate) clients: (usize, usize),
    pub(crate) most_hz: f64,
    pub(crate) now: Instant,
}

impl Control {
    /// Opens what is asked for.
    ///
    /// # Errors
    /// Addresses that other machines reach, unless these are allowed, and those that cannot be had.
    pub fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        let (inbox, counts) = (Arc::new(Inbox::default()), Arc::new(Counts::default()));
        let bind = |what, address| move |error| StartError::Bind { what, address, error };
        let osc = config
            .osc
            .map(|at| osc::server::Server::start(at, Arc::clone(&inbox), Arc::clone(&counts)).map_err(bind("OSC", at)));
        let web = config.web.map(|web| {
            let at = web.address;
            web::Server::start(web, Arc::clone(&inbox), Arc::clone(&counts)).map_err(bind("WebSocket", at))
        });
        Ok(Self {
            osc_server: osc.transpose()?,
            web_server: web.transpose()?,
            inbox,
            counts,
            osc: Osc::default(),
            watchers: BTreeMap::new(),
            news: News::default(),
            most_hz: config.most_hz,
        })
    }

    /// Handles what has arrived, and tells clients what they wait for. Call it every 10 ms or so.
    ///
    /// Without anything to do it returns after `wait`; it returns earlier when something arrives. What it does is
    /// bounded: some thousand messages or some milliseconds.
    pub fn pass(&mut self, desk: &mut dyn Desk, wait: Duration) {
        if !wait.is_zero() {
            self.inbox.wait(wait);
        }
        let (start, inbox) = (Instant::now(), Arc::clone(&self.inbox));
        self.at_desk(desk, |control, on| {
            control.osc.perform_due(on);
            for _ in 0..MOST_MESSAGES {
                let Some((client, incoming)) = inbox.take() else { break };
                control.handle(client, incoming, on);
                on.now = Instant::now();
                if on.now.saturating_duration_since(start) > MOST_TIME {
                    break;
                }
            }
        });
        let datagrams = self.osc.datagrams();
        self.osc_server.iter().for_each(|server| server.send(&datagrams));
    }

    /// Handles one packet as if it had come by OSC, and returns the datagrams that answer it: for transports of a
    /// program's own.
    pub fn osc(&mut self, desk: &mut dyn Desk, packet: &[u8]) -> Vec<Vec<u8>> {
        let incoming = match osc::packet::decode(packet) {
            Ok(groups) => Incoming::Osc(NOWHERE, groups),
            Err(words) => Incoming::BadOsc(NOWHERE, words),
        };
        self.at_desk(desk, |control, on| control.handle(DIRECT, incoming, on));
        let (own, others): (Vec<_>, _) = self.osc.datagrams().into_iter().partition(|(to, _)| *to == NOWHERE);
        self.osc_server.iter().for_each(|server| server.send(&others));
        own.into_iter().map(|(_, datagram)| datagram).collect()
    }

    /// Handles one text as if it had come over WebSocket, from one client whose token was good, and returns what that
    /// client is told: for transports of a program's own.
    pub fn json(&mut self, desk: &mut dyn Desk, text: &str) -> Vec<String> {
        let outbox = self.watchers.entry(DIRECT).or_insert_with(|| Watcher::new(Arc::new(Outbox::new(None)))).outbox();
        match json::read(text) {
            Ok(asked) => self.at_desk(desk, |control, on| control.handle(DIRECT, Incoming::Json(asked), on)),
            Err(bad) => {
                self.counts.malformed.raise();
                outbox.send(json::refused(&bad.id, &bad.refusal));
            }
        }
        outbox.texts()
    }

    /// Does something at the desk, and tells clients what came of it.
    fn at_desk(&mut self, desk: &mut dyn Desk, what: impl FnOnce(&mut Self, &mut Context<'_>)) {
        let clients = (self.watchers.len(), self.osc.listeners());
        let counts = Arc::clone(&self.counts);
        let mut news = std::mem::take(&mut self.news);
        let (most_hz, now) = (self.most_hz, Instant::now());
        let mut on = Context { desk, news: &mut news, counts: &counts, clients, most_hz, now };
        what(self, &mut on);
        self.tell(&mut on);
    }

    /// Tells clients that a parameter was set by somebody else: a controller, a reload.
    pub fn changed(&mut self, name: Name, value: Value) {
        self.news.values.insert(name, value);
    }

    /// Tells clients that another patch plays, with a report of it.
    pub fn loaded(&mut self, report: Map<String, Value>) {
        self.news.loaded(report);
    }

    /// Tells clients that something happened: a word for it, and what more is known.
    pub fn event(&mut self, event: &str, more: Map<String, Value>) {
        self.news.event(event, more);
    }

    /// Where OSC is listened for.
    #[must_use]
    pub fn osc_address(&self) -> Option<SocketAddr> {
        self.osc_server.as_ref().map(osc::server::Server::address)
    }

    /// Where WebSocket clients are let in.
    #[must_use]
    pub fn web_address(&self) -> Option<SocketAddr> {
        self.web_server.as_ref().map(web::Server::address)
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> ControlStats {
        self.counts.read()
    }

    fn handle(&mut self, client: ClientId, incoming: Incoming, on: &mut Context<'_>) {
        match incoming {
            Incoming::Joined(outbox) => _ = self.watchers.insert(client, Watcher::new(outbox)),
            Incoming::Left => _ = self.watchers.remove(&client),
            Incoming::Json(asked) => {
                on.counts.messages.raise();
                // Who was sent away for not reading is not worked for.
                let watcher = self.watchers.get_mut(&client).filter(|watcher| !watcher.is_gone());
                if let Some(watcher) = watcher {
                    watcher.answer(asked, on);
                }
            }
            Incoming::Osc(from, groups) => self.osc.receive(client, from, groups, on),
            Incoming::BadOsc(from, words) => self.osc.refuse(client, from, &Refusal::malformed(words), on),
        }
    }

    /// Tells what happened in this pass, and what was measured.
    fn tell(&mut self, on: &mut Context<'_>) {
        let osc_wants = self.osc.wants_readings(on);
        let wanted = osc_wants || self.watchers.values().any(|watcher| watcher.wants_readings(on.now));
        let measured = wanted.then(|| on.desk.readings());
        let news = std::mem::take(on.news);
        self.osc.tell(&news, measured.as_deref(), on.now);
        for watcher in self.watchers.values_mut() {
            watcher.tell(&news);
            if let Some(measured) = &measured {
                watcher.tell_readings(measured, on.desk.frame(), on.now);
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Threads that wait for room in it have to end.
        self.inbox.close();
    }
}

impl Context<'_> {
    /// What the desk counted, and what control did.
    pub(crate) fn statistics(&mut self) -> Map<String, Value> {
        let mut all = self.desk.statistics();
        let mut control = self.counts.read().data();
        let (watchers, listeners) = self.clients;
        control.insert("websocket_clients".to_owned(), json!(watchers));
        control.insert("osc_listeners".to_owned(), json!(listeners));
        all.insert("control".to_owned(), Value::Object(control));
        all
    }
}
