use assert_no_alloc::assert_no_alloc;
use patchline_io::convert::{Tally, read, write};
use patchline_io::drift::{DriftConfig, pair};
use patchline_io::{EventReceiver, FnCallback, event_ring};

use super::*;
use crate::adapter::Fault;
use crate::ends::FaultEnd;
use crate::faults::Listener;
use crate::feeder::Feeder;
use patchline_io::seat::{Door, Resting, seat};

/// A device's block, two channels.
struct Mock(Vec<f32>);

impl Played for Mock {
    fn samples(&self) -> usize {
        self.0.len()
    }

    fn write(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &[&[f32]]) -> Tally {
        write(planar, map, &mut self.0[2 * from..][..2 * frames])
    }
}

impl Captured for Mock {
    fn samples(&self) -> usize {
        self.0.len()
    }

    fn read(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
        read(&self.0[2 * from..][..2 * frames], map, planar)
    }
}

/// A block of a device of 16 bits that plays, or of 64 bits that records.
struct Narrow(Vec<i16>);
struct Wide(Vec<f64>);

impl Played for Narrow {
    fn samples(&self) -> usize {
        self.0.len()
    }

    fn write(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &[&[f32]]) -> Tally {
        write(planar, map, &mut self.0[2 * from..][..2 * frames])
    }
}

impl Captured for Wide {
    fn samples(&self) -> usize {
        self.0.len()
    }

    fn read(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
        read(&self.0[2 * from..][..2 * frames], map, planar)
    }
}

const STORAGE: usize = 64;

struct Rig<C> {
    door: Door<C>,
    events: EventReceiver,
    shared: Arc<Shared>,
    caller: Option<Caller<C>>,
}

/// At 48 kHz, with two channels each way, or none.
fn rig<C: Callback>(inputs: usize, outputs: usize) -> Rig<C> {
    let (door, seat) = seat();
    let (sender, events) = event_ring(64);
    let shared = Arc::new(Shared::new(0, false));
    let caller = Caller::new(seat, sender, Arc::clone(&shared), 48_000, (inputs, outputs, STORAGE));
    Rig { door, events, shared, caller: Some(caller) }
}

impl<C: Callback> Rig<C> {
    fn output(&mut self) -> OutputCaller<C> {
        OutputCaller::new(self.caller.take().unwrap(), ChannelMap::all(2), None)
    }

    fn told(&mut self) -> Vec<IoEventKind> {
        std::iter::from_fn(|| self.events.poll()).map(|event| event.kind).collect()
    }
}

/// Counts frames: each sample is its own number.
fn counter() -> impl Callback {
    FnCallback(|block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        assert!(block.frames <= STORAGE);
        for output in outputs {
            let numbers = block.position..;
            output.iter_mut().zip(numbers).for_each(|(sample, number)| *sample = number as f32);
        }
    })
}

#[test]
fn blocks_of_any_length_are_split_and_follow_each_other() {
    let mut rig = rig(0, 2);
    let mut output = rig.output();
    let mut early = Mock(vec![7.0; 200]);
    output.play(&mut early, None);
    assert_eq!(early.0, [0.0; 200], "silent until it is started");
    assert!(rig.door.send_in(Box::new(counter())).is_ok());
    let mut played = Vec::new();
    for frames in [1, 63, 64, 65, 0, 1_000, 24] {
        let mut block = Mock(vec![7.0; 2 * frames]);
        output.play(&mut block, None);
        played.extend(block.0);
    }
    let numbers: Vec<f32> = (0..1_217).flat_map(|number| [number as f32; 2]).collect();
    assert_eq!(played, numbers);
    assert_eq!((rig.told(), rig.events.stats().frames), (vec![], 1_217));
}

#[test]
fn a_callback_that_panics_is_silent_reported_and_given_back_as_such() {
    let mut rig = rig(0, 2);
    let mut output = rig.output();
    let panics = FnCallback(|block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs[0].fill(1.0);
        assert!(block.position < 100, "planned");
    });
    assert!(rig.door.send_in(Box::new(panics)).is_ok());
    for _ in 0..4 {
        let mut block = Mock(vec![7.0; 2 * 300]);
        output.play(&mut block, None);
        assert_eq!(block.0, [0.0; 600]);
    }
    assert_eq!(rig.told(), [IoEventKind::Lost { reason: LostReason::Panicked }]);
    assert!(matches!(rig.door.take_back(Duration::ZERO), Some(Resting::Panicked(..))));
}

#[test]
fn other_channels_than_asked_for_are_silence_and_a_report() {
    let mut rig = rig(0, 2);
    let mut output = rig.output();
    assert!(rig.door.send_in(Box::new(counter())).is_ok());
    let mut block = Mock(vec![7.0; 301]);
    output.play(&mut block, None);
    assert_eq!(block.0[..300], [0.0; 300]);
    assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 150, side: Side::Output }]);
    let mut block = Mock(vec![7.0; 2]);
    output.play(&mut block, None);
    assert_eq!(block.0, [150.0; 2], "and it goes on");
}

