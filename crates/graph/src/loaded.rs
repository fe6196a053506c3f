//! What a load did, in words.

use std::fmt;

use crate::{NodeName, Slots};

/// What a load did, by node name.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, around, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Loaded, StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
/// engine.load(trim(0.5))?;
/// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
/// let Loaded { started, ended, leaving, cut, .. } = engine.load(around("boost", Scale(2.0)))?;
/// assert_eq!((started[0].as_str(), ended[0].as_str()), ("boost", "trim"));
/// assert_eq!((leaving[0].as_str(), cut), ("trim", false));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Nodes that play on with their state.
    pub carried: Names,
    /// Those of them that got new parameters.
    pub updated: Vec<NodeName>,
    /// Nodes that started fresh.
    pub started: Vec<NodeName>,
    /// Nodes that ended; one that was replaced under its name has started too.
    pub ended: Vec<NodeName>,
    /// Nodes that are no more part of the graph and ring out, those of earlier loads among them.
    pub leaving: Vec<NodeName>,
    /// Whether the old graph was cut off, as there was no memory for it to fade beside the new one.
    pub cut: bool,
    /// Whether what is gone was silenced before the new graph took over: [`Engine::dip`](crate::Engine::dip).
    pub dipped: bool,
}

/// The names of many nodes, in the order in which they run: they stand where what plays has them.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, engine};
///
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// assert!(engine.load(trim(0.5))?.carried.is_empty());
/// let carried = engine.load(trim(0.25))?.carried;
/// assert_eq!(carried.len(), 1);
/// assert_eq!(carried.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["trim"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Names(Slots);

impl Names {
    pub(crate) fn of(slots: Slots) -> Self {
        Self(slots)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &NodeName> {
        self.0.iter().map(|slot| &slot.name)
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Names {}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
