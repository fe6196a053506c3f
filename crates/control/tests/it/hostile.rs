//! Clients that mean no good: the process lives, its memory is bounded, and others are served meanwhile.
//!
//! A slice of some seconds; all of it, a million messages and ten seconds of a hundred thousand each, with
//! `PATCHLINE_FULL=1`.

mod garbage;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rosc::OscType;
use serde_json::json;
use tungstenite::Message;

use crate::support::{Osc, PATIENCE, Served, TOKEN, Web};
use garbage::Garbage;

/// How much memory the process may take more after all this: queues have bounds, some MiB each.
const ROOM: u64 = 96 * 1024 * 1024;

fn is_full() -> bool {
    std::env::var_os("PATCHLINE_FULL").is_some()
}

/// How many of them, for a slice or for all.
fn count(slice: u64, full: u64) -> u64 {
    if is_full() { full } else { slice }
}

/// Memory that the process has now, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[cfg(not(target_os = "linux"))]
fn resident() -> u64 {
    0
}

/// Runs the hostile ones until they are done, and the served one all the while; how often that one was served.
fn besieged(served: &Served, hostile: &[&(dyn Fn() + Sync)], mut ask: impl FnMut()) -> u64 {
    let before = resident();
    let (running, mut asked) = (AtomicU64::new(hostile.len() as u64), 0);
    std::thread::scope(|scope| {
        for one in hostile {
            scope.spawn(|| {
                let _ending = Ending(&running);
                one();
            });
        }
        while running.load(Ordering::Relaxed) > 0 {
            ask();
            asked += 1;
        }
    });
    ask();
    assert!(served.is_alive());
    let grown = resident().saturating_sub(before);
    assert!(grown < ROOM, "{} KiB more than before", grown / 1024);
    asked
}

/// One fewer runs when this is dropped, be it by a panic.
struct Ending<'a>(&'a AtomicU64);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a client asks that is served: it sets, and reads what it set.
fn set_and_get(web: &mut Web, n: &mut u64) {
    *n += 1;
    let gain = *n as f64 / 1e6;
    web.ask(json!({ "id": n, "do": "set", "values": { "lane1.gain": gain } }));
    let got = web.ask(json!({ "id": n, "do": "get", "parameters": "lane1.gain" }));
    assert_eq!(got["result"]["values"]["lane1.gain"], gain);
}

#[test]
fn a_flood_of_datagrams_drowns_nobody() {
    let served = Served::new();
    let (mut web, mut osc, mut n) = (Web::new(&served), Osc::new(&served), 0);
    let sent = AtomicU64::new(0);
    let start = Instant::now();
    let flood = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut garbage = Garbage::new(1);
        for _ in 0..count(100_000, 1_000_000) / 100 {
            for _ in 0..100 {
                // A full buffer is the flood's loss.
                let _ = socket.send_to(&garbage.datagram(), served.osc);
            }
            let sent = sent.fetch_add(100, Ordering::Relaxed) + 100;
            let due = Duration::from_micros(10 * sent);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
    };
    let asked = besieged(&served, &[&flood], || set_and_get(&mut web, &mut n));
    let took = start.elapsed();
    println!("{} datagrams in {took:?}; {asked} times served meanwhile", sent.load(Ordering::Relaxed));
    assert!(asked >= 10, "{asked} in {took:?}");
    osc.send("/lane2/gain", vec![OscType::Float(0.5)]);
    assert_eq!(osc.ask("/lane2/gain"), [OscType::Float(0.5)]);
    let stats = served.stats();
    assert!(stats.over_rate > 0 && stats.malformed > 0, "{stats:?}");
}

