//! The graph: named nodes and the links between them, in the order they were written.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Index;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::pieces::{Iter, Pieces};
use crate::{AnyNode, Endpoint, EndpointError, Node, NodeName};

/// Nodes and links. A plain value: nothing is checked against the device until it is compiled.
///
/// Clones share what neither of them changed, be it parts of one list: to clone a large graph and to change a little of it
/// costs little.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Device, Scale};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{AnyNode, Graph, Link, NodeName};
///
/// let mut graph = Graph::new();
/// graph.add("mic", Device { output: false })?.add("trim", Scale(0.5))?.add("out", Device { output: true })?;
/// graph.chain(&["mic", "trim"])?.link("trim", "out")?;
///
/// // The same with names and ends that were checked before.
/// let mut same = Graph::new();
/// for (name, node) in graph.nodes() {
///     same.insert(name.clone(), node.clone());
/// }
/// graph.links().iter().for_each(|link| same.push_link(Link::clone(link)));
/// assert_eq!(same, graph);
///
/// assert_eq!(graph.index("trim"), Some(1));
/// assert_eq!(graph.node("trim").map(AnyNode::kind), Some("scale"));
/// graph.bypass(NodeName::new("trim")?, true);
/// assert!(graph.is_bypassed("trim") && !graph.is_bypassed("mic"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, Debug)]
pub struct Graph {
    nodes: Pieces<(NodeName, AnyNode)>,
    /// The indices of the nodes, by the hash of their names.
    by_name: Arc<HashTable<u32>>,
    links: Links,
    marks: Arc<Marks>,
}

/// The links of a graph, in the order they were added.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let graph = trim(0.5);
/// let links = graph.links();
/// assert!(!links.is_empty());
/// assert_eq!(links.len(), 2);
/// assert_eq!(links.get(0), Some(&links[0]));
/// assert_eq!(links.last().map(|link| link.to.to_string()), Some("out".to_owned()));
/// for link in links.iter() {
///     println!("{} {} {}", link.from, link.arrow(), link.to);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Links(Pieces<Placed>);

/// A link, and the indices of the nodes at both ends where they were there before it.
#[derive(Clone)]
struct Placed {
    link: Link,
    ends: [Option<u32>; 2],
}

/// What is said of nodes, by name.
#[derive(Clone, Default, Debug, PartialEq)]
struct Marks {
    optional: BTreeSet<NodeName>,
    bypassed: BTreeSet<NodeName>,
    cut: BTreeSet<NodeName>,
}

impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        let Self { nodes, by_name: _, links, marks } = self;
        (nodes, links, marks) == (&other.nodes, &other.links, &other.marks)
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.link == other.link
    }
}

/// What becomes of the sound of a node that a load takes out or replaces.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, around, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{OnReplace, StreamSpec, difference};
///
/// // Of a node that is gone, the graph that had it has the say.
/// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
/// let (mut old, new) = (trim(0.5), around("boost", Scale(2.0)));
/// old.on_replace("trim", OnReplace::Cut)?;
/// let difference = difference(&old, &new, &StreamSpec::new(48_000, 64, 1, 1), 960)?;
/// assert_eq!(difference.leaving, [("trim".to_owned(), 960)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnReplace {
    /// It rings out: what fed it feeds it until that has faded, its [tail](crate::Node::tail) passes, 10 s at most, and
    /// then it fades.
    #[default]
    Tail,
    /// It fades at once.
    Cut,
}

/// A link from an output port to an input port.
///
/// ```
/// use patchline_graph::{Graph, Link};
///
/// let dry = Link { direct: true, ..Link::new("mic".parse()?, "out[0]".parse()?) };
/// assert_eq!(format!("{} {} {}", dry.from, dry.arrow(), dry.to), "mic !> out[0]");
/// let mut graph = Graph::new();
/// graph.push_link(dry);
/// # Ok::<(), patchline_graph::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// Where the samples come from.
    pub from: Endpoint,
    /// Where they go; several links into one port are summed in the order of the graph's links.
    pub to: Endpoint,
    /// Whether the samples arrive [`feedback`](crate::StreamSpec::feedback) frames late, which makes cycles legal.
    pub feedback: bool,
    /// Whether the link neither waits for others that arrive later at the same node, nor is waited for.
    pub direct: bool,
}

impl Link {
    /// An ordinary link: it is aligned with the others into the same node.
    #[must_use]
    pub fn new(from: Endpoint, to: Endpoint) -> Self {
        Self { from, to, feedback: false, direct: false }
    }

