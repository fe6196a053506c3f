//! What makes a node usable from a patch: one struct declares its parameters, docs, ranges and defaults.

use std::path::{Path, PathBuf};

use patchline_graph::{Node, NodeError};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A node that a patch can name.
///
/// The struct's fields are the parameters: doc comments document them, `#[schemars(range(..))]` (numbers, levels,
/// frequencies) or `#[schemars(extend("x-min" = "1 ms", "x-max" = "10 s"))]` (times) gives their ranges, and its
/// `Default` their defaults; a field without `#[serde(default)]` is required.
pub trait PatchNode: Node + DeserializeOwned + Serialize + JsonSchema {
    /// A small working instance, for documentation and for the tests that run every node.
    fn example() -> Self;

    /// Completes the parameters with what surrounds the node in its patch: its name, its folder, the clock.
    /// May look at files, never writes any.
    ///
    /// # Errors
    /// What is wrong with the parameters taken together, or with what they name; all of it.
    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        Ok(())
    }

    /// Takes over what `previous` was completed with, where the parameters that it came from are the same: asked before
    /// [`resolve`](Self::resolve) when a node that plays is changed, so that a new gain looks at no file.
    fn inherit(&mut self, _previous: &Self) {}

    /// The files that the node would write, as resolved. A patch in which two nodes write one file is refused.
    fn writes(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// What surrounds a node in its patch.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The node's name.
    pub name: String,
    /// The folder that relative paths start from: the patch file's.
    pub folder: PathBuf,
    /// Other folders in which files may be read and written.
    pub allowed: Vec<PathBuf>,
    /// When the run starts, in local time.
    pub start: jiff::civil::DateTime,
    /// Whether files may be named at all: not by strangers, unless somebody allowed it.
    pub files: bool,
}

impl Surroundings {
    /// Surroundings of a node of this name in `folder`, starting now.
    #[must_use]
    pub fn new(name: &str, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            allowed: Vec::new(),
            start: jiff::Zoned::now().datetime(),
            files: true,
        }
    }
}

/// Takes node types in, one call a type: the patch reader's registry, a documentation generator, a test.
pub trait Register {
    /// Takes in one type.
    fn node<N: PatchNode>(&mut self);
}
