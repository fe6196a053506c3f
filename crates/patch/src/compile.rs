//! The graph's own mistakes, with their places in the patch.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use patchline_graph::{Graph, GraphError, Place, Schedule, StreamSpec};
use toml::de::DeTable;

use crate::diagnostic::{Code, Diagnostic};
use crate::links::LinkEntry;
use crate::macros::{Said, Uses};
use crate::nodes::NodeEntries;
use crate::parts::Parts;
use crate::path::Spans;
use crate::source::Source;

/// Where nodes, parameters, links and settings stand in a patch.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) source: Source,
    nodes: HashMap<String, NodePlace>,
    links: Vec<LinkPlace>,
    uses: Uses,
    settings: HashMap<String, Range<usize>>,
}

/// Where a node's name and the values of its parameters stand.
type NodePlace = (Range<usize>, Spans);

/// Where the ends of a link stand, and in which use of a macro.
type LinkPlace = (Range<usize>, Range<usize>, Option<String>);

impl Places {
    pub(crate) fn new(
        source: Source,
        nodes: &NodeEntries,
        links: &[LinkEntry],
        uses: Uses,
        table: &DeTable<'_>,
    ) -> Self {
        let engine = table.get("engine").and_then(|value| value.get_ref().as_table());
        let settings = engine.into_iter().flatten().map(|(key, value)| (key.get_ref().to_string(), value.span()));
        let nodes = nodes.by_name.iter().map(|(name, n)| (name.clone(), (n.place.clone(), n.values.clone())));
        let links = links.iter().map(|link| (link.from.clone(), link.to.clone(), link.group.clone()));
        Self { source, nodes: nodes.collect(), links: links.collect(), uses, settings: settings.collect() }
    }

    /// The uses of macros, and of which.
    pub(crate) fn uses(&self) -> Vec<(String, String)> {
        let of = |name: &String| Some((name.clone(), self.uses.get(name)?.of.clone()));
        self.uses.order.iter().filter_map(of).collect()
    }

    /// Where the value of a setting stands, if the patch gives it.
    pub(crate) fn setting(&self, key: &str) -> Option<Range<usize>> {
        self.settings.get(key).cloned()
    }

    /// Where the value of a node's parameter stands, or where the node does.
    pub(crate) fn parameter(&self, node: &str, key: &str) -> Option<Range<usize>> {
        self.nodes.get(node).map(|(place, values)| values.nearest(key).unwrap_or(place).clone())
    }

    /// A graph's mistake as one of the patch; `original` gives a link's number in the patch.
    pub(crate) fn locate(&self, error: &GraphError, original: &dyn Fn(usize) -> usize) -> Diagnostic {
        self.locate_but(error, original, &mut Said::default()).unwrap_or_else(|| {
            unreachable!("nothing was said before");
        })
    }

    /// As [`locate`](Self::locate), but what was said of a macro's text in another use.
    fn locate_but(&self, error: &GraphError, original: &dyn Fn(usize) -> usize, said: &mut Said) -> Option<Diagnostic> {
        let node = |name: &str| self.nodes.get(name);
        let link = |link: usize| self.links.get(original(link));
        let span = match &error.place {
            Place::Graph => self.setting("max_memory"),
            Place::Node(name) => node(name).map(|(place, _)| place.clone()),
            Place::Parameter(name, key) => self.parameter(name, key),
            Place::From(at) => link(*at).map(|(from, ..)| from.clone()),
            Place::To(at) => link(*at).map(|(_, to, _)| to.clone()),
        };
        let group = match &error.place {
            Place::Graph => None,
            Place::Node(name) | Place::Parameter(name, _) => self.uses.group_of(name),
            Place::From(at) | Place::To(at) => link(*at).and_then(|(.., group)| group.as_deref()),
        };
        debug_assert!(span.as_ref().is_none_or(|span| span.end <= self.source.text.len()));
        let diagnostic = Diagnostic::new(Code::Graph, span, error.message.clone());
        match group {
            Some(group) => self.uses.attributed(group, said, diagnostic),
            None => Some(diagnostic),
        }
    }
}

/// Compiles what could be read of a patch. In a patch with other mistakes only those of the graph are reported that
/// do not follow from them: what hangs on a faulty node may be wrong only because of it, a loop is one in any case.
pub(crate) fn compile(parts: &mut Parts, stream: &StreamSpec) -> Option<Schedule> {
    let graph = parts.graph();
    let errors = match patchline_graph::compile(&graph, stream) {
        Ok(schedule) => return Some(schedule),
        Err(errors) => errors.0,
    };
    let whole = parts.mistakes.list.is_empty() && !parts.broken;
    let good: Vec<usize> = (0..parts.links.len()).filter(|&link| parts.links[link].good).collect();
    let doubtful = if whole { HashSet::new() } else { doubtful(parts) };
    let incomplete = parts.broken || parts.mistakes.list.iter().any(|d| d.code == Code::Link);
    let follows = |error: &GraphError| match &error.place {
        _ if whole => false,
        Place::Graph => true,
        Place::Node(name) | Place::Parameter(name, _) => incomplete || doubtful.contains(name.as_str()),
        Place::From(link) | Place::To(link) => {
            let link = &graph.links()[*link];
            let hangs = |name: &str| doubtful.contains(name);
            let own = !incomplete && !hangs(link.from.node.as_str()) && !hangs(link.to.node.as_str());
            !own && !on_loop(&graph, link.from.node.as_str(), link.to.node.as_str())
        }
    };
    let mut said = Said::default();
    let located: Vec<_> = errors
        .iter()
        .filter(|error| !follows(error))
        .filter_map(|error| {
            parts.places.locate_but(error, &|link| good.get(link).copied().unwrap_or(usize::MAX), &mut said)
        })
        .collect();
    located.into_iter().for_each(|diagnostic| parts.mistakes.push(diagnostic));
    None
}

/// The nodes with mistakes, and all that hangs on them.
fn doubtful(parts: &Parts) -> HashSet<String> {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    for entry in &parts.links {
        next.entry(entry.link.from.node.as_str()).or_default().push(entry.link.to.node.as_str());
    }
    let faulty = parts.nodes.by_name.iter().filter(|(_, entry)| entry.faulty || entry.node.is_none());
    let mut open: Vec<&str> = faulty.map(|(name, _)| name.as_str()).collect();
    let mut found: HashSet<String> = HashSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.to_owned()) {
            open.extend(next.get(name).into_iter().flatten());
        }
    }
    found
}

/// Whether forward links lead from `to` back to `from`.
fn on_loop(graph: &Graph, from: &str, to: &str) -> bool {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    for link in graph.links().iter().filter(|link| !link.feedback) {
        next.entry(link.from.node.as_str()).or_default().push(link.to.node.as_str());
    }
    let mut open = vec![to];
    let mut seen = HashSet::new();
    while let Some(name) = open.pop() {
        if name == from {
            return true;
        }
        if seen.insert(name) {
            open.extend(next.get(name).into_iter().flatten());
        }
    }
    false
}
