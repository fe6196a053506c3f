//! What the server tells its clients, and they each other: latencies, transport, freewheeling, xruns.

use std::ffi::c_void;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use jack::jack_sys::{jack_latency_callback_mode_t, jack_set_latency_callback};
use jack::{Client, ClientOptions, LatencyType};
use patchline_graph::{Graph, Renderer, StreamSpec, engine};
use patchline_io::{Backend, Block, Callback, DeviceRequest, FnCallback, IoEvent, IoEventKind, SideRequest};
use patchline_nodes::{Delay, Input, Output};

use crate::sound::{sink, source};
use crate::support::{Server, alone, open, request, until};

fn look() -> Client {
    Client::new("look", ClientOptions::NO_START_SERVER).unwrap().0
}

fn latency(client: &Client, port: &str, mode: LatencyType) -> (u32, u32) {
    client.port_by_name(port).expect(port).get_latency_range(mode)
}

#[test]
fn the_latency_of_the_callback_is_passed_on() {
    alone("server::the_latency_of_the_callback_is_passed_on", || {
        let _server = Server::start(256);
        let look = look();
        let mut panel = open(&request("panel", Some("system"), Some("system"))).unwrap();
        panel.start(source()).unwrap();
        let after = open::<Renderer>(&request("after", Some("panel:out_1"), None)).unwrap();
        let before = open::<Renderer>(&request("before", None, Some("panel:in_1"))).unwrap();
        let capture = latency(&look, "system:capture_1", LatencyType::Capture).1;
        let playback = latency(&look, "system:playback_1", LatencyType::Playback).1;
        assert!(capture > 0 && playback > 0);
        assert_eq!(after.spec().input_latency, u64::from(capture));
        assert_eq!(before.spec().output_latency, u64::from(playback));
        for own in [100, 1_000, 0] {
            panel.set_latency(u64::from(own));
            // The nearest source is `before` and the nearest end `after`, with none of their own.
            let seen = || latency(&look, "after:in_1", LatencyType::Capture);
            until("it is seen downstream", || seen() == (own, own + capture));
            let seen = || latency(&look, "before:out_1", LatencyType::Playback);
            until("it is seen upstream", || seen() == (own, own + playback));
        }
    });
}

/// How often the server adds up latencies, which each of its clients is told.
static ADDED_UP: AtomicU64 = AtomicU64::new(0);

extern "C" fn count(_: jack_latency_callback_mode_t, _: *mut c_void) {
    ADDED_UP.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn looking_at_events_costs_other_clients_nothing() {
    alone("server::looking_at_events_costs_other_clients_nothing", || {
        let _server = Server::start(256);
        let other = look();
        #[expect(unsafe_code, reason = "the jack crate has no safe way to set a latency callback")]
        // SAFETY: the client is alive and not active yet, and the callback uses no argument.
        unsafe {
            jack_set_latency_callback(other.raw(), Some(count), std::ptr::null_mut());
        }
        let _other = other.activate_async((), ()).unwrap();
        let mut device = open(&request("looker", None, Some("system"))).unwrap();
        let (callback, blocks) = noter();
        device.start(callback).unwrap();
        // What opening it changed comes within some blocks.
        for _ in 0..200 {
            blocks.recv_timeout(Duration::from_secs(20)).unwrap();
        }
        while device.poll().is_some() {}
        let before = ADDED_UP.load(Ordering::Relaxed);
        assert!(before > 0, "the other client is told");
        for _ in 0..100 {
            blocks.recv_timeout(Duration::from_secs(20)).unwrap();
            while device.poll().is_some() {}
        }
        assert_eq!(ADDED_UP.load(Ordering::Relaxed), before);
    });
}

/// Sends on each block that it gets.
fn noter() -> (impl Callback, Receiver<Block>) {
    let (send, blocks): (SyncSender<Block>, _) = sync_channel(100_000);
    let callback = FnCallback(move |block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().for_each(|output| output.fill(0.25));
        let _ = send.try_send(block);
    });
    (callback, blocks)
}

