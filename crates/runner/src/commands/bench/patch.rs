//! `runner bench PATCH`: what a patch costs on this machine, at several block sizes.

mod live;
mod picture;
mod told;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use patchline_graph::{Frames, Graph, NodeCost, StreamSpec};
use patchline_patch::{Checked, Loaded, Registry};

use crate::cli::{Assumed, BackendChoice, BenchArgs};
use crate::commands::doctor;
use crate::cpu::{Bed, Interruptions, Spread, without_files};
use crate::exit::{Exit, Failure, Outcome};
use crate::reads::Reads;
use crate::rights::{self, Rights};
use crate::units::count;
use crate::{allocator, document, files, load, memory, output, signals};
use told::Told;

/// Block sizes where nobody names any, in frames.
const BLOCKS: [usize; 7] = [16, 32, 64, 128, 256, 512, 1024];
/// A size gets so long before the next one has its turn: what disturbs one disturbs all.
const TURN: Duration = Duration::from_millis(20);
/// Calls at the start of a turn that do not count: the caches were somebody else's.
const WARM_UP: u32 = 8;
/// A block is safe when 99.9 % of its calls take at most this part of its time.
const HEADROOM: f64 = 0.5;
/// The part of all time in which nodes are timed one by one.
const FOR_NODES: f64 = 0.1;

pub(super) fn run(registry: &Registry, args: &BenchArgs, patch: &Path) -> Outcome {
    let assumed = Assumed { channels: args.channels, rate: args.device.rate };
    let checked = assumed.check(registry, patch, &args.patch_args)?;
    load::show(&checked.loaded.warnings);
    check_pictures(args, patch, &checked.loaded)?;
    let (graph, unwritten) = without_files(&checked.loaded.graph);
    let live = args.device.backend.filter(|backend| *backend != BackendChoice::Null);
    if let (Some(_), Some(name)) = (live, unwritten.first()) {
        let what = format!("`{name}` records, and a live run would write its files: leave --backend away");
        return Err(Failure::new(Exit::Usage, what));
    }
    allocator::on_violation(allocator::OnViolation::Count);
    signals::listen();
    let _ = memory::lock();
    let interruptions = Interruptions::begin();
    let sizes = measure(&checked, &graph, &blocks(args, &checked), args.seconds)?;
    let block = safe(&sizes, checked.stream.rate).unwrap_or(largest(&sizes));
    let nodes = nodes(&checked, &graph, block, args.seconds)?;
    let disturbances = disturbances(interruptions);
    let live = live.map(|backend| live::run(args, patch, backend)).transpose()?;
    let told = Told { checked: &checked, sizes: &sizes, block, nodes: &nodes, disturbances, unwritten, live, args };
    // What was measured is told whatever becomes of its pictures.
    let drawn = draw_pictures(args, &checked, &sizes);
    output::print(&if args.json { format!("{}\n", told.data(drawn.as_ref().err())) } else { told.text() })?;
    drawn.map(|()| Exit::Ok)
}

fn draw_pictures(args: &BenchArgs, checked: &Checked, sizes: &[Size]) -> Result<(), Failure> {
    let (name, rate) = (&checked.loaded.name, checked.stream.rate);
    let pictures = [(&args.svg, picture::histograms as Draw), (&args.timeline, picture::timeline)];
    for (path, draw) in pictures.into_iter().filter_map(|(path, draw)| Some((path.as_deref()?, draw))) {
        files::write(path, draw(name, sizes, rate).as_bytes(), args.overwrite)?;
    }
    Ok(())
}

/// Draws the sizes of a patch of this name at a rate.
type Draw = fn(&str, &[Size], u32) -> String;

/// Whether the pictures have a place, before anything is measured.
fn check_pictures(args: &BenchArgs, patch: &Path, loaded: &Loaded) -> Result<(), Failure> {
    let place = |path: &Option<PathBuf>| path.as_deref().map(files::real);
    if args.svg.is_some() && place(&args.svg) == place(&args.timeline) {
        return Err(Failure::new(Exit::Usage, "--svg and --timeline name the same file: give each its own"));
    }
    let named = [("--svg", &args.svg), ("--timeline", &args.timeline)];
    for (option, path) in named.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?))) {
        files::apart(option, path, &Reads::of(patch, loaded), loaded)?;
        files::is_free(path, args.overwrite)?;
    }
    Ok(())
}

/// A block size and what its calls took.
#[derive(Clone)]
struct Size {
    block: usize,
    spread: Spread,
    turns: Vec<Turn>,
}

/// Calls of one size one after the other.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// From the beginning of all measuring, in seconds.
    at: f64,
    /// In nanoseconds.
    longest: u64,
}

impl Size {
    /// How long the device gives for a block, in nanoseconds.
    fn period(&self, rate: u32) -> f64 {
        self.block as f64 * 1e9 / f64::from(rate)
    }

    /// Calls that took longer than their block lasts.
    fn late(&self, rate: u32) -> usize {
        let period = self.period(rate);
        let times = self.spread.times();
        times.len() - times.partition_point(|&time| time as f64 <= period)
    }

    /// Whether there is room for what was not met here.
    fn is_safe(&self, rate: u32) -> bool {
        self.spread.quantile(0.999) as f64 <= HEADROOM * self.period(rate)
    }
}

