//! What each node does, to look at: its example in `examples/nodes` is rendered, and what came of it is drawn.

use std::path::Path;

use patchline_chart::{Axis, Curve, Curves, Look};
use patchline_wav::{FileReader, FileWriter, Format, Options, Subtype};

use crate::play::{Played, RATE, play};

/// How a node is shown.
struct Show {
    kind: &'static str,
    title: &'static str,
    caption: &'static str,
    /// What comes in: channels, and the sample of a channel at a time in seconds.
    inputs: usize,
    input: fn(usize, f64) -> f32,
    seconds: f64,
    /// A parameter that is set meanwhile: when, of which node, which one, to what.
    change: Option<(f64, &'static str, &'static str, &'static str)>,
    draw: fn(&Show, &Played) -> Result<String, String>,
}

static SHOWN: [Show; 11] = [
    Show {
        kind: "input",
        title: "One channel of two, and the mean of both",
        caption: "Curves: the two channels of the device, and what the nodes take of them.",
        inputs: 2,
        input: |channel, t| if channel == 0 { 0.8 * sine(100.0, t) } else { 0.5 * saw(200.0, t) },
        seconds: 0.02,
        change: None,
        draw: |show, played| signals(show, played, &["device 0", "device 1"], &["guitar", "both"]),
    },
    Show {
        kind: "output",
        title: "One sound on two of three channels",
        caption: "Curves: three channels of the device; the second is silent.",
        inputs: 1,
        input: |_, t| 0.8 * sine(100.0, t),
        seconds: 0.02,
        change: None,
        draw: |show, played| signals(show, played, &[], &["device 0", "device 1", "device 2"]),
    },
    Show {
        kind: "gain",
        title: "From -18 dB to 0 dB, asked for at 20 ms, smooth = \"20 ms\"",
        caption: "Curves: a sine of full scale comes in; what goes out grows from 20 ms to 40 ms.",
        inputs: 1,
        input: |_, t| sine(500.0, t),
        seconds: 0.06,
        change: Some((0.02, "trim", "gain", "0 dB")),
        draw: |show, played| signals(show, played, &[], &["out"]),
    },
    Show {
        kind: "delay",
        title: "Impulse response: time = \"100 ms\", mix = 0.4, feedback = 0.5",
        caption: "Curve: the impulse at 0.6, then echoes every 100 ms, each half as high as the one before.",
        inputs: 1,
        input: |_, t| if t == 0.0 { 1.0 } else { 0.0 },
        seconds: 0.65,
        change: None,
        draw: |show, played| signals(show, played, &[], &["out"]),
    },
    Show {
        kind: "meter",
        title: "Readings of two bursts of a sine, window = \"20 ms\"",
        caption: "Curves: peak and RMS in dBFS, window by window; the RMS of a sine is 3 dB below its peak.",
        inputs: 1,
        input: bursts,
        seconds: 0.6,
        change: None,
        draw: readings,
    },
    Show {
        kind: "vad_gate",
        title: "threshold = \"-34 dB\", hold = \"100 ms\", release = \"50 ms\"",
        caption: "Curves: what comes in, what goes out, and whether the gate is open.",
        inputs: 1,
        input: bursts,
        seconds: 0.6,
        change: None,
        draw: |show, played| signals(show, played, &["in"], &["out", "open"]),
    },
    Show {
        kind: "matrix",
        title: "Left and right to middle and side",
        caption: "Curves: left and right, half of their sum, half of their difference.",
        inputs: 2,
        input: |channel, t| if channel == 0 { 0.8 * sine(100.0, t) } else { 0.8 * sine(200.0, t) },
        seconds: 0.02,
        change: None,
        draw: |show, played| signals(show, played, &["left", "right"], &["middle", "side"]),
    },
    Show {
        kind: "oscillator",
        title: "The shapes, 200 Hz, level = 0.8",
        caption: "Curves: two periods of each shape.",
        inputs: 0,
        input: |_, _| 0.0,
        seconds: 0.01,
        change: None,
        draw: |show, played| signals(show, played, &[], &["sine", "square", "saw", "triangle"]),
    },
    Show {
        kind: "noise",
        title: "Power by octave, level = 0.5",
        caption: "Curves: white noise has 3 dB more in each octave, pink noise the same in all.",
        inputs: 0,
        input: |_, _| 0.0,
        seconds: 20.0,
        change: None,
        draw: octaves,
    },
    Show {
        kind: "file_source",
        title: "A file of 100 ms, played again and again",
        caption: "Curve: the same sound three times, without a gap.",
        inputs: 0,
        input: |_, _| 0.0,
        seconds: 0.3,
        change: None,
        draw: |show, played| signals(show, played, &[], &["out"]),
    },
    Show {
        kind: "file_sink",
        title: "What was recorded: pre_roll = \"60 ms\", hold = \"100 ms\"",
        caption: "Curves: what comes in, and in its place what each of two files holds, from 60 ms before it was triggered.",
        inputs: 1,
        input: bursts,
        seconds: 0.6,
        change: None,
        draw: takes,
    },
];

fn show(kind: &str) -> Result<&'static Show, String> {
    SHOWN.iter().find(|show| show.kind == kind).ok_or_else(|| format!("{} says nothing of `{kind}`", file!()))
}

