//! No node takes more memory than it declares before it is prepared: the patch's memory budget rests on that.
#![allow(unsafe_code, reason = "a global allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use patchline_graph::{Channels, Node, PrepareSpec};
use patchline_nodes::{Delay, Detector, FileSink, PatchNode, Register, Surroundings, Time, VadGate, register_all};
use patchline_wav::{FileWriter, Format, Options, Subtype};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Every<'a>(&'a Path);

impl Register for Every<'_> {
    fn node<N: PatchNode>(&mut self) {
        let mut node = N::example();
        node.resolve(&Surroundings::new("node", self.0)).unwrap();
        for channels in [1, 2, 8] {
            check(&node, channels);
        }
    }
}

/// The most that `prepare` ever held is at most what the node declared, and a little for names and queues.
fn check<N: Node>(node: &N, channels: usize) {
    let ports = node.ports();
    let width = |port: &patchline_graph::Port| match port.channels {
        Channels::Exactly(width) => width,
        Channels::Follow => channels,
    };
    let spec = PrepareSpec {
        name: "node".to_owned(),
        rate: 48_000,
        max_frames: 512,
        inputs: ports.inputs.iter().map(width).collect(),
        outputs: ports.outputs.iter().map(width).collect(),
        ..PrepareSpec::default()
    };
    let declared = node.footprint(&spec);
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let processor = node.prepare(&spec);
    let taken = PEAK.load(Ordering::Relaxed) - before;
    assert!(processor.is_ok(), "{}", N::KIND);
    assert!(taken <= declared + 4096, "{} with {channels} channels: {taken} bytes, {declared} declared", N::KIND);
}

#[test]
fn no_node_takes_more_than_it_declares() {
    let folder = tempfile::tempdir().unwrap();
    let format = Format { rate: 44_100, channels: 2, subtype: Subtype::Pcm16 };
    let mut file = FileWriter::create(folder.path().join("example.wav"), Options::new(format)).unwrap();
    file.write_silence(200_000).unwrap();
    file.finish().unwrap();
    register_all(&mut Every(folder.path()));

    check(&Delay { max_time: Some(Time::Seconds(10.0)), ..Delay::new(Time::Seconds(1.0)) }, 2);
    check(&VadGate { detector: Detector::Speech, ..VadGate::default() }, 2);
    check(&VadGate::default(), 256);
    check(&FileSink { pre_roll: Time::Seconds(10.0), ..FileSink::new("unused.wav") }, 2);
}
