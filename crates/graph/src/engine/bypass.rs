//! Leaving nodes out, from the control thread.

use std::collections::BTreeSet;

use basedrop::Owned;

use super::load::Arrival;
use super::{Engine, LoadError, Told, journal};
use crate::bypass::Bypass;
use crate::message::{Change, Set};
use crate::{AnyNode, Frame, Graph, GraphErrors, Mixing, NodeName, Slot, StreamSpec, stage};

/// Why a node was not left out, or not taken back.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{BypassError, StreamSpec, engine};
///
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// assert_eq!(engine.bypass("echo", true, None), Err(BypassError::Unknown("echo".to_owned())));
/// engine.bypass("trim", true, None)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BypassError {
    /// No such node is loaded, or it stands for the device.
    #[error("there is no node `{0}` that runs")]
    Unknown(String),
    /// Nothing goes through the node.
    #[error("`{0}` has no output: nothing goes on without it, and what it takes in would be lost")]
    NoOutput(String),
    /// The audio thread has not yet taken what was sent before: try again later.
    #[error("the audio thread has not yet taken what was sent before")]
    Busy,
    /// The node has to be run for that, and there is no memory for it.
    #[error(transparent)]
    Memory(#[from] GraphErrors),
}

impl Engine {
    /// Leaves the node `name` out (`on`), or takes it back, from frame `at` or the start of the next callback on.
    ///
    /// The sound fades over 20 ms between what the node makes and its input. The input is made as late as the node's
    /// [latency](crate::Node::latency), so the fade, and the return of a node that has rested, begin that much later. Where
    /// the first input and the first output have not the same channels, and on all other outputs, it fades to silence.
    ///
    /// A node that [sums up](crate::Mixing::Sums) is run for it from then on, until the first load after it has come back: no bit
    /// changes by that.
    ///
    /// A node that is left out is not run and costs next to nothing; it keeps its state, and goes on from there. It
    /// stays out over loads for as long as there is a node of its name, be it a fresh one. A node that the graph [leaves
    /// out](crate::Graph::bypass) is not taken back by this: that is for those who [change](Self::change) the graph.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// engine.bypass("trim", true, None)?;
    /// // Once the fade of 20 ms is over, `trim` is not heard.
    /// let mut output = [0.0; 2_000];
    /// renderer.render(2_000, &[&[1.0; 2_000]], &mut [&mut output]);
    /// assert!(output[0] < 0.51);
    /// assert_eq!(output[1_999], 1.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`BypassError`]; all plays on as before.
    pub fn bypass(&mut self, name: &str, on: bool, at: Option<Frame>) -> Result<(), BypassError> {
        let (first, now) = (self.sent, self.now());
        let out = on || self.graph.is_bypassed(name);
        let set = self.turn(name, out, at)?;
        let run = self.run_to_leave_out(out.then_some(name))?;
        self.send(vec![set], run).map_err(|_| BypassError::Busy)?;
        self.note_turn(name, out);
        if on {
            self.bypassed.insert(name.to_owned());
        } else {
            self.bypassed.remove(name);
        }
        journal::enter(&mut self.journal, Told::Bypass { name, on, at }, (first..self.sent, now));
        Ok(())
    }

    /// Whether a node can be left out.
    pub(super) fn may_leave_out(&self, name: &str) -> Result<&Slot, BypassError> {
        let unknown = || BypassError::Unknown(name.to_owned());
        let node = self.stage.graph.index(name).ok_or_else(unknown)?;
        let slot = self.schedule.slots.iter().find(|slot| slot.node == node).ok_or_else(unknown)?;
        if slot.widths.outputs.is_empty() { Err(BypassError::NoOutput(name.to_owned())) } else { Ok(slot) }
    }

    /// The message by which a node is left out, or taken back.
    pub(super) fn turn(&self, name: &str, on: bool, at: Option<Frame>) -> Result<Set, BypassError> {
        let slot = self.may_leave_out(name)?;
        let instance = self.cast.instance(slot.node).ok_or_else(|| BypassError::Unknown(name.to_owned()))?;
        let StreamSpec { rate, max_frames, .. } = self.stream;
        let kit = on.then(|| Box::new(Bypass::new(slot, rate, max_frames)));
        let change = Owned::new(&self.collector.handle(), Change::Bypass { on, kit });
        Ok(Set { instance, at, change })
    }

    /// What plays, but that those of these nodes that sum up are run, as they must be to be left out. None, if they are already.
    pub(super) fn run_to_leave_out<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Option<Arrival>, BypassError> {
        let numbers = names.into_iter().filter_map(|name| self.stage.graph.index(name));
        let sums = |node: &usize| {
            let mixing = self.schedule.slots.of_node(*node).and_then(|slot| slot.mixing.as_ref());
            matches!(mixing, Some(Mixing::Sums(_)))
        };
        let numbers: Vec<usize> = numbers.filter(sums).collect();
        if numbers.is_empty() {
            return Ok(None);
        }
        let next = stage::Next::as_it_is(&self.stage, &self.stream);
        match self.with_turning(&next, &numbers).and_then(|schedule| self.prepared(next, schedule, None)) {
            Ok(arrival) => Ok(Some(arrival)),
            Err(LoadError::Graph(errors)) => Err(BypassError::Memory(errors)),
            Err(_) => Err(BypassError::Busy),
        }
    }

    /// Notes what a processor was told last.
    pub(super) fn note_turn(&mut self, name: &str, on: bool) {
        if let Some(actor) = self.stage.graph.index(name) {
            self.cast.turn(actor);
        }
        if on {
            self.out.insert(name.to_owned());
        } else {
            self.out.remove(name);
        }
    }

    /// The nodes that are left out whatever the graph says, or will be.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// engine.bypass("trim", true, None)?;
    /// assert_eq!(engine.bypassed().collect::<Vec<_>>(), ["trim"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bypassed(&self) -> impl Iterator<Item = &str> {
        self.bypassed.iter().map(String::as_str)
    }

    /// The nodes that will be left out when this graph plays.
    pub(super) fn out_of(&self, graph: &Graph) -> BTreeSet<String> {
        let names = self.bypassed().chain(graph.bypassed_nodes().map(NodeName::as_str));
        names.filter(|name| runs(graph, name)).map(str::to_owned).collect()
    }

    /// After a load: nobody is left out who is gone.
    pub(super) fn forget_bypassed(&mut self) {
        let Self { stage, bypassed, .. } = self;
        bypassed.retain(|name| runs(&stage.graph, name));
    }
}

/// Whether a graph has such a node, and something goes through it.
fn runs(graph: &Graph, name: &str) -> bool {
    let ports = graph.node(name).map(AnyNode::ports);
    ports.is_some_and(|ports| ports.device.is_none() && !ports.outputs.is_empty())
}
