//! `runner bench`: what a patch costs on this machine; with `--loopback` how long sound takes from the output to the input,
//! over a real path.

mod patch;
mod picture;
mod probe;
mod round_trip;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use patchline_io::{Backend, Callback, ChannelCount, DeviceRequest, DeviceSpec, IoEventKind};
use patchline_patch::Registry;
use rtrb::Consumer;
use serde_json::{Value, json};
use tracing::{debug, info, warn};

use crate::cli::{BackendChoice, BenchArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::meter::{dbfs, signed};
use crate::units::{count, ms};
use crate::{document, files, memory, output, signals, style};
use probe::{Echo, Plan, probe};
use round_trip::RoundTrip;

const TAKES: &str = "a string takes every text";
/// How much of the device's time goes by between two looks.
const STEP: Duration = Duration::from_millis(10);
/// How long a device may stand still or be away, beside the time between impulses.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn run(registry: &Registry, args: &BenchArgs) -> Outcome {
    match &args.patch {
        Some(patch) => patch::run(registry, args, patch),
        None => loopback(args),
    }
}

fn loopback(args: &BenchArgs) -> Outcome {
    if let Some(BackendChoice::Null | BackendChoice::Sim) = args.device.backend {
        let message = "nothing leads from this device's output to its input: its latency is what `runner run` reports. \
                       Measure a real one, with a cable or a device that gives back what is played";
        return Err(Failure::new(Exit::Usage, message));
    }
    args.svg.as_deref().map_or(Ok(()), |svg| files::is_free(svg, args.overwrite))?;
    let mut opened = args.device.open(&request(args))?;
    let asked = opened.device.spec().clone();
    asked.notes.iter().for_each(|note| info!("{note}"));
    signals::listen();
    let _ = memory::lock();
    let (callback, echoes) = probe(&plan(args, &asked));
    let patience = PATIENCE + Duration::from_secs_f64(3.0 * args.interval.seconds(f64::from(asked.rate)));
    let (round_trip, spec) = measure(opened.device.as_mut(), callback, echoes, args.count, patience)?;
    spec.notes.iter().filter(|note| !asked.notes.contains(note)).for_each(|note| info!("{note}"));
    if signals::stopping() && round_trip.latencies.is_empty() {
        return Err(Failure::new(Exit::Interrupted, "stopped before an impulse was heard"));
    }
    // What was measured is told whatever becomes of its picture.
    let draw = |svg: &PathBuf| {
        files::write(svg, picture::latencies(&spec.name, &round_trip, spec.rate).as_bytes(), args.overwrite)
    };
    let undrawn = args.svg.as_ref().and_then(|svg| draw(svg).err());
    let told = Told { host: opened.host, spec: &spec, round_trip: &round_trip, undrawn, args };
    output::print(&if args.json { format!("{}\n", told.data()) } else { told.text() })?;
    told.failure().map_or(Ok(Exit::Ok), Err)
}

fn request(args: &BenchArgs) -> DeviceRequest {
    let mut input = args.device.input(None, args.loopback_of.as_deref());
    let mut output = args.device.side(ChannelCount::All);
    input.device = args.input.clone().or(input.device);
    output.device = args.output.clone().or(args.loopback_of.clone()).or(output.device);
    DeviceRequest { input: Some(input), output: Some(output), ..args.device.request() }
}

fn plan(args: &BenchArgs, spec: &DeviceSpec) -> Plan {
    Plan {
        interval: args.interval.frames(f64::from(spec.rate)),
        count: args.count,
        level: args.level.linear(),
        inputs: spec.inputs,
    }
}

/// Sends all impulses and gathers what comes back, until Ctrl-C at the latest. A device that says nothing for `patience`
/// is given up. The device is described as it was in the end: some learn only while they run how late they are.
fn measure<C: Callback>(
    device: &mut dyn Backend<C>,
    callback: C,
    mut echoes: Consumer<Echo>,
    count: u32,
    patience: Duration,
) -> Result<(RoundTrip, DeviceSpec), Failure> {
    device.start(callback).map_err(|refused| Failure::new(Exit::Device, refused.to_string()))?;
    let mut heard = Vec::new();
    let mut last = Instant::now();
    let mut trouble = None;
    while heard.len() < count as usize && trouble.is_none() && !signals::stopping() {
        device.pass(STEP);
        while let Some(event) = device.poll() {
            match event.kind {
                IoEventKind::RateChanged { .. } | IoEventKind::Finished => trouble = Some(event.to_string()),
                IoEventKind::BlockChanged { .. } => debug!("{event}"),
                _ => warn!("{event}"),
            }
        }
        if let Ok(echo) = echoes.pop() {
            heard.push(echo);
            last = Instant::now();
        } else if last.elapsed() > patience {
            trouble = Some(format!("the device `{}` has stood still for too long", device.spec().name));
        }
    }
    device.stop().map_err(|error| Failure::new(Exit::Broken, error.to_string()))?;
    match trouble {
        Some(trouble) => Err(Failure::new(Exit::Device, trouble)),
        None => Ok((RoundTrip::new(&heard), device.spec().clone())),
    }
}

