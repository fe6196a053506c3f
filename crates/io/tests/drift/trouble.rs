//! Losses, stalls and late callbacks.

use patchline_io::drift::{DriftConfig, DriftReport, Quality};
use patchline_io::{IoEvent, IoEventKind};

use crate::devices::{Device, Devices};
use crate::pair::{ODD, listen};

/// Frames of input that events say were dropped, and frames of silence that were put in.
fn amounts(events: &[IoEvent]) -> (u64, u64) {
    events.iter().fold((0, 0), |(dropped, silent), event| match event.kind {
        IoEventKind::Realigned { dropped: frames } if frames > 0 => (dropped + frames.unsigned_abs(), silent),
        IoEventKind::Realigned { dropped: frames } => (dropped, silent + frames.unsigned_abs()),
        _ => panic!("{event:?}"),
    })
}

/// A stall of 2 s, at 40 s; heard again and at the nominal latency within 1 s after it.
fn check_stall(input: Device, output: Device, locked: bool) {
    let mut devices = Devices::new(input, output, DriftConfig { locked, ..DriftConfig::default() });
    let (sums, events) = listen(&mut devices, 1.0, 39.9);
    sums.check_latency();
    assert_eq!(events, []);
    let nominal = sums.nominal;
    let (sums, events) = listen(&mut devices, 43.0, 80.0);
    sums.check_latency();
    assert_eq!(sums.nominal, nominal);
    if !locked {
        sums.check_ppm(devices.true_ppm());
    }
    let (dropped, silent) = amounts(&events);
    let report = devices.monitor.report();
    assert_eq!((report.dropped, report.silent), (dropped, silent));
    assert_eq!(report.realigned, events.len() as u64);
}

#[test]
fn stalls_of_two_seconds() {
    for locked in [false, true] {
        let ppm = if locked { 0.0 } else { 500.0 };
        for (tells, loses) in [(false, false), (false, true), (true, true)] {
            let input = Device { tells, ..Device::new(48_000, ppm, ODD, 0.002) };
            let output = Device { tells, ..Device::new(48_000, 0.0, ODD, 0.002) };
            check_stall(input.stalls(40.0, 2.0, loses), output, locked);
            check_stall(input, output.stalls(40.0, 2.0, loses), locked);
        }
    }
}

/// Frames that input or output lose without a word: the latency is back within 1 s, for as many dropped or silent.
#[test]
fn losses_that_nobody_tells_are_found() {
    for lost in [200, 480, 2_000, 20_000] {
        let time = f64::from(lost) / 48_000.0;
        let device = |ppm| Device::new(48_000, ppm, (64, 256), 0.000_5);
        for (input, output) in [
            (device(-200.0).stalls(20.0, time, true), device(0.0)),
            (device(0.0), device(-200.0).stalls(20.0, time, true)),
        ] {
            let mut devices = Devices::new(input, output, DriftConfig::default());
            listen(&mut devices, 1.0, 19.9).0.check_latency();
            let (sums, events) = listen(&mut devices, 20.0 + time + 1.0, 40.0);
            sums.check_latency();
            let (dropped, silent) = amounts(&events);
            let moved = dropped.abs_diff(silent) as f64 / 48_000.0;
            assert!((moved - time).abs() < 0.001, "{lost}: {events:?}");
        }
    }
}

/// Callbacks that are later than the margin: the latency grows until it covers them, and no further.
#[test]
fn a_margin_that_is_too_small_grows() {
    let (input, output) = (Device::new(48_000, 300.0, (256, 256), 0.008), Device::new(48_000, 0.0, (256, 256), 0.004));
    let mut devices = Devices::new(input, output, DriftConfig::default());
    let before = devices.nominal();
    let (_, events) = listen(&mut devices, 1.0, 60.0);
    assert!(!events.is_empty());
    let (sums, events) = listen(&mut devices, 60.0, 120.0);
    assert!(events.len() < 3, "{events:?}");
    // Late by 4 ms more than usual at most and early by 2 ms at most: 2 ms more than the margin.
    assert!((before + 0.001..before + 0.003).contains(&sums.nominal), "{before} to {}", sums.nominal);
}

/// The input's block is longer than it said.
#[test]
fn longer_blocks_are_made_room_for() {
    let (input, output) = (Device::new(48_000, 0.0, (700, 700), 0.001), Device::new(48_000, 0.0, (256, 256), 0.001));
    let mut devices = Devices::with_block(input, output, 256, DriftConfig::default());
    let before = devices.nominal();
    let (sums, events) = listen(&mut devices, 1.0, 10.0);
    sums.check_latency();
    assert_eq!(events, []);
    assert!((sums.nominal - before - 444.0 / 48_000.0).abs() < 1e-9);
}

/// On one clock every sample that arrives is the one that was sent, and the books balance: input is heard, dropped or
/// had no room.
#[test]
fn locked_devices_pass_bits_and_lose_what_is_counted() {
    let device = Device::new(48_000, 0.0, ODD, 0.002);
    for (input, output) in [
        (device, device),
        (device.stalls(5.0, 2.0, false), device),
        (device, device.stalls(5.0, 2.0, false)),
        (device, device.stalls(5.0, 0.3, true)),
        (device, device.stalls(5.0, 2.0, true)),
    ] {
        let config = DriftConfig { locked: true, ..DriftConfig::default() };
        let mut devices = Devices::new(input, output, config).with_signal(|frame, _| (frame + 1) as f32);
        let events = devices.run(10.0, |_| ());
        let recording = devices.recording.take().unwrap();
        check_books(&recording, &events, devices.monitor.report());
    }
}

fn check_books(recording: &[f32], events: &[IoEvent], report: DriftReport) {
    let start = recording.iter().position(|&sample| sample != 0.0).unwrap();
    let (mut silent, mut missing, mut expected) = (0, 0, recording[start]);
    for &sample in &recording[start..] {
        if sample == 0.0 {
            silent += 1;
            continue;
        }
        assert!(sample >= expected, "nothing comes twice");
        missing += (sample - expected) as u64;
        expected = sample + 1.0;
    }
    assert_eq!(amounts(events), (report.dropped, report.silent));
    assert_eq!((silent, missing), (report.silent, report.dropped + report.overflowed), "{report:?}");
}

/// More than the pair can follow: the ratio stays within its limit, and realigning does the rest.
#[test]
fn clocks_too_far_apart_realign_now_and_then() {
    let (input, output) = (Device::new(48_000, 4_000.0, (64, 64), 0.0), Device::new(48_000, 0.0, (64, 64), 0.0));
    let mut devices = Devices::new(input, output, DriftConfig { quality: Quality::Quick, ..DriftConfig::default() });
    let (_, events) = listen(&mut devices, 1.0, 30.0);
    let (dropped, silent) = amounts(&events);
    assert!((1_000..4_000).contains(&(dropped - silent)), "2000 ppm of 30 s are 2880 frames: {events:?}");
    assert_eq!(devices.monitor.report().ppm, 2_000.0);
}
