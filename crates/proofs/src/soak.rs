//! Random graphs of all nodes, with changes and loads, for hours.
//!
//! Each round follows from its seed: changes are made between callbacks, by the same thread, so that what was found can
//! be found again.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use patchline_graph::{Engine, Graph, StreamSpec, engine};
use patchline_guard::{Guard, Watch, with_fresh_pages};
use patchline_nodes::dsp::noise::White;
use patchline_nodes::{Input, Output, PatchNode};

use crate::{Each, every_type, other, variants};

const CALLBACKS: usize = 20_000;
const CHANNELS: usize = 2;
const MAX_FRAMES: usize = 256;

/// Rounds until the time is up; stops at the first violation.
pub(crate) fn soak(hours: f64, seed: Option<u64>) -> ExitCode {
    let end = Instant::now() + Duration::from_secs_f64(hours * 3600.0);
    let first = seed.unwrap_or_else(|| u64::from(std::process::id()) << 20);
    let mut callbacks = 0;
    for seed in first.. {
        println!("seed {seed}");
        if let Err(found) = round(seed) {
            println!("{found}\nagain by: ./x soak 0 --seed {seed}");
            return ExitCode::FAILURE;
        }
        callbacks += CALLBACKS;
        if Instant::now() >= end {
            println!("{} seeds from {first}, {callbacks} callbacks: 0 violations", seed - first + 1);
            return ExitCode::SUCCESS;
        }
    }
    ExitCode::SUCCESS
}

/// One round, twice: first to bring its code into memory, then watched.
fn round(seed: u64) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut kinds = Kinds { folder: folder.path(), kinds: Vec::new() };
    every_type(&mut kinds);
    play(seed, &kinds.kinds, &Guard::new(Watch::nothing()));
    let guard = Guard::new(Watch::all());
    play(seed, &kinds.kinds, &guard);
    let report = guard.report();
    if report.is_clean() { Ok(()) } else { Err(report.to_string()) }
}

fn play(seed: u64, kinds: &[Entry], guard: &Guard) {
    let mut random = Random(White::new(seed, 0));
    let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, MAX_FRAMES, CHANNELS, CHANNELS));
    let mut cast = load(&mut engine, kinds, &mut random);
    let input = vec![[0.25_f32; 1_024]; CHANNELS];
    let mut output = vec![[1.0_f32; 1_024]; CHANNELS];
    for _ in 0..CALLBACKS {
        match random.below(200) {
            0 => cast = load(&mut engine, kinds, &mut random).or(cast),
            1..20 => set(&mut engine, kinds, cast.as_deref().unwrap_or(&[]), &mut random),
            20 => engine.collect(),
            _ => {}
        }
        while engine.next_event().is_some() {}
        let frames = [1, 7, 32, 64, 128, 333, 1_024][random.below(7)];
        let inputs: Vec<&[f32]> = input.iter().map(|channel| &channel[..frames]).collect();
        let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(|channel| &mut channel[..frames]).collect();
        guard.visit(|| renderer.render(frames, &inputs, &mut outputs));
    }
    engine.close(renderer);
}

/// Loads a random graph; says of which kind each of its nodes is, or nothing if its channels do not fit and the old one
/// plays on.
fn load(engine: &mut Engine, kinds: &[Entry], random: &mut Random) -> Option<Vec<usize>> {
    let cast: Vec<usize> = (0..1 + random.below(8)).map(|_| random.below(kinds.len())).collect();
    let mut graph = Graph::new();
    graph.add("in", Input::default()).and_then(|graph| graph.add("out", Output::default())).expect("two names");
    let mut sources = vec!["in".to_owned()];
    for (index, kind) in cast.iter().map(|kind| &kinds[*kind]).enumerate() {
        let name = format!("n{index}");
        (kind.add)(&mut graph, &name, random.below(1_000));
        for input in &kind.inputs {
            let from = &sources[random.below(sources.len())];
            graph.link(from, &format!("{name}.{input}")).expect("both are there");
        }
        sources.extend(kind.outputs.iter().map(|output| format!("{name}.{output}")));
    }
    let last = &sources[sources.len() - 1 - random.below(sources.len().min(2))];
    graph.link(last, "out").expect("both are there");
    with_fresh_pages(|| engine.load(graph)).ok().map(|_| cast)
}

/// Sends new parameters to one node.
fn set(engine: &mut Engine, kinds: &[Entry], cast: &[usize], random: &mut Random) {
    if !cast.is_empty() {
        let index = random.below(cast.len());
        let pick = random.below(1_000);
        with_fresh_pages(|| (kinds[cast[index]].set)(engine, &format!("n{index}"), pick));
    }
}

/// Follows from its seed.
struct Random(White);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        let mut sample = [0.0];
        self.0.fill(&mut sample);
        (((f64::from(sample[0]) + 1.0) / 2.0 * end as f64) as usize).min(end - 1)
    }
}

/// Gives a graph or an engine the node of this name, with one of its kind's parameters.
type To<T> = Box<dyn Fn(&mut T, &str, usize)>;

/// A node type, as something that can be put into a graph or sent to an engine.
struct Entry {
    inputs: Vec<&'static str>,
    outputs: Vec<&'static str>,
    add: To<Graph>,
    set: To<Engine>,
}

/// All node types but the device's own, with a folder for each.
struct Kinds<'a> {
    folder: &'a Path,
    kinds: Vec<Entry>,
}

impl Each for Kinds<'_> {
    fn each<N: PatchNode>(&mut self, example: &Path) {
        let folder = self.folder.join(N::KIND);
        let files = std::fs::read_dir(example).expect("the example's folder").flatten();
        std::fs::create_dir(&folder).expect("a folder in a temporary one");
        for file in files {
            std::fs::copy(file.path(), folder.join(file.file_name())).expect("room for a second of sound");
        }
        let all = variants::<N>(&folder).into_iter().flat_map(|(_, node)| [other(&node, &folder), node]);
        let nodes: Vec<N> = all.collect();
        let (ports, same) = (nodes[0].ports(), nodes.clone());
        if ports.device.is_none() {
            let needed = ports.inputs.iter().filter(|port| !port.optional);
            self.kinds.push(Entry {
                inputs: needed.map(|port| port.name).collect(),
                outputs: ports.outputs.iter().map(|port| port.name).collect(),
                add: Box::new(move |graph, name, pick| {
                    graph.add(name, nodes[pick % nodes.len()].clone()).expect("a name of its own");
                }),
                // Refused where the graph has no such ports: the old parameters stay.
                set: Box::new(move |engine, name, pick| drop(engine.set(name, same[pick % same.len()].clone(), None))),
            });
        }
    }
}
