//! A change of a node that plays, as plain data.

use crate::{AnyNode, NodeName};

/// A change of one node that plays.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Other parameters: [`Engine::set`](crate::Engine::set).
    Node {
        /// The node.
        name: NodeName,
        /// It with its new parameters.
        node: AnyNode,
    },
    /// Left out, or taken back: [`Engine::bypass`](crate::Engine::bypass).
    Bypass {
        /// The node.
        name: NodeName,
        /// Whether it is left out.
        on: bool,
    },
}