    /// How a patch writes it: `->`, `~>` for feedback, `!>` for a direct link.
    #[must_use]
    pub fn arrow(&self) -> &'static str {
        match (self.feedback, self.direct) {
            (true, _) => "~>",
            (false, true) => "!>",
            (false, false) => "->",
        }
    }
}

impl Graph {
    /// An empty graph: silence.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node, or replaces the one of that name.
    ///
    /// # Errors
    /// A name that breaks the rules of [`NodeName`].
    pub fn add(&mut self, name: &str, node: impl Node) -> Result<&mut Self, EndpointError> {
        self.insert(NodeName::new(name)?, AnyNode::new(node));
        Ok(self)
    }

    /// Adds an erased node, or replaces the one of that name.
    pub fn insert(&mut self, name: NodeName, node: AnyNode) {
        match self.index(name.as_str()) {
            Some(index) => {
                // One text for all who have it.
                let name = self.nodes[index].0.clone();
                self.nodes.set(index, (name, node));
            }
            None => {
                let index = u32::try_from(self.nodes.len()).expect("memory holds fewer nodes");
                self.nodes.push((name, node));
                let nodes = &self.nodes;
                let hash_of = |&index: &u32| hash(nodes[index as usize].0.as_str());
                Arc::make_mut(&mut self.by_name).insert_unique(hash_of(&index), index, hash_of);
            }
        }
    }

    /// Says that the node `name` may be left out when there is not time for all: `graph.optional("reverb")`. Any node with
    /// an output may be. What decides is the program, with [`Engine::bypass`](crate::Engine::bypass).
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// graph.optional("trim")?;
    /// assert_eq!(graph.optional_nodes().map(|name| name.as_str()).collect::<Vec<_>>(), ["trim"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A name that breaks the rules of [`NodeName`]. Whether there is such a node is checked when the graph is compiled.
    pub fn optional(&mut self, name: &str) -> Result<&mut Self, EndpointError> {
        self.make_optional(NodeName::new(name)?);
        Ok(self)
    }

    /// As [`optional`](Self::optional), for a name that was checked.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::NodeName;
    ///
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let (mut graph, mut same) = (trim(0.5), trim(0.5));
    /// graph.optional("trim")?;
    /// same.make_optional(NodeName::new("trim")?);
    /// assert_eq!(graph, same);
    /// # Ok(())
    /// # }
    /// ```
    pub fn make_optional(&mut self, name: NodeName) {
        self.marks().optional.insert(name);
    }

