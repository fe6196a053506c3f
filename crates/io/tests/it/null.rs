use std::sync::{Arc, Mutex};
use std::time::Duration;

use patchline_graph::Renderer;
use patchline_io::null::{Null, NullConfig};
use patchline_io::{Backend, Block, Callback, FnCallback, IoError, IoEvent, IoEventKind, LostReason};

use crate::graph::combs;

/// Notes every block and checks its shape.
fn noting(channels: usize) -> (Arc<Mutex<Vec<Block>>>, impl Callback) {
    let blocks = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&blocks);
    let callback = FnCallback(move |block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        assert_eq!((inputs.len(), outputs.len()), (channels, channels));
        assert!(inputs.iter().all(|input| input.len() == block.frames && input.iter().all(|&x| x == 0.0)));
        outputs.iter_mut().for_each(|output| output.fill(1.0));
        noted.lock().unwrap().push(block);
    });
    (blocks, callback)
}

fn until<C: Callback>(device: &mut impl Backend<C>, end: impl Fn(&IoEvent) -> bool) -> Vec<IoEvent> {
    let mut events = Vec::new();
    loop {
        device.pass(Duration::from_millis(10));
        while let Some(event) = device.poll() {
            events.push(event);
            if end(&event) {
                return events;
            }
        }
    }
}

/// Positions go up by what was played and lost; only a gap is a discontinuity.
fn check_books(blocks: &[Block], events: &[IoEvent], first: u64, end: u64) {
    let mut position = first;
    for (index, block) in blocks.iter().enumerate() {
        let lost: u64 = events.iter().filter(|event| event.position == position).map(lost).sum();
        position += lost;
        assert_eq!(block.position, position);
        assert_eq!(block.discontinuity, lost > 0 || (index == 0 && first > 0));
        position += block.frames as u64;
    }
    let lost: u64 = events.iter().filter(|event| event.position == position).map(lost).sum();
    assert_eq!(position + lost, end);
}

fn lost(event: &IoEvent) -> u64 {
    match event.kind {
        IoEventKind::Xrun { lost, .. } => lost,
        _ => 0,
    }
}

#[test]
fn it_runs_as_many_frames_as_asked_and_starts_again_where_it_was() {
    let config = NullConfig { rate: 48_000, block: 64, inputs: 3, outputs: 3, frames: Some(4_850) };
    let mut device = Null::open(config).unwrap();
    let (blocks, mut callback) = noting(3);
    for (first, end) in [(0, 4_850), (4_850, 9_700)] {
        blocks.lock().unwrap().clear();
        device.start(callback).unwrap();
        let events = until(&mut device, |event| event.kind == IoEventKind::Finished);
        callback = device.stop().unwrap();
        check_books(&blocks.lock().unwrap(), &events, first, end);
        let stats = device.stats();
        assert_eq!(stats.frames + stats.frames_lost, end);
    }
    assert!(matches!(device.stop(), Err(IoError::NotRunning(_))));
}

#[test]
fn a_renderer_comes_back_with_its_state() {
    let (mut engine, renderer) = combs(48_000, 2);
    let mut device: Box<dyn Backend<Renderer>> = Box::new(Null::open(NullConfig::default()).unwrap());
    device.start(renderer).unwrap();
    while device.stats().blocks < 3 {
        device.pass(Duration::from_millis(1));
    }
    let renderer = device.stop().unwrap();
    let stats = device.stats();
    assert_eq!((renderer.position(), engine.stats().frames), (stats.frames, stats.frames));
    let refused = {
        device.start(renderer).unwrap();
        let (_engine, other) = combs(48_000, 2);
        device.start(other).unwrap_err()
    };
    assert_eq!(refused.to_string(), "the device `null` runs already; stop it first");
    assert_eq!(refused.callback.position(), 0);
    engine.close(device.stop().unwrap());
}

#[test]
fn a_callback_that_panics_is_lost_and_said_to_be() {
    let mut device = Null::open(NullConfig { block: 32, ..NullConfig::default() }).unwrap();
    let panics: Box<dyn Callback> =
        Box::new(FnCallback(|block: Block, _: &[&[f32]], _: &mut [&mut [f32]]| assert!(block.position < 64)));
    device.start(panics).unwrap();
    let gone = IoEventKind::Lost { reason: LostReason::Panicked };
    until(&mut device, |event| event.kind == gone);
    assert!(matches!(device.stop(), Err(IoError::Panicked(_))));
    let (blocks, callback) = noting(2);
    device.start(Box::new(callback)).unwrap();
    while device.stats().blocks < 5 {
        device.pass(Duration::from_millis(1));
    }
    drop(device);
    assert!(blocks.lock().unwrap()[0].discontinuity);
}

#[test]
fn settings_out_of_range_are_refused() {
    let ok = NullConfig::default();
    for (config, expected) in [
        (NullConfig { rate: 0, ..ok.clone() }, "the rate is 0; it is 1 to 1536000 Hz"),
        (NullConfig { block: 0, ..ok.clone() }, "the block is 0; it is 1 to 1048576 frames"),
        (NullConfig { inputs: 1025, ..ok.clone() }, "the number of inputs is 1025; it is 0 to 1024 channels"),
    ] {
        assert_eq!(Null::<Renderer>::open(config).err().unwrap().to_string(), expected);
    }
}
