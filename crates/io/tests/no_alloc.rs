//! What a device's own thread uses of this crate allocates nothing.

use std::time::Duration;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use patchline_io::blocking::stream;
use patchline_io::channels::{MAX_CHANNELS, Planar, call};
use patchline_io::convert::{ChannelMap, I24, read, write};
use patchline_io::drift::{DriftConfig, Quality, pair};
use patchline_io::flight::recorder;
use patchline_io::load::Measured;
use patchline_io::{Block, DeviceSpec, FnCallback, IoEvent, IoEventKind, Side, event_ring};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn a_call_and_its_events_allocate_nothing() {
    let (mut sender, mut receiver) = event_ring(2);
    let mut echo = FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
    });
    for channels in [0, 1, 8, 64, MAX_CHANNELS] {
        let (inputs, mut outputs) = (Planar::new(channels, 64), Planar::new(channels, 64));
        assert_no_alloc(|| {
            for position in 0..64 {
                call(&mut echo, Block { frames: 64, position, discontinuity: false }, &inputs, &mut outputs);
                sender.send(IoEvent { position, kind: IoEventKind::Xrun { lost: 1, side: Side::Both } });
                sender.count_block(64);
            }
        });
    }
    let stats = receiver.stats();
    assert_eq!((stats.xruns, stats.frames, stats.events_lost), (320, 320 * 64, 318));
    assert_eq!(receiver.poll().unwrap().position, 0);
    assert_eq!(receiver.poll().unwrap().position, 1);
    assert_eq!(receiver.poll().unwrap().kind, IoEventKind::EventsLost { count: 318 });
    assert_eq!(receiver.poll(), None);
}

#[test]
fn conversion_allocates_nothing() {
    let (map, mut samples) = (ChannelMap::output(3, &[2, 0]).unwrap(), [I24(5); 3 * 64]);
    let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
    assert_no_alloc(|| {
        read(&samples, &map, &mut [&mut left, &mut right]);
        write(&[&left, &right], &map, &mut samples);
    });
    assert_eq!(samples[..3], [I24(5), I24(0), I24(5)]);
}

/// Blocks of all lengths, losses, stalls: everything that a pair of devices does to its ends.
#[test]
fn joining_two_devices_allocates_nothing() {
    for (quality, locked) in [(Quality::Clean, false), (Quality::Quick, false), (Quality::Clean, true)] {
        let config = DriftConfig { quality, locked, channels: 3, ..DriftConfig::default() };
        let (mut feed, mut draw, monitor) = pair(&config).unwrap();
        let (mut events, _receiver) = event_ring(2);
        let (input, mut output) = (Planar::new(3, 1_024), Planar::new(4, 1_024));
        let interleaved = vec![0.25; 3 * 1_024];
        assert_no_alloc(|| {
            let (mut position, mut played) = (0, 0);
            for block in 0..20_000 {
                let frames = 1 + block * 7 % 1_024;
                let now = Duration::from_secs_f64((position + frames) as f64 / 48_000.0);
                if !(9_000..9_500).contains(&block) {
                    let inputs = [0, 1, 2].map(|channel| &input.channel(channel)[..frames]);
                    let _ = if block % 2 == 0 {
                        feed.push(now, position as u64, &inputs)
                    } else {
                        feed.push_interleaved(now, position as u64, &interleaved[..3 * frames])
                    };
                }
                if !(14_000..14_500).contains(&block) {
                    let mut channels = output.iter_mut(frames);
                    let mut outputs = [(); 4].map(|()| channels.next().unwrap());
                    draw.draw(now, played, &mut outputs, &mut events);
                    played += frames as u64;
                }
                position += frames;
            }
        });
        let report = monitor.report();
        assert!(report.playing && report.realigned > 0 && report.dropped > 0 && report.silent > 0, "{report:?}");
    }
}

#[test]
fn a_blocking_stream_allocates_nothing_in_the_callback() {
    let spec = DeviceSpec {
        name: String::new(),
        rate: 48_000,
        max_frames: 64,
        inputs: 2,
        outputs: 2,
        input_latency: 0,
        output_latency: 0,
        notes: Vec::new(),
    };
    let (mut pump, mut stream) = stream(&spec, 1_000).unwrap();
    let (inputs, mut outputs) = (Planar::new(2, 64), Planar::new(2, 64));
    for round in 0..500 {
        assert_no_alloc(|| {
            for block in 0..20 {
                let position = round * 1_300 + block * 65;
                call(&mut pump, Block { frames: 64, position, discontinuity: true }, &inputs, &mut outputs);
            }
        });
        if round % 100 == 0 {
            assert!(stream.read_available().lost > 0);
            stream.write(&[0.5; 300]).unwrap();
        }
    }
}

#[test]
fn measuring_a_callback_allocates_nothing() {
    let echo = FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
    });
    let (measured, meter) = Measured::new(echo, 48_000);
    // Full after the first round, and overwritten from then on.
    let (writer, flight) = recorder(64);
    let mut measured = measured.recorded(writer);
    let (inputs, mut outputs) = (Planar::new(2, 64), Planar::new(2, 64));
    for round in 1..=10 {
        let load = assert_no_alloc(|| {
            for position in 0..64 {
                call(&mut measured, Block { frames: 64, position, discontinuity: false }, &inputs, &mut outputs);
            }
            meter.take()
        });
        assert_eq!(load.unwrap().blocks, 64 * round);
        assert_eq!((flight.read().calls.len(), flight.read().written), (64, 64 * round));
    }
}

/// The tests above would notice: an allocation in their place ends the process, which a child tries.
#[test]
fn a_planted_allocation_ends_the_process() {
    const NAME: &str = "a_planted_allocation_ends_the_process";
    if std::env::var_os("PATCHLINE_PLANTED").is_some() {
        let (mut feed, _draw, _monitor) = pair(&DriftConfig::default()).unwrap();
        assert_no_alloc(|| feed.push_interleaved(Duration::ZERO, 0, &vec![0.0; 2 * 64]));
        return;
    }
    let program = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(program);
    child.args(["--exact", NAME, "--nocapture"]).env("PATCHLINE_PLANTED", "1");
    let child = child.output().unwrap();
    assert!(!child.status.success() && !String::from_utf8_lossy(&child.stdout).contains("1 passed"), "{child:?}");
}