#[test]
fn blocks_that_come_too_late_are_reported_once() {
    let mut rig = rig(0, 2);
    let mut output = rig.output();
    assert!(rig.door.send_in(Box::new(counter())).is_ok());
    rig.shared.set_queue(Duration::from_millis(20));
    let mut play = |frames: usize, pause: u64| {
        std::thread::sleep(Duration::from_millis(pause));
        output.play(&mut Mock(vec![7.0; 2 * frames]), None);
    };
    play(480, 0);
    play(480, 1);
    assert_eq!(rig.told(), []);
    play(480, 50);
    assert!(matches!(rig.told()[..], [IoEventKind::Xrun { lost: 1_000.., side: Side::Output }]));
    play(960, 0);
    assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 0, side: Side::Output }], "nothing was left");
    play(960, 0);
    assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 0, side: Side::Output }], "nor was there anything then");
    rig.shared.set_told();
    play(480, 50);
    assert_eq!(rig.told(), [], "the host has told");
}

#[test]
fn samples_that_a_format_cannot_hold_are_counted_on_both_sides() {
    let mut rig = rig(0, 2);
    let mut output = rig.output();
    let loud = FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs[0].fill(1.5);
        outputs[1].fill(f32::NAN);
    });
    assert!(rig.door.send_in(Box::new(loud)).is_ok());
    let mut block = Narrow(vec![7; 2 * 100]);
    output.play(&mut block, None);
    assert_eq!(block.0[..2], [i16::MAX, 0]);
    let stats = rig.events.stats();
    assert_eq!((stats.clipped, stats.not_finite), (100, 100));

    let mut recording = self::rig(2, 0);
    let mut input = InputCaller::new(recording.caller.take().unwrap(), ChannelMap::all(2));
    let (feed, _draw, _monitor) = pair(&DriftConfig::default()).unwrap();
    let (sender, fed) = event_ring(4);
    let mut feeder = Feeder::new(feed, ChannelMap::all(2), Arc::clone(&recording.shared), sender, 48_000, STORAGE);
    assert!(recording.door.send_in(Box::new(counter())).is_ok());
    let mut block = Wide(vec![f64::NAN; 2 * 100]);
    input.capture(&mut block, None);
    feeder.capture(&mut block, None);
    assert_eq!((recording.events.stats().not_finite, fed.stats().not_finite), (200, 200));
}

#[test]
fn a_device_that_always_asks_for_all_there_is_room_for_is_not_late() {
    let mut rig = rig(0, 2);
    let mut output = rig.output();
    assert!(rig.door.send_in(Box::new(counter())).is_ok());
    rig.shared.set_queue(Duration::from_secs(5));
    for _ in 0..10 {
        output.play(&mut Mock(vec![7.0; 2 * 5 * 48_000]), None);
    }
    assert_eq!(rig.told(), []);
}

#[test]
fn an_input_alone_calls_as_well() {
    let mut rig = rig(2, 0);
    let mut input = InputCaller::new(rig.caller.take().unwrap(), ChannelMap::all(2));
    let (send, heard) = std::sync::mpsc::channel();
    let tap = FnCallback(move |_: Block, inputs: &[&[f32]], _: &mut [&mut [f32]]| {
        inputs[1].iter().for_each(|sample| send.send(*sample).unwrap());
    });
    assert!(rig.door.send_in(Box::new(tap)).is_ok());
    let mut block = Mock((0..600).map(|sample| sample as f32).collect());
    input.capture(&mut block, Some(Duration::from_millis(5)));
    input.capture(&mut Mock(vec![0.0; 3]), None);
    let expected: Vec<f32> = (0..300).map(|frame| (2 * frame + 1) as f32).collect();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), expected);
    assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 1, side: Side::Input }]);
}

/// Everything of ours that runs on a device's threads: calls, splits, losses, storms, and a callback that leaves.
#[test]
fn nothing_of_ours_allocates() {
    let mut rig = rig(2, 2);
    let (feed, draw, monitor) = pair(&DriftConfig { locked: true, ..DriftConfig::default() }).unwrap();
    let (draw_events, _draw_told) = event_ring(4);
    let source = Source::new(draw, monitor, draw_events, 0);
    let mut output = OutputCaller::new(rig.caller.take().unwrap(), ChannelMap::all(2), Some(source));
    let (feed_events, _told) = event_ring(4);
    let map = ChannelMap::all(2);
    let mut feeder = Feeder::new(feed, map, Arc::clone(&rig.shared), feed_events, 48_000, STORAGE);
    let (fault_events, _faults) = event_ring(4);
    let mut listener = Listener::new(Arc::clone(&rig.shared), fault_events, Side::Output, LostReason::ServerEnded);
    rig.shared.set_queue(Duration::from_millis(5));
    assert!(rig.door.send_in(Box::new(counter())).is_ok());
    let mut blocks: Vec<Mock> = [2, 48, 480, 481, 3_000].map(|samples| Mock(vec![0.1; samples])).into();
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_millis(700) {
        assert_no_alloc(|| {
            for block in &mut blocks {
                feeder.capture(block, Some(Duration::from_millis(3)));
                output.play(block, Some(Duration::from_millis(3)));
            }
            listener.fault(Fault::Xrun);
        });
        std::thread::sleep(Duration::from_millis(32));
    }
    assert!(rig.events.stats().frames > 0, "both sides ran");
    while !rig.shared.is_lost() {
        assert_no_alloc(|| (0..1_000).for_each(|_| listener.fault(Fault::Other)));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(rig.door.take_back(Duration::ZERO).is_some());
    assert_no_alloc(|| output.play(&mut blocks[2], None));
}