#[test]
fn an_osc_client_is_served_while_others_flood() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    let flood = |seed: u64| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut garbage = Garbage::new(seed);
        for _ in 0..count(200, 2_000) {
            for _ in 0..50 {
                let _ = socket.send_to(&garbage.datagram(), served.osc);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let (one, other) = (|| flood(1), || flood(2));
    osc.again_after(Duration::from_millis(100));
    let mut n = 0;
    let asked = besieged(&served, &[&one, &other], || {
        n += 1;
        // A datagram may be lost on its way, as any may; then it is sent again.
        osc.insist("/lane2/gain", OscType::Int(n % 1000));
    });
    assert!(asked >= 10, "{asked}");
}

#[test]
fn messages_that_are_none_are_answered_and_their_clients_sent_away() {
    let served = Served::new();
    let (mut web, mut n) = (Web::new(&served), 0);
    let malformed = || {
        let mut garbage = Garbage::new(3);
        let (mut sent, all) = (0, count(4_000, 300_000));
        while sent < all {
            let mut hostile = Web::new(&served);
            // As many as it takes until it is sent away; what was sent after that is lost.
            for _ in 0..70 {
                let text = garbage.text();
                sent += 1;
                if hostile.0.send(Message::text(text)).is_err() {
                    break;
                }
            }
        }
    };
    let asked = besieged(&served, &[&malformed], || set_and_get(&mut web, &mut n));
    assert!(asked >= 10, "{asked}");
    served.until_counted("clients are sent away", |stats| stats.clients_dropped >= 10 && stats.malformed >= 1_000);
}

#[test]
fn connections_that_lead_nowhere_leave_room_for_others() {
    let served = Served::new();
    let (mut web, mut n) = (Web::new(&served), 0);
    let knocking = || {
        let mut garbage = Garbage::new(4);
        let mut slow = Vec::new();
        for n in 0..count(400, 20_000) {
            let mut stream = TcpStream::connect(served.web).unwrap();
            // Any of them may be ended by the other side at any moment.
            match n % 4 {
                0 => slow.push(stream),
                1 => _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nA: "),
                2 => _ = stream.write_all(&garbage.bytes(2000)),
                _ => _ = write!(stream, "GET /?token=wrong HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            }
            slow.truncate(200);
        }
    };
    let asked = besieged(&served, &[&knocking], || {
        set_and_get(&mut web, &mut n);
        // Whoever knows the token comes in, though the door is full of others; on a busy machine not the first time.
        let mut other = Web::new_at_last(&served);
        other.ask(json!({ "id": 1, "do": "ping" }));
    });
    assert!(asked >= 5, "{asked}");
}

#[test]
fn frames_that_promise_too_much_end_their_connection_only() {
    let served = Served::new();
    let (mut web, mut n) = (Web::new(&served), 0);
    let frames: [&[u8]; 6] = [
        // A text of 2^62 bytes; one of 2 MiB; an unmasked one; a reserved kind; a bit nobody agreed on; half a ping.
        &[0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        &[0x81, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0, 1, 2, 3, 4],
        &[0x81, 0x02, b'{', b'}'],
        &[0x83, 0x80, 1, 2, 3, 4],
        &[0xc1, 0x80, 1, 2, 3, 4],
        &[0x09, 0x80, 1, 2, 3, 4],
    ];
    for _ in 0..count(3, 100) {
        for frame in frames {
            let mut hostile = Web::new(&served);
            hostile.0.get_mut().write_all(frame).unwrap();
            assert!([1002, 1009].contains(&hostile.closed().0), "{frame:?}");
        }
        // No UTF-8.
        let mut hostile = Web::new(&served);
        hostile.0.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).unwrap();
        assert_eq!(hostile.closed().0, 1002);
        set_and_get(&mut web, &mut n);
    }
    // A message of a thousand fragments that grows too long.
    let mut hostile = Web::new(&served);
    let mut fragment = vec![0x01, 0xfe, 0xff, 0xff, 0, 0, 0, 0];
    fragment.resize(8 + 0xffff, b'x');
    for _ in 0..20 {
        if hostile.0.get_mut().write_all(&fragment).is_err() {
            break;
        }
        fragment[0] = 0x00;
    }
    let code = hostile.closed().0;
    assert!(code == 1009 || code == 0, "{code}");
    set_and_get(&mut web, &mut n);
}

#[test]
fn who_does_not_read_is_sent_away() {
    let served = Served::new();
    let (mut web, mut n) = (Web::new(&served), 0);
    served.bench().patch = "x".repeat(500_000);
    let stopped = AtomicBool::new(false);
    let greedy = || {
        let mut hostile = Web::new(&served);
        hostile.0.get_mut().set_write_timeout(Some(PATIENCE)).unwrap();
        while hostile.0.send(Message::text(r#"{"id":1,"do":"patch"}"#)).is_ok() {}
        stopped.store(true, Ordering::Relaxed);
    };
    besieged(&served, &[&greedy], || set_and_get(&mut web, &mut n));
    assert!(stopped.load(Ordering::Relaxed));
    served.until_counted("it is sent away", |stats| stats.clients_dropped == 1);
}

#[test]
fn who_floods_with_good_messages_waits_for_its_turn() {
    let served = Served::new();
    let (mut web, mut n) = (Web::new(&served), 0);
    let all = count(3_000, 20_000);
    let flood = || {
        let mut loud = Web::new(&served);
        let stream = loud.0.get_mut().try_clone().unwrap();
        let reading = std::thread::spawn(move || {
            let mut stream = stream;
            let mut bytes = [0; 65_536];
            while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
        });
        for n in 0..all {
            let text = format!(r#"{{"id":{n},"do":"set","values":{{"lane2.gain":{}}}}}"#, n % 10);
            loud.0.send(Message::text(text)).unwrap();
        }
        served.until("all of them are done", |bench| {
            let of_lane2 = bench.set.iter().filter(|(settings, _)| settings[0].name.node == "lane2");
            of_lane2.count() as u64 == all
        });
        loud.0.get_mut().shutdown(Shutdown::Both).unwrap();
        reading.join().unwrap();
    };
    let asked = besieged(&served, &[&flood], || set_and_get(&mut web, &mut n));
    assert!(asked >= 10, "{asked}");
}

#[test]
fn sixteen_come_in_and_the_next_is_told_so() {
    let served = Served::new();
    let mut clients: Vec<Web> = (0..16).map(|_| Web::new(&served)).collect();
    let mut crowded = Web::connect(&served, &format!("?token={TOKEN}")).unwrap();
    assert_eq!(crowded.closed().0, 1013);
    drop(clients.pop());
    let start = Instant::now();
    while Web::connect(&served, &format!("?token={TOKEN}")).unwrap().closed_at_once() {
        assert!(start.elapsed() < PATIENCE);
    }
}