    /// The nodes that may be left out, by name.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// assert_eq!(graph.optional_nodes().count(), 0);
    /// graph.optional("trim")?;
    /// assert_eq!(graph.optional_nodes().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn optional_nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.marks.optional.iter()
    }

    /// Says what becomes of the sound of the node `name` when a load takes it out or replaces it:
    /// `graph.on_replace("reverb", OnReplace::Cut)`. Of a node that is replaced, the new graph has the say.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::OnReplace;
    ///
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// graph.on_replace("trim", OnReplace::Cut)?;
    /// assert_eq!(graph.replacing("trim"), OnReplace::Cut);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A name that breaks the rules of [`NodeName`]. Whether there is such a node is checked when the graph is compiled.
    pub fn on_replace(&mut self, name: &str, how: OnReplace) -> Result<&mut Self, EndpointError> {
        self.set_on_replace(NodeName::new(name)?, how);
        Ok(self)
    }

    /// As [`on_replace`](Self::on_replace), for a name that was checked.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{NodeName, OnReplace};
    ///
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// let name = NodeName::new("trim")?;
    /// graph.set_on_replace(name.clone(), OnReplace::Cut);
    /// graph.set_on_replace(name, OnReplace::Tail);
    /// assert_eq!(graph, trim(0.5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_on_replace(&mut self, name: NodeName, how: OnReplace) {
        match how {
            OnReplace::Tail => _ = self.marks().cut.remove(&name),
            OnReplace::Cut => _ = self.marks().cut.insert(name),
        }
    }

    /// The nodes that do not ring out, by name.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::OnReplace;
    ///
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// graph.on_replace("trim", OnReplace::Cut)?;
    /// assert_eq!(graph.cut_nodes().map(|name| name.as_str()).collect::<Vec<_>>(), ["trim"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cut_nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.marks.cut.iter()
    }

    /// What becomes of the sound of a node when a load takes it out or replaces it.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::OnReplace;
    ///
    /// // Nothing is cut unless the graph says so.
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// assert_eq!(trim(0.5).replacing("trim"), OnReplace::Tail);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn replacing(&self, name: &str) -> OnReplace {
        if self.marks.cut.contains(name) { OnReplace::Cut } else { OnReplace::Tail }
    }

    /// Says whether the node `name` is left out: its input then passes in its place. Any node with an output may be;
    /// whether there is such a node is checked when the graph is compiled.
    pub fn bypass(&mut self, name: NodeName, on: bool) {
        if on {
            self.marks().bypassed.insert(name);
        } else {
            self.marks().bypassed.remove(&name);
        }
    }

    /// The nodes that are left out, by name.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::NodeName;
    ///
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// graph.bypass(NodeName::new("trim")?, true);
    /// assert_eq!(graph.bypassed_nodes().map(|name| name.as_str()).collect::<Vec<_>>(), ["trim"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bypassed_nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.marks.bypassed.iter()
    }

    /// Whether a node is left out.
    #[must_use]
    pub fn is_bypassed(&self, name: &str) -> bool {
        self.marks.bypassed.contains(name)
    }

    /// Links two ends written as in a patch: `graph.link("vad.open", "rec.record")`.
    ///
    /// # Errors
    /// Text that is no endpoint. Whether the nodes and ports exist is checked when the graph is compiled.
    pub fn link(&mut self, from: &str, to: &str) -> Result<&mut Self, EndpointError> {
        self.push_link(Link::new(from.parse()?, to.parse()?));
        Ok(self)
    }

    /// Links two ends through the feedback delay.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// // What comes out enters again, 4 frames later.
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// graph.link_back("trim", "trim")?;
    /// let (mut engine, mut renderer) = engine(StreamSpec { feedback: 4, ..StreamSpec::new(48_000, 64, 1, 1) });
    /// engine.load(graph)?;
    /// let mut output = [0.0; 9];
    /// renderer.render(9, &[&[1.0]], &mut [&mut output]);
    /// assert_eq!(output, [0.5, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.125]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub fn link_back(&mut self, from: &str, to: &str) -> Result<&mut Self, EndpointError> {
        self.push_link(Link { feedback: true, ..Link::new(from.parse()?, to.parse()?) });
        Ok(self)
    }

    /// Links two ends over a path of its own latency: it does not wait for paths that arrive later at the same node, and
    /// they do not wait for it.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// let mut graph = trim(0.5);
    /// graph.link_direct("mic", "out")?;
    /// assert_eq!(graph.links().last().map(|link| link.arrow()), Some("!>"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub fn link_direct(&mut self, from: &str, to: &str) -> Result<&mut Self, EndpointError> {
        self.push_link(Link { direct: true, ..Link::new(from.parse()?, to.parse()?) });
        Ok(self)
    }

    /// Links a chain of ends from first to last: `graph.chain(&["mic", "trim", "out"])`.
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub fn chain(&mut self, ends: &[&str]) -> Result<&mut Self, EndpointError> {
        for pair in ends.windows(2) {
            self.link(pair[0], pair[1])?;
        }
        Ok(self)
    }

    /// Takes out all links between two ends, written as they were linked; gives how many there were.
    ///
    /// ```
    /// let mut graph = patchline_graph::Graph::new();
    /// graph.chain(&["mic", "trim", "out"])?;
    /// assert_eq!(graph.unlink("trim", "out")?, 1);
    /// graph.chain(&["trim", "echo", "out"])?;
    /// let to: Vec<&str> = graph.links().iter().map(|link| link.to.node.as_str()).collect();
    /// assert_eq!(to, ["trim", "echo", "out"]);
    /// # Ok::<(), patchline_graph::EndpointError>(())
    /// ```
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub fn unlink(&mut self, from: &str, to: &str) -> Result<usize, EndpointError> {
        let (from, to): (Endpoint, Endpoint) = (from.parse()?, to.parse()?);
        let ends = [&from, &to].map(|end| self.index(end.node.as_str()));
        let stays = |Placed { link, ends: placed }: &Placed| {
            let elsewhere = |(at, end): (&Option<u32>, &Option<usize>)| at.is_some_and(|at| Some(at as usize) != *end);
            placed.iter().zip(&ends).any(elsewhere) || link.from != from || link.to != to
        };
        let before = self.links.len();
        self.links.0.retain(stays);
        Ok(before - self.links.len())
    }

    /// Adds a link.
    pub fn push_link(&mut self, mut link: Link) {
        let ends = [&mut link.from, &mut link.to].map(|end| {
            let index = self.index(end.node.as_str())?;
            // One text for all who have it.
            end.node.clone_from(&self.nodes[index].0);
            u32::try_from(index).ok()
        });
        self.links.0.push(Placed { link, ends });
    }

    /// Other links between the same nodes.
    pub(crate) fn set_links(&mut self, links: Vec<Link>) {
        self.links = Links::default();
        links.into_iter().for_each(|link| self.push_link(link));
    }

    /// The nodes, in the order they were added.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (&NodeName, &AnyNode)> {
        self.nodes.iter().map(|(name, node)| (name, node))
    }

    /// The links, in the order they were added.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&AnyNode> {
        self.index(name).map(|index| &self.nodes[index].1)
    }

    /// Where a node stands in [`nodes`](Self::nodes).
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        let is_it = |&index: &u32| self.nodes[index as usize].0 == *name;
        self.by_name.find(hash(name), is_it).map(|&index| index as usize)
    }

    /// The node at an index, and its name.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> (&NodeName, &AnyNode) {
        let (name, node) = &self.nodes[index];
        (name, node)
    }

    /// How many of the first nodes and of the first links two graphs are known to have in common, as one is a changed clone
    /// of the other.
    pub(crate) fn shared_with(&self, other: &Self) -> [usize; 2] {
        [self.nodes.shared_with(&other.nodes), self.links.0.shared_with(&other.links.0)]
    }

    /// Whether it is this very node, under this very name, that stands at an index.
    pub(crate) fn has(&self, index: usize, (name, node): (&NodeName, &AnyNode)) -> bool {
        self.nodes.get(index).is_some_and(|(own_name, own)| own.is(node) && own_name == name)
    }

    /// The nodes from this one on.
    pub(crate) fn nodes_from(&self, first: usize) -> impl Iterator<Item = (&NodeName, &AnyNode)> {
        self.nodes.iter_from(first).map(|(name, node)| (name, node))
    }

    /// A link, and the indices of the nodes that it connects, where they are there.
    pub(crate) fn linked(&self, link: usize) -> (&Link, [Option<usize>; 2]) {
        let placed = &self.links.0[link];
        (&placed.link, self.ends_of(placed))
    }

    /// Those from this one on.
    pub(crate) fn linked_from(&self, first: usize) -> impl Iterator<Item = (usize, &Link, [Option<usize>; 2])> {
        (first..).zip(self.links.0.iter_from(first)).map(|(at, placed)| (at, &placed.link, self.ends_of(placed)))
    }

    #[inline]
    fn ends_of(&self, Placed { link: Link { from, to, .. }, ends: [source, target] }: &Placed) -> [Option<usize>; 2] {
        [(source, from), (target, to)].map(|(known, end)| match known {
            Some(index) => Some(*index as usize),
            None => self.index(end.node.as_str()),
        })
    }

    fn marks(&mut self) -> &mut Marks {
        Arc::make_mut(&mut self.marks)
    }
}

impl Links {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The link at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Link> {
        self.0.get(index).map(|placed| &placed.link)
    }

    /// The one that was added last.
    #[must_use]
    pub fn last(&self) -> Option<&Link> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> LinksIter<'_> {
        LinksIter(self.0.iter())
    }
}

impl Index<usize> for Links {
    type Output = Link;

    fn index(&self, index: usize) -> &Link {
        &self.0[index].link
    }
}

impl PartialEq for Links {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> IntoIterator for &'a Links {
    type Item = &'a Link;
    type IntoIter = LinksIter<'a>;

    fn into_iter(self) -> LinksIter<'a> {
        self.iter()
    }
}

/// The links of a graph, one after the other.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Link, LinksIter};
///
/// fn into<'a>(links: LinksIter<'a>, node: &str) -> Vec<&'a Link> {
///     links.filter(|link| link.to.node == *node).collect()
/// }
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let graph = trim(0.5);
/// assert_eq!(into(graph.links().iter(), "trim").len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LinksIter<'a>(Iter<'a, Placed>);

impl<'a> Iterator for LinksIter<'a> {
    type Item = &'a Link;

    fn next(&mut self) -> Option<&'a Link> {
        self.0.next().map(|placed| &placed.link)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for LinksIter<'_> {}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
