//! What a patch is, or what is wrong with it, for an editor.

use patchline_graph::{DeviceSide, Graph, StreamSpec};
use patchline_patch::{Checked, Diagnostics, Files, Loaded, Options, Parameter, Patch, Registry, SampleRate, read};
use serde::Serialize;

use crate::stream::wanted;

/// What is said of a patch.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict<T> {
    /// It can be played.
    Good(T),
    /// Its mistakes, with their places.
    Bad(Diagnostics),
    /// It may be loaded later: too much is still on its way in or out.
    Later(String),
}

/// What a page shows of a patch.
#[derive(Serialize)]
pub(crate) struct Facts {
    name: String,
    /// The rate that it asks for, in Hz.
    rate: Option<u32>,
    /// Whether it listens to what comes in.
    hears: bool,
    warnings: Diagnostics,
    nodes: Vec<NodeFacts>,
}

#[derive(Serialize)]
struct NodeFacts {
    name: String,
    kind: &'static str,
    parameters: Vec<Parameter>,
}

impl Facts {
    /// Of a patch that is loaded, at a rate in Hz.
    fn new(registry: &Registry, loaded: &Loaded, rate: u32) -> Self {
        let wants = match loaded.engine.sample_rate {
            SampleRate::Device => None,
            SampleRate::Hz(hz) => Some(hz),
        };
        let Loaded { name, graph, warnings, .. } = loaded;
        let nodes = graph.nodes().map(|(node, known)| NodeFacts {
            name: node.as_str().to_owned(),
            kind: known.kind(),
            parameters: registry.parameters_in(graph, node.as_str(), rate).unwrap_or_default(),
        });
        Self {
            name: name.clone(),
            rate: wants,
            hears: hears(graph),
            warnings: warnings.clone(),
            nodes: nodes.collect(),
        }
    }
}

fn hears(graph: &Graph) -> bool {
    graph.nodes().any(|(_, node)| matches!(node.ports().device, Some(DeviceSide::Input(_))))
}

/// Reads a patch as it is for the stream; it plays nothing.
pub(crate) fn check(text: &[u8], stream: &StreamSpec) -> Verdict<Facts> {
    let registry = Registry::standard();
    match checked(text, &registry, stream) {
        Ok(loaded) => Verdict::Good(Facts::new(&registry, &loaded, stream.rate)),
        Err(mistakes) => Verdict::Bad(mistakes),
    }
}

fn checked(text: &[u8], registry: &Registry, stream: &StreamSpec) -> Result<Loaded, Diagnostics> {
    let patch = parsed(text)?;
    let Checked { loaded, stream, schedule } = patch.check(registry, &options(), |_, _| stream.clone())?;
    let wanted = wanted(&loaded.engine, &stream);
    if schedule.footprint(wanted.max_frames) > wanted.max_memory {
        loaded.compile(&wanted)?;
    }
    Ok(loaded)
}

/// Reads a text.
pub(crate) fn parsed(text: &[u8]) -> Result<Patch, Diagnostics> {
    read(text, "patch.toml")
}

/// A browser has no files.
pub(crate) fn options() -> Options {
    Options { files: Files::None, ..Options::default() }
}
