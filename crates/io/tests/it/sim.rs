use std::time::Duration;

use patchline_graph::Renderer;
use patchline_io::sim::{Blocks, Chances, Incident, Recording, Sim, SimConfig, Trouble};
use patchline_io::{Backend, Block, Callback, FnCallback, IoError, IoEvent, IoEventKind, IoStats, Side};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::graph::{combs, expected, noise};

pub(crate) const FOR_EVER: Duration = Duration::MAX;

/// Runs the combs on a device to its end.
pub(crate) fn play(config: SimConfig) -> (Recording, Vec<IoEvent>, IoStats) {
    let (mut engine, renderer) = combs(config.rate, config.inputs);
    let mut device = Sim::open(config).unwrap().with_input(noise).recording();
    device.start(renderer).unwrap();
    let events = device.run(FOR_EVER);
    engine.close(device.stop().unwrap());
    (device.take_recording(), events, device.stats())
}

/// Devices that do anything but lose frames: their buffer of at least 256 frames (5.3 ms) covers the jitter.
fn gentle() -> impl Strategy<Value = SimConfig> {
    let changes = proptest::collection::vec((0..8_000_u64, 1..256_usize, 256..2_000_usize), 0..4);
    (any::<u64>(), 1..900_usize, 0..900_usize, -400..400_i32, 0..5_000_u64, 1..8_000_u64, changes).prop_map(
        |(seed, shortest, more, drift_ppm, jitter, frames, changes)| SimConfig {
            seed,
            blocks: Blocks::Random { shortest, longest: shortest + more },
            drift_ppm,
            jitter: Duration::from_micros(jitter),
            frames: Some(frames),
            script: changes
                .into_iter()
                .map(|(at, shortest, longest)| (at, Blocks::Random { shortest, longest }))
                .map(|(at, blocks)| Incident { at, trouble: Trouble::Blocks(blocks) })
                .collect(),
            ..SimConfig::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn without_dropouts_any_device_gives_the_bits_of_one_big_render(config in gentle()) {
        let frames = config.frames.unwrap();
        let (recording, mut events, stats) = play(config);
        prop_assert_eq!(events.pop(), Some(IoEvent { position: frames, kind: IoEventKind::Finished }));
        let mut changes = events.iter().map(|event| matches!(event.kind, IoEventKind::BlockChanged { .. }));
        prop_assert!(changes.all(|change| change));
        prop_assert_eq!(recording.channels, expected(48_000, 2, frames as usize));
        prop_assert!(recording.blocks.iter().all(|block| !block.discontinuity));
        prop_assert_eq!((stats.frames, stats.xruns), (frames, 0));
    }
}

/// Ten seconds in which everything happens.
fn storm(seed: u64) -> SimConfig {
    let config = SimConfig::stormy(seed);
    SimConfig { frames: Some(480_000), chances: Chances { unplugs: 20.0, ..config.chances }, ..config }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn every_frame_is_played_lost_or_away(seed in any::<u64>()) {
        let (recording, events, stats) = play(storm(seed));
        prop_assert_eq!(stats.frames + stats.frames_lost + stats.frames_away, 480_000);
        prop_assert_eq!(events.last(), Some(&IoEvent { position: 480_000, kind: IoEventKind::Finished }));
        let xruns = events.iter().filter(|event| matches!(event.kind, IoEventKind::Xrun { .. })).count();
        prop_assert_eq!((stats.xruns, stats.events_lost), (xruns as u64, 0));
        check_blocks(&recording, &events);
    }
}

/// Each block starts where the one before ended, plus what the events between them lost; the flag says whether.
pub(crate) fn check_blocks(recording: &Recording, events: &[IoEvent]) {
    let mut gaps: Vec<(u64, u64)> = events
        .iter()
        .filter_map(|event| match event.kind {
            IoEventKind::Xrun { lost, .. } => Some((event.position, event.position + lost)),
            IoEventKind::Reconnected { away } => Some((event.position - away, event.position)),
            _ => None,
        })
        .collect();
    gaps.reverse();
    let mut position = 0;
    for block in &recording.blocks {
        let before = position;
        while gaps.last().is_some_and(|gap| gap.0 == position) {
            position = gaps.pop().unwrap().1;
        }
        assert_eq!((block.position, block.discontinuity), (position, position != before), "{block:?}");
        position += block.frames as u64;
    }
    let played: usize = recording.blocks.iter().map(|block| block.frames).sum();
    assert!(recording.channels.iter().all(|channel| channel.len() == played));
}

#[test]
fn the_same_seed_is_the_same_session_in_any_portions_of_time() {
    let config = storm(3);
    let whole = play(config.clone());
    assert!(whole.2.xruns > 0 && whole.2.losses > 0, "the storm shows: {:?}", whole.2);
    for portion in [Duration::from_micros(37), Duration::from_millis(20), Duration::from_secs(1)] {
        let (mut engine, renderer) = combs(config.rate, config.inputs);
        let mut device = Sim::open(config.clone()).unwrap().with_input(noise).recording();
        device.start(renderer).unwrap();
        let mut events = Vec::new();
        while !device.rests() {
            device.pass(portion);
            events.extend(std::iter::from_fn(|| device.poll()));
        }
        engine.close(device.stop().unwrap());
        assert_eq!((device.take_recording(), events, device.stats()), whole);
    }
    assert_ne!(play(storm(4)).0, whole.0);
}

fn counting() -> impl Callback {
    FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().for_each(|output| output.fill(0.0));
    })
}

