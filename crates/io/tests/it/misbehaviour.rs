//! What real devices and servers were seen to do, each with a renderer on it. Whatever is not lost sounds as if it had
//! been rendered in one go.

use std::time::Duration;

use patchline_graph::EventKind;
use patchline_io::sim::{Blocks, Incident, Recording, Sim, SimConfig, Trouble};
use patchline_io::{
    Backend, Block, Callback, DeviceInfo, DeviceRequest, FnCallback, Host, IoError, IoEvent, IoEventKind, IoStats,
    LostReason, Patience, Side, Supervised,
};

use crate::graph::{combs, expected, expected_of, faulty, noise};
use crate::sim::{FOR_EVER, check_blocks, play};

const SECOND: u64 = 48_000;

/// Two seconds of a device; what it says, and that everything it called for sounds right.
fn check(config: SimConfig) -> (Recording, Vec<IoEvent>, IoStats) {
    let (rate, frames) = (config.rate, 2 * SECOND);
    let (recording, events, stats) = play(SimConfig { frames: Some(frames), ..config });
    let heard = recording.blocks.iter().flat_map(|block| block.position..block.position + block.frames as u64);
    assert_eq!(recording.channels, expected_of(rate, 2, heard));
    assert_eq!(events.last(), Some(&IoEvent { position: frames, kind: IoEventKind::Finished }));
    (recording, events, stats)
}

/// Nothing is lost and nothing is said, in blocks like these.
fn check_harmless(config: SimConfig, fits: impl Fn(usize) -> bool) {
    let (mut recording, events, stats) = check(config);
    assert_eq!((events.len(), stats.frames, stats.xruns), (1, 2 * SECOND, 0), "{events:?}");
    recording.blocks.pop();
    assert!(recording.blocks.len() > 10 && recording.blocks.iter().all(|block| fits(block.frames)));
}

fn trouble(at: u64, trouble: Trouble) -> SimConfig {
    SimConfig { script: vec![Incident { at, trouble }], ..SimConfig::default() }
}

#[test]
fn pulse_calls_for_24_frames_at_a_time() {
    check_harmless(SimConfig { blocks: Blocks::Fixed(24), ..SimConfig::default() }, |frames| frames == 24);
}

#[test]
fn pipewire_alternates_between_940_and_941() {
    let blocks = Blocks::Random { shortest: 940, longest: 941 };
    check_harmless(SimConfig { blocks, max_frames: 1_024, ..SimConfig::default() }, |n| (940..=941).contains(&n));
}

#[test]
fn jack_runs_at_63_and_at_100() {
    for block in [63, 100] {
        check_harmless(
            SimConfig { blocks: Blocks::Fixed(block), max_frames: block, ..SimConfig::default() },
            |frames| frames == block,
        );
    }
}

#[test]
fn alsa_on_pulse_promises_256_and_calls_for_170() {
    let config = SimConfig { blocks: Blocks::Fixed(170), max_frames: 256, ..SimConfig::default() };
    check_harmless(config, |frames| frames == 170);
}

#[test]
fn a_block_is_many_times_as_long_as_promised() {
    let config = SimConfig { blocks: Blocks::Fixed(8_192), max_frames: 256, ..SimConfig::default() };
    check_harmless(config, |frames| frames == 8_192);
}

#[test]
fn the_block_changes_twenty_times_while_it_plays() {
    let lengths = (0..20_usize).map(|change| [64, 1_024, 63, 941, 256][change % 5]);
    let script = lengths.enumerate().map(|(change, frames)| Incident {
        at: 4_000 * change as u64,
        trouble: Trouble::Blocks(Blocks::Fixed(frames)),
    });
    let (recording, events, stats) = check(SimConfig { script: script.collect(), ..SimConfig::default() });
    assert_eq!((events.len(), stats.frames), (21, 2 * SECOND));
    assert!(recording.blocks.iter().all(|block| !block.discontinuity));
}

