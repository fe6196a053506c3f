//! The node types that a patch can name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use patchline_graph::{AnyNode, NodeError};
use patchline_nodes::{Declaration, PatchNode, Register, Surroundings, register_all};
use toml::de::{DeValue, Error, ValueDeserializer};
use toml::{Spanned, Table};

/// Node types by their names in a patch: the standard ones, and those that an embedding program adds.
///
/// ```
/// use patchline_patch::Registry;
///
/// let registry = Registry::standard();
/// let kinds: Vec<_> = registry.kinds().map(|declaration| declaration.kind).collect();
/// assert!(kinds.is_sorted());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    types: BTreeMap<&'static str, NodeType>,
}

/// A node type: what it declares, and how a table becomes a node and back.
#[derive(Clone, Debug)]
pub(crate) struct NodeType {
    pub(crate) declaration: Declaration,
    pub(crate) form: for<'i> fn(Spanned<DeValue<'i>>, &Surroundings) -> Result<Formed, Error>,
    /// As `form`, for a node that plays and is changed: what did not change need not be looked up again.
    pub(crate) reform: for<'i> fn(Spanned<DeValue<'i>>, &AnyNode, &Surroundings) -> Result<Formed, Error>,
    /// The parameters of a node of this type.
    pub(crate) write: fn(&AnyNode) -> Option<Table>,
}

/// A node read from a table.
pub(crate) struct Formed {
    pub(crate) node: AnyNode,
    /// What is wrong with its parameters in these surroundings.
    pub(crate) problems: Vec<NodeError>,
    /// The files it would write.
    pub(crate) writes: Vec<PathBuf>,
}

impl Registry {
    /// No types at all.
    ///
    /// ```
    /// use patchline_nodes::{Gain, Input, Output, Register};
    /// use patchline_patch::Registry;
    ///
    /// // A program whose patches may trim, and no more.
    /// let mut registry = Registry::empty();
    /// registry.node::<Input>();
    /// registry.node::<Output>();
    /// registry.node::<Gain>();
    /// assert_eq!(registry.kinds().len(), 3);
    /// ```
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every type of `patchline-nodes`.
    #[must_use]
    pub fn standard() -> Self {
        let mut registry = Self::empty();
        register_all(&mut registry);
        registry
    }

    /// The declarations of all types, by name.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = &Declaration> {
        self.types.values().map(|node_type| &node_type.declaration)
    }

    /// The declaration of one type.
    ///
    /// ```
    /// use patchline_patch::Registry;
    ///
    /// let registry = Registry::standard();
    /// let gain = registry.kind("gain").unwrap();
    /// assert_eq!(gain.doc.lines().next(), Some("Multiplies every channel by one factor."));
    /// assert!(registry.kind("reverb").is_none());
    /// ```
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Declaration> {
        self.get(name).map(|node_type| &node_type.declaration)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&NodeType> {
        self.types.get(name)
    }
}

impl Register for Registry {
    /// Adds a type, or replaces the one of that name.
    fn node<N: PatchNode>(&mut self) {
        let declaration = Declaration::of::<N>();
        self.types.insert(N::KIND, NodeType { declaration, form: form::<N>, reform: reform::<N>, write: write::<N> });
    }
}

fn form<N: PatchNode>(table: Spanned<DeValue<'_>>, surroundings: &Surroundings) -> Result<Formed, Error> {
    Ok(resolved(N::deserialize(ValueDeserializer::from(table))?, surroundings))
}

fn reform<N: PatchNode>(
    table: Spanned<DeValue<'_>>,
    previous: &AnyNode,
    surroundings: &Surroundings,
) -> Result<Formed, Error> {
    let mut node = N::deserialize(ValueDeserializer::from(table))?;
    if let Some(previous) = previous.downcast_ref() {
        node.inherit(previous);
    }
    Ok(resolved(node, surroundings))
}

fn resolved<N: PatchNode>(mut node: N, surroundings: &Surroundings) -> Formed {
    let problems = node.resolve(surroundings).err().unwrap_or_default();
    // What did not resolve names no file.
    let writes = if problems.is_empty() { node.writes() } else { Vec::new() };
    Formed { writes, node: AnyNode::new(node), problems }
}

fn write<N: PatchNode>(node: &AnyNode) -> Option<Table> {
    node.downcast_ref::<N>().and_then(|node| Table::try_from(node).ok())
}
