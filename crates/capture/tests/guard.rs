//! What notes blocks does nothing on the device's thread that a callback must not do, whatever its ring is like.

mod common;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::Watched;
use patchline_capture::{Capture, Config, Stretch, Summary, Tapped};
use patchline_graph::{StreamSpec, engine};
use patchline_guard::{CountingAllocator, Guard, Kind, Report, Watch, prefault_code, prefault_stack, with_fresh_pages};
use patchline_io::channels::{Planar, call};
use patchline_io::{Block, Callback};
use patchline_patch::Registry;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const FRAMES: usize = 64;

/// A disk that may stand still.
#[derive(Clone, Default)]
struct Disk(Arc<AtomicBool>);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.0.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plays so many blocks with reloads and changes; the disk stands still in the middle third.
fn played(blocks: u64, config: Config, misbehave: impl Fn(u64)) -> (Summary, Report) {
    let registry = Registry::standard();
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, FRAMES, 2, 2));
    let disk = Disk::default();
    let capture = Capture::to(disk.clone(), config).unwrap();
    let tap = capture.begin(&mut engine, &registry, Stretch { device: "test".to_owned(), outputs: 2 });
    common::load(&mut engine, &capture, &registry, 0);
    let guard = Guard::new(Watch::available());
    let mut watched = Watched { tapped: Tapped::new(renderer, tap), guard: guard.clone() };
    let (input, mut output) = (Planar::new(2, FRAMES), Planar::new(2, FRAMES));
    for number in 0..blocks {
        disk.0.store((blocks / 3..2 * blocks / 3).contains(&number), Ordering::SeqCst);
        let block = Block { frames: FRAMES, position: number * FRAMES as u64, discontinuity: false };
        call(&mut watched as &mut dyn Callback, block, &input, &mut output);
        guard.visit(|| misbehave(number));
        if number % 50 == 0 {
            let step = (number / 50) as usize;
            common::change(&mut engine, step);
            if step % 20 == 19 {
                common::load(&mut engine, &capture, &registry, step / 20);
            }
            engine.collect();
            while engine.next_event().is_some() {}
        }
    }
    disk.0.store(false, Ordering::SeqCst);
    capture.end(&engine);
    engine.close(watched.tapped.into_inner());
    (capture.finish(), guard.report())
}

/// On a thread of its own, as a device's: its pages are there from the second time on.
fn fresh(blocks: u64, with_output: bool, misbehave: impl Fn(u64) + Copy + Send + Sync) -> (Summary, Report) {
    let config = Config { buffer: Duration::from_millis(500), with_output };
    let run = || {
        prefault_code();
        prefault_stack();
        played(blocks, config, misbehave)
    };
    std::thread::scope(|scope| scope.spawn(|| with_fresh_pages(run)).join().unwrap())
}

fn blocks() -> u64 {
    if std::env::var_os("PATCHLINE_FULL").is_some() { 1_000_000 } else { 6_000 }
}

#[test]
fn nothing_is_done_on_the_devices_thread_that_may_take_long() {
    for with_output in [false, true] {
        fresh(1_000, with_output, |_| ());
        let (summary, report) = fresh(blocks(), with_output, |_| ());
        assert_eq!((summary.blocks, report.visits()), (blocks(), 2 * blocks()));
        assert!(summary.missing_blocks > 0, "the ring was never full");
        assert_eq!(report.violations(), 0, "{report}");
    }
}

/// The test above would notice.
#[test]
fn what_a_callback_must_not_do_is_seen() {
    let once = |kind: Kind, misdeed: fn()| {
        let (_, report) = fresh(300, false, |number| {
            if number == 250 {
                misdeed()
            }
        });
        let watched = Watch::available().has(kind);
        assert!(!watched || report.violations_of(kind) > 0, "{kind:?} was not seen: {report}");
    };
    once(Kind::Allocations, || drop(std::hint::black_box(Box::new([0_u8; 64]))));
    once(Kind::Syscalls, || _ = std::hint::black_box(std::path::Path::new("/").is_dir()));
}
