//! One connection, from its first byte to its last: a thread that reads, and one that writes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tungstenite::error::CapacityError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::admission::{Admission, admit};
use super::http::Request;
use super::outbox::{Outbox, Outgoing};
use super::server::{STACK, Shared};
use crate::bucket::Bucket;
use crate::control::Incoming;
use crate::inbox::ClientId;
use crate::json::{self, Bad};

/// How long somebody may take to show a token.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a write may take before its client counts as gone.
const WRITE: Duration = Duration::from_secs(5);
/// How long nothing may come before a client is asked for a sign of life, and how often.
const SILENCE: Duration = Duration::from_secs(20);
const SILENCES: u32 = 3;
/// Messages in a second and at once: beyond, a client is read more slowly.
const RATE: (u32, u32) = (2000, 2000);
/// Messages that are none, in a second and at once: beyond, a client is sent away.
const BAD_RATE: (u32, u32) = (1, 50);

/// Close codes of RFC 6455.
const POLICY: u16 = 1008;
const TOO_LONG: u16 = 1009;
const PROTOCOL: u16 = 1002;
const CROWDED: u16 = 1013;

/// Serves a connection to its end.
pub(super) fn serve(mut stream: TcpStream, number: u64, shared: &Arc<Shared>) {
    // What cannot be set is not there to be needed.
    let _ = stream.set_nodelay(true);
    let _ = stream.set_write_timeout(Some(WRITE));
    let deadline = Instant::now() + HANDSHAKE;
    let opened = open(&mut stream, shared, deadline);
    let Ok(Some((rest, token_shown))) = opened else {
        shared.counts.connections_refused.raise();
        linger(&stream);
        return;
    };
    if let Ok(mut connection) = Connection::new(stream, rest, shared, Shared::client(number)) {
        let in_time = token_shown || connection.wait_for_token(deadline);
        let let_in = in_time && connection.enter(number);
        if let_in {
            connection.read_on();
        } else {
            shared.counts.connections_refused.raise();
        }
        connection.finish(let_in);
    }
}

/// Reads the request and answers it; what follows if it became a WebSocket, and whether the token was shown.
fn open(stream: &mut TcpStream, shared: &Shared, deadline: Instant) -> io::Result<Option<(Vec<u8>, bool)>> {
    let request = match Request::read(stream, deadline)? {
        Ok(request) => request,
        Err(response) => return response.write(stream).map(|()| None),
    };
    match admit(&request, &shared.config) {
        Admission::Answer(response) => response.write(stream).map(|()| None),
        Admission::Open { accept, protocol, token_shown } => {
            let chosen = if protocol { "Sec-WebSocket-Protocol: patchline\r\n" } else { "" };
            write!(
                stream,
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n{chosen}\r\n"
            )?;
            Ok(Some((request.rest, token_shown)))
        }
    }
}

/// Says that nothing more is written, and reads away what was sent meanwhile: otherwise an answer may be lost with it.
fn linger(mut stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    let (mut piece, mut most) = ([0; 4096], 16);
    while most > 0 && stream.read(&mut piece).is_ok_and(|count| count > 0) {
        most -= 1;
    }
}

/// A stream that is only read: what the protocol answers by itself goes through the outbox, in its turn.
struct ReadHalf(TcpStream);

impl Read for ReadHalf {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for ReadHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Connection<'a> {
    socket: WebSocket<ReadHalf>,
    outbox: Arc<Outbox>,
    writer: JoinHandle<()>,
    shared: &'a Shared,
    client: ClientId,
    rate: Bucket,
    bad: Bucket,
}

impl<'a> Connection<'a> {
    fn new(stream: TcpStream, rest: Vec<u8>, shared: &'a Shared, client: ClientId) -> io::Result<Self> {
        let outbox = Arc::new(Outbox::new(Some(stream.try_clone()?)));
        let (to_write, sending) = (stream.try_clone()?, Arc::clone(&outbox));
        let writer =
            Builder::new().name("writer".to_owned()).stack_size(STACK).spawn(move || write(to_write, &sending))?;
        let config = config().max_message_size(Some(json::LONGEST)).max_frame_size(Some(json::LONGEST));
        let socket = WebSocket::from_partially_read(ReadHalf(stream), rest, Role::Server, Some(config));
        let now = Instant::now();
        let (rate, bad) = (Bucket::new(RATE.0, RATE.1, now), Bucket::new(BAD_RATE.0, BAD_RATE.1, now));
        Ok(Self { socket, outbox, writer, shared, client, rate, bad })
    }

