//! What keeps a graph from being compiled or loaded: all of it at once, each with its place.

use std::borrow::Cow;
use std::fmt;

use crate::NodeError;

/// A mistake in a graph.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Place, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut graph = trim(0.5);
/// graph.link("trim", "echo")?;
/// let errors = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1)).unwrap_err();
/// // The third link's target.
/// assert_eq!(errors.0[0].place, Place::To(2));
/// assert!(errors.0[0].message.contains("`echo`"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GraphError {
    /// What it is about.
    pub place: Place,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Where in a graph a mistake is.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Place, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut graph = trim(0.5);
/// graph.link("trim", "mic.talkback")?;
/// let errors = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1)).unwrap_err();
/// let link = match errors.0[0].place {
///     Place::From(link) | Place::To(link) => &graph.links()[link],
///     _ => panic!("a link is wrong"),
/// };
/// assert_eq!(link.to.to_string(), "mic.talkback");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The graph as a whole.
    Graph,
    /// A node.
    Node(String),
    /// A parameter of a node.
    Parameter(String, Cow<'static, str>),
    /// The source end of the link at this index of [`Graph::links`](crate::Graph::links).
    From(usize),
    /// The target end of that link.
    To(usize),
}

impl GraphError {
    /// What a node says against its parameters.
    pub(crate) fn of_node(node: &str, error: NodeError) -> Self {
        let place = match error.parameter {
            Some(parameter) => Place::Parameter(node.to_owned(), parameter),
            None => Place::Node(node.to_owned()),
        };
        Self { place, message: error.message }
    }

    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

/// Every mistake found in a graph; at least one.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut graph = trim(0.5);
/// graph.link("trim", "echo")?.link("trim.side", "out")?;
/// let errors = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1)).unwrap_err();
/// for error in &errors.0 {
///     eprintln!("{:?}: {}", error.place, error.message);
/// }
/// assert_eq!(errors.0.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphErrors(pub Vec<GraphError>);

impl fmt::Display for GraphErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for GraphErrors {}

impl From<GraphError> for GraphErrors {
    fn from(error: GraphError) -> Self {
        Self(vec![error])
    }
}