fn nothing_came(round_trip: &RoundTrip) -> String {
    let loudest = signed(dbfs(f64::from(round_trip.loudest)));
    format!(
        "no impulse came back (the loudest that was heard has {loudest} dBFS): lead an output to an input by a cable, \
         name a pair that is connected with --output and --input, or raise --level; `runner devices` lists what there is"
    )
}

/// Everything there is to tell.
struct Told<'a> {
    host: &'static str,
    spec: &'a DeviceSpec,
    round_trip: &'a RoundTrip,
    /// What kept its picture from being drawn.
    undrawn: Option<Failure>,
    args: &'a BenchArgs,
}

impl Told<'_> {
    fn failure(&self) -> Option<Failure> {
        let found = self.round_trip;
        let silent = found.latencies.is_empty().then(|| Failure::new(Exit::Device, nothing_came(found)));
        silent.or_else(|| self.undrawn.clone())
    }

    fn reported(&self) -> u64 {
        self.spec.input_latency + self.spec.output_latency
    }

    fn frames(&self, frames: f64) -> String {
        format!("{frames:.1} frames ({:.2} ms)", frames * 1000.0 / f64::from(self.spec.rate))
    }

    fn text(&self) -> String {
        let (spec, found) = (self.spec, self.round_trip);
        let mut out = format!(
            "{} ({}): {} Hz, blocks of {} frames, {}\n",
            style::strong(style::safe(&spec.name, 80)),
            self.host,
            spec.rate,
            spec.max_frames,
            count(self.args.count as usize, "impulse"),
        );
        if found.heard() < self.args.count as usize {
            let (heard, all) = (found.heard(), self.args.count);
            writeln!(out, "stopped before the end: {heard} of {all} impulses were waited for").expect(TAKES);
        }
        if let (Some(mean), Some((least, most))) = (found.mean(), found.range()) {
            let spread = self.frames((most - least) as f64);
            writeln!(out, "measured  {}, from {least} to {most}: a spread of {spread}", self.frames(mean))
                .expect(TAKES);
            let difference = mean - self.reported() as f64;
            let more = format!("{} {}", self.frames(difference.abs()), if difference < 0.0 { "less" } else { "more" });
            let (input, output) = (spec.input_latency, spec.output_latency);
            let reported = self.frames(self.reported() as f64);
            writeln!(out, "reported  {reported}: {input} in, {output} out; measured is {more}").expect(TAKES);
            let (channel, level) = (found.channel, signed(dbfs(f64::from(found.loudest))));
            writeln!(out, "heard     on input channel {channel} (from 0), at {level} dBFS").expect(TAKES);
        }
        for remark in found.remarks() {
            writeln!(out, "{}: {remark}", style::warning("warning")).expect(TAKES);
        }
        out
    }

    fn data(&self) -> Value {
        let (spec, found) = (self.spec, self.round_trip);
        let in_ms = |frames: f64| frames * 1000.0 / f64::from(spec.rate);
        let latency = found.mean().zip(found.range()).map(|(mean, (least, most))| {
            json!({
                "mean_frames": mean,
                "mean_ms": in_ms(mean),
                "deviation_frames": found.deviation(),
                "least_frames": least,
                "most_frames": most,
                "spread_frames": most - least,
                "spread_ms": ms(most - least, spec.rate),
                "channel": found.channel,
            })
        });
        let positions = found.latencies.iter().map(|(sent, latency)| json!({ "sent": sent, "heard": sent + latency }));
        let mut document = json!({
            "device": spec.name,
            "host": self.host,
            "sample_rate": spec.rate,
            "block": spec.max_frames,
            "impulses": self.args.count,
            "stopped": found.heard() < self.args.count as usize,
            "measured": latency,
            "positions": positions.collect::<Vec<_>>(),
            "missed": found.missed,
            "interrupted": found.interrupted,
            "loudest_dbfs": dbfs(f64::from(found.loudest)),
            "reported_frames": self.reported(),
            "reported_ms": ms(self.reported(), spec.rate),
            "reported_input_frames": spec.input_latency,
            "reported_output_frames": spec.output_latency,
            "warnings": found.remarks(),
        });
        document::conclude(&mut document, self.failure().as_ref());
        document
    }
}

#[cfg(test)]
mod tests;
