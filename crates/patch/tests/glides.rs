//! Every parameter that changes while its node plays, changed by name under a sine: without a click, by any block.

use std::collections::BTreeSet;
use std::path::Path;

use patchline_graph::{Engine, Frame, Renderer, StreamSpec, engine};
use patchline_nodes::declaration::{Change, Param, Shape};
use patchline_nodes::{Surroundings, dsp::noise::White};
use patchline_patch::{Changes, Options, Registry, read};
use serde_json::{Value, json};

const RATE: u32 = 48_000;
/// Where it is changed, and how much is rendered.
const AT: Frame = 9_600;
const FRAMES: usize = 24_000;
/// 20 ms.
const GLIDE: f64 = 960.0;
/// The peak of the sine that is changed, and how far it turns in a frame, in radians.
const PEAK: f64 = 0.5;
const TURN: f64 = 0.130_507;

/// A change of one parameter.
struct Row {
    kind: &'static str,
    parameter: &'static str,
    /// The node's parameters before.
    before: &'static str,
    after: Value,
    /// How much the factor of the sine, or of a part of it, changes in a frame at most.
    slope: f64,
}

fn row(kind: &'static str, parameter: &'static str, before: &'static str, after: Value, slope: f64) -> Row {
    Row { kind, parameter, before, after, slope }
}

fn rows() -> Vec<Row> {
    // The steepest part of a glide by equal ratios is at its loud end: ln(ratio) of it.
    let by_ratio = |ratio: f64| ratio.ln() / GLIDE;
    let matrix = "gains = [{ from = 0, to = 0, gain = 0.25 }]";
    vec![
        row("gain", "gain", "", json!("-12 dB"), by_ratio(3.9811)),
        row("gain", "mute", "", json!(true), 1.0 / GLIDE),
        row("gain", "invert", "", json!(true), 2.0 / GLIDE),
        row("gain", "smooth", "", json!("5 ms"), 0.0),
        row("delay", "time", "time = \"10 ms\"\nmax_time = \"50 ms\"", json!("17.3 ms"), 1.0 / GLIDE),
        row("delay", "mix", "time = \"10 ms\"", json!(0.95), 0.9 / GLIDE),
        row("delay", "feedback", "time = \"10 ms\"", json!(0.5), 0.5 / GLIDE),
        row("meter", "floor", "", json!("-60 dB"), 0.0),
        row("vad_gate", "threshold", "", json!("-20 dB"), 0.0),
        row("vad_gate", "close_threshold", "", json!(0.01), 0.0),
        row("vad_gate", "attack", "", json!("50 ms"), 0.0),
        row("vad_gate", "hold", "", json!("10 ms"), 0.0),
        row("vad_gate", "release", "", json!("50 ms"), 0.0),
        row("vad_gate", "score", "", json!(0.7), 0.0),
        row("vad_gate", "close_score", "", json!(0.1), 0.0),
        row("vad_gate", "mode", "threshold = 1.0", json!("trigger"), 1.0 / GLIDE),
        row("matrix", "gains[].gain", matrix, json!(1.0), by_ratio(4.0)),
        row("matrix", "gains[].invert", matrix, json!(true), 0.5 / GLIDE),
        row("oscillator", "frequency", "frequency = 997\nlevel = 0.5", json!("2 kHz"), 0.0),
        row("oscillator", "level", "frequency = 997\nlevel = 0.5", json!("-20 dB"), by_ratio(5.0)),
        row("oscillator", "shape", "frequency = 997\nlevel = 0.5", json!("triangle"), 0.5 / GLIDE),
        row("file_source", "gain", "path = \"sine.wav\"", json!("-12 dB"), by_ratio(3.9811)),
    ]
}

/// A node between a sine and the output, or before the output alone.
fn patch(row: &Row) -> String {
    let links = match row.kind {
        "input" | "oscillator" | "file_source" | "noise" => "node -> out",
        "output" | "file_sink" => "tone -> node",
        _ => "tone -> node -> out",
    };
    format!(
        "links = [\"{links}\"]\n[nodes.tone]\ntype = \"oscillator\"\nfrequency = 997\nlevel = {PEAK}\n\
         [nodes.node]\ntype = \"{}\"\n{}\n[nodes.out]\ntype = \"output\"\nchannels = [0]\n",
        row.kind, row.before
    )
}

fn playing(text: &str, folder: &Path) -> (Engine, Renderer) {
    let loaded = read(text.as_bytes(), folder.join("p.toml")).unwrap();
    let loaded = loaded.load(&Registry::standard(), &Options::default());
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, 1_024, 0, 1));
    engine.load(loaded.unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}")).graph).unwrap();
    (engine, renderer)
}

