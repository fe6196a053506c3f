//! What holds for every node, tried on all that are registered: a new one is covered by its line in the registry.
//!
//! The allocator aborts the test when the callback allocates or frees.

mod common;

use std::path::Path;

use assert_no_alloc::AllocDisabler;
use common::{MAX_FRAMES, assert_same_bits, loaded, noise, render};
use patchline_graph::{Channels, Graph, StreamSpec};
use patchline_nodes::declaration::{Declaration, Shape};
use patchline_nodes::{Frequency, Input, Level, Output, PatchNode, Register, Surroundings, Time, register_all};
use patchline_wav::{FileWriter, Format, Options, Subtype};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const RATE: u32 = 48_000;
const FRAMES: usize = 6_000;

/// Splits of the same frames, some with lengths beyond the longest block of the arena.
const SPLITS: [&[usize]; 6] = [&[1], &[7], &[MAX_FRAMES], &[333, 5, 1000], &[64, 1, 3, 255, 17], &[2, 511]];

/// What a test does with one node type in a folder of its own.
trait Check {
    fn check<N: PatchNode>(&self, folder: &Path);
}

struct Every<C>(C);

impl<C: Check> Register for Every<C> {
    fn node<N: PatchNode>(&mut self) {
        let folder = tempfile::tempdir().unwrap();
        write_example(&folder.path().join("example.wav"));
        self.0.check::<N>(folder.path());
    }
}

/// The file that the example of `file_source` plays: stereo, of another rate.
fn write_example(path: &Path) {
    let format = Format { rate: 44_100, channels: 2, subtype: Subtype::Float };
    let mut writer = FileWriter::create(path, Options::new(format)).unwrap();
    writer.write_interleaved(&noise(9, 6_000, 0.5)).unwrap();
    writer.finish().unwrap();
}

fn example<N: PatchNode>(folder: &Path) -> N {
    resolved(N::example(), folder).expect("the example is right")
}

fn resolved<N: PatchNode>(mut node: N, folder: &Path) -> Option<N> {
    node.resolve(&Surroundings::new("node", folder)).ok().map(|()| node)
}

/// Stereo into every input, every output to channels of its own; says how many.
fn graph_around<N: PatchNode>(node: N) -> (Graph, usize) {
    let ports = node.ports();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap().add("node", node).unwrap();
    if ports.inputs.is_empty() {
        // Somebody has to read the device, whose channels are the same for every node.
        graph.add("unused", patchline_nodes::Meter::default()).unwrap().link("in", "unused").unwrap();
    }
    for port in &ports.inputs {
        let from = if port.channels == Channels::Exactly(1) { "in[1]" } else { "in" };
        graph.link(from, &format!("node.{}", port.name)).unwrap();
    }
    let mut used = 0;
    for port in &ports.outputs {
        let width = match port.channels {
            Channels::Exactly(width) => width,
            Channels::Follow => 2,
        };
        let channels = (used..used + width).map(patchline_nodes::ChannelIndex).collect();
        let name = format!("out_{}", port.name);
        graph.add(&name, Output { channels: Some(channels), ..Output::default() }).unwrap();
        graph.link(&format!("node.{}", port.name), &name).unwrap();
        used += width;
    }
    (graph, used)
}

fn stereo(peak: f32) -> Vec<Vec<f32>> {
    vec![noise(1, FRAMES, peak), noise(2, FRAMES, peak)]
}

/// Other parameters that need no new processor: every value changed that can be.
fn altered<N: PatchNode>(node: &N, folder: &Path) -> N {
    let mut fields = serde_json::to_value(node).unwrap();
    let keys: Vec<String> = fields.as_object().unwrap().keys().cloned().collect();
    let mut best = node.clone();
    for key in keys {
        let before = fields[&key].clone();
        fields[&key] = changed(&before);
        let read = serde_json::from_value(fields.clone()).ok().and_then(|node| resolved::<N>(node, folder));
        match read.filter(|changed| !changed.rebuilds(node)) {
            Some(changed) => best = changed,
            None => fields[&key] = before,
        }
    }
    best
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Number(number) => (number.as_f64().unwrap() * 0.5).into(),
        Value::String(text) => changed_text(text).unwrap_or_else(|| text.clone()).into(),
        Value::Array(entries) => entries.iter().map(changed).collect(),
        Value::Object(fields) => {
            let keep = |key: &str| matches!(key, "from" | "to");
            let changed = fields.iter().map(|(k, v)| (k.clone(), if keep(k) { v.clone() } else { changed(v) }));
            Value::Object(changed.collect())
        }
        Value::Null => Value::Null,
    }
}

fn changed_text(text: &str) -> Option<String> {
    let time = text.parse().ok().map(|time| match time {
        Time::Seconds(seconds) => Time::Seconds(seconds * 0.5).to_string(),
        Time::Frames(frames) => Time::Frames(frames / 2).to_string(),
    });
    let level = || text.parse().ok().and_then(|level: Level| Level::new(level.linear_f64() * 0.5).ok());
    let frequency = || text.parse().ok().and_then(|frequency: Frequency| Frequency::new(frequency.hz() * 1.5).ok());
    time.or_else(|| Some(level()?.to_string())).or_else(|| Some(frequency()?.to_string()))
}

