//! A change of a node that plays, as plain data.

use crate::{AnyNode, NodeName};

/// A change of one node that plays.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{AnyNode, Edit, NodeName, StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// let name = NodeName::new("trim")?;
/// let edits = [
///     Edit::Node { name: name.clone(), node: AnyNode::new(Scale(0.25)) },
///     Edit::Bypass { name, on: false },
/// ];
/// engine.change(&edits, None, None)?;
/// let mut output = [0.0; 2];
/// renderer.render(2, &[&[1.0, 1.0]], &mut [&mut output]);
/// assert_eq!(output, [0.25, 0.25]);
/// # Ok(())
/// # }
/// ```
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
