//! The parts of a patch, each read and checked: keys, settings, nodes, links, name.

use std::collections::HashSet;
use std::ops::Range;

use patchline_graph::{Graph, NodeName};
use patchline_nodes::Surroundings;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::compile::Places;
use crate::control::{ControlSettings, read_control};
use crate::diagnostic::{Code, Diagnostic, is_unprintable};
use crate::document::{Document, Patch, entries};
use crate::factors::meant_decibels;
use crate::keys::{Keys, NOT_YET_AT_TOP, NOT_YET_IN_ENGINE, TOP};
use crate::links::{Ends, LinkEntry, is_there, read_links};
use crate::load::{Files, Options};
use crate::macros::{InnerLinks, Said, Uses, expand};
use crate::maps::{Map, read_maps};
use crate::mistakes::Mistakes;
use crate::nodes::{NodeEntries, read_nodes};
use crate::registry::Registry;
use crate::scenes::{Scene, Targets, begin, read_scenes};
use crate::settings::EngineSettings;
use crate::source::Source;
use crate::table::{TableCheck, listed};

/// The rate, in Hz, that relates frames to seconds where the patch leaves it to the device.
const USUAL_RATE: u32 = 48_000;
/// The most bytes of the name that a sound server shows: what JACK leaves to its clients, with room for a number.
const LONGEST_CLIENT: usize = 32;
/// Feedback delays below this many frames are warned of: blocks are split at that length.
const SHORT_FEEDBACK: u64 = 16;

/// What the readers of a patch's parts share.
pub(crate) struct Context<'a> {
    pub(crate) source: &'a Source,
    pub(crate) registry: &'a Registry,
    pub(crate) surroundings: Surroundings,
    /// Frames per second, in Hz.
    pub(crate) rate: f64,
    /// Whether mistakes of syntax, or in what is included, may have hidden parts of the patch.
    pub(crate) broken: bool,
}

/// Everything read from a patch, with the mistakes in it.
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) engine: EngineSettings,
    pub(crate) control: ControlSettings,
    pub(crate) scenes: Vec<Scene>,
    pub(crate) maps: Vec<Map>,
    pub(crate) surroundings: Surroundings,
    pub(crate) nodes: NodeEntries,
    pub(crate) links: Vec<LinkEntry>,
    pub(crate) mistakes: Mistakes,
    pub(crate) places: Places,
    /// Whether mistakes of syntax, or in what is included, may have hidden parts of the patch.
    pub(crate) broken: bool,
}

impl Parts {
    /// Reads the whole patch, whatever mistakes are in it.
    pub(crate) fn read(patch: &Patch, registry: &Registry, options: &Options) -> Self {
        let mut patch = patch.clone();
        patch.gather(options);
        let Document { mut table, syntax, misplaced } = patch.document();
        let source = patch.source.clone();
        // What a file that cannot be read would have brought is not missed one by one.
        let mut broken = !syntax.is_empty() || patch.gathered.as_ref().is_some_and(|mistakes| !mistakes.is_empty());
        let mut mistakes = Mistakes::default();
        let first = syntax.into_iter().chain(misplaced);
        first.for_each(|diagnostic| mistakes.push(diagnostic));
        patch.set_in_uses(&mut table);
        let mut said = Said::default();
        let (mut uses, inner) = expand(&mut table, broken, &mut said, &mut mistakes);
        patch.set_in_nodes(&mut table, &uses, &mut mistakes);
        // What was not made is no mistake of those who name it.
        broken |= uses.overflow;
        top_keys(&table, registry, &mut mistakes);
        let engine = read_engine(&table, registry, broken, &mut mistakes);
        let folder = source.folder();
        let mut surroundings = Surroundings::new("", &folder);
        surroundings.start = options.start;
        surroundings.allowed = options.allowed.clone();
        surroundings.files = options.files != Files::None;
        if options.files == Files::Own {
            surroundings.allowed.extend(engine.allow_paths.iter().map(|path| folder.join(path)));
        }
        let rate = f64::from(engine.rate().unwrap_or(USUAL_RATE));
        let context = Context { source: &source, registry, surroundings, rate, broken };
        let mut nodes = match sub_table(&table, "nodes", "nodes are tables: [nodes.NAME]", &mut mistakes) {
            Some((table, _)) => read_nodes(table, &context, &uses, &mut said, &mut mistakes),
            None => NodeEntries::default(),
        };
        let control = read_control(&table, &context, &mut mistakes);
        check_ports(&mut uses, &source, &nodes, &mut said, &mut mistakes);
        let ends = Ends { source: &source, nodes: &nodes, uses: &uses };
        let mut links = links(&table, &context, &ends, &mut mistakes);
        for InnerLinks { group, links: inner } in &inner {
            let from = mistakes.list.len();
            links.extend(read_links(inner, Some(group), &ends, &mut mistakes));
            uses.attribute(group, &mut said, &mut mistakes.list, from);
        }
        let graph = graph(&nodes, &links);
        let mut targets = Targets::new(&context, &nodes, &graph, &mut mistakes);
        let scenes = read_scenes(&table, &mut targets);
        let maps = read_maps(&table, &scenes, &mut targets);
        let begun = begin(&patch, &scenes, &targets);
        begun.apply(&mut nodes, &mut mistakes);
        let name = name(&table, &source, &mut mistakes);
        let surroundings = context.surroundings;
        let places = Places::new(source, &nodes, &links, uses, &table);
        Self { name, engine, control, scenes, maps, surroundings, nodes, links, mistakes, places, broken }
    }