/// Tells the engine by name.
fn change(engine: &mut Engine, (node, parameter, value): (&str, &str, &Value), at: Frame, over: Option<u64>) {
    let registry = Registry::standard();
    let surroundings = Surroundings { files: false, ..Surroundings::new("", Path::new(".")) };
    let mut changes = Changes::new(&registry, engine.graph(), RATE, surroundings);
    changes.set(node, parameter, value).unwrap_or_else(|error| panic!("{node}.{parameter}: {error}"));
    let edits = changes.edits().unwrap_or_else(|error| panic!("{node}.{parameter} = {value}: {error}"));
    engine.change(&edits, Some(at), over).unwrap();
}

fn render(engine: &Engine, renderer: &mut Renderer, out: &mut [f32], block: usize) {
    for out in out.chunks_mut(block) {
        engine.wait_ready(out.len());
        renderer.render(out.len(), &[], &mut [out]);
    }
}

/// The node's parameter changed at [`AT`].
fn heard(row: &Row, folder: &Path, over: Option<u64>) -> Vec<f32> {
    let (mut engine, mut renderer) = playing(&patch(row), folder);
    change(&mut engine, ("node", &row.parameter.replace("[]", "[0]"), &row.after), AT, over);
    let mut out = vec![0.0; FRAMES];
    render(&engine, &mut renderer, &mut out, 333);
    engine.close(renderer);
    out
}

/// The largest second difference: what a click is.
fn sharpest(samples: &[f32]) -> f64 {
    let second = |three: &[f32]| f64::from(three[0]) - 2.0 * f64::from(three[1]) + f64::from(three[2]);
    samples.windows(3).map(|three| second(three).abs()).fold(0.0, f64::max)
}

/// One second of the sine, as 16-bit mono.
fn sine_file(folder: &Path) {
    let samples = (0..RATE).map(|frame| (PEAK * (f64::from(frame) * TURN).sin() * 32_767.0).round() as i16);
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(RATE.to_le_bytes());
    bytes.extend((2 * RATE).to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    std::fs::write(folder.join("sine.wav"), bytes).unwrap();
}

/// Of g·x the second difference is g''·x + 2·g'·x' + g·x'': beside what the sine has before and after, the slope of g
/// counts once where it begins or ends, times the peak, and twice times the slope of the sine.
#[test]
fn no_change_is_sharper_than_its_glide() {
    let folder = tempfile::tempdir().unwrap();
    sine_file(folder.path());
    for row in rows() {
        let out = heard(&row, folder.path(), None);
        let (before, after) = (sharpest(&out[4_800..AT as usize]), sharpest(&out[AT as usize + 4_800..]));
        let bound = before.max(after) * 1.02 + PEAK * row.slope * (1.0 + 2.0 * TURN) + 1e-5;
        let name = format!("{}.{}", row.kind, row.parameter);
        let sharp = sharpest(&out[4_800..]);
        assert!(sharp <= bound, "{name}: {sharp} > {bound}");
        // Not by chance: the same change within one frame is sharper.
        if row.slope > 0.0 || row.parameter == "frequency" {
            let jump = if row.parameter == "mode" || row.parameter == "shape" {
                let steady = &out[AT as usize + 4_800..];
                [&out[4_800..AT as usize], steady].concat()
            } else {
                heard(&row, folder.path(), Some(0))[4_800..].to_vec()
            };
            let jump = sharpest(&jump);
            assert!(jump > 1.5 * bound, "{name}: a jump is {jump}, the bound {bound}");
        }
    }
}

/// Its glide is that of the factor: of equal noise, the quotient is the law.
#[test]
fn the_level_of_noise_glides_by_equal_ratios() {
    let folder = tempfile::tempdir().unwrap();
    let row = row("noise", "level", "level = 0.5\nseed = 7", json!(0.05), 0.0);
    let out = heard(&row, folder.path(), None);
    let mut white = White::new(7, 0);
    for (frame, sample) in out.iter().enumerate() {
        let passed = (frame as f64 + 1.0 - AT as f64).clamp(0.0, GLIDE) / GLIDE;
        let expected = f64::from(white.tick()) * 0.5 * 0.1_f64.powf(passed);
        assert!((f64::from(*sample) - expected).abs() < 2e-7, "frame {frame}: {sample}, not {expected}");
    }
}

/// A given time takes the place of the node's own.
#[test]
fn a_ramp_takes_the_time_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let row = row("noise", "level", "level = 0.5\nseed = 7", json!(0.05), 0.0);
    let out = heard(&row, folder.path(), Some(9_000));
    let mut white = White::new(7, 0);
    for (frame, sample) in out.iter().enumerate() {
        let passed = (frame as f64 + 1.0 - AT as f64).clamp(0.0, 9_000.0) / 9_000.0;
        let expected = f64::from(white.tick()) * 0.5 * 0.1_f64.powf(passed);
        assert!((f64::from(*sample) - expected).abs() < 2e-7, "frame {frame}: {sample}, not {expected}");
    }
}

