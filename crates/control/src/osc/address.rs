//! Which parameter an OSC address names, and which ones a pattern does.

use std::collections::BTreeSet;

use rosc::address::OscAddress;

use super::pattern::Glob;
use crate::desk::{Desk, Name, NodeInfo, Refusal};

/// The longest pattern.
const MOST: usize = 256;

/// All addresses of what plays, as they were when they were last looked at.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    revision: Option<u64>,
    nodes: BTreeSet<String>,
    parameters: Vec<Entry>,
    readings: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: Name,
    address: String,
}

impl Addresses {
    /// Looks again, if something was loaded since.
    pub(crate) fn refresh(&mut self, desk: &mut dyn Desk) {
        if self.revision == Some(desk.revision()) {
            return;
        }
        let nodes = desk.nodes();
        *self = Self {
            revision: Some(desk.revision()),
            parameters: entries(&nodes, |node| node.parameters.iter().map(|one| one.name.as_str()).collect()),
            readings: entries(&nodes, |node| node.readings.iter().map(|one| one.name.as_str()).collect()),
            nodes: nodes.into_iter().map(|node| node.name).collect(),
        };
    }

    /// The parameter or reading of a plain address. Nodes may have slashes in their names: the longest one counts.
    pub(crate) fn name(&self, address: &str) -> Result<Name, Refusal> {
        let path = address.strip_prefix('/').unwrap_or(address);
        let mut cuts = path.rmatch_indices('/').map(|(cut, _)| (&path[..cut], &path[cut + 1..]));
        let found = cuts.find(|(node, rest)| !rest.is_empty() && self.nodes.contains(*node));
        found.map(|(node, rest)| Name::of_address(node, rest)).ok_or_else(|| self.no_node(path))
    }

    fn no_node(&self, path: &str) -> Refusal {
        let path = path.trim_end_matches('/');
        if self.nodes.contains(path) {
            return Refusal::unknown(format!("`/{path}` is a node: its parameter is missing"));
        }
        let node = path.rsplit_once('/').map_or(path, |(node, _)| node);
        Refusal::unknown(format!("there is no node `{}`", node.escape_debug()))
    }

    /// Whether it is the name of a reading.
    pub(crate) fn is_reading(&self, name: &Name) -> bool {
        self.readings.iter().any(|entry| entry.name == *name)
    }

    /// The parameters that a pattern matches.
    pub(crate) fn parameters(&self, pattern: &Pattern) -> Vec<Name> {
        matching(&self.parameters, pattern)
    }

    /// The readings that a pattern matches.
    pub(crate) fn readings(&self, pattern: &Pattern) -> Vec<Name> {
        matching(&self.readings, pattern)
    }
}

fn entries<'a>(nodes: &'a [NodeInfo], of: impl Fn(&'a NodeInfo) -> Vec<&'a str>) -> Vec<Entry> {
    let names = nodes.iter().flat_map(|node| of(node).into_iter().map(|one| Name::new(&node.name, one)));
    // What is no OSC address can be named by no pattern.
    let entries = names.map(|name| Entry { address: name.address(), name });
    entries.filter(|entry| OscAddress::new(entry.address.clone()).is_ok()).collect()
}

fn matching(entries: &[Entry], pattern: &Pattern) -> Vec<Name> {
    entries.iter().filter(|entry| pattern.glob.matches(&entry.address)).map(|entry| entry.name.clone()).collect()
}

/// An address with `*`, `?`, `[a-z]` or `{one,other}`, or a plain one.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    glob: Glob,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, Refusal> {
        if text.len() > MOST {
            return Err(Refusal::malformed(format!("a pattern has at most {MOST} characters")));
        }
        let glob = Glob::new(text).ok_or_else(|| {
            Refusal::malformed(format!("`{}` is no address pattern: `/node/*` is one", text.escape_debug()))
        })?;
        Ok(Self { text: text.to_owned(), glob })
    }

    /// What was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches a name.
    pub(crate) fn matches(&self, name: &Name) -> bool {
        self.glob.matches(&name.address())
    }
}

/// Whether an address is a pattern.
pub(crate) fn is_pattern(address: &str) -> bool {
    address.contains(['*', '?', '[', ']', '{', '}'])
}
