//! Servers end, blocks change, graphs are too slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patchline_io::{Backend, Block, Callback, FnCallback, IoEvent, IoEventKind, LostReason, Patience, Supervised};
use patchline_io_jack::JackHost;

use crate::support::{Server, alone, full, open, request, until};

/// Counts its frames, and shows the count.
struct Counter {
    frames: u64,
    shown: Arc<AtomicU64>,
}

impl Callback for Counter {
    fn process(&mut self, block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.frames += block.frames as u64;
        self.shown.store(self.frames, Ordering::Relaxed);
        outputs.iter_mut().for_each(|output| output.fill(0.25));
    }
}

fn counter() -> (Counter, Arc<AtomicU64>) {
    let shown = Arc::new(AtomicU64::new(0));
    (Counter { frames: 0, shown: Arc::clone(&shown) }, shown)
}

fn wait_for<C: Callback>(device: &mut impl Backend<C>, wanted: impl Fn(IoEventKind) -> bool) -> IoEvent {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        device.pass(Duration::from_millis(5));
        while let Some(event) = device.poll() {
            if wanted(event.kind) {
                return event;
            }
        }
    }
    panic!("the event never came");
}

#[test]
fn a_server_that_ends_is_reported_and_one_that_returns_is_used() {
    alone("life::a_server_that_ends_is_reported_and_one_that_returns_is_used", || {
        let mut server = Server::start(256);
        let both = request("keeper", Some("system"), Some("system"));
        let mut device = Supervised::open(Box::new(JackHost), both, Patience::default()).unwrap();
        let (callback, frames) = counter();
        device.start(callback).unwrap();
        for (signal, block) in [("TERM", 1_024), ("KILL", 128)] {
            let before = frames.load(Ordering::Relaxed);
            until("the callback is called", || frames.load(Ordering::Relaxed) > before + 4_096);
            server.kill(signal);
            let ended = Instant::now();
            let lost = wait_for(&mut device, |kind| matches!(kind, IoEventKind::Lost { .. }));
            assert_eq!(lost.kind, IoEventKind::Lost { reason: LostReason::ServerEnded });
            // About a second, on a machine that may be busy.
            assert!(ended.elapsed() < Duration::from_secs(3), "told after {:?}", ended.elapsed());
            let kept = frames.load(Ordering::Relaxed);
            server = Server::start(block);
            let back = wait_for(&mut device, |kind| matches!(kind, IoEventKind::Reconnected { .. }));
            assert!(back.position > lost.position);
            until("the callback is called again", || frames.load(Ordering::Relaxed) > kept + 4_096);
            assert_eq!(device.spec().max_frames, block);
        }
        let stats = device.stats();
        assert_eq!(stats.losses, 2);
        assert_eq!(device.stop().unwrap().frames, device.stats().frames, "nothing of the state was lost");
    });
}

#[test]
fn what_it_is_connected_to_may_leave_and_return() {
    alone("life::what_it_is_connected_to_may_leave_and_return", || {
        let _server = Server::start(256);
        let synth = || {
            let mut synth = open(&request("synth", None, Some(""))).unwrap();
            synth.start(counter().0).unwrap();
            synth
        };
        let source = synth();
        let asked = request("keeper", Some("synth"), None);
        let mut device = Supervised::open(Box::new(JackHost), asked, Patience::default()).unwrap();
        let heard = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&heard);
        let listener = FnCallback(move |_: Block, inputs: &[&[f32]], _: &mut [&mut [f32]]| {
            count.fetch_add(inputs[0].iter().filter(|&&sample| sample == 0.25).count() as u64, Ordering::Relaxed);
        });
        device.start(listener).unwrap();
        until("the synth is heard", || heard.load(Ordering::Relaxed) > 4_096);
        drop(source);
        let lost = wait_for(&mut device, |kind| matches!(kind, IoEventKind::Lost { .. }));
        assert_eq!(lost.kind, IoEventKind::Lost { reason: LostReason::PortsGone });
        let before = heard.load(Ordering::Relaxed);
        let _source = synth();
        wait_for(&mut device, |kind| matches!(kind, IoEventKind::Reconnected { .. }));
        until("the synth is heard again", || heard.load(Ordering::Relaxed) > before + 4_096);
        assert_eq!(device.stats().losses, 1);
    });
}

#[test]
fn a_graph_that_is_too_slow_stops_cleanly() {
    alone("life::a_graph_that_is_too_slow_stops_cleanly", || {
        let _server = Server::with(&["-t", "2000"], &["-r", "48000", "-p", "256"]);
        for _ in 0..20 {
            let mut device = open(&request("slow", Some("system"), Some("system"))).unwrap();
            let called = Arc::new(AtomicU64::new(0));
            let count = Arc::clone(&called);
            let slow = FnCallback(move |_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| {
                count.fetch_add(1, Ordering::Relaxed);
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(11) {
                    std::hint::spin_loop();
                }
            });
            device.start(slow).unwrap();
            until("it is called", || called.load(Ordering::Relaxed) > 5);
            drop(device.stop().expect("the callback comes back"));
            let stopped = called.load(Ordering::Relaxed);
            drop(device);
            assert_eq!(called.load(Ordering::Relaxed), stopped, "nothing is called after the stop");
        }
    });
}

