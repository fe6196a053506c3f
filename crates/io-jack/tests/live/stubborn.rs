//! Callbacks that do not return for long, and stops that come at odd moments: the process lives, and gets back what it
//! gave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patchline_io::{Backend, Block, Callback, FnCallback, Host, IoEventKind, LostReason, Patience, Supervised};
use patchline_io_jack::JackHost;

use crate::support::{Server, alone, open, request, until};

/// Which of its blocks lasts long.
const LONG: u64 = 20;

/// A callback that takes so long for one of its blocks, and the number of blocks that it has begun.
fn sticking(time: Duration) -> (impl Callback, Arc<AtomicU64>) {
    let begun = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&begun);
    let callback = FnCallback(move |_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().for_each(|output| output.fill(0.25));
        if count.fetch_add(1, Ordering::Relaxed) + 1 == LONG {
            let began = Instant::now();
            while began.elapsed() < time {
                std::hint::spin_loop();
            }
        }
    });
    (callback, begun)
}

/// A server that waits for its clients for seconds.
fn patient() -> Server {
    Server::with(&["-t", "8000"], &["-r", "48000", "-p", "256"])
}

#[test]
fn a_stop_waits_for_a_block_that_lasts_for_seconds() {
    alone("stubborn::a_stop_waits_for_a_block_that_lasts_for_seconds", || {
        let _server = patient();
        let mut device = open(&request("thinker", None, Some("system"))).unwrap();
        let (callback, begun) = sticking(Duration::from_millis(1_500));
        device.start(callback).unwrap();
        until("the long block begins", || begun.load(Ordering::Relaxed) >= LONG);
        let callback = device.stop().expect("the callback comes back");
        assert_eq!(begun.load(Ordering::Relaxed), LONG, "no block follows");
        device.start(callback).map_err(|refused| refused.error).expect("the client is as good as before");
        until("it is called again", || begun.load(Ordering::Relaxed) > LONG);
    });
}

#[test]
fn a_callback_that_does_not_return_is_given_up() {
    alone("stubborn::a_callback_that_does_not_return_is_given_up", || {
        let _server = patient();
        let mut device = open(&request("stuck", None, Some("system"))).unwrap();
        let (callback, begun) = sticking(Duration::from_secs(1_000));
        device.start(callback).unwrap();
        until("the long block begins", || begun.load(Ordering::Relaxed) >= LONG);
        let error = device.stop().err().expect("there is nothing to give back").to_string();
        assert!(error.contains("its callback does not return"), "{error}");
        drop(device);
    });
}

/// The watchdog parts with the device in the midst of the block.
#[test]
fn an_overrun_of_seconds_is_survived() {
    alone("stubborn::an_overrun_of_seconds_is_survived", || {
        let _server = patient();
        let asked = request("slow", None, Some("system"));
        let mut device = Supervised::open(Box::new(JackHost), asked, Patience::default()).unwrap();
        let (callback, begun) = sticking(Duration::from_millis(2_500));
        device.start(callback).unwrap();
        let mut lost = None;
        until("it plays on", || {
            device.pass(Duration::from_millis(5));
            while let Some(event) = device.poll() {
                lost = lost.or(match event.kind {
                    IoEventKind::Lost { reason } => Some(reason),
                    _ => None,
                });
            }
            begun.load(Ordering::Relaxed) > LONG + 20
        });
        assert_eq!(lost, Some(LostReason::Silent));
        device.stop().expect("the callback comes back");
    });
}

#[test]
fn a_server_may_be_killed_during_a_long_block() {
    alone("stubborn::a_server_may_be_killed_during_a_long_block", || {
        for signal in ["KILL", "TERM"] {
            let server = patient();
            let asked = request("caught", None, Some("system"));
            let mut device = Supervised::open(Box::new(JackHost), asked, Patience::default()).unwrap();
            let (callback, begun) = sticking(Duration::from_millis(1_500));
            device.start(callback).unwrap();
            until("the long block begins", || begun.load(Ordering::Relaxed) >= LONG);
            server.kill(signal);
            until("the loss is told", || {
                device.pass(Duration::from_millis(5));
                std::iter::from_fn(|| device.poll()).any(|event| matches!(event.kind, IoEventKind::Lost { .. }))
            });
            device.stop().expect("the callback comes back");
        }
    });
}

#[test]
fn a_stop_may_follow_the_start_at_once() {
    alone("stubborn::a_stop_may_follow_the_start_at_once", || {
        let _server = Server::start(1_024);
        let mut device = open(&request("hasty", None, Some("system"))).unwrap();
        let (mut callback, begun) = sticking(Duration::ZERO);
        for _ in 0..5 {
            device.start(callback).map_err(|refused| refused.error).unwrap();
            callback = device.stop().expect("the callback comes back");
        }
        device.start(callback).map_err(|refused| refused.error).unwrap();
        until("it is called in the end", || begun.load(Ordering::Relaxed) > 0);
    });
}

/// A server that is stopped answers nothing, and libjack would wait for it for good.
#[test]
fn a_server_that_hangs_is_left_and_one_that_goes_on_is_used() {
    alone("stubborn::a_server_that_hangs_is_left_and_one_that_goes_on_is_used", || {
        let server = patient();
        let asked = request("waiter", None, Some("system"));
        let mut device = Supervised::open(Box::new(JackHost), asked.clone(), Patience::default()).unwrap();
        let (callback, begun) = sticking(Duration::ZERO);
        device.start(callback).unwrap();
        until("it is called", || begun.load(Ordering::Relaxed) > LONG);
        server.signal("STOP");
        let happens = |device: &mut Supervised<_>, wanted: fn(IoEventKind) -> bool| {
            device.pass(Duration::from_millis(5));
            std::iter::from_fn(|| device.poll()).any(|event| wanted(event.kind))
        };
        let silent = |kind| kind == IoEventKind::Lost { reason: LostReason::Silent };
        until("the silence is told", || happens(&mut device, silent));
        until("the reason is known", || {
            device.pass(Duration::from_millis(5));
            device.waits_for().is_some_and(|error| error.to_string().contains("does not answer"))
        });
        let refused = open::<Counted>(&asked).err().expect("nobody answers").to_string();
        assert!(refused.contains("does not answer"), "{refused}");
        let before = begun.load(Ordering::Relaxed);
        server.signal("CONT");
        until("it is back", || happens(&mut device, |kind| matches!(kind, IoEventKind::Reconnected { .. })));
        until("it is called again", || begun.load(Ordering::Relaxed) > before);
        server.signal("STOP");
        device.stop().expect("the callback comes back, whatever the server does");
        // So that it ends by itself, and leaves nothing in shared memory.
        server.signal("CONT");
        drop(device);
        until("the server answers", || Host::<Counted>::devices(&JackHost).is_ok());
    });
}

type Counted = FnCallback<fn(Block, &[&[f32]], &mut [&mut [f32]])>;
