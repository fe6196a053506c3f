use std::thread;
use std::time::Duration;

use patchline_io::blocking::{Pump, Stream, StreamError, stream};
use patchline_io::null::{Null, NullConfig};
use patchline_io::sim::{Blocks, Incident, Sim, SimConfig, Trouble};
use patchline_io::{Backend, Side};

/// A simulated device whose input counts frames, the second channel below zero.
fn device(config: SimConfig, room: usize) -> (Sim<Pump>, Stream) {
    let counting = |frame: u64, channel: usize| if channel == 0 { (frame + 1) as f32 } else { -((frame + 1) as f32) };
    let mut device = Sim::open(config).unwrap().with_input(counting).recording();
    let (pump, stream) = stream(device.spec(), room).unwrap();
    device.start(pump).unwrap();
    (device, stream)
}

/// The time that this many frames take at 48 kHz.
fn frames(count: u64) -> Duration {
    Duration::from_nanos(count * 1_000_000_000 / 48_000 + 1)
}

#[test]
fn what_is_read_is_what_was_recorded_in_order() {
    let blocks = Blocks::Random { shortest: 1, longest: 500 };
    let (mut device, mut stream) = device(SimConfig { blocks, ..SimConfig::default() }, 4_800);
    assert_eq!(stream.read_available().samples, []);
    let mut next = 0;
    for count in [1, 7, 1_000, 333, 2_400, 4_000] {
        // At least as many, and no more than there is room for.
        while stream.readable() < count {
            device.run(frames(100));
        }
        let read = stream.read(count).unwrap();
        assert_eq!((read.position, read.lost, read.samples.len()), (next, 0, 2 * count));
        for frame in read.samples.chunks_exact(2) {
            next += 1;
            assert_eq!(frame, [next as f32, -(next as f32)]);
        }
    }
}

#[test]
fn what_nobody_reads_in_time_is_counted_to_the_frame() {
    let (mut device, mut stream) = device(SimConfig::default(), 1_000);
    let (mut seen, mut lost, mut expected) = (0, 0, 0);
    for round in 0..200_u64 {
        device.run(frames(round * 977 % 2_500));
        // Now everything there is, now only a part of it.
        let there = stream.readable();
        let read = if round % 3 == 0 { stream.read(there / 2).unwrap() } else { stream.read_available() };
        if read.samples.is_empty() {
            assert_eq!(read.lost, 0, "nothing is missing between frames that are not there");
            continue;
        }
        assert!(read.position >= expected);
        assert_eq!(read.samples[0], (read.position + 1) as f32);
        let last = read.samples[read.samples.len() - 2] as u64;
        seen += read.samples.len() as u64 / 2;
        lost += read.lost;
        assert_eq!(seen + lost, last, "every frame was read or told lost");
        expected = last;
    }
    assert!(lost > 10_000 && seen > 100_000, "{lost} of {seen}");
}

#[test]
fn frames_that_the_device_loses_are_counted_as_well() {
    let script = vec![Incident { at: 1_000, trouble: Trouble::Dropout { frames: 77, side: Side::Input } }];
    let (mut device, mut stream) = device(SimConfig { script, ..SimConfig::default() }, 4_800);
    device.run(frames(3_000));
    let read = stream.read(1_500).unwrap();
    assert_eq!((read.position, read.lost), (0, 77));
    assert_eq!([read.samples[2 * 1_023], read.samples[2 * 1_024]], [1_024.0, 1_102.0]);
    assert_eq!(stream.read(1).unwrap().position, 1_577);
}

#[test]
fn what_is_written_is_played_and_what_is_missing_counted() {
    let (mut device, mut stream) = device(SimConfig::default(), 1_024);
    device.run(frames(512));
    let ramp: Vec<f32> = (1..=700).flat_map(|frame| [frame as f32, -(frame as f32)]).collect();
    assert_eq!(stream.write(&ramp), Ok(0), "before the first write nothing is missing");
    device.run(frames(1_024));
    assert_eq!(stream.write(&ramp[..2]), Ok(324));
    device.run(frames(256));
    assert_eq!(stream.write(&[]), Ok(255));
    let heard = device.take_recording().channels;
    let mut expected = vec![0.0; 512];
    expected.extend((1..=700).map(|frame| frame as f32));
    expected.extend([0.0; 324]);
    expected.push(1.0);
    expected.extend([0.0; 255]);
    assert_eq!(heard[0], expected);
    assert!(heard[1].iter().zip(&heard[0]).all(|(right, left)| *right == -left));
}