/// What is to be seen on a picture, for those who cannot.
///
/// # Errors
/// Where there is none.
pub(crate) fn caption(kind: &str) -> Result<&'static str, String> {
    show(kind).map(|show| show.caption)
}

/// The picture of a node of this kind, as SVG.
///
/// # Errors
/// Where there is none, or its example is missing or wrong.
pub(crate) fn picture(kind: &str) -> Result<String, String> {
    let show = show(kind)?;
    let patch = example(kind)?;
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    write_loop(&folder.path().join("loop.wav")).map_err(|error| format!("loop.wav: {error}"))?;
    let frames = (show.seconds * f64::from(RATE)).round() as usize;
    let channel =
        |channel| (0..frames).map(move |frame| (show.input)(channel, frame as f64 / f64::from(RATE))).collect();
    let inputs: Vec<Vec<f32>> = (0..show.inputs).map(channel).collect();
    let played = play(&patch, folder.path(), inputs, frames, show.change)?;
    (show.draw)(show, &played)
}

/// The text of a node's example.
pub(crate) fn example(kind: &str) -> Result<String, String> {
    let path = crate::root().join(format!("examples/nodes/{kind}.toml"));
    std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn sine(hz: f64, t: f64) -> f32 {
    (t * hz * std::f64::consts::TAU).sin() as f32
}

fn saw(hz: f64, t: f64) -> f32 {
    ((t * hz).fract() * 2.0 - 1.0) as f32
}

/// Quiet but for two bursts: from 100 ms to 220 ms at -6 dBFS, from 400 ms to 460 ms at -12 dBFS.
fn bursts(_: usize, t: f64) -> f32 {
    let level = match t {
        t if (0.1..0.22).contains(&t) => 0.5,
        t if (0.4..0.46).contains(&t) => 0.25,
        _ => 0.004,
    };
    // Begun so that no sample is so small that the input takes it for 0.
    level * sine(437.0, t + 1e-4)
}

/// A sound that becomes softer, 100 ms long.
fn write_loop(path: &Path) -> Result<(), patchline_wav::WriteError> {
    let frames = RATE as usize / 10;
    let sample = |frame: usize| {
        let t = frame as f64 / f64::from(RATE);
        (1.0 - 10.0 * t) as f32 * sine(200.0, t)
    };
    let samples: Vec<f32> = (0..frames).map(sample).collect();
    let format = Format { rate: RATE, channels: 1, subtype: Subtype::Float };
    let mut writer = FileWriter::create(path, Options::new(format))?;
    writer.write_interleaved(&samples)?;
    writer.finish().map(|_| ())
}

// How it is drawn.

/// What came in and what went out, by these names.
fn signals(show: &Show, played: &Played, inputs: &[&str], outputs: &[&str]) -> Result<String, String> {
    if played.outputs.len() != outputs.len() {
        return Err(format!("{}: {} outputs, not {}", show.kind, played.outputs.len(), outputs.len()));
    }
    let inputs = inputs.iter().zip(&played.inputs).map(|(name, samples)| curve(name, samples, 0));
    let outputs = outputs.iter().zip(&played.outputs).map(|(name, samples)| curve(name, samples, 0));
    Ok(over_time(show, inputs.chain(outputs).collect()))
}

fn over_time(show: &Show, curves: Vec<Curve>) -> String {
    let y = Axis::linear().from(-1.0, 1.0);
    let x = Axis::linear().from(0.0, show.seconds * 1e3);
    Curves { title: show.title, note: "linear, full scale ±1", x_name: "ms", x, y, curves }.draw()
}

/// Columns of a picture, each with its least and greatest sample.
const COLUMNS: usize = 500;

fn curve(name: &str, samples: &[f32], start: usize) -> Curve {
    let piece = samples.len().div_ceil(COLUMNS).max(1);
    let ms = |frame: usize| (start + frame) as f64 * 1e3 / f64::from(RATE);
    let mut points = Vec::new();
    for (index, samples) in samples.chunks(piece).enumerate() {
        let extreme = |wins: fn(f32, f32) -> bool| {
            let place = |best: usize, at: usize| if wins(samples[at], samples[best]) { at } else { best };
            (0..samples.len()).fold(0, place)
        };
        let (low, high) = (extreme(|a, b| a < b), extreme(|a, b| a > b));
        for at in if low == high { vec![low] } else { vec![low.min(high), low.max(high)] } {
            points.push((ms(index * piece + at), f64::from(samples[at])));
        }
    }
    Curve { name: name.to_owned(), points, look: Look::Line }
}

fn readings(show: &Show, played: &Played) -> Result<String, String> {
    let curve = |name: &str| {
        let points = played.readings(&format!("level.{name}")).map(|(ms, value)| (ms, value.max(-60.0))).collect();
        Curve { name: name.to_owned(), points, look: Look::Line }
    };
    let y = Axis::linear().from(-60.0, 0.0);
    let x = Axis::linear().from(0.0, show.seconds * 1e3);
    let curves = vec![curve("peak"), curve("rms")];
    Ok(Curves { title: show.title, note: "dBFS", x_name: "ms", x, y, curves }.draw())
}

/// The files that were written, each where its samples came in.
fn takes(show: &Show, played: &Played) -> Result<String, String> {
    let input = &played.inputs[0];
    let mut curves = vec![curve("in", input, 0)];
    for number in 1.. {
        let path = played.folder.join(format!("take-{number}.wav"));
        if !path.exists() {
            break;
        }
        let take = read(&path)?;
        let start = input.windows(take.len()).position(|samples| samples == take);
        let start = start.ok_or_else(|| format!("take {number} is not what came in"))?;
        curves.push(curve(&format!("take-{number}.wav"), &take, start));
    }
    if curves.len() < 3 {
        return Err(format!("{} takes, not two", curves.len() - 1));
    }
    Ok(over_time(show, curves))
}

fn read(path: &Path) -> Result<Vec<f32>, String> {
    let failed = |error: patchline_wav::ReadError| format!("{}: {error}", path.display());
    let mut reader = FileReader::open(path).map_err(failed)?;
    let mut samples = vec![0.0; reader.info().frames.unwrap_or(0) as usize];
    let read = reader.read_interleaved(&mut samples).map_err(failed)?;
    samples.truncate(read);
    Ok(samples)
}

/// The power in octaves around 31.25 Hz to 16 kHz, by a bank of transforms of 4096 frames.
fn octaves(show: &Show, played: &Played) -> Result<String, String> {
    const WINDOW: usize = 4096;
    let transform = realfft::RealFftPlanner::<f64>::new().plan_fft_forward(WINDOW);
    let bin = f64::from(RATE) / WINDOW as f64;
    let curve = |(name, samples): (&&str, &Vec<f32>)| -> Result<Curve, String> {
        let mut power = vec![0.0; WINDOW / 2 + 1];
        let mut spectrum = transform.make_output_vec();
        for window in samples.chunks_exact(WINDOW) {
            let mut window: Vec<f64> = window.iter().map(|sample| f64::from(*sample)).collect();
            transform.process(&mut window, &mut spectrum).map_err(|error| error.to_string())?;
            power.iter_mut().zip(&spectrum).for_each(|(power, bin)| *power += bin.norm_sqr());
        }
        let windows = (samples.len() / WINDOW) as f64;
        let point = |octave: i32| {
            let middle = 1000.0 * 2f64.powi(octave);
            let (low, high) = (middle / 2f64.sqrt() / bin, middle * 2f64.sqrt() / bin);
            let sum: f64 = power[low.round() as usize..high.round() as usize].iter().sum();
            // Both sides of 0 Hz, by Parseval; 1 is a square wave of full scale.
            (middle, 10.0 * (2.0 * sum / windows / (WINDOW * WINDOW) as f64).log10())
        };
        Ok(Curve { name: (*name).to_owned(), points: (-4..=4).map(point).collect(), look: Look::Dotted })
    };
    let curves = ["white", "pink"].iter().zip(&played.outputs).map(curve).collect::<Result<Vec<_>, _>>()?;
    let x = Axis::logarithmic().from(50.0, 20_000.0).label(hertz);
    Ok(Curves { title: show.title, note: "dBFS", x_name: "middle of the octave", x, y: Axis::linear(), curves }.draw())
}

fn hertz(value: f64) -> String {
    if value < 1000.0 { format!("{value} Hz") } else { format!("{} kHz", value / 1000.0) }
}
