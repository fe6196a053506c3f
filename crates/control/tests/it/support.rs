//! Control with a desk on a thread of its own, and clients.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use patchline_control::{Config, Control, ControlStats, Token, WebConfig};
use rosc::{OscMessage, OscPacket, OscType, decoder, encoder};
use serde_json::Value;
use tungstenite::{Message, WebSocket, client};

use crate::bench::Bench;

pub(crate) const TOKEN: &str = "0123456789abcdef";

/// How long something may take that takes milliseconds: against hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Served {
    pub(crate) osc: SocketAddr,
    pub(crate) web: SocketAddr,
    bench: Arc<Mutex<Bench>>,
    stats: Arc<Mutex<ControlStats>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn new() -> Self {
        let local = "127.0.0.1:0".parse().unwrap();
        let web = WebConfig { page: Some("<p>hello".into()), ..WebConfig::new(local, Token::new(TOKEN).unwrap()) };
        let config = Config { osc: Some(local), web: Some(web), ..Config::default() };
        let mut control = Control::start(config).unwrap();
        let (osc, web) = (control.osc_address().unwrap(), control.web_address().unwrap());
        let (bench, ending) = (Arc::new(Mutex::new(Bench::default())), Arc::new(AtomicBool::new(false)));
        let stats = Arc::new(Mutex::new(control.stats()));
        let (desk, told, counted) = (Arc::clone(&bench), Arc::clone(&ending), Arc::clone(&stats));
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                // As the runner does: a look every few milliseconds, and nothing in between.
                std::thread::sleep(Duration::from_millis(5));
                let mut desk = desk.lock().unwrap();
                desk.frame += 240;
                let before = desk.revision;
                control.pass(&mut *desk, Duration::ZERO);
                if desk.revision != before {
                    control.loaded(serde_json::Map::from_iter([("frame".to_owned(), desk.frame.into())]));
                }
                *counted.lock().unwrap() = control.stats();
            }
        });
        Self { osc, web, bench, stats, ending, thread: Some(thread) }
    }

    pub(crate) fn bench(&self) -> MutexGuard<'_, Bench> {
        self.bench.lock().unwrap()
    }

    pub(crate) fn stats(&self) -> ControlStats {
        *self.stats.lock().unwrap()
    }

    /// Waits until so much was counted.
    pub(crate) fn until_counted(&self, what: &str, holds: impl Fn(ControlStats) -> bool) {
        let start = Instant::now();
        while !holds(self.stats()) {
            assert!(start.elapsed() < PATIENCE && self.is_alive(), "{what}: {:?}", self.stats());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Bench) -> bool) {
        let start = Instant::now();
        while !holds(&self.bench()) {
            assert!(start.elapsed() < PATIENCE && self.is_alive(), "{what}: {:?}", self.bench());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking(), "the control thread panicked");
    }
}

/// A WebSocket client.
pub(crate) struct Web(pub(crate) WebSocket<TcpStream>);

impl Web {
    /// One that was let in and welcomed.
    pub(crate) fn new(served: &Served) -> Self {
        let mut web = Self::connect(served, &format!("?token={TOKEN}")).unwrap();
        let welcome = web.next();
        assert_eq!((&welcome["event"], &welcome["protocol"]), (&"welcome".into(), &1.into()));
        web
    }

    /// As [`new`](Self::new), if need be after some attempts.
    pub(crate) fn new_at_last(served: &Served) -> Self {
        let start = Instant::now();
        loop {
            if let Ok(mut web) = Self::connect(served, &format!("?token={TOKEN}")) {
                assert_eq!(web.next()["event"], "welcome");
                return web;
            }
            assert!(start.elapsed() < PATIENCE, "nobody comes in");
        }
    }

    pub(crate) fn connect(served: &Served, query: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(served.web).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let url = format!("ws://{}/{query}", served.web);
        client(url, stream).map(|(socket, _)| Self(socket)).map_err(|error| error.to_string())
    }

    pub(crate) fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    /// The next text.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The next event of that name.
    pub(crate) fn event(&mut self, event: &str) -> Value {
        loop {
            let next = self.next();
            if next["event"] == event {
                return next;
            }
        }
    }

    /// The answer to a request, whatever is told before it.
    pub(crate) fn ask(&mut self, message: Value) -> Value {
        self.send(&message);
        loop {
            let next = self.next();
            if next.get("event").is_none() {
                assert_eq!(next["id"], message["id"], "{next}");
                return next;
            }
        }
    }

    /// Whether nothing but an end comes.
    pub(crate) fn closed_at_once(&mut self) -> bool {
        !self.0.read().is_ok_and(|message| message.is_text())
    }

    /// Why the connection was closed, after whatever came before.
    pub(crate) fn closed(&mut self) -> (u16, String) {
        loop {
            match self.0.read() {
                Ok(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Ok(_) => {}
                Err(error) => return (0, error.to_string()),
            }
        }
    }
}

/// An OSC client.
pub(crate) struct Osc {
    socket: UdpSocket,
    server: SocketAddr,
    waiting: Vec<OscMessage>,
}

impl Osc {
    pub(crate) fn new(served: &Served) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, server: served.osc, waiting: Vec::new() }
    }

    pub(crate) fn send(&self, addr: &str, args: Vec<OscType>) {
        self.send_packet(&OscPacket::Message(OscMessage { addr: addr.to_owned(), args }));
    }

    pub(crate) fn send_packet(&self, packet: &OscPacket) {
        self.send_bytes(&encoder::encode(packet).unwrap());
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.server).unwrap();
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> (String, Vec<OscType>) {
        if self.waiting.is_empty() {
            let mut bytes = [0; 65_536];
            let (length, _) = self.socket.recv_from(&mut bytes).expect("an answer");
            assert!(length <= 1472, "a datagram of {length} bytes");
            self.waiting = messages(decoder::decode_udp(&bytes[..length]).unwrap().1);
        }
        let OscMessage { addr, args } = self.waiting.remove(0);
        (addr, args)
    }

    /// The next message to this address.
    pub(crate) fn at(&mut self, addr: &str) -> Vec<OscType> {
        loop {
            let (next, args) = self.next();
            if next == addr {
                return args;
            }
        }
    }

    /// How long an answer is waited for.
    pub(crate) fn again_after(&self, time: Duration) {
        self.socket.set_read_timeout(Some(time)).unwrap();
    }

    /// Sets something, again and again until it is so.
    pub(crate) fn insist(&mut self, addr: &str, value: OscType) {
        let start = Instant::now();
        loop {
            self.send(addr, vec![value.clone()]);
            self.send(addr, vec![]);
            let mut bytes = [0; 65_536];
            while let Ok((length, _)) = self.socket.recv_from(&mut bytes) {
                let told = messages(decoder::decode_udp(&bytes[..length]).unwrap().1);
                if told.iter().any(|message| message.addr == addr && message.args == [value.clone()]) {
                    return;
                }
            }
            assert!(start.elapsed() < PATIENCE, "{addr} was never answered");
        }
    }

    pub(crate) fn ask(&mut self, addr: &str) -> Vec<OscType> {
        self.send(addr, vec![]);
        self.at(addr)
    }
}

fn messages(packet: OscPacket) -> Vec<OscMessage> {
    match packet {
        OscPacket::Message(message) => vec![message],
        OscPacket::Bundle(bundle) => bundle.content.into_iter().flat_map(messages).collect(),
    }
}