/// The pulse host of cpal calls for output once before anything runs.
#[test]
fn output_is_called_for_before_the_start() {
    let (config, block) = (trouble(0, Trouble::Early), Duration::from_nanos(256 * 1_000_000_000 / SECOND));
    let (mut engine, renderer) = combs(48_000, 2);
    let mut device: Sim<_> = Sim::open(config.clone()).unwrap();
    device.start(renderer).unwrap();
    device.pass(Duration::ZERO);
    assert_eq!(device.stats().frames, 256, "no time has passed");
    device.pass(block);
    assert_eq!(device.stats().frames, 256);
    device.pass(block);
    assert_eq!(device.stats().frames, 512);
    engine.close(device.stop().unwrap());
    check_harmless(config, |frames| frames == 256);
}

#[test]
fn two_calls_come_on_the_heels_of_each_other() {
    let script = (0..50).map(|at| Incident { at: 1_900 * at, trouble: Trouble::Early }).collect();
    check_harmless(SimConfig { script, ..SimConfig::default() }, |frames| frames == 256);
}

/// The death of a server, as seen through the JACK plugin of ALSA: nothing. What a watchdog sees is that nothing moves.
#[test]
fn a_device_goes_silent_without_a_word() {
    let (mut engine, renderer) = combs(48_000, 2);
    let mut device =
        Sim::open(trouble(SECOND, Trouble::Silence { frames: None })).unwrap().with_input(noise).recording();
    device.start(renderer).unwrap();
    assert_eq!(device.run(Duration::from_secs(1)), []);
    let blocks = device.stats().blocks;
    assert_eq!(device.run(Duration::from_secs(1)), []);
    assert!(device.stats().blocks <= blocks + 1 && !device.rests());
    let blocks = device.stats().blocks;
    assert_eq!(device.run(Duration::from_secs(3_600)), []);
    assert_eq!(device.stats().blocks, blocks);

    // Stopped and started again it calls again, and what was heard rings on.
    let renderer = device.stop().unwrap();
    let position = renderer.position();
    device.start(renderer).unwrap();
    device.run(Duration::from_secs(1));
    let recording = device.take_recording();
    let again = recording.blocks.iter().find(|block| block.discontinuity).unwrap();
    assert_eq!(again.position, position, "the device did not count what nobody heard");
    assert_eq!(recording.channels, expected(48_000, 2, recording.channels[0].len()));
    engine.close(device.stop().unwrap());
}

/// A host whose first device falls silent after a second; the next one is well.
struct Flaky(std::sync::atomic::AtomicBool);

impl<C: Callback> Host<C> for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(Vec::new())
    }

    fn open(&self, _request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        let first = !self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
        let well = SimConfig::default();
        let config = if first { trouble(SECOND, Trouble::Silence { frames: None }) } else { well };
        Ok(Box::new(Sim::open(config)?.with_input(noise)))
    }
}

#[test]
fn a_watchdog_notices_the_silence_and_the_renderer_plays_on_elsewhere() {
    let (mut engine, renderer) = combs(48_000, 2);
    let patience =
        Patience { silence: Duration::from_millis(150), first_retry: Duration::from_millis(10), ..Patience::default() };
    let mut device = Supervised::open(Box::new(Flaky(false.into())), DeviceRequest::default(), patience).unwrap();
    device.start(renderer).unwrap();
    let mut kinds = Vec::new();
    let began = std::time::Instant::now();
    while !kinds.iter().any(|kind| matches!(kind, IoEventKind::Reconnected { .. })) {
        assert!(began.elapsed() < Duration::from_secs(60), "{kinds:?}");
        device.pass(Duration::from_millis(100));
        std::thread::sleep(Duration::from_millis(1));
        kinds.extend(std::iter::from_fn(|| device.poll()).map(|event| event.kind));
    }
    assert_eq!(kinds[0], IoEventKind::Lost { reason: LostReason::Silent });
    while device.stats().frames < 2 * SECOND {
        assert!(began.elapsed() < Duration::from_secs(60));
        device.pass(Duration::from_millis(100));
    }
    let renderer = device.stop().unwrap();
    assert_eq!(renderer.position(), device.stats().frames, "it went on where it was");
    engine.close(renderer);
}