#[test]
fn xruns_are_those_that_were_injected() {
    let script = [(1_000, 1), (5_000, 999), (5_000, 1), (40_000, 480)]
        .map(|(at, frames)| Incident { at, trouble: Trouble::Dropout { frames, side: Side::Input } });
    let config = SimConfig { script: script.to_vec(), frames: Some(48_000), ..SimConfig::default() };
    let (recording, events, stats) = play(config);
    let lost: Vec<_> = events
        .iter()
        .filter_map(|event| match event.kind {
            IoEventKind::Xrun { lost, side: Side::Input } => Some((event.position, lost)),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [(1_024, 1), (5_121, 999), (6_120, 1), (40_169, 480)]);
    assert_eq!((stats.xruns, stats.frames_lost, stats.frames), (4, 1_481, 48_000 - 1_481));
    check_blocks(&recording, &events);
}

#[test]
fn a_call_that_takes_longer_than_the_buffer_loses_the_difference() {
    let run = |milliseconds| {
        let stall = Trouble::Stall(Duration::from_millis(milliseconds));
        let script = vec![Incident { at: 4_800, trouble: stall }];
        let config =
            SimConfig { rate: 48_000, max_frames: 480, blocks: Blocks::Fixed(480), script, ..SimConfig::default() };
        play(SimConfig { frames: Some(48_000), ..config })
    };
    assert_eq!(run(10).2.xruns, 0, "just in time");
    let (_, events, stats) = run(25);
    assert_eq!(events[0], IoEvent { position: 5_280, kind: IoEventKind::Xrun { lost: 720, side: Side::Both } });
    assert_eq!((stats.xruns, stats.frames_lost), (1, 720));
}

#[test]
fn drift_shows_in_virtual_time() {
    for (drift_ppm, frames) in [(0, 48_000 * 3600), (500, 48_024 * 3600), (-500, 47_976 * 3600)] {
        let config =
            SimConfig { drift_ppm, inputs: 0, outputs: 0, blocks: Blocks::Fixed(1_000), ..SimConfig::default() };
        let mut device = Sim::open(config).unwrap();
        device.start(counting()).unwrap();
        assert_eq!(device.run(Duration::from_secs(3600)), []);
        assert_eq!(device.now(), Duration::from_secs(3600));
        let played = device.stats().frames;
        assert!(frames - played < 1_000, "{drift_ppm} ppm: {played} frames");
    }
}

#[test]
fn a_new_rate_rests_until_it_is_started_again() {
    let script = vec![Incident { at: 10_000, trouble: Trouble::Rate(96_000) }];
    let mut device = Sim::open(SimConfig { script, frames: Some(20_000), ..SimConfig::default() }).unwrap().recording();
    device.start(counting()).unwrap();
    let changed = IoEvent { position: 10_240, kind: IoEventKind::RateChanged { from: 48_000, to: 96_000 } };
    assert_eq!(device.run(FOR_EVER), [changed]);
    let frames = device.stats().frames;
    device.pass(Duration::from_secs(10));
    assert_eq!((device.spec().rate, device.stats().frames), (96_000, frames));
    let callback = device.stop().unwrap();
    device.start(callback).unwrap();
    assert_eq!(device.run(FOR_EVER), [IoEvent { position: 30_240, kind: IoEventKind::Finished }]);
    let blocks = device.take_recording().blocks;
    let again: Vec<_> = blocks.iter().filter(|block| block.discontinuity).map(|block| block.position).collect();
    assert_eq!(again, [10_240]);
}

#[test]
fn an_unplugged_device_comes_back_with_a_gap_or_never() {
    let unplug = |at, away| Incident { at, trouble: Trouble::Unplug { away } };
    let script = vec![unplug(1_000, Some(5_000)), unplug(20_000, None)];
    let mut device = Sim::open(SimConfig { script, ..SimConfig::default() }).unwrap().recording();
    device.start(counting()).unwrap();
    let events = device.run(FOR_EVER);
    let lost = IoEventKind::Lost { reason: patchline_io::LostReason::Unplugged };
    let expected = [(1_024, lost), (6_024, IoEventKind::Reconnected { away: 5_000 }), (20_104, lost)];
    assert_eq!(events, expected.map(|(position, kind)| IoEvent { position, kind }));
    check_blocks(&device.take_recording(), &events);
    let callback = device.stop().unwrap();
    let refused = device.start(callback).unwrap_err();
    assert!(matches!(refused.error, IoError::Unavailable { .. }), "{refused}");
}

#[test]
fn a_device_that_is_away_cannot_be_started_until_it_is_back() {
    let script = vec![Incident { at: 0, trouble: Trouble::Unplug { away: Some(48_000) } }];
    let mut device: Box<dyn Backend<Renderer>> =
        Box::new(Sim::open(SimConfig { script, ..SimConfig::default() }).unwrap());
    let (mut engine, renderer) = combs(48_000, 2);
    device.start(renderer).unwrap();
    device.pass(Duration::from_millis(500));
    assert!(matches!(device.poll().unwrap().kind, IoEventKind::Lost { .. }), "at once, so no time has passed");
    device.pass(Duration::from_millis(500));
    let renderer = device.stop().unwrap();
    let renderer = device.start(renderer).unwrap_err().callback;
    device.pass(Duration::from_millis(600));
    device.start(renderer).unwrap();
    device.pass(Duration::from_secs(1));
    device.pass(Duration::from_secs(1));
    let renderer = device.stop().unwrap();
    assert_eq!((device.stats().losses, device.stats().frames_away), (1, 48_000));
    assert_eq!(renderer.position(), device.stats().frames);
    assert!(renderer.position() > 0);
    engine.close(renderer);
}

#[test]
fn a_block_may_be_longer_than_promised() {
    let blocks = Blocks::Random { shortest: 1, longest: 3_000 };
    let config = SimConfig { max_frames: 64, blocks, frames: Some(100_000), ..SimConfig::default() };
    let (recording, _, _) = play(config);
    assert!(recording.blocks.iter().any(|block| block.frames > 1_000));
    assert_eq!(recording.channels, expected(48_000, 2, 100_000));
}

#[test]
fn settings_out_of_range_are_refused() {
    let ok = SimConfig::default();
    for (config, expected) in [
        (SimConfig { drift_ppm: -100_001, ..ok.clone() }, "the drift is 100001; it is -100000 to 100000 ppm"),
        (SimConfig { blocks: Blocks::Fixed(0), ..ok.clone() }, "the shortest block is 0; it is 1 to 1048576 frames"),
        (
            SimConfig { blocks: Blocks::Random { shortest: 9, longest: 8 }, ..ok.clone() },
            "the longest block is 8; it is at least the shortest and at most 1048576 frames",
        ),
        (
            SimConfig { chances: Chances { dropouts: f64::NAN, ..Chances::default() }, ..ok.clone() },
            "a chance is NaN; it is 0 or more times a minute",
        ),
        (
            SimConfig { script: vec![Incident { at: 0, trouble: Trouble::Rate(0) }], ..ok.clone() },
            "the rate is 0; it is 1 to 1536000 Hz",
        ),
    ] {
        assert_eq!(Sim::<Renderer>::open(config).err().unwrap().to_string(), expected);
    }
}