    /// The graph of what could be read.
    pub(crate) fn graph(&self) -> Graph {
        graph(&self.nodes, &self.links)
    }

    pub(crate) fn warnings(&self, registry: &Registry) -> Vec<Diagnostic> {
        let ends = self.links.iter().flat_map(|entry| [entry.link.from.node.as_str(), entry.link.to.node.as_str()]);
        let linked: HashSet<&str> = ends.collect();
        let alone = self.nodes.order.iter().filter(|name| !linked.contains(name.as_str()));
        let mut warnings: Vec<_> = alone
            .map(|name| {
                let message = format!("nothing is linked to `{name}`");
                let diagnostic = Diagnostic::new(Code::Unlinked, self.nodes.by_name[name].place.clone(), message);
                diagnostic.help("name it in a link of `links`, or take it out")
            })
            .collect();
        let rate = self.engine.rate().unwrap_or(USUAL_RATE);
        let frames = self.engine.feedback.frames(rate.into());
        if frames < SHORT_FEEDBACK && self.links.iter().any(|entry| entry.link.feedback) {
            let message = format!("a feedback delay of {frames} frames splits every block into pieces of that length");
            let help = format!("from {SHORT_FEEDBACK} frames on it costs little");
            warnings.push(Diagnostic::new(Code::ShortFeedback, self.places.setting("feedback"), message).help(help));
        }
        let text = &self.places.source.text;
        let nodes = self.nodes.order.iter().map(|name| &self.nodes.by_name[name]);
        warnings.extend(nodes.flat_map(|node| meant_decibels(node, text, registry, rate)));
        warnings
    }
}

/// The graph of what could be read.
fn graph(nodes: &NodeEntries, links: &[LinkEntry]) -> Graph {
    let mut graph = Graph::new();
    for name in &nodes.order {
        let entry = &nodes.by_name[name];
        if let (Ok(node_name), Some(node)) = (NodeName::new(name), &entry.node) {
            if entry.optional {
                graph.make_optional(node_name.clone());
            }
            graph.set_on_replace(node_name.clone(), entry.on_replace);
            graph.bypass(node_name.clone(), entry.bypass);
            graph.insert(node_name, node.clone());
        }
    }
    links.iter().filter(|entry| entry.good).for_each(|entry| graph.push_link(entry.link.clone()));
    graph
}

fn read_engine(table: &DeTable<'_>, registry: &Registry, broken: bool, mistakes: &mut Mistakes) -> EngineSettings {
    let Some((table, span)) = sub_table(table, "engine", "the engine is a table: [engine]", mistakes) else {
        return EngineSettings::default();
    };
    let rate = f64::from(USUAL_RATE);
    let check = TableCheck {
        params: EngineSettings::params(),
        beside: &[],
        what: "[engine]",
        place: span.clone(),
        rate,
        broken,
    };
    let keys = Keys { registry, not_yet: NOT_YET_IN_ENGINE, in_node: false };
    let mut table = table.clone();
    check.run(&mut table, mistakes, &mut |key, diagnostic| keys.explain(key, diagnostic));
    let client_name = table.get("client_name").map(Spanned::span);
    let settings = settings(table, span, mistakes);
    if let (Some(place), Some(name)) = (client_name, &settings.client_name)
        && !is_client_name(name)
    {
        let message = format!("a sound server's client is called by 1 to {LONGEST_CLIENT} bytes, without `:`");
        mistakes.push(Diagnostic::new(Code::Value, place, message));
    }
    settings
}

