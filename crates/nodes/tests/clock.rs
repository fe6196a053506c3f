//! A clock on the wall that jumps while it is recorded: nothing but the start of a run is taken from it.
//!
//! The program's own `clock_gettime` stands in the place of the system's, so that everything in it, the standard library
//! too, sees the jumps.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(unsafe_code, reason = "takes the place of a function of the C library, for this test alone")]
#![allow(clippy::disallowed_methods, reason = "gives helper threads time")]

mod common;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use common::{loaded, noise};
use patchline_graph::Graph;
use patchline_nodes::{FileSink, Input, PatchNode, Split, Subtype, Surroundings, Time};
use patchline_wav::FileReader;
use rustix::time::ClockId;

/// Seconds that the wall clock is ahead of the true one.
static AHEAD: AtomicI64 = AtomicI64::new(0);
/// How often the wall clock was looked at.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// `struct timespec` of 64-bit Linux.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

// SAFETY: It has the name, the signature and the behaviour of the C library's function, but for the time it says.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: i32, out: *mut Timespec) -> i32 {
    const REALTIME: i32 = 0;
    let which = match clock {
        REALTIME => ClockId::Realtime,
        1 => ClockId::Monotonic,
        4 => ClockId::MonotonicRaw,
        7 => ClockId::Boottime,
        _ => return -1,
    };
    let now = rustix::time::clock_gettime(which);
    let ahead = if clock == REALTIME { AHEAD.load(Ordering::Relaxed) } else { 0 };
    LOOKS.fetch_add(u64::from(clock == REALTIME), Ordering::Relaxed);
    // SAFETY: The caller's pointer is to a timespec that it owns, by the contract of the function.
    unsafe { out.write(Timespec { seconds: now.tv_sec + ahead, nanoseconds: now.tv_nsec }) };
    0
}

#[test]
fn names_and_lengths_do_not_depend_on_the_wall_clock_after_the_start() {
    let before = SystemTime::now();
    AHEAD.store(86_400, Ordering::Relaxed);
    let jumped = SystemTime::now().duration_since(before).unwrap();
    assert!(jumped >= Duration::from_secs(86_400), "the planted clock is the one that is read: {jumped:?}");
    AHEAD.store(0, Ordering::Relaxed);

    let folder = tempfile::tempdir().unwrap();
    let start = jiff::civil::date(2026, 1, 31).at(23, 59, 58, 0);
    let mut sink = FileSink {
        split: Split::Every(Time::Seconds(1.0)),
        subtype: Subtype::Float,
        sync: Time::Seconds(0.05),
        ..FileSink::new("{date}_{time}_{seq}.wav")
    };
    sink.resolve(&Surroundings { start, ..Surroundings::new("rec", folder.path()) }).unwrap();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap().link("in", "rec").unwrap();
    let (mut engine, mut renderer) = loaded(8_000, 1, graph);
    let looks = LOOKS.load(Ordering::Relaxed);
    let input = noise(1, 32_000, 0.9);
    // A day on, two days back, an hour on: while files are begun, checkpointed, synced and ended.
    for (block, jump) in input.chunks(200).zip([0, 86_400, -172_800, 3_600].into_iter().cycle()) {
        AHEAD.store(jump, Ordering::Relaxed);
        engine.wait_ready(block.len());
        renderer.render(block.len(), &[block], &mut []);
        std::thread::sleep(Duration::from_millis(2));
    }
    let readings = engine.readings("rec").unwrap();
    engine.close(renderer);
    AHEAD.store(0, Ordering::Relaxed);
    assert_eq!((readings.get("frames_written", 0), readings.get("frames_lost", 0)), (Some(32_000.0), Some(0.0)));
    assert_eq!(LOOKS.load(Ordering::Relaxed), looks, "nobody looked at the wall clock");
    let names = ["2026-01-31_23-59-58_1", "2026-01-31_23-59-59_1", "2026-02-01_00-00-00_1", "2026-02-01_00-00-01_1"];
    for (name, expected) in names.iter().zip(input.chunks(8_000)) {
        let mut reader = FileReader::open(folder.path().join(format!("{name}.wav"))).unwrap();
        let mut samples = vec![0.0; 8_001];
        assert_eq!(reader.read_interleaved(&mut samples).unwrap(), 8_000, "{name}");
        assert!(samples[..8_000] == *expected, "{name}");
    }
}
