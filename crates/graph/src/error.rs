//! What keeps a graph from being compiled or loaded: all of it at once, each with its place.

use std::borrow::Cow;
use std::fmt;

use crate::NodeError;

/// A mistake in a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GraphError {
    /// What it is about.
    pub place: Place,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Where in a graph a mistake is.
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
