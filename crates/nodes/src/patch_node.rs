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
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use patchline_graph::{Io, Node, NodeError, Ports, PrepareSpec, Processor};
/// use patchline_nodes::declaration::Declaration;
/// use patchline_nodes::{PatchNode, Surroundings, resolve_path};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// Notes in a file when something was loud.
/// #[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Log {
///     /// The file.
///     path: String,
///     /// What counts as loud.
///     #[serde(default)]
///     #[schemars(range(min = 0.0, max = 1.0))]
///     threshold: f64,
///     /// Where the path leads.
///     #[serde(skip)]
///     place: Option<PathBuf>,
/// }
///
/// impl PatchNode for Log {
///     fn example() -> Self {
///         Self { path: "loud.txt".to_owned(), threshold: 0.5, place: None }
///     }
///
///     fn resolve(&mut self, surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
///         if self.place.is_none() {
///             self.place = Some(resolve_path(surroundings, "path", &self.path).map_err(|error| vec![error])?);
///         }
///         Ok(())
///     }
///
///     fn inherit(&mut self, previous: &Self) {
///         if self.path == previous.path {
///             self.place.clone_from(&previous.place);
///         }
///     }
///
///     fn writes(&self) -> Vec<PathBuf> {
///         self.place.iter().cloned().collect()
///     }
/// }
/// # impl Node for Log {
/// #     const KIND: &'static str = "log";
/// #     type Processor = Ear;
/// #     fn ports(&self) -> Ports { Ports::sink() }
/// #     fn prepare(&self, _spec: &PrepareSpec) -> Result<Ear, NodeError> { Ok(Ear) }
/// #     fn footprint(&self, _spec: &PrepareSpec) -> usize { 0 }
/// # }
/// # struct Ear;
/// # impl Processor for Ear {
/// #     type Params = Log;
/// #     fn update(&mut self, _params: &Log) {}
/// #     fn process(&mut self, _io: &mut Io<'_>) {}
/// # }
///
/// let log = Declaration::of::<Log>();
/// assert_eq!(log.params[0].doc, "The file.");
/// let mut node = Log::example();
/// node.resolve(&Surroundings::new("log", Path::new("."))).unwrap();
/// assert!(node.writes()[0].ends_with("loud.txt"));
/// let mut louder = Log { threshold: 0.9, ..Log::example() };
/// louder.inherit(&node);
/// assert_eq!(louder.place, node.place);
/// ```
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
///
/// ```
/// use std::path::Path;
///
/// use patchline_nodes::Surroundings;
///
/// // A patch from a stranger: its nodes may name no files.
/// let surroundings = Surroundings { files: false, ..Surroundings::new("rec", Path::new("/srv/patches")) };
/// assert_eq!(surroundings.name, "rec");
/// assert!(patchline_nodes::resolve_path(&surroundings, "path", "take.wav").is_err());
/// ```
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
        Self { name: name.to_owned(), folder: folder.to_owned(), allowed: Vec::new(), start: crate::now(), files: true }
    }
}

/// Takes node types in, one call a type: the patch reader's registry, a documentation generator, a test.
///
/// ```
/// use patchline_graph::Node;
/// use patchline_nodes::{Gain, PatchNode, Register, register_all};
///
/// /// The names of all types.
/// #[derive(Default)]
/// struct Names(Vec<&'static str>);
///
/// impl Register for Names {
///     fn node<N: PatchNode>(&mut self) {
///         self.0.push(N::KIND);
///     }
/// }
///
/// let mut names = Names::default();
/// register_all(&mut names);
/// assert!(names.0.contains(&Gain::KIND));
/// ```
pub trait Register {
    /// Takes in one type.
    fn node<N: PatchNode>(&mut self);
}
