//! The socket: reads datagrams on a thread of its own, and throws away what is too much.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::packet;
use crate::bucket::Bucket;
use crate::control::Incoming;
use crate::counts::Counts;
use crate::inbox::{ClientId, Inbox};

/// Messages of one sender, in a second and at once.
const RATE: (u32, u32) = (4000, 2000);
/// Senders that are told apart. Those beyond share one seat.
const SEATS: usize = 64;
/// How long a seat is kept for a sender who says nothing.
const KEPT: Duration = Duration::from_secs(10);
/// How long the thread sleeps at most before it looks whether it shall end.
const LOOK: Duration = Duration::from_millis(100);
/// Longer than any datagram, so that none is cut unnoticed.
const DATAGRAM: usize = 65_536;

/// The seat of those who have none. Other clients' numbers are higher.
const CROWD: ClientId = ClientId(0);

/// A socket that is read.
#[derive(Debug)]
pub(crate) struct Server {
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds the socket and starts to read.
    pub(crate) fn start(at: SocketAddr, inbox: Arc<Inbox<Incoming>>, counts: Arc<Counts>) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::bind(at)?);
        socket.set_read_timeout(Some(LOOK))?;
        let address = socket.local_addr()?;
        let ending = Arc::new(AtomicBool::new(false));
        let mut reader = Reader { socket: Arc::clone(&socket), inbox, counts, seats: Seats::new() };
        let told = Arc::clone(&ending);
        let thread = Builder::new().name("osc".to_owned()).spawn(move || reader.run(&told))?;
        Ok(Self { socket, address, ending, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends datagrams. One that cannot be sent is lost, as any may be.
    pub(crate) fn send(&self, datagrams: &[(SocketAddr, Vec<u8>)]) {
        for (to, bytes) in datagrams {
            let _ = self.socket.send_to(bytes, to);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
    }
}

struct Reader {
    socket: Arc<UdpSocket>,
    inbox: Arc<Inbox<Incoming>>,
    counts: Arc<Counts>,
    seats: Seats,
}

impl Reader {
    fn run(&mut self, ending: &AtomicBool) {
        let mut bytes = vec![0; DATAGRAM];
        while !ending.load(Ordering::Relaxed) {
            match self.socket.recv_from(&mut bytes) {
                Ok((length, from)) => self.receive(&bytes[..length], from, Instant::now()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                // Windows tells here that an answer did not arrive.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(_) => std::thread::sleep(LOOK),
            }
        }
    }

    fn receive(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) {
        let (client, bucket) = self.seats.of(from, now);
        // Before anything is made of it: what is too much costs as little as can be.
        if !bucket.take(1, now) {
            self.counts.over_rate.raise();
            return;
        }
        match packet::decode(bytes) {
            Ok(groups) => {
                let messages: usize = groups.iter().map(|group| group.messages.len()).sum();
                let fits = messages <= 1 || bucket.take(messages - 1, now);
                let length = bytes.len();
                if !fits || !self.inbox.offer(client, Incoming::Osc(from, groups), length) {
                    self.counts.over_rate.add(messages as u64);
                }
            }
            Err(words) => {
                self.inbox.offer(client, Incoming::BadOsc(from, words), 200);
            }
        }
    }
}

/// Who sends, and how much they may yet.
struct Seats {
    taken: HashMap<SocketAddr, Seat>,
    crowd: Bucket,
    numbers: u64,
}

struct Seat {
    client: ClientId,
    bucket: Bucket,
    seen: Instant,
}

impl Seats {
    fn new() -> Self {
        let (rate, at_once) = RATE;
        Self { taken: HashMap::new(), crowd: Bucket::new(rate, at_once, Instant::now()), numbers: 0 }
    }

    /// A sender's number and bucket.
    fn of(&mut self, from: SocketAddr, now: Instant) -> (ClientId, &mut Bucket) {
        if !self.taken.contains_key(&from) && self.taken.len() >= SEATS {
            self.taken.retain(|_, seat| now.saturating_duration_since(seat.seen) < KEPT);
        }
        if !self.taken.contains_key(&from) && self.taken.len() >= SEATS {
            return (CROWD, &mut self.crowd);
        }
        let numbers = &mut self.numbers;
        let seat = self.taken.entry(from).or_insert_with(|| {
            *numbers += 1;
            let (rate, at_once) = RATE;
            Seat { client: ClientId::osc(*numbers), bucket: Bucket::new(rate, at_once, now), seen: now }
        });
        seat.seen = now;
        (seat.client, &mut seat.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_beyond_all_seats_share_one_until_others_fall_silent() {
        let mut seats = Seats::new();
        let now = Instant::now();
        let sender = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let first = seats.of(sender(1), now).0;
        for port in 2..=SEATS as u16 {
            assert_ne!(seats.of(sender(port), now).0, first);
        }
        assert_eq!(seats.of(sender(1000), now).0, CROWD);
        assert_eq!(seats.of(sender(1), now + KEPT).0, first, "who speaks keeps the seat");
        assert_ne!(seats.of(sender(1000), now + KEPT).0, CROWD);
    }
}
