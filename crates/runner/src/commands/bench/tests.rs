use std::sync::{Arc, Mutex};

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use clap::Parser;
use patchline_io::sim::{Blocks, Incident, Sim, SimConfig, Trouble};
use patchline_io::{Block, IoError, IoEvent, IoStats, Refused, Side};

use super::probe::Probe;
use super::*;
use crate::cli::{Cli, Command};

/// Lets everything through but what `assert_no_alloc` forbids.
#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const RATE: u32 = 48_000;

/// What was played, by frame: the first channel is enough, all are alike.
type Cable = Arc<Mutex<Vec<f32>>>;

/// The probe, with an end of the cable in its output.
struct Plugged {
    probe: Probe,
    cable: Cable,
}

impl Callback for Plugged {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        assert_no_alloc(|| self.probe.process(block, inputs, outputs));
        let mut cable = self.cable.lock().unwrap();
        let end = block.position as usize + block.frames;
        cable.resize(end, 0.0);
        cable[end - block.frames..].copy_from_slice(outputs[1]);
    }
}

/// A device that finds out how late it is while it runs.
struct Learns {
    sim: Sim<Plugged>,
    spec: DeviceSpec,
}

impl Backend<Plugged> for Learns {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(&mut self, callback: Plugged) -> Result<(), Refused<Plugged>> {
        self.sim.start(callback)
    }

    fn poll(&mut self) -> Option<IoEvent> {
        (self.spec.input_latency, self.spec.output_latency) = (100, 900);
        self.sim.poll()
    }

    fn pass(&mut self, time: Duration) {
        self.sim.pass(time);
    }

    fn stats(&self) -> IoStats {
        self.sim.stats()
    }

    fn stop(&mut self) -> Result<Plugged, IoError> {
        self.sim.stop()
    }
}

fn args(rest: &[&str]) -> BenchArgs {
    let line = ["runner", "bench", "--loopback", "--interval", "100ms"].into_iter().chain(rest.iter().copied());
    match Cli::try_parse_from(line).unwrap().command {
        Command::Bench(args) => args,
        other => panic!("{other:?}"),
    }
}

/// A simulated device whose input hears its output: so many frames later, so loud, on channel 2, with noise on all.
fn check(
    late: usize,
    gain: f32,
    noise: f32,
    script: Vec<Incident>,
    rest: &[&str],
) -> (RoundTrip, DeviceSpec, BenchArgs) {
    let cable = Cable::default();
    let far_end = Arc::clone(&cable);
    let mut state = 1u32;
    let signal = move |frame: u64, channel: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = noise * (state as f32 / u32::MAX as f32 * 2.0 - 1.0);
        let at = (frame as usize).checked_sub(late);
        let played = at.and_then(|at| far_end.lock().unwrap().get(at).copied()).unwrap_or(0.0);
        hiss + if channel == 2 { gain * played } else { 0.0 }
    };
    let blocks = Blocks::Random { shortest: 1, longest: 700 };
    let config = SimConfig {
        seed: 3,
        rate: RATE,
        inputs: 3,
        outputs: 2,
        blocks,
        max_frames: 700,
        script,
        ..SimConfig::default()
    };
    let sim = Sim::open(config).unwrap().with_input(signal);
    let args = args(rest);
    let (probe, echoes) = probe(&plan(&args, Backend::<Plugged>::spec(&sim)));
    let mut device = Learns { spec: Backend::<Plugged>::spec(&sim).clone(), sim };
    let (round_trip, spec) =
        measure(&mut device, Plugged { probe, cable }, echoes, args.count, Duration::from_millis(200)).unwrap();
    (round_trip, spec, args)
}

#[test]
fn the_way_of_an_impulse_is_measured_to_the_frame() {
    for late in [700, 1234, 4_799] {
        let (found, ..) = check(late, 1.0, 0.0, vec![], &[]);
        assert_eq!((found.latencies.len(), found.missed, found.channel), (20, 0, 2));
        assert_eq!((found.mean(), found.range()), (Some(late as f64), Some((late as u64, late as u64))));
        assert_eq!((found.deviation(), found.remarks()), (Some(0.0), vec![]));
        let first = found.latencies[0].0;
        assert_eq!(first, 4_800, "one interval passes before the first");
    }
}