    /// Whether the first message shows the token, in time.
    fn wait_for_token(&mut self, deadline: Instant) -> bool {
        let small = 4096;
        self.socket.set_config(|config| {
            config.max_message_size = Some(small);
            config.max_frame_size = Some(small);
        });
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let shown = self.socket.get_ref().0.set_read_timeout(Some(left)).is_ok() && self.shows_token();
        if !shown {
            self.outbox.put(Outgoing::Close(POLICY, "the first message has to show the token"));
        }
        self.socket.set_config(|config| {
            config.max_message_size = Some(json::LONGEST);
            config.max_frame_size = Some(json::LONGEST);
        });
        shown
    }

    fn shows_token(&mut self) -> bool {
        let Ok(Message::Text(text)) = self.socket.read() else { return false };
        json::hello(&text).is_some_and(|token| self.shared.config.token.is(&token))
    }

    /// Becomes a client, if there is room.
    fn enter(&mut self, number: u64) -> bool {
        if !self.shared.let_in(number) {
            self.outbox.put(Outgoing::Close(CROWDED, "too many clients already"));
            return false;
        }
        self.outbox.send(json::welcome());
        self.shared.counts.connections.raise();
        let joined = Incoming::Joined(Arc::clone(&self.outbox));
        self.shared.inbox.give(self.client, joined, 0)
    }

    /// Reads messages until the connection ends.
    fn read_on(&mut self) {
        let mut silences = 0;
        if self.socket.get_ref().0.set_read_timeout(Some(SILENCE)).is_err() {
            return;
        }
        loop {
            match self.socket.read() {
                Ok(message) => {
                    silences = 0;
                    if !self.receive(message) {
                        return;
                    }
                }
                Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    silences += 1;
                    if silences > SILENCES {
                        return;
                    }
                    self.outbox.put(Outgoing::Ping);
                }
                Err(error) => return self.break_off(&error),
            }
        }
    }

    /// Takes a message; false if it was the last.
    fn receive(&mut self, message: Message) -> bool {
        let wait = self.rate.borrow(Instant::now());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        match message {
            Message::Text(text) => match json::read(&text) {
                Ok(asked) => self.shared.inbox.give(self.client, Incoming::Json(asked), text.len()),
                Err(bad) => self.refuse(&bad),
            },
            Message::Ping(bytes) => {
                self.outbox.put(Outgoing::Pong(bytes.to_vec()));
                true
            }
            Message::Close(_) => {
                self.outbox.put(Outgoing::Close(1000, ""));
                false
            }
            Message::Binary(_) => self.refuse(&Bad::text_only()),
            Message::Pong(_) | Message::Frame(_) => true,
        }
    }

    /// Answers a message that is none; false if there were too many.
    fn refuse(&mut self, bad: &Bad) -> bool {
        self.shared.counts.malformed.raise();
        self.outbox.send(json::refused(&bad.id, &bad.refusal));
        if self.bad.take(1, Instant::now()) {
            return true;
        }
        self.shared.counts.clients_dropped.raise();
        self.outbox.put(Outgoing::Close(POLICY, "too many messages that are none"));
        false
    }

    fn break_off(&self, error: &Error) {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                self.shared.counts.malformed.raise();
                self.outbox.put(Outgoing::Close(TOO_LONG, "a message has at most 1 MiB"));
            }
            Error::Protocol(_) | Error::Utf8(_) | Error::Capacity(_) => {
                self.shared.counts.malformed.raise();
                self.outbox.put(Outgoing::Close(PROTOCOL, "not the WebSocket protocol"));
            }
            _ => {}
        }
    }

    /// Writes what is left, and ends the connection.
    fn finish(self, was_client: bool) {
        let Self { socket, outbox, writer, shared, client, .. } = self;
        if was_client {
            shared.inbox.give(client, Incoming::Left, 0);
        }
        if outbox.overflowed() {
            shared.counts.clients_dropped.raise();
        }
        // Where no close was put yet there is nobody to read one.
        outbox.put(Outgoing::Close(1000, ""));
        // A writer that panicked has ended, too.
        let _ = writer.join();
        linger(&socket.get_ref().0);
        let _ = socket.get_ref().0.shutdown(Shutdown::Both);
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(0)
}

/// Writes what is put into the outbox, until the last of it or until nobody reads.
fn write(stream: TcpStream, outbox: &Outbox) {
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config()));
    while let Some(outgoing) = outbox.take() {
        let message = match outgoing {
            Outgoing::Text(text) => Message::text(text),
            Outgoing::Ping => Message::Ping(Vec::new().into()),
            Outgoing::Pong(bytes) => Message::Pong(bytes.into()),
            Outgoing::Close(code, reason) => {
                Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() }))
            }
        };
        if socket.send(message).is_err() {
            outbox.end();
            // Whoever reads shall end, too.
            let _ = socket.get_ref().shutdown(Shutdown::Both);
            return;
        }
    }
}