/// The next event of a kind.
fn next<C: Callback>(device: &mut dyn Backend<C>, wanted: impl Fn(IoEventKind) -> bool) -> IoEvent {
    let mut found = None;
    until("the event comes", || {
        found = device.poll().filter(|event| wanted(event.kind));
        found.is_some()
    });
    found.unwrap()
}

fn rolls(wanted: bool) -> impl Fn(IoEventKind) -> bool {
    move |kind| matches!(kind, IoEventKind::Transport { rolling, .. } if rolling == wanted)
}

#[test]
fn it_plays_while_the_transport_rolls() {
    alone("server::it_plays_while_the_transport_rolls", || {
        let _server = Server::start(256);
        let look = look();
        let asked = DeviceRequest { follow_transport: true, ..request("reel", None, Some("")) };
        let mut device = open(&asked).unwrap();
        let (callback, blocks) = noter();
        device.start(callback).unwrap();
        next(&mut *device, rolls(false));
        let (send, heard) = sync_channel(100_000);
        let mut listener = open(&request("listener", Some("*:*_1"), None)).unwrap();
        listener.start(sink(send)).unwrap();
        let loud = |heard: &Receiver<(bool, Vec<f32>, Vec<f32>)>| {
            heard.try_iter().for_each(drop);
            let block = heard.recv_timeout(Duration::from_secs(20)).unwrap();
            block.1.iter().chain(&block.2).any(|&sample| sample == 0.25)
        };
        assert!(!loud(&heard) && blocks.try_recv().is_err(), "nothing is called while it rests");

        look.transport().start().unwrap();
        let started = next(&mut *device, rolls(true));
        assert!(matches!(started.kind, IoEventKind::Transport { frame: ..10_000, .. }), "{started:?}");
        until("it is heard", || loud(&heard));

        look.transport().locate(960_000).unwrap();
        let at = |event: &IoEvent| match event.kind {
            IoEventKind::Transport { frame, .. } => frame,
            _ => 0,
        };
        let moved =
            next(&mut *device, |kind| matches!(kind, IoEventKind::Transport { rolling: true, frame: 960_000.. }));
        assert!(at(&moved) < 970_000, "{moved:?}");
        let mut played: Vec<Block> =
            std::iter::from_fn(|| blocks.recv_timeout(Duration::from_millis(500)).ok()).take(50).collect();
        let follows =
            |one: &Block, next: &Block| next.discontinuity || one.position + one.frames as u64 == next.position;
        assert!(played.is_sorted_by(follows), "what rests is not lost");
        assert!(played.iter().any(|block| block.discontinuity && block.position == moved.position), "{moved:?}");

        look.transport().stop().unwrap();
        let stopped = next(&mut *device, rolls(false));
        assert!(at(&stopped) > 960_000, "{stopped:?}");
        until("it is silent", || !loud(&heard));
        played.extend(blocks.try_iter());
        let last = played.last().unwrap();
        assert_eq!(stopped.position, last.position + last.frames as u64);
    });
}

