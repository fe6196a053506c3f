//! A disk that is full, or stands still: nothing is lost without being counted, and audio goes on.

mod common;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use patchline_capture::{Capture, Config, Ending, Recording, Replay, Source, Stretch, Summary, Tapped};
use patchline_graph::{StreamSpec, engine};
use patchline_io::channels::{Planar, call};
use patchline_io::{Block, Callback};
use patchline_patch::{Options, Registry};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// A disk on which so many bytes fit, and which may stand still.
#[derive(Clone)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
    stands: Arc<AtomicBool>,
}

impl Disk {
    fn new(room: usize) -> Self {
        Self { bytes: Arc::default(), room, stands: Arc::default() }
    }

    fn stand(&self, stands: bool) {
        self.stands.store(stands, Ordering::SeqCst);
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.stands.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut held = self.bytes.lock().unwrap();
        let fits = bytes.len().min(self.room - held.len());
        held.extend_from_slice(&bytes[..fits]);
        if fits == 0 { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(fits) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const FRAMES: usize = 64;

/// Plays so many blocks of noise without an allocation; `between` is called after each.
fn play(disk: &Disk, config: Config, blocks: usize, mut between: impl FnMut(&Capture, usize)) -> Summary {
    let registry = Registry::standard();
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, FRAMES, 2, 2));
    let capture = Capture::to(disk.clone(), config).unwrap();
    let tap = capture.begin(&mut engine, &registry, Stretch { device: "test".to_owned(), outputs: 2 });
    let source = Source::new("song.toml", common::patch(1), &Options::default());
    let graph = source.load(&registry).unwrap().graph;
    capture.announce(source, &graph);
    engine.load(graph).unwrap();
    let mut callback = Tapped::new(renderer, tap);
    let (mut input, mut output) = (Planar::new(2, FRAMES), Planar::new(2, FRAMES));
    for block in 0..blocks {
        let position = (block * FRAMES) as u64;
        for channel in 0..2 {
            let samples = input.channel_mut(channel).iter_mut().zip(position..);
            samples.for_each(|(sample, frame)| *sample = common::noise(frame, channel));
        }
        let block_at = Block { frames: FRAMES, position, discontinuity: false };
        assert_no_alloc(|| call(&mut callback as &mut dyn Callback, block_at, &input, &mut output));
        assert!(block == 0 || output.channel(0).iter().any(|&sample| sample != 0.0), "audio goes on");
        between(&capture, block);
    }
    capture.end(&engine);
    engine.close(callback.into_inner());
    disk.stand(false);
    capture.finish()
}

fn recording(disk: &Disk, folder: &std::path::Path) -> Recording {
    let path = folder.join("s.cap");
    std::fs::write(&path, &*disk.bytes.lock().unwrap()).unwrap();
    Recording::open(path).unwrap()
}

fn replay(recording: &Recording) -> patchline_capture::Verdict {
    recording.replay(&Registry::standard(), &Replay::default(), |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn the_callback_allocates_nothing_and_all_of_it_is_kept() {
    for with_output in [false, true] {
        let disk = Disk::new(usize::MAX);
        let config = Config { with_output, ..Config::default() };
        let summary = play(&disk, config, 4_000, |capture, block| {
            if block % 100 == 0 {
                capture.wait(common::PATIENCE);
            }
        });
        assert!(summary.is_complete() && summary.blocks == 4_000, "{summary:?}");
        let folder = tempfile::tempdir().unwrap();
        let recording = recording(&disk, folder.path());
        assert_eq!((recording.ending, recording.bytes), (Ending::Whole, summary.bytes));
        assert_eq!((replay(&recording).differing, replay(&recording).blocks), (0, 4_000));
    }
}

#[test]
fn a_full_disk_is_told_and_what_is_there_can_be_replayed() {
    let disk = Disk::new(300_000);
    let summary = play(&disk, Config::default(), 4_000, |capture, block| {
        if block % 100 == 0 {
            capture.wait(common::PATIENCE);
        }
    });
    assert!(!summary.is_complete() && summary.error.is_some(), "{summary:?}");
    let folder = tempfile::tempdir().unwrap();
    let recording = recording(&disk, folder.path());
    assert!(matches!(recording.ending, Ending::Cut { .. }));
    // What was written in part counts as missing, a block of it may be whole all the same.
    let kept = recording.takes[0].blocks;
    assert!(kept > 300 && kept + summary.missing_blocks >= summary.blocks, "{kept} kept, {summary:?}");
    assert_eq!(summary.blocks, 4_000);
    let verdict = replay(&recording);
    assert!(verdict.is_identical() && verdict.blocks == kept && verdict.short.is_some());
}

#[test]
fn a_disk_that_stands_still_for_too_long_leaves_a_gap_that_is_counted_to_the_frame() {
    let disk = Disk::new(usize::MAX);
    let config = Config { buffer: Duration::from_millis(200), ..Config::default() };
    let summary = play(&disk, config, 3_000, |capture, block| match block {
        500 => {
            capture.wait(common::PATIENCE);
            disk.stand(true);
        }
        1_500 => {
            disk.stand(false);
            capture.wait(common::PATIENCE);
        }
        _ if !(500..1_500).contains(&block) && block % 50 == 0 => capture.wait(common::PATIENCE),
        _ => {}
    });
    assert!(summary.missing_blocks > 100 && summary.error.is_none() && !summary.is_complete(), "{summary:?}");
    assert_eq!(summary.missing_frames, summary.missing_blocks * FRAMES as u64);
    let folder = tempfile::tempdir().unwrap();
    let recording = recording(&disk, folder.path());
    let take = &recording.takes[0];
    assert_eq!(take.blocks + summary.missing_blocks, 3_000);
    assert_eq!(take.missing, (summary.missing_blocks, summary.missing_frames));
    let verdict = replay(&recording);
    // Up to the gap all is judged; after it nothing can be, and that is said.
    assert!(verdict.is_identical() && verdict.unjudged > 1_000, "{verdict:?}");
    assert_eq!(verdict.unjudged + 501, verdict.blocks - held_before_the_gap(&recording));
}

/// Blocks after the 501st that still found room.
fn held_before_the_gap(recording: &Recording) -> u64 {
    let mut held = 0;
    let mut gap = false;
    let look = |heard: &patchline_capture::Heard<'_>| {
        gap |= heard.gap > 0;
        held += u64::from(!gap);
        ControlFlow::Continue(())
    };
    recording.replay(&Registry::standard(), &Replay::default(), look).unwrap();
    held - 501
}
