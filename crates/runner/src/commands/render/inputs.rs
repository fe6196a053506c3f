//! The files of a render: which input node hears which, at which rate.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use patchline_graph::{DeviceSide, Graph};
use patchline_io::file::{Input, RenderError};
use patchline_patch::Loaded;

use crate::cli::{InputFile, RenderArgs};
use crate::exit::{Exit, Failure};
use crate::load::USUAL_RATE;
use crate::style;

/// Open inputs: first the one that all nodes without one of their own hear, then those of single nodes.
pub(super) struct Inputs {
    pub(super) files: Vec<Input>,
    /// The channels that belong to single nodes, by name.
    pub(super) assigned: BTreeMap<String, Range<usize>>,
    /// The rate of the stream, in Hz; all files have it.
    pub(super) rate: u32,
}

impl Inputs {
    /// Opens the files that `-i` names, at the rate of the command line, the patch, the first file, or 48 kHz.
    pub(super) fn open(loaded: &Loaded, args: &RenderArgs) -> Result<Self, Failure> {
        check(loaded, args)?;
        let (shared, own): (Vec<&InputFile>, Vec<_>) = args.input.iter().partition(|input| input.node.is_none());
        let (mut files, mut assigned, mut channels) = (Vec::new(), BTreeMap::new(), 0);
        for input in shared.into_iter().chain(own) {
            let file = open(&input.file)?;
            let range = channels..channels + file.channels();
            channels = range.end;
            assigned.extend(input.node.clone().map(|node| (node, range)));
            files.push(file);
        }
        let rate = args.sample_rate.or(loaded.engine.rate()).or(files.first().map(Input::rate)).unwrap_or(USUAL_RATE);
        let convert = |file| at_rate(file, rate, args.strict);
        Ok(Self { files: files.into_iter().map(convert).collect::<Result<_, _>>()?, assigned, rate })
    }

    /// Channels of the stream's input.
    pub(super) fn channels(&self) -> usize {
        self.files.iter().map(Input::channels).sum()
    }
}

/// Whether the files and the patch's inputs go together.
fn check(loaded: &Loaded, args: &RenderArgs) -> Result<(), Failure> {
    let usage = |message: String| Err(Failure::new(Exit::Usage, message));
    let nodes = device_inputs(&loaded.graph);
    let named = |node: &str| args.input.iter().filter(|input| input.node.as_deref() == Some(node)).count();
    let shared = args.input.iter().filter(|input| input.node.is_none()).count();
    if shared > 1 {
        return usage("several files for the same inputs: write `-i NODE=FILE` for all but one".to_owned());
    }
    if args.input.iter().filter(|input| input.file == Path::new("-")).count() > 1 {
        return usage("stdin can be read only once".to_owned());
    }
    for node in args.input.iter().filter_map(|input| input.node.as_deref()) {
        if !nodes.contains(&node) {
            return usage(format!("`-i {node}=...`: the patch has no input `{node}`{}", listed(&nodes)));
        }
        if named(node) > 1 {
            return usage(format!("`{node}` has two files"));
        }
    }
    let silent: Vec<&str> = nodes.iter().copied().filter(|node| shared == 0 && named(node) == 0).collect();
    if let Some(node) = silent.first() {
        return usage(format!("the patch's input `{node}` needs a file: `-i in.wav` or `-i {node}=in.wav`"));
    }
    if shared == 1 && nodes.iter().all(|node| named(node) > 0) && !nodes.is_empty() {
        return usage("no input is left for the `-i` without a node's name".to_owned());
    }
    if args.input.is_empty() && args.duration.is_none() {
        return usage("the patch has no input that would end: say how long with `--duration 10s`".to_owned());
    }
    Ok(())
}

fn device_inputs(graph: &Graph) -> Vec<&str> {
    let inputs = graph.nodes().filter(|(_, node)| matches!(node.ports().device, Some(DeviceSide::Input(_))));
    inputs.map(|(name, _)| name.as_str()).collect()
}

fn listed(nodes: &[&str]) -> String {
    match nodes {
        [] => "; it has none at all".to_owned(),
        nodes => format!("; it has {}", nodes.join(", ")),
    }
}

fn open(path: &Path) -> Result<Input, Failure> {
    let opened = match path {
        path if path == Path::new("-") => Input::stream("stdin", std::io::stdin()),
        path => Input::open(path),
    };
    opened.map_err(unreadable)
}

fn at_rate(file: Input, rate: u32, strict: bool) -> Result<Input, Failure> {
    let (name, from) = (style::safe(file.name(), 200), file.rate());
    if from != rate && strict {
        let message = format!("{name} has {from} Hz and the patch runs at {rate} Hz; without --strict it is converted");
        return Err(Failure::new(Exit::File, message));
    }
    let file = file.at_rate(rate).map_err(unreadable)?;
    if from != rate {
        tracing::info!("{name} is converted from {from} Hz to {rate} Hz");
    }
    Ok(file)
}

fn unreadable(error: RenderError) -> Failure {
    let message = match error {
        // The reason names the file where it comes from opening it.
        RenderError::Read { name, source } if source.to_string().contains(&name) => source.to_string(),
        other => format!("cannot read {other}"),
    };
    Failure::new(Exit::File, style::safe(&message, 600))
}