/// Source → a delay → a sink that hears both, on a server that goes as fast as it can for a while.
#[test]
fn freewheeling_is_faster_and_the_same() {
    alone("server::freewheeling_is_faster_and_the_same", || {
        let _server = Server::start(1_024);
        let graph = || {
            let mut graph = Graph::new();
            graph.add("in", Input::default()).unwrap();
            graph.add("echo", Delay { mix: 0.4, ..Delay::new("777 smp".parse().unwrap()) }).unwrap();
            graph.add("out", Output::default()).unwrap();
            graph.chain(&["in", "echo", "out"]).unwrap();
            graph
        };
        let (mut live, renderer) = engine(StreamSpec::new(48_000, 1_024, 1, 1));
        live.load(graph()).unwrap();
        let mut from = open(&request("source", None, Some(""))).unwrap();
        let mut middle = open(&request("middle", Some("source"), Some(""))).unwrap();
        let mut to = open(&request("sink", Some("*:out_1"), None)).unwrap();
        let (send, heard) = sync_channel(100_000);
        to.start(sink(send)).unwrap();
        middle.start(renderer).unwrap();
        from.start(source()).unwrap();
        let (mut input, mut output) = (Vec::new(), Vec::new());
        let mut hear = |frames: usize| {
            let end = input.len() + frames;
            while input.len() < end {
                let (_, one, other) = heard.recv_timeout(Duration::from_secs(20)).expect("the sink is called");
                input.extend(one);
                output.extend(other);
            }
        };
        hear(4_800);
        freewheel("y");
        next(&mut *middle, |kind| kind == IoEventKind::Freewheel { on: true });
        let began = Instant::now();
        hear(480_000);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(10), "10 s in {took:?}");
        freewheel("n");
        next(&mut *middle, |kind| kind == IoEventKind::Freewheel { on: false });
        hear(4_800);

        let (mut offline, mut renderer) = engine(StreamSpec::new(48_000, 1_024, 1, 1));
        offline.load(graph()).unwrap();
        let mut expected = vec![0.0; input.len()];
        renderer.render(input.len(), &[&input], &mut [&mut expected]);
        let differs = expected.iter().zip(&output).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(differs, None, "the first frame that differs");
    });
}

fn freewheel(on: &str) {
    let status = Command::new("jack_freewheel").arg(on).status().expect("jack_freewheel, which comes with jackd");
    assert!(status.success());
}

#[test]
fn what_another_plays_can_be_captured() {
    alone("server::what_another_plays_can_be_captured", || {
        let _server = Server::start(256);
        let side = SideRequest { device: Some("system".to_owned()), loopback: true, ..SideRequest::default() };
        let asked = DeviceRequest { input: Some(side), ..request("tap", None, None) };
        let refused = open::<Renderer>(&asked).err().expect("nothing plays yet").to_string();
        assert!(refused.contains("nothing is connected to it now"), "{refused}");
        let (callback, _) = noter();
        let mut player = open(&request("player", None, Some("system"))).unwrap();
        player.start(callback).unwrap();
        let (send, heard) = sync_channel(100_000);
        let mut tap = open(&asked).unwrap();
        assert_eq!(tap.spec().inputs, 2);
        tap.start(sink(send)).unwrap();
        until("it is heard", || heard.try_iter().any(|(_, left, right)| left[0] == 0.25 && right[0] == 0.25));
        let look = look();
        assert_eq!(look.port_by_name("tap:in_2").unwrap().get_connections(), ["player:out_2"]);
    });
}

#[test]
fn xruns_are_told_where_they_were() {
    alone("server::xruns_are_told_where_they_were", || {
        // Waits for nobody.
        let _server = Server::with(&[], &["-r", "48000", "-p", "1024"]);
        let mut device = open(&request("sleeper", None, Some("system"))).unwrap();
        let (send, blocks) = sync_channel(100_000);
        let mut calls = 0;
        let callback = FnCallback(move |block: Block, _: &[&[f32]], _: &mut [&mut [f32]]| {
            calls += 1;
            let _ = send.try_send(block);
            if calls == 20 {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        device.start(callback).unwrap();
        until("it plays", || device.stats().blocks > 40);
        let mut told = Vec::new();
        while let Some(event) = device.poll() {
            if let IoEventKind::Xrun { lost, .. } = event.kind {
                told.push((event.position, lost));
            }
        }
        let stats = device.stats();
        assert_eq!(stats.xruns, told.len() as u64);
        assert_eq!(stats.frames_lost, told.iter().map(|(_, lost)| lost).sum::<u64>());
        let (twentieth, after) = (blocks.iter().nth(19).unwrap(), blocks.iter().next().unwrap());
        let end = twentieth.position + twentieth.frames as u64;
        let at_end = told.iter().find(|(position, _)| *position == end).expect("an xrun after the twentieth block");
        assert!(after.discontinuity);
        assert_eq!(after.position, end + at_end.1);
    });
}