/// A thread reads and writes while the device runs in another.
#[test]
fn a_thread_waits_for_the_device() {
    let (mut device, mut stream) = device(SimConfig { frames: Some(200_000), ..SimConfig::default() }, 2_048);
    let reader = thread::spawn(move || {
        let (mut read, mut lost, mut written) = (0, 0, 0);
        loop {
            match stream.read(1_000) {
                Ok(block) => (read, lost) = (read + block.samples.len() as u64 / 2, lost + block.lost),
                Err(StreamError::Gone { done: 0 }) => break,
                Err(error) => panic!("{error}"),
            }
            match stream.write(&[0.25; 2 * 1_000]) {
                Ok(_) => written += 1_000,
                Err(StreamError::Gone { done }) => {
                    written += done as u64;
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        let rest = stream.read_available();
        (read + rest.samples.len() as u64 / 2, lost + rest.lost, written)
    });
    while !device.rests() {
        device.run(frames(256));
        thread::sleep(Duration::from_micros(100));
    }
    let played = device.take_recording().channels[0].iter().filter(|&&sample| sample == 0.25).count() as u64;
    drop(device);
    let (read, lost, written) = reader.join().unwrap();
    assert!(read + lost == 200_000 && read > 2_000, "{read} + {lost}");
    assert!(played <= written && written <= played + 2_048, "{played} of {written}");
}

#[test]
fn a_device_that_does_not_call_is_not_waited_for_for_ever() {
    let (device, mut stream) = device(SimConfig::default(), 512);
    stream.set_patience(Duration::from_millis(30));
    assert!(matches!(stream.read(1), Err(StreamError::Silent { done: 0, .. })));
    assert!(matches!(stream.write(&[0.0; 2 * 600]), Err(StreamError::Silent { done: 512, .. })));
    assert_eq!(stream.read(513), Err(StreamError::TooMany { asked: 513, room: 512 }));
    drop(device);
    assert_eq!(stream.read(1), Err(StreamError::Gone { done: 0 }));
    assert_eq!(stream.write(&[0.0; 2]), Err(StreamError::Gone { done: 0 }));
}

#[test]
fn a_real_clock_delivers_as_well() {
    let mut device = Null::open(NullConfig { inputs: 2, outputs: 0, ..NullConfig::default() }).unwrap();
    let (pump, mut stream) = stream(device.spec(), 48_000).unwrap();
    device.start(pump).unwrap();
    let (mut read, mut lost) = (0, 0);
    while read + lost < 9_600 {
        let block = stream.read(480).unwrap();
        (read, lost) = (read + 480, lost + block.lost);
        assert_eq!(block.position + 480, read + lost);
    }
    device.stop().unwrap();
    assert!(device.stats().frames >= read);
}

#[test]
fn a_side_that_the_device_lacks_is_refused() {
    let (_device, mut stream) = device(SimConfig { inputs: 0, outputs: 0, ..SimConfig::default() }, 512);
    assert_eq!(stream.read(1), Err(StreamError::TooMany { asked: 1, room: 0 }));
    assert_eq!(stream.write(&[0.0]), Err(StreamError::TooMany { asked: 1, room: 0 }));
    assert_eq!(stream.read(0).unwrap().samples, []);
    assert_eq!(stream.write(&[]), Ok(0));
}

#[test]
fn nothing_is_written_to_a_device_that_is_gone() {
    let (mut device, mut stream) = device(SimConfig::default(), 1_000);
    assert_eq!(stream.write(&[0.5; 2 * 10]), Ok(0));
    drop(device.stop().unwrap());
    assert!(stream.writable() > 10, "there would be room");
    assert_eq!(stream.write(&[0.5; 2 * 10]), Err(StreamError::Gone { done: 0 }));
}