/// All of a node's parameters, with those of the entries of lists.
fn all(prefix: &str, params: &[Param]) -> Vec<(String, Param)> {
    let one = |param: &Param| match &param.shape {
        Shape::List(of) => match &**of {
            Shape::Table(fields) => all(&format!("{prefix}{}[].", param.name), fields),
            _ => vec![(format!("{prefix}{}", param.name), param.clone())],
        },
        _ => vec![(format!("{prefix}{}", param.name), param.clone())],
    };
    params.iter().flat_map(one).collect()
}

#[test]
fn every_parameter_that_does_not_start_its_node_anew_is_tried() {
    let tried: BTreeSet<(&str, String)> = rows().iter().map(|row| (row.kind, row.parameter.to_owned())).collect();
    let registry = Registry::standard();
    for kind in registry.kinds() {
        for (name, param) in all("", &kind.params) {
            let rebuilds = param.change == Change::Rebuilds;
            let noise = kind.kind == "noise" && name == "level";
            assert!(rebuilds || noise || tried.contains(&(kind.kind, name.clone())), "{}.{name}", kind.kind);
        }
    }
}

/// What is declared of a change is what becomes of it.
#[test]
fn what_is_declared_to_start_a_node_anew_does_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    sine_file(folder.path());
    std::fs::copy(folder.path().join("sine.wav"), folder.path().join("other.wav")).unwrap();
    let registry = Registry::standard();
    let rebuilds = |kind: &'static str, before: &'static str, parameter: &str, value: &Value| {
        let row = row(kind, "", before, Value::Null, 0.0);
        let text = patch(&row);
        let loaded = read(text.as_bytes(), folder.path().join("p.toml")).unwrap();
        let graph = loaded.load(&registry, &Options::default()).unwrap_or_else(|mistakes| panic!("{mistakes}")).graph;
        let mut changes = Changes::new(&registry, &graph, RATE, Surroundings::new("", folder.path()));
        changes.set("node", parameter, value).unwrap_or_else(|error| panic!("{kind}.{parameter}: {error}"));
        let edits = changes.edits().unwrap_or_else(|error| panic!("{kind}.{parameter}: {error}"));
        let [patchline_graph::Edit::Node { node, .. }] = &edits[..] else { panic!("one edit") };
        // What stands for the device has no processor: any change of it is a load.
        node.ports().device.is_some() || node.rebuilds(graph.node("node").unwrap())
    };
    for row in rows() {
        let parameter = row.parameter.replace("[]", "[0]");
        assert!(!rebuilds(row.kind, row.before, &parameter, &row.after), "{}.{parameter}", row.kind);
    }
    let anew = [
        ("input", "", "device", json!("other")),
        ("input", "", "channels", json!([1])),
        ("input", "", "labels", json!(["voice"])),
        ("input", "", "loopback_of", json!("other")),
        ("output", "", "device", json!("other")),
        ("output", "", "channels", json!([1])),
        ("delay", "time = \"10 ms\"", "max_time", json!("1 s")),
        ("meter", "", "window", json!("1 s")),
        ("vad_gate", "", "window", json!("20 ms")),
        ("vad_gate", "", "detector", json!("speech")),
        ("file_sink", "path = \"a.wav\"", "path", json!("b.wav")),
        ("file_sink", "path = \"a.wav\"", "subtype", json!("FLOAT")),
        ("file_sink", "path = \"a.wav\"", "pre_roll", json!("1 s")),
        ("file_sink", "path = \"a-{seq}.wav\"", "split", json!("1 min")),
        ("file_sink", "path = \"a.wav\"", "sync", json!("2 s")),
        ("file_sink", "path = \"a.wav\"", "buffer", json!("2 s")),
        ("file_sink", "path = \"a.wav\"", "overwrite", json!(true)),
        ("file_source", "path = \"sine.wav\"", "path", json!("other.wav")),
        ("file_source", "path = \"sine.wav\"", "loop", json!(true)),
        ("matrix", "gains = [{ from = 0, to = 0 }]", "outputs", json!(2)),
        ("matrix", "gains = [{ from = 0, to = 0 }]", "gains[0].from", json!(1)),
        ("matrix", "gains = [{ from = 0, to = 0 }]", "gains[0].to", json!(1)),
        ("matrix", "preset = \"mono_mix\"", "preset", json!("mono_to_stereo")),
        ("oscillator", "", "channels", json!(2)),
        ("noise", "", "color", json!("pink")),
        ("noise", "", "seed", json!(7)),
        ("noise", "", "channels", json!(2)),
    ];
    for (kind, before, parameter, value) in &anew {
        assert!(rebuilds(kind, before, parameter, value), "{kind}.{parameter}");
    }
    for kind in registry.kinds() {
        for (name, param) in all("", &kind.params) {
            let tried = anew.iter().any(|(of, _, path, _)| *of == kind.kind && path.replace("[0]", "[]") == name);
            assert_eq!(tried, param.change == Change::Rebuilds, "{}.{name}", kind.kind);
        }
    }
}