fn blocks(args: &BenchArgs, checked: &Checked) -> Vec<usize> {
    let mut blocks = match (&args.blocks[..], args.device.block, checked.loaded.engine.block) {
        ([], None, 0) => BLOCKS.to_vec(),
        // The patch's own is among them.
        ([], None, own) => BLOCKS.into_iter().chain([own as usize]).collect(),
        ([], Some(one), _) => vec![one],
        (given, _, _) => given.to_vec(),
    };
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

fn stream(checked: &Checked) -> StreamSpec {
    StreamSpec { outputs: None, ..checked.stream.clone() }
}

fn bed(checked: &Checked, graph: &Graph, block: usize) -> Result<Bed, Failure> {
    Bed::new(graph.clone(), &stream(checked), block).map_err(|error| load::refused(&checked.loaded, error))
}

/// All sizes, taking turns until the time is over.
fn measure(checked: &Checked, graph: &Graph, blocks: &[usize], seconds: f64) -> Result<Vec<Size>, Failure> {
    let beds = blocks.iter().map(|&block| bed(checked, graph, block)).collect::<Result<Vec<_>, _>>()?;
    let mut beds: Vec<Measured> = beds.into_iter().map(Measured::new).collect();
    let turns = seconds * (1.0 - FOR_NODES) / TURN.as_secs_f64() / beds.len() as f64;
    let began = Instant::now();
    // The first turn warms up: it counts only where there is no other.
    for turn in 0..=(turns.ceil() as u64).max(1) {
        beds.iter_mut().for_each(|measured| measured.turn(began, turn > 0));
        if signals::stopping() {
            return Err(Failure::new(Exit::Interrupted, "stopped before all was measured"));
        }
    }
    Ok(beds.into_iter().map(Measured::end).collect())
}

/// A size while it is measured.
struct Measured {
    bed: Bed,
    times: Vec<u64>,
    turns: Vec<Turn>,
}

impl Measured {
    fn new(bed: Bed) -> Self {
        Self { bed, times: Vec::new(), turns: Vec::new() }
    }

    fn turn(&mut self, began: Instant, counts: bool) {
        let Self { bed, times, turns } = self;
        let (at, before) = (began.elapsed().as_secs_f64(), times.len());
        let mut calls = 0;
        bed.calls_for(TURN, &mut |nanos| {
            calls += 1;
            if counts && calls > WARM_UP {
                times.push(nanos);
            }
        });
        if counts && times.len() == before {
            // Calls of which a turn has hardly more than those that warm up count, too.
            times.push(bed.call().as_nanos().try_into().unwrap_or(u64::MAX));
        }
        turns.extend(times[before..].iter().max().map(|&longest| Turn { at, longest }));
    }

    fn end(self) -> Size {
        let Self { bed, times, turns } = self;
        let block = bed.block();
        bed.close();
        Size { block, spread: Spread::new(times).expect("each size has had a turn"), turns }
    }
}

/// What each node costs, in blocks of this length.
fn nodes(checked: &Checked, graph: &Graph, block: usize, seconds: f64) -> Result<Vec<NodeCost>, Failure> {
    let mut bed = bed(checked, graph, block)?;
    bed.calls_for(TURN, &mut |_| ());
    let costs = bed.costs(Duration::from_secs_f64(seconds * FOR_NODES).max(TURN));
    bed.close();
    Ok(costs)
}

/// The smallest size that is safe, as are all above it.
fn safe(sizes: &[Size], rate: u32) -> Option<usize> {
    sizes.iter().rev().take_while(|size| size.is_safe(rate)).last().map(|size| size.block)
}

fn largest(sizes: &[Size]) -> usize {
    sizes.iter().map(|size| size.block).max().unwrap_or(0)
}

/// Frames from a device's input to its output: the graph's own, a block that comes in, and two that wait to go out, as most
/// devices have it.
fn latency(graph: Frames, block: usize) -> Frames {
    graph + 3 * block as Frames
}

/// What makes these numbers worse than they could be.
fn disturbances(interruptions: Interruptions) -> Vec<String> {
    let mut found = Vec::new();
    if rights::seen() == Rights::Shared {
        found.push("no real-time scheduling: whatever else runs here is part of the longest times".to_owned());
    }
    if let Some(times) = interruptions.count().filter(|times| *times > 0) {
        let times = count(usize::try_from(times).unwrap_or(usize::MAX), "time");
        found.push(format!("the system gave the processor to others {times} meanwhile"));
    }
    found.extend(doctor::slow_processor());
    found
}

/// So that `--json` says how it ended.
fn concluded(mut document: serde_json::Value, failure: Option<&Failure>) -> serde_json::Value {
    document::conclude(&mut document, failure);
    document
}

#[cfg(test)]
mod tests {
    use patchline_nodes::{Oscillator, Output};

    use super::*;

    /// Eight calls, as many as warm up, take longer than a turn here.
    #[test]
    fn every_turn_counts_however_long_its_calls_take() {
        let mut graph = Graph::new();
        graph.add("out", Output::default()).unwrap();
        for index in 0..400 {
            let name = format!("tone_{index}");
            graph.add(&name, Oscillator::default()).unwrap().link(&name, "out").unwrap();
        }
        let stream = StreamSpec { outputs: None, ..StreamSpec::new(48_000, 8192, 0, 2) };
        let mut measured = Measured::new(Bed::new(graph, &stream, 8192).unwrap());
        for _ in 0..3 {
            measured.turn(Instant::now(), true);
        }
        assert_eq!(measured.turns.len(), 3);
        assert!(measured.end().spread.times().len() >= 3);
    }
}