/// The example, and the example with each choice that its parameters offer.
fn variants<N: PatchNode>(folder: &Path) -> Vec<N> {
    let mut variants = vec![example(folder)];
    let fields = serde_json::to_value(N::example()).unwrap();
    for param in Declaration::of::<N>().params {
        let Shape::Choice(choices) = param.shape else { continue };
        for choice in choices {
            let mut fields = fields.clone();
            fields[&param.name] = choice.name.into();
            let read = serde_json::from_value(fields).ok().and_then(|node| resolved(node, folder));
            variants.extend(read.filter(|node| accepts_stereo(node)));
        }
    }
    variants
}

/// A matrix preset may want another number of channels.
fn accepts_stereo<N: PatchNode>(node: &N) -> bool {
    let (mut engine, _renderer) =
        patchline_graph::engine(StreamSpec { outputs: None, ..StreamSpec::new(RATE, 64, 2, 0) });
    engine.load(graph_around(node.clone()).0).is_ok()
}

struct AnyBlock;

impl Check for AnyBlock {
    fn check<N: PatchNode>(&self, folder: &Path) {
        for node in variants::<N>(folder) {
            any_block(node, folder);
        }
    }
}

fn any_block<N: PatchNode>(original: N, folder: &Path) {
    let other = altered(&original, folder);
    let run = |split: &[usize]| {
        let (graph, outputs) = graph_around(original.clone());
        let (mut engine, mut renderer) = loaded(RATE, 2, graph);
        // Changes within and at the edges of blocks, one on top of another's glide.
        for (frame, node) in [(700, &other), (1_000, &original), (1_333, &other), (4_096, &original)] {
            engine.set("node", node.clone(), Some(frame)).unwrap();
        }
        let out = render(&engine, &mut renderer, &stereo(0.5), FRAMES, outputs, split);
        assert_eq!(engine.stats().late_sets, 0);
        engine.close(renderer);
        out
    };
    let whole = run(&[FRAMES]);
    for split in SPLITS {
        assert_same_bits(&run(split), &whole, &format!("{} in blocks of {split:?}", N::KIND));
    }
}

#[test]
fn any_split_with_timed_changes_gives_the_same_bits() {
    register_all(&mut Every(AnyBlock));
}

struct Reset;

impl Check for Reset {
    fn check<N: PatchNode>(&self, folder: &Path) {
        variants(folder).into_iter().for_each(reset::<N>);
    }
}

fn reset<N: PatchNode>(node: N) {
    let (graph, outputs) = graph_around(node);
    let (mut engine, mut renderer) = loaded(RATE, 2, graph);
    let mut run = || render(&engine, &mut renderer, &stereo(0.5), FRAMES, outputs, &[100, 31]);
    let first = run();
    renderer.reset();
    let mut run = || render(&engine, &mut renderer, &stereo(0.5), FRAMES, outputs, &[64]);
    assert_same_bits(&run(), &first, &format!("{} after a reset", N::KIND));
    engine.close(renderer);
}

#[test]
fn after_a_reset_everything_sounds_as_at_first() {
    register_all(&mut Every(Reset));
}

struct Finite;

impl Check for Finite {
    fn check<N: PatchNode>(&self, folder: &Path) {
        variants(folder).into_iter().for_each(finite::<N>);
    }
}

fn finite<N: PatchNode>(node: N) {
    let (graph, outputs) = graph_around(node);
    let (mut engine, mut renderer) = loaded(RATE, 2, graph);
    let mut input = stereo(1e30);
    // Ends in near silence: what rings on must not decay into denormals either.
    input.iter_mut().for_each(|channel| channel[FRAMES / 2..].iter_mut().for_each(|x| *x *= 1e-35));
    let out = render(&engine, &mut renderer, &input, FRAMES, outputs, &[128]);
    assert!(out.iter().flatten().all(|x| x.is_finite()), "{}", N::KIND);
    assert_eq!(engine.stats().non_finite_outputs, 0, "{}", N::KIND);
    engine.close(renderer);
}

#[test]
fn finite_in_finite_out() {
    register_all(&mut Every(Finite));
}

struct Documented;

impl Check for Documented {
    fn check<N: PatchNode>(&self, folder: &Path) {
        let declaration = Declaration::of::<N>();
        assert!(declaration.doc.ends_with('.'), "{} is documented", N::KIND);
        for param in &declaration.params {
            assert!(!param.doc.is_empty(), "{}.{} is documented", N::KIND, param.name);
        }
        for reading in declaration.readings {
            assert!(reading.doc.ends_with('.'), "{}.{} is documented", N::KIND, reading.name);
        }
        // The example can be written down and read back.
        let text = serde_json::to_value(N::example()).unwrap();
        let mut fields = text.as_object().unwrap().clone();
        fields.retain(|_, value| !value.is_null());
        let read: N = serde_json::from_value(Value::Object(fields)).unwrap();
        assert!(read == N::example(), "{}", N::KIND);
        assert!(!example::<N>(folder).rebuilds(&example::<N>(folder)), "{}: the same parameters carry on", N::KIND);
    }
}

#[test]
fn every_parameter_and_reading_is_documented() {
    register_all(&mut Every(Documented));
}
