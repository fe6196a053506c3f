//! The files of a render: which input node hears which, at which rate.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use patchline_graph::{DeviceSide, Graph};
use patchline_io::file::{Input, RenderError};
use patchline_patch::Loaded;

use crate::cli::{InputFile, RenderArgs, is_pattern};
use crate::exit::{Exit, Failure};
use crate::load::{USUAL_RATE, shown};
use crate::{near, style};

/// Open inputs: first the one that all nodes without one of their own hear, then those of single nodes.
pub(crate) struct Inputs {
    pub(crate) files: Vec<Input>,
    /// The channels that belong to single nodes, by name.
    pub(super) assigned: BTreeMap<String, Range<usize>>,
    /// The rate of the stream, in Hz; all files have it.
    pub(crate) rate: u32,
}

impl Inputs {
    /// Opens the files that `-i` names, at the rate of the command line, the patch, the first file, or 48 kHz.
    pub(crate) fn open(loaded: &Loaded, args: &RenderArgs) -> Result<Self, Failure> {
        check(loaded, args)?;
        let (shared, own): (Vec<&InputFile>, Vec<_>) = args.input.iter().partition(|input| input.node.is_none());
        let (mut files, mut assigned, mut channels) = (Vec::new(), BTreeMap::new(), 0);
        for input in shared.into_iter().chain(own) {
            let file = open(input)?;
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
    let several = |input: &&InputFile| input.node.is_some() && is_pattern(&input.file);
    if let Some(InputFile { node: Some(node), file }) = args.input.iter().find(several) {
        let (what, file) = (format!("`-i {node}={}`", shown(file)), shown(file));
        return usage(format!(
            "{what}: a pattern stands for several files, and one node hears one: name it. `-i '{file}'`, without a node, \
             renders all one by one"
        ));
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

fn open(InputFile { node, file }: &InputFile) -> Result<Input, Failure> {
    let opened = match file.as_path() {
        path if path == Path::new("-") => Input::stream("stdin", std::io::stdin()),
        path if path.is_dir() => return Err(Failure::new(Exit::File, folder(node.as_deref(), path))),
        path => Input::open(path),
    };
    opened.map_err(|error| {
        let is_there = file.as_path() == Path::new("-") || file.exists();
        let meant = if is_there { String::new() } else { near::did_you_mean(file) };
        Failure::new(Exit::File, reason(error) + &meant)
    })
}

/// A folder where a file is to be: what stands for the files in it, if there may be several.
fn folder(node: Option<&str>, path: &Path) -> String {
    let (what, files) = (shown(path), shown(&path.join("*.wav")));
    match node {
        None => format!("{what} is a folder: `-i '{files}'` renders the files in it one by one"),
        Some(node) => format!("{what} is a folder, and `{node}` hears one file: name it, as in `-i {node}=in.wav`"),
    }
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
    Failure::new(Exit::File, reason(error))
}

fn reason(error: RenderError) -> String {
    let message = match error {
        // The reason names the file where it comes from opening it.
        RenderError::Read { name, source } if source.to_string().contains(&name) => source.to_string(),
        other => format!("cannot read {other}"),
    };
    style::safe(&message, 600)
}
