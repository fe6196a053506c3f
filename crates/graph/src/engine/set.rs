//! Changes of nodes that play.

use std::collections::BTreeMap;

use basedrop::Owned;

use super::load::Arrival;
use super::{Engine, LoadError, MESSAGES, Told, journal};
use crate::engine::BypassError;
use crate::event::Instance;
use crate::message::{Change, Message, Params, Set};
use crate::renderer::PENDING;
use crate::{AnyNode, Edit, Frame, Frames, Graph, GraphError, GraphErrors, Node, NodeName, PrepareSpec};

/// Why parameters were not set.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Device, Scale, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{SetError, StreamSpec, engine};
///
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// assert!(matches!(engine.set("echo", Scale(1.0), None), Err(SetError::Unknown(name)) if name == "echo"));
/// let error = engine.set("trim", Device { output: true }, None).unwrap_err();
/// assert_eq!(error.to_string(), "`trim` is a scale, not a device");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// No such node is loaded.
    #[error("there is no node `{0}`")]
    Unknown(String),
    /// The node is of another type.
    #[error("`{name}` is a {actual}, not a {given}")]
    OtherKind {
        /// The node's name.
        name: String,
        /// Its type.
        actual: &'static str,
        /// The type of the parameters.
        given: &'static str,
    },
    /// The node cannot be left out.
    #[error(transparent)]
    Bypass(BypassError),
    /// The parameters need a new processor, and it could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The audio thread has not yet taken what was sent before: try again later.
    #[error("the audio thread has not yet taken the last {MESSAGES} messages")]
    Busy,
}

/// Edits, the last one of each node.
struct Edits<'a> {
    nodes: BTreeMap<&'a NodeName, &'a AnyNode>,
    turns: BTreeMap<&'a NodeName, bool>,
}

impl Engine {
    /// Gives the node `name` new parameters, at frame `at` or at the start of the next callback. They glide there, each in
    /// its own time.
    ///
    /// Parameters that need a new processor load the changed graph instead, which takes effect at the start of the next
    /// callback.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// engine.set("trim", Scale(0.25), Some(2))?;
    /// let mut output = [0.0; 4];
    /// renderer.render(4, &[&[1.0; 4]], &mut [&mut output]);
    /// assert_eq!(output, [0.5, 0.5, 0.25, 0.25]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`SetError`]; what played before plays on.
    pub fn set(&mut self, name: &str, node: impl Node, at: Option<Frame>) -> Result<(), SetError> {
        self.set_any(name, AnyNode::new(node), at)
    }

    /// As [`set`](Self::set), for a node whose type is erased.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{AnyNode, StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// // As it comes out of a registry of node types.
    /// let node: AnyNode = AnyNode::new(Scale(0.25));
    /// engine.set_any("trim", node.clone(), None)?;
    /// assert_eq!(engine.graph().node("trim"), Some(&node));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`SetError`]; what played before plays on.
    pub fn set_any(&mut self, name: &str, node: AnyNode, at: Option<Frame>) -> Result<(), SetError> {
        let name = NodeName::new(name).map_err(|_| SetError::Unknown(name.to_owned()))?;
        self.change(&[Edit::Node { name, node }], at, None)
    }