#[test]
fn a_device_is_silent_for_a_while_and_skips_what_it_did_not_deliver() {
    let (recording, events, stats) = check(trouble(SECOND, Trouble::Silence { frames: Some(30_000) }));
    assert_eq!((events.len(), stats.frames, stats.frames_lost), (1, 2 * SECOND - 30_000, 0));
    let again: Vec<Block> = recording.blocks.iter().filter(|block| block.discontinuity).copied().collect();
    assert_eq!(again.iter().map(|block| block.position).collect::<Vec<_>>(), [48_128 + 30_000]);
}

/// The death of a server, as seen through the pulse plugin of ALSA: errors, as fast as they come.
#[test]
fn a_storm_of_errors_calls_nothing_and_every_error_is_counted() {
    let (recording, mut events, stats) = check(trouble(SECOND, Trouble::ErrorStorm { frames: Some(24_000) }));
    events.pop();
    let error = IoEvent { position: 48_128, kind: IoEventKind::Xrun { lost: 0, side: Side::Both } };
    assert_eq!(events, vec![error; 2_400 - 1]);
    assert_eq!((stats.xruns, stats.frames), (2_399, 2 * SECOND - 24_000));
    assert_eq!(recording.blocks.iter().filter(|block| block.discontinuity).count(), 1);

    // One without an end ends when the device is stopped.
    let (mut engine, renderer) = combs(48_000, 2);
    let mut device = Sim::open(trouble(0, Trouble::ErrorStorm { frames: None })).unwrap();
    device.start(renderer).unwrap();
    assert_eq!(device.run(Duration::from_secs(1)).len(), 4_800);
    let renderer = device.stop().unwrap();
    device.start(renderer).unwrap();
    assert_eq!(device.run(Duration::from_secs(1)), []);
    engine.close(device.stop().unwrap());
    assert_eq!((device.stats().xruns, device.stats().frames), (4_800, 187 * 256));
}

#[test]
fn errors_that_nobody_polls_are_counted_all_the_same() {
    let (mut engine, renderer) = combs(48_000, 2);
    let mut device = Sim::open(trouble(0, Trouble::ErrorStorm { frames: Some(48_000) })).unwrap();
    device.start(renderer).unwrap();
    (0..10_000).for_each(|_| device.pass(Duration::from_millis(1)));
    let events: Vec<IoEvent> = std::iter::from_fn(|| device.poll()).collect();
    let Some(IoEventKind::EventsLost { count }) = events.last().map(|event| event.kind) else { panic!("{events:?}") };
    assert_eq!((events.len() as u64 - 1 + count, device.stats().xruns), (4_799, 4_799));
    engine.close(device.stop().unwrap());
}

#[test]
fn the_rate_changes_and_the_renderer_waits() {
    let (mut engine, renderer) = combs(48_000, 2);
    let mut device = Sim::open(trouble(SECOND, Trouble::Rate(44_100))).unwrap().recording();
    device.start(renderer).unwrap();
    let changed = IoEvent { position: 48_128, kind: IoEventKind::RateChanged { from: 48_000, to: 44_100 } };
    assert_eq!(device.run(FOR_EVER), [changed]);
    let renderer = device.stop().unwrap();
    assert_eq!((renderer.position(), device.spec().rate), (48_128, 44_100));
    engine.close(renderer);
    // What plays on is another plan, for the new rate.
    let (mut engine, renderer) = combs(44_100, 2);
    device.start(renderer).unwrap();
    device.run(Duration::from_secs(1));
    assert_eq!(device.stats().frames, 48_128 + 44_100 / 256 * 256);
    engine.close(device.stop().unwrap());
}