#[test]
fn a_soft_and_noisy_path_is_measured_too() {
    let (found, ..) = check(2_000, -0.05, 0.001, vec![], &["--count", "50", "--level", "0.5"]);
    assert_eq!((found.latencies.len(), found.range()), (50, Some((2_000, 2_000))));
    assert!((found.loudest - 0.025).abs() < 0.002, "{}", found.loudest);
}

#[test]
fn noise_is_no_echo() {
    let (found, ..) = check(2_000, 0.0, 0.1, vec![], &[]);
    assert_eq!((found.latencies.len(), found.missed), (0, 20));
    let said = nothing_came(&found);
    assert!(said.contains("-20.0 dBFS") && said.contains("--output"), "{said}");
}

#[test]
fn lost_frames_spoil_only_their_own_impulse() {
    let lost = Incident { at: 48_000, trouble: Trouble::Dropout { frames: 100, side: Side::Both } };
    let (found, ..) = check(1_500, 1.0, 0.0, vec![lost], &[]);
    assert_eq!((found.interrupted, found.latencies.len(), found.missed), (1, 19, 0));
    assert_eq!(found.range(), Some((1_500, 1_500)));
    assert!(found.remarks()[0].starts_with("1 impulse left out"));
}

#[test]
fn a_path_that_is_longer_than_the_interval_gives_itself_away() {
    let (found, ..) = check(6_000, 1.0, 0.0, vec![], &[]);
    assert!(found.remarks().iter().any(|remark| remark.contains("--interval")), "{found:?}");
}

#[test]
fn a_device_that_comes_back_is_measured_on() {
    let gone = Incident { at: 24_000, trouble: Trouble::Unplug { away: Some(48_000) } };
    let (found, ..) = check(1_500, 1.0, 0.0, vec![gone], &[]);
    assert_eq!((found.interrupted, found.latencies.len(), found.range()), (1, 19, Some((1_500, 1_500))));
}

#[test]
fn a_device_that_goes_is_an_error() {
    let gone = Incident { at: 24_000, trouble: Trouble::Unplug { away: None } };
    let config = SimConfig { script: vec![gone], ..SimConfig::default() };
    let mut sim = Sim::open(config).unwrap();
    let args = args(&[]);
    let (probe, echoes) = probe(&plan(&args, sim.spec()));
    let failure = measure(&mut sim, probe, echoes, args.count, Duration::from_millis(200)).unwrap_err();
    assert_eq!(failure.exit, Exit::Device);
    assert!(failure.message.contains("has stood still"), "{}", failure.message);
}

#[test]
fn the_result_stands_beside_what_was_reported_in_the_end() {
    let (found, spec, args) = check(1_200, 0.5, 0.0, vec![], &["--count", "4"]);
    let told = Told { host: "sim", spec: &spec, round_trip: &found, undrawn: None, args: &args };
    let text = anstream::adapter::strip_str(&told.text()).to_string();
    assert_eq!(
        text,
        "sim (seed 3) (sim): 48000 Hz, blocks of 700 frames, 4 impulses\n\
         measured  1200.0 frames (25.00 ms), from 1200 to 1200: a spread of 0.0 frames (0.00 ms)\n\
         reported  1000.0 frames (20.83 ms): 100 in, 900 out; measured is 200.0 frames (4.17 ms) more\n\
         heard     on input channel 2 (from 0), at -12.0 dBFS\n"
    );
    let data = told.data();
    assert_eq!((&data["measured"]["mean_frames"], &data["reported_frames"]), (&1_200.0.into(), &1_000.into()));
    assert_eq!(data["positions"][0], json!({ "sent": 4_800, "heard": 6_000 }));
    assert_eq!(data["positions"].as_array().unwrap().len(), 4);
}
