//! What a device's own thread uses of this crate was touched before: no page is brought by the kernel in a callback.

use std::time::Duration;

use patchline_guard::{CountingAllocator, Guard, Kind, Watch, with_fresh_pages};
use patchline_io::blocking::stream;
use patchline_io::channels::{Planar, call};
use patchline_io::drift::{DriftConfig, Quality, pair};
use patchline_io::{Block, DeviceSpec, FnCallback, IoEvent, IoEventKind, Side, event_ring};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const FRAMES: usize = 256;

/// What happens in the callbacks of a device that was just made, for as long as its rings are long.
///
/// They are tried on another one before, as code and stack have to be brought as well.
fn check(what: &str, run: impl Fn(&Guard)) {
    let watch = || Watch::nothing().and(Kind::PageFaults);
    run(&Guard::new(watch()));
    let guard = Guard::new(watch());
    with_fresh_pages(|| run(&guard));
    let report = guard.report();
    assert!(report.visits() > 0);
    assert_eq!(report.violations_of(Kind::PageFaults), 0, "{what}: {report}");
}

fn drift(guard: &Guard, config: &DriftConfig) {
    let (mut feed, mut draw, monitor) = pair(config).unwrap();
    let (mut events, _receiver) = event_ring(64);
    let (input, mut output) = (Planar::new(2, FRAMES), Planar::new(2, FRAMES));
    // The ring has room for less than a second.
    for block in 1..=250_u64 {
        let now = Duration::from_micros(block * 256_000_000 / 48_000);
        let position = (block - 1) * FRAMES as u64;
        let inputs = [input.channel(0), input.channel(1)];
        guard.visit(|| feed.push(now, position, &inputs));
        let mut channels = output.iter_mut(FRAMES);
        let mut outputs = [(); 2].map(|()| channels.next().unwrap());
        guard.visit(|| draw.draw(now, position, &mut outputs, &mut events));
    }
    assert!(monitor.report().playing);
}

#[test]
fn joining_two_devices_faults_no_page() {
    for (quality, locked) in [(Quality::Clean, false), (Quality::Quick, false), (Quality::Clean, true)] {
        let config = DriftConfig { quality, locked, ..DriftConfig::default() };
        check(&format!("{quality:?}, locked: {locked}"), |guard| drift(guard, &config));
    }
}

#[test]
fn a_blocking_stream_faults_no_page() {
    check("stream", |guard| {
        let spec = DeviceSpec { rate: 48_000, max_frames: FRAMES, inputs: 2, outputs: 2, ..DeviceSpec::default() };
        let (mut pump, mut stream) = stream(&spec, 48_000).unwrap();
        let (inputs, mut outputs) = (Planar::new(2, FRAMES), Planar::new(2, FRAMES));
        // Some are lost, so that losses are told as well.
        for number in 0..400 {
            let block = Block { frames: FRAMES, position: number * 300, discontinuity: true };
            guard.visit(|| call(&mut pump, block, &inputs, &mut outputs));
            stream.read_available();
            stream.write(&[0.5; 2 * FRAMES]).unwrap();
        }
    });
}

#[test]
fn blocks_and_events_fault_no_page() {
    let mut echo = FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
    });
    check("events", |guard| {
        let (mut sender, _receiver) = event_ring(4_096);
        guard.visit(|| {
            for position in 0..4_096 {
                sender.send(IoEvent { position, kind: IoEventKind::Xrun { lost: 1, side: Side::Both } });
            }
        });
    });
    let (inputs, mut outputs) = with_fresh_pages(|| (Planar::new(64, 4_096), Planar::new(64, 4_096)));
    let guard = Guard::new(Watch::nothing().and(Kind::PageFaults));
    call(&mut echo, Block { frames: 1, position: 0, discontinuity: false }, &inputs, &mut outputs);
    guard.visit(|| call(&mut echo, Block { frames: 4_096, position: 0, discontinuity: false }, &inputs, &mut outputs));
    assert_eq!(guard.report().violations_of(Kind::PageFaults), 0, "{}", guard.report());
}
