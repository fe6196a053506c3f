//! Two clocks: a JACK server that runs 500 millionths fast, and a device on the machine's own clock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use patchline_io::drift::{DriftConfig, pair};
use patchline_io::null::{Null, NullConfig};
use patchline_io::{Backend, Block, FnCallback, IoEventKind, event_ring};

use crate::support::{Server, alone, full, open, request, until};

/// Where a device was when it called: seconds and frames. Written by one callback, read when it has ended.
type Track = Arc<Mutex<Vec<(f64, u64)>>>;

fn track(seconds: u64) -> Track {
    Arc::new(Mutex::new(Vec::with_capacity(400 * seconds as usize)))
}

/// Frames a second, by least squares over what came after the first fifth.
fn rate(track: &Track) -> f64 {
    let track = track.lock().unwrap();
    let points = &track[track.len() / 5..];
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, u64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (time, frame) = (mean(|point| point.0), mean(|point| point.1 as f64));
    let slope = |(t, f): &(f64, u64)| (t - time) * (*f as f64 - frame);
    points.iter().map(slope).sum::<f64>() / points.iter().map(|(t, _)| (t - time).powi(2)).sum::<f64>()
}

/// What the output heard after the first second.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// The largest error of the latency, in frames.
    error: f64,
    /// Frames that were no sound.
    silent: u64,
    /// The least and the largest correction in the last quarter, in millionths.
    ppm: (f64, f64),
}

/// One run; `None` if the machine held one of the devices up, which must have been told.
fn run(seconds: u64) -> Option<(f64, Heard)> {
    let _server = Server::with(&[], &["-r", "48024", "-p", "256"]);
    let mut jack = open(&request("fast", Some(""), None)).unwrap();
    assert_eq!(jack.spec().rate, 48_024);
    let mut null = Null::open(NullConfig { rate: 48_000, block: 256, inputs: 0, outputs: 1, frames: None }).unwrap();
    // Both say 48 kHz, as two cards would that are 500 millionths apart.
    let (mut feed, mut draw, monitor) = pair(&DriftConfig { channels: 1, ..DriftConfig::default() }).unwrap();
    let (fast, slow) = (track(seconds), track(seconds));
    let start = Instant::now();
    let seen = Arc::clone(&fast);
    let input = FnCallback(move |block: Block, _: &[&[f32]], _: &mut [&mut [f32]]| {
        let now = start.elapsed();
        feed.push(now, block.position, &[&[0.5; 4_096][..block.frames]]);
        seen.lock().unwrap().push((now.as_secs_f64(), block.position));
    });
    let (mut events, mut told) = event_ring(65_536);
    let (seen, watch) = (Arc::clone(&slow), monitor.clone());
    let heard = Arc::new(Mutex::new(Heard { error: 0.0, silent: 0, ppm: (f64::MAX, f64::MIN) }));
    let hears = Arc::clone(&heard);
    let output = FnCallback(move |block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        let now = start.elapsed();
        draw.draw(now, block.position, outputs, &mut events);
        seen.lock().unwrap().push((now.as_secs_f64(), block.position));
        let (report, mut heard) = (watch.report(), hears.lock().unwrap());
        if now > Duration::from_secs(1) {
            heard.error = heard.error.max(report.error.abs());
            heard.silent += outputs[0].iter().filter(|&&sample| (sample - 0.5).abs() > 0.01).count() as u64;
        }
        if now > Duration::from_secs(seconds * 3 / 4) {
            heard.ppm = (heard.ppm.0.min(report.ppm), heard.ppm.1.max(report.ppm));
        }
    });
    jack.start(input).map_err(|refused| refused.error).unwrap();
    null.start(output).map_err(|refused| refused.error).unwrap();
    until("both run", || monitor.report().playing);
    std::thread::sleep(Duration::from_secs(seconds).saturating_sub(start.elapsed()));
    null.stop().unwrap();
    jack.stop().unwrap();
    let (report, heard) = (monitor.report(), *heard.lock().unwrap());
    let (fast, slow) = (rate(&fast), rate(&slow));
    let ppm = (fast / slow - 1.0) * 1e6;
    println!("{fast:.3} Hz and {slow:.3} Hz, {ppm:.1} ppm apart: {heard:?}, {report:?}");
    let mut realigned = 0;
    while let Some(event) = told.poll() {
        realigned += u64::from(matches!(event.kind, IoEventKind::Realigned { .. }));
    }
    assert_eq!(realigned, report.realigned, "all that was lost is told");
    let held_up = report.realigned + report.overflowed + jack.stats().xruns + null.stats().xruns > 0;
    (!held_up).then_some((ppm, heard))
}

fn a_clock_that_runs_fast() {
    let seconds = if full() { 90 } else { 12 };
    let Some((true_ppm, heard)) = (0..4).find_map(|_| run(seconds)) else {
        return eprintln!("left out: this machine holds devices up all the time");
    };
    assert!((450.0..550.0).contains(&true_ppm), "the server runs fast by {true_ppm} ppm");
    assert_eq!(heard.silent, 0, "no under- or overflow");
    assert!(heard.error < 48.0, "the latency is off by {} frames, more than 1 ms", heard.error);
    let (least, most) = heard.ppm;
    assert!(least > true_ppm - 20.0 && most < true_ppm + 20.0, "{least} to {most} ppm, and it is {true_ppm}");
    assert!(most - least < 20.0, "a ripple of {} ppm", most - least);
}

#[test]
fn two_clocks_are_kept_together() {
    alone("clocks::two_clocks_are_kept_together", a_clock_that_runs_fast);
}