#[test]
fn the_block_may_change_while_it_plays() {
    alone("life::the_block_may_change_while_it_plays", || {
        let _server = Server::start(512);
        let mut device = open(&request("steady", Some("system"), Some("system"))).unwrap();
        let (callback, frames) = counter();
        device.start(callback).unwrap();
        let (other, _) = jack::Client::new("changer", jack::ClientOptions::NO_START_SERVER).unwrap();
        for change in 0..20 {
            let before = frames.load(Ordering::Relaxed);
            until("it is called", || frames.load(Ordering::Relaxed) > before);
            let block = [64, 1_024, 128, 2_048][change % 4];
            other.set_buffer_size(block).unwrap();
            wait_for_boxed(&mut *device, block as usize);
        }
        assert_eq!(device.stop().unwrap().frames, device.stats().frames);
    });
}

fn wait_for_boxed<C: Callback>(device: &mut dyn Backend<C>, block: usize) {
    until("the change is told", || {
        let mut told = false;
        while let Some(event) = device.poll() {
            told |= matches!(event.kind, IoEventKind::BlockChanged { to, .. } if to == block);
        }
        told
    });
    assert_eq!(device.spec().max_frames, block);
}

#[test]
fn a_callback_that_panics_is_silenced_and_told() {
    alone("life::a_callback_that_panics_is_silenced_and_told", || {
        let _server = Server::start(256);
        let clumsy = |mut left: u64, called: &Arc<AtomicU64>| {
            let called = Arc::clone(called);
            FnCallback(move |_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| {
                called.fetch_add(1, Ordering::Relaxed);
                left -= 1;
                assert!(left > 0, "planted");
            })
        };
        let called = Arc::new(AtomicU64::new(0));
        let mut device = open(&request("clumsy", None, Some("system"))).unwrap();
        device.start(clumsy(5, &called)).map_err(|refused| refused.error).unwrap();
        let mut lost = None;
        until("the panic is told", || {
            lost = lost.or(device.poll().filter(|event| matches!(event.kind, IoEventKind::Lost { .. })));
            lost.is_some()
        });
        assert_eq!(lost.unwrap().kind, IoEventKind::Lost { reason: LostReason::Panicked });
        assert!(device.stop().is_err_and(|error| error.code() == "callback-panicked"));
        // The client lives on, and takes another callback only when it is opened again.
        let refused = device.start(clumsy(u64::MAX, &called)).expect_err("it is refused");
        assert!(refused.error.to_string().contains("its callback panicked; open it again"), "{}", refused.error);
        drop(device);
        assert_eq!(called.load(Ordering::Relaxed), 5);
        let mut device = open(&request("clumsy", None, Some("system"))).unwrap();
        device.start(refused.callback).map_err(|refused| refused.error).unwrap();
        until("a new one plays", || called.load(Ordering::Relaxed) > 5);
    });
}

/// A patchbay that connects whatever appears, as fast as it can.
#[test]
fn another_may_be_faster_at_connecting_our_ports() {
    alone("life::another_may_be_faster_at_connecting_our_ports", || {
        let _server = Server::start(256);
        let (patchbay, _) = jack::Client::new("patchbay", jack::ClientOptions::NO_START_SERVER).unwrap();
        let (over, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, counts) = (Arc::clone(&over), Arc::clone(&made));
        let patching = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                for port in 1..=2 {
                    let (from, to) = (format!("known:out_{port}"), format!("system:playback_{port}"));
                    counts.fetch_add(u64::from(patchbay.connect_ports_by_name(&from, &to).is_ok()), Ordering::Relaxed);
                }
            }
        });
        let mut opened = 0;
        while made.load(Ordering::Relaxed) < 4 && opened < 200 {
            let mut device = open(&request("known", None, Some("system"))).unwrap();
            opened += 1;
            let (callback, frames) = counter();
            device.start(callback).unwrap();
            until("it is called", || frames.load(Ordering::Relaxed) > 0);
        }
        over.store(true, Ordering::Relaxed);
        patching.join().unwrap();
        assert!(made.load(Ordering::Relaxed) >= 4, "the patchbay was never faster, in {opened} tries");
    });
}

#[test]
fn opening_and_closing_leaks_nothing() {
    alone("life::opening_and_closing_leaks_nothing", || {
        let _server = Server::start(256);
        let once = || {
            let mut device = open(&request("guest", Some("system"), Some("system"))).unwrap();
            let (callback, frames) = counter();
            device.start(callback).unwrap();
            until("it is called", || frames.load(Ordering::Relaxed) > 0);
            device.stop().unwrap();
        };
        let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        let (look, _) = jack::Client::new("look", jack::ClientOptions::NO_START_SERVER).unwrap();
        let ports = || look.ports(None, None, jack::PortFlags::empty()).len();
        (0..5).for_each(|_| once());
        let (threads, files) = (count("/proc/self/task"), count("/proc/self/fd"));
        let (named, mapped, registered) = (shared_names(), shared_mappings(), ports());
        (0..if full() { 100 } else { 25 }).for_each(|_| once());
        until("the threads end", || count("/proc/self/task") <= threads);
        assert_eq!(count("/proc/self/fd"), files, "open files");
        assert_eq!(ports(), registered, "ports at the server");
        assert_eq!(shared_names(), named, "names of this server in shared memory");
        assert_eq!(shared_mappings(), mapped, "mappings of shared memory");
    });
}

/// What the clients of this test's server have in shared memory, by name.
fn shared_names() -> usize {
    let server = std::env::var("JACK_DEFAULT_SERVER").unwrap();
    let names = std::fs::read_dir("/dev/shm").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.contains(&server)).count()
}

fn shared_mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().filter(|line| line.contains("/dev/shm/jack")).count()
}