#[test]
fn more_channels_come_than_were_asked_for() {
    let more = Trouble::Channels { inputs: 5, outputs: 6 };
    let (recording, events, _) = play(SimConfig { frames: Some(2 * SECOND), ..trouble(SECOND, more) });
    let changed = |side, to| IoEvent { position: 48_128, kind: IoEventKind::ChannelsChanged { side, from: 2, to } };
    assert_eq!(events[..2], [changed(Side::Input, 5), changed(Side::Output, 6)]);
    assert_eq!(recording.channels[..2], expected(48_000, 2, 2 * SECOND as usize));
    assert_eq!(recording.channels[2..], vec![vec![0.0; 2 * SECOND as usize]; 4]);
}

#[test]
fn fewer_channels_come_than_were_asked_for() {
    let fewer = Trouble::Channels { inputs: 0, outputs: 1 };
    let (recording, events, _) = play(SimConfig { frames: Some(2 * SECOND), ..trouble(SECOND, fewer) });
    assert_eq!(events.len(), 3);
    let [left, right] = &recording.channels[..] else { panic!("{} channels", recording.channels.len()) };
    assert!(left.iter().chain(right).all(|sample| sample.is_finite()));
    assert_eq!(left[..SECOND as usize], expected(48_000, 2, SECOND as usize)[0]);
    assert!(left[48_500..49_000].iter().any(|&sample| sample != 0.0), "the combs ring on");
    assert!(right[48_128..].iter().all(|&sample| sample == 0.0));
}

#[test]
fn it_is_unplugged_and_plugged_in_again() {
    let (recording, events, stats) = check(trouble(SECOND, Trouble::Unplug { away: Some(10_000) }));
    assert_eq!(events[0].kind, IoEventKind::Lost { reason: LostReason::Unplugged });
    assert_eq!(events[1].kind, IoEventKind::Reconnected { away: 10_000 });
    assert_eq!((stats.losses, stats.frames_away, stats.frames), (1, 10_000, 2 * SECOND - 10_000));
    check_blocks(&recording, &events);
}

#[test]
fn a_callback_overruns_and_what_it_missed_is_told() {
    let (recording, events, stats) = check(SimConfig { load_percent: 300, ..SimConfig::default() });
    assert!(stats.xruns > 50 && stats.frames + stats.frames_lost == 2 * SECOND, "{stats:?}");
    check_blocks(&recording, &events);
}

#[test]
fn a_node_that_panics_is_silent_and_the_rest_plays_on() {
    let (mut engine, renderer) = faulty(1_000);
    let mut device = Sim::open(SimConfig { frames: Some(SECOND), ..SimConfig::default() }).unwrap();
    device = device.with_input(|_, _| 1.0).recording();
    device.start(renderer).unwrap();
    assert_eq!(device.run(FOR_EVER).len(), 1, "the device noticed nothing");
    let heard = device.take_recording().channels;
    // In the block that holds its thousandth frame, the node falls silent for good; what goes past it does not.
    assert!(heard[0][..768].iter().all(|&sample| sample == 2.0));
    assert!(heard[0][1_024..].iter().all(|&sample| sample == 1.0) && heard[0].len() as u64 == SECOND);
    let mut kinds = std::iter::from_fn(|| engine.next_event()).map(|event| event.kind);
    assert!(kinds.any(|kind| kind == EventKind::Panicked));
    drop(kinds);
    engine.close(device.stop().unwrap());
}

#[test]
fn a_callback_that_panics_is_silent_and_the_device_is_told_lost() {
    let mut device = Sim::open(SimConfig::default()).unwrap().recording();
    let panics = |block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().for_each(|output| output.fill(0.5));
        assert!(block.position < 1_024, "planted");
    };
    device.start(FnCallback(panics)).unwrap();
    let lost = IoEvent { position: 1_280, kind: IoEventKind::Lost { reason: LostReason::Panicked } };
    assert_eq!(device.run(FOR_EVER), [lost]);
    assert!(matches!(device.stop(), Err(IoError::Panicked(_))));
    device.start(FnCallback(panics)).unwrap();
    assert_eq!(device.run(FOR_EVER).len(), 1, "it can be used again");
    let heard = device.take_recording().channels;
    assert!(heard[0][..1_024].iter().all(|&sample| sample == 0.5) && heard[0][1_024..] == [0.0; 512]);
}