    /// Changes any number of nodes together, at frame `at` or at the start of the next callback: all on one frame, or,
    /// where there is an error, none.
    ///
    /// With `over`, all that glides takes so many frames to its new value, and not as long as it would by itself.
    /// Where parameters need a new processor, all changes are loaded as a graph instead, at the start of the next callback:
    /// were it to wait for its frame, all that is sent afterwards would wait [with it](Self::load_at). What an edit says of a node's being left out becomes part of the [graph](Self::graph).
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{AnyNode, Edit, NodeName, StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// let edit = |name: &str| {
    ///     let name = NodeName::new(name).expect("a good name");
    ///     Edit::Node { name, node: AnyNode::new(Scale(0.25)) }
    /// };
    /// // All or nothing: there is no `echo`.
    /// assert!(engine.change(&[edit("trim"), edit("echo")], None, None).is_err());
    /// assert_eq!(*engine.graph(), trim(0.5));
    /// // At frame 48,000, over 480 frames where something glides.
    /// engine.change(&[edit("trim")], Some(48_000), Some(480))?;
    /// assert_eq!(*engine.graph(), trim(0.25));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`SetError`]; what played before plays on.
    pub fn change(&mut self, edits: &[Edit], at: Option<Frame>, over: Option<Frames>) -> Result<(), SetError> {
        let (first, now) = (self.sent, self.now());
        self.make(&Edits::of(edits), (at, over), now)?;
        journal::enter(&mut self.journal, Told::Change { edits, at, over }, (first..self.sent, now));
        Ok(())
    }

    fn make(
        &mut self,
        edits: &Edits<'_>,
        (at, over): (Option<Frame>, Option<Frames>),
        now: Frame,
    ) -> Result<(), SetError> {
        let mut stays = Vec::with_capacity(edits.nodes.len());
        for (&name, &node) in &edits.nodes {
            stays.push(self.stays(name, node)?);
        }
        let Some(instances) = stays.into_iter().collect::<Option<Vec<Instance>>>() else {
            return self.reload(edits, over, now);
        };
        edits.nodes.iter().try_for_each(|(name, node)| self.check(name, node))?;
        if edits.nodes.iter().any(|(name, node)| self.mixes_otherwise(name, node)) {
            return self.reload(edits, over, now);
        }
        let mut sets = Vec::with_capacity(edits.len());
        for (&instance, node) in instances.iter().zip(edits.nodes.values()) {
            let change = Change::Params(Params { params: node.params(), over });
            sets.push(Set { instance, at, change: Owned::new(&self.collector.handle(), change) });
        }
        for (&name, &on) in &edits.turns {
            sets.push(
                self.turn(name.as_str(), on || self.bypassed.contains(name.as_str()), at).map_err(SetError::Bypass)?,
            );
        }
        let out = edits.turns.iter().filter(|(name, on)| **on || self.bypassed.contains(name.as_str()));
        let run = self.run_to_leave_out(out.map(|(name, _)| name.as_str())).map_err(SetError::Bypass)?;
        self.send(sets, run)?;
        instances.into_iter().for_each(|instance| self.cast.touch(instance));
        for (&name, &on) in &edits.turns {
            self.note_turn(name.as_str(), on || self.bypassed.contains(name.as_str()));
        }
        edits.apply(&mut self.graph);
        edits.apply(&mut self.stage.graph);
        Ok(())
    }

    /// The processor of a node, if it can take these parameters over.
    fn stays(&self, name: &NodeName, node: &AnyNode) -> Result<Option<Instance>, SetError> {
        let old = self.graph.node(name.as_str()).ok_or_else(|| SetError::Unknown(name.to_string()))?;
        if old.kind() != node.kind() {
            return Err(SetError::OtherKind { name: name.to_string(), actual: old.kind(), given: node.kind() });
        }
        let rebuilds = node.rebuilds(old) || self.latency(name, node) != self.latency(name, old);
        let actor = self.stage.graph.index(name.as_str());
        Ok(actor.and_then(|actor| self.cast.instance(actor)).filter(|_| !rebuilds))
    }

    /// Loads the changed graph.
    fn reload(&mut self, edits: &Edits<'_>, over: Option<Frames>, now: Frame) -> Result<(), SetError> {
        let mut graph = self.graph.clone();
        edits.apply(&mut graph);
        match self.exchange(graph, (None, over), now) {
            Ok(_) => Ok(()),
            Err(LoadError::Busy(_)) => Err(SetError::Busy),
            Err(error) => Err(SetError::Load(error)),
        }
    }

    /// Sends changes that take effect together, if there is room for all of them; right behind what sounds the same as what
    /// plays, where they need that.
    pub(super) fn send(&mut self, sets: Vec<Set>, before: Option<Arrival>) -> Result<(), SetError> {
        let waiting = self.sets_sent - self.stats.sets_done.get();
        let messages = 1 + usize::from(before.is_some());
        if self.messages.slots() < messages || waiting + sets.len() as u64 > PENDING as u64 {
            return Err(SetError::Busy);
        }
        if sets.is_empty() {
            return Ok(());
        }
        self.sets_sent += sets.len() as u64;
        self.sent += 1;
        let sets = Message::Sets(Owned::new(&self.collector.handle(), sets));
        match before {
            Some(arrival) => {
                let load = self.untold(arrival);
                self.send_loads([load, sets]);
            }
            None => self.send_loads([sets]),
        }
        Ok(())
    }

    /// What a running node was prepared for.
    fn spec(&self, name: &NodeName) -> Option<PrepareSpec> {
        let actor = self.stage.graph.index(name.as_str())?;
        self.cast.instance(actor)?;
        let widths = self.stage.widths(actor);
        let (inputs, outputs) = (widths.inputs.clone(), widths.outputs.clone());
        Some(PrepareSpec { name: name.to_string(), inputs, outputs, ..self.common() })
    }

    /// The latency that a running node has with these parameters, in frames.
    fn latency(&self, name: &NodeName, node: &AnyNode) -> Frames {
        self.spec(name).map_or(0, |spec| node.latency(&spec))
    }

    /// Whether a running node would do something else with parameters that passed, if it only mixes.
    fn mixes_otherwise(&self, name: &NodeName, node: &AnyNode) -> bool {
        let (actor, spec) = (self.stage.graph.index(name.as_str()), self.spec(name));
        actor.zip(spec).is_some_and(|(actor, spec)| self.stage.resolved().mixing(actor) != node.mixing(&spec).as_ref())
    }

    /// What a running node says against new parameters.
    fn check(&self, name: &NodeName, node: &AnyNode) -> Result<(), LoadError> {
        let checked = self.spec(name).map_or(Ok(()), |spec| node.check(&spec));
        checked.map_err(|error| GraphErrors::from(GraphError::of_node(name.as_str(), error)).into())
    }
}

impl<'a> Edits<'a> {
    fn of(edits: &'a [Edit]) -> Self {
        let (mut nodes, mut turns) = (BTreeMap::new(), BTreeMap::new());
        for edit in edits {
            match edit {
                Edit::Node { name, node } => _ = nodes.insert(name, node),
                Edit::Bypass { name, on } => _ = turns.insert(name, *on),
            }
        }
        Self { nodes, turns }
    }

    fn len(&self) -> usize {
        self.nodes.len() + self.turns.len()
    }

    fn apply(&self, graph: &mut Graph) {
        self.nodes.iter().for_each(|(&name, &node)| graph.insert(name.clone(), node.clone()));
        self.turns.iter().for_each(|(&name, &on)| graph.bypass(name.clone(), on));
    }
}