/// Whether sound servers take this name as it is.
fn is_client_name(name: &str) -> bool {
    let length = name.len();
    !name.trim().is_empty() && length <= LONGEST_CLIENT && !name.contains(':') && !name.contains(is_unprintable)
}

/// Looks whether the ports of macros lead to ports of nodes.
fn check_ports(uses: &mut Uses, source: &Source, nodes: &NodeEntries, said: &mut Said, mistakes: &mut Mistakes) {
    let names = uses.clone();
    let ends = Ends { source, nodes, uses: &names };
    uses.check_ports(|group, target, side| {
        let from = mistakes.list.len();
        let good = is_there(target, side == 0, &ends, mistakes);
        names.attribute(group, said, &mut mistakes.list, from);
        good
    });
}

fn links(table: &DeTable<'_>, context: &Context<'_>, ends: &Ends<'_>, mistakes: &mut Mistakes) -> Vec<LinkEntry> {
    match table.get("links") {
        // Names that got lost to mistakes of syntax would be reported as missing nodes.
        Some(_) if context.broken => Vec::new(),
        Some(value) => read_links(value, None, ends, mistakes),
        None => {
            let trapped = mistakes.list.iter().any(|d| d.code == Code::Misplaced);
            if !context.broken && !trapped {
                let help = "`links` stands at the top of the file: links = [\"mic -> gain -> out\"]";
                mistakes.push(Diagnostic::new(Code::Missing, 0..0, "a patch needs `links`").help(help));
            }
            Vec::new()
        }
    }
}

fn name(table: &DeTable<'_>, source: &Source, mistakes: &mut Mistakes) -> String {
    let stem = source.path.file_stem().map_or_else(|| "patch".into(), |stem| stem.to_string_lossy());
    let Some(value) = table.get("name") else { return stem.into_owned() };
    match value.get_ref().as_str() {
        Some(name) if !name.trim().is_empty() && !name.contains(is_unprintable) => name.to_owned(),
        _ => {
            let message = "a patch's `name` is text in quotes, without control characters";
            mistakes.push(Diagnostic::new(Code::Value, value.span(), message));
            stem.into_owned()
        }
    }
}

fn settings(table: DeTable<'_>, span: Range<usize>, mistakes: &mut Mistakes) -> EngineSettings {
    let value = Spanned::new(span.clone(), DeValue::Table(table));
    EngineSettings::deserialize(ValueDeserializer::from(value)).unwrap_or_else(|error| {
        mistakes.push(Diagnostic::new(Code::Value, error.span().unwrap_or(span), error.message()));
        EngineSettings::default()
    })
}

/// A table of the patch, if it is there and a table.
pub(crate) fn sub_table<'a, 'i>(
    table: &'a DeTable<'i>,
    key: &str,
    form: &str,
    mistakes: &mut Mistakes,
) -> Option<(&'a DeTable<'i>, Range<usize>)> {
    let value = table.get(key)?;
    match value.get_ref() {
        DeValue::Table(inner) => Some((inner, value.span())),
        _ => {
            mistakes.push(Diagnostic::new(Code::Value, value.span(), format!("`{key}` is not a table")).help(form));
            None
        }
    }
}

fn top_keys(table: &DeTable<'_>, registry: &Registry, mistakes: &mut Mistakes) {
    let keys = Keys { registry, not_yet: NOT_YET_AT_TOP, in_node: false };
    for (key, value) in entries(table) {
        let name = key.get_ref().as_ref();
        if TOP.contains(&name) {
            continue;
        }
        let unknown = Diagnostic::new(Code::UnknownKey, key.span(), format!("a patch has no `{name}`"));
        let mut diagnostic = keys.explain(name, unknown);
        if diagnostic.help.is_none() {
            let node = value.get_ref().get("type").is_some();
            diagnostic = match mistakes.closest(name, TOP) {
                _ if node => diagnostic.help(format!("nodes are written [nodes.{name}]")),
                Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
                None => diagnostic.help(format!("it has {}", listed(TOP.into_iter()))),
            };
        }
        mistakes.push(diagnostic);
    }
}
