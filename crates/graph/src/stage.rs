//! What plays: the graph that was loaded last, and what of earlier ones is on its way out.
//!
//! A fade sits where sound leaves something that plays on. A node that left rings out, fed by what it was fed by: those
//! of its sources that play on fade out at once, it itself once its tail has passed.

mod difference;
mod dip;
mod ending;
mod next;
mod twins;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

pub use difference::{Difference, Reason, difference};
pub(crate) use dip::Dip;
pub(crate) use next::{Change, Next, most_leaving};

use crate::channels::Widths;
use crate::compile::Fading;
use crate::fade::Moment;
use crate::message::NextFade;
use crate::resolve::Resolved;
use crate::{AnyNode, DeviceSide, Fade, Frame, Graph, Link, NodeName, Ports, Schedule, StreamSpec};

/// Who plays, by number: first the nodes of the graph, in its order, then those on their way out.
#[derive(Clone, Default)]
pub(crate) struct Stage {
    /// The graph that was loaded last, with the parameters set since.
    pub(crate) graph: Graph,
    /// The same by number, with the parameters that it was loaded with.
    resolved: Resolved,
    /// What all outputs of a node go through, of the few that fade.
    fades: BTreeMap<usize, Vec<Running>>,
    /// The number of the wire that each of its links is; [`GONE`] of one that a dip has silenced.
    wires: Vec<u64>,
    /// What a link goes through, of the few that fade.
    link_fades: BTreeMap<usize, Vec<Running>>,
    ghosts: Vec<Ghost>,
    left: Vec<Left>,
    /// Numbers given out so far, to fades, wires, and nodes that leave.
    numbers: u64,
}

/// The number of no wire, and of no fade.
const GONE: u64 = 0;

/// A node on its way out.
#[derive(Clone)]
struct Ghost {
    /// Unlike that of any other; see [`NodeName::leaving`].
    name: NodeName,
    /// The one it had.
    was: NodeName,
    node: AnyNode,
    widths: Widths,
    /// What all of its outputs go through.
    fades: Vec<Running>,
    /// The number of the one that it leaves to its readers, as all of them go through the same; [`GONE`] if none.
    shared: u64,
    /// Since which load it has been on its way out.
    since: u64,
}

/// A link that is no more part of the graph, but that sound goes over.
#[derive(Clone)]
struct Left {
    number: u64,
    link: Link,
    /// Who it connects.
    from: usize,
    to: usize,
    fades: Vec<Running>,
}

/// A fade, and when it began.
#[derive(Clone)]
struct Running {
    number: u64,
    fade: Fade,
    moment: Moment,
}

/// Whether sound that enters a node comes out again, from it or from the device.
fn passes(ports: &Ports) -> bool {
    ports.inputs.iter().any(|port| !port.optional) && !is_sink(ports)
}

/// Whether nothing comes out of a node, not even from the device.
fn is_sink(ports: &Ports) -> bool {
    ports.outputs.is_empty() && !is_device_output(ports)
}

fn is_device_output(ports: &Ports) -> bool {
    matches!(ports.device, Some(DeviceSide::Output(_)))
}

impl Running {
    fn is_over(&self, now: Frame) -> bool {
        self.moment.is_past(self.fade.end(), now)
    }

    fn falls(&self) -> bool {
        !self.fade.rises
    }
}

impl Ghost {
    /// What its own outputs go through.
    fn own_fades(&self) -> impl Iterator<Item = &Running> {
        self.fades.iter().filter(|fade| fade.number != self.shared)
    }
}

impl Stage {
    /// The graph that was loaded last, by number.
    pub(crate) fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// How many nodes the graph has: those with a higher number are on their way out.
    pub(crate) fn nodes(&self) -> usize {
        self.graph.nodes().len()
    }

    /// The node of a number.
    pub(crate) fn node(&self, actor: usize) -> &AnyNode {
        match actor.checked_sub(self.nodes()) {
            None => self.graph.at(actor).1,
            Some(ghost) => &self.ghosts[ghost].node,
        }
    }

    /// Its name, unlike that of any other who plays.
    fn name(&self, actor: usize) -> &NodeName {
        match actor.checked_sub(self.nodes()) {
            None => self.graph.at(actor).0,
            Some(ghost) => &self.ghosts[ghost].name,
        }
    }

    /// The name that it was added under.
    pub(crate) fn name_in_graph(&self, actor: usize) -> &NodeName {
        match actor.checked_sub(self.nodes()) {
            None => self.graph.at(actor).0,
            Some(ghost) => &self.ghosts[ghost].was,
        }
    }

    /// The channels of its ports.
    pub(crate) fn widths(&self, actor: usize) -> &Widths {
        match actor.checked_sub(self.nodes()) {
            None => &self.resolved.widths[actor],
            Some(ghost) => &self.ghosts[ghost].widths,
        }
    }

    /// Whether nothing but the graph that was loaded last plays.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_alone() && self.fades.is_empty() && self.link_fades.is_empty()
    }

    /// Whether the nodes and links of the graph are all there is, be it that they fade.
    fn is_alone(&self) -> bool {
        self.ghosts.is_empty() && self.left.is_empty()
    }

    /// The nodes on their way out, by the names they had.
    pub(crate) fn leaving(&self) -> impl Iterator<Item = &str> {
        self.ghosts.iter().map(|ghost| ghost.was.as_str())
    }

    /// All of it as one graph: the nodes and links of the graph, then what is on its way out. Where old and new links make
    /// loops together, the nodes on them.
    fn union(&self, stream: &StreamSpec) -> Result<Resolved, Vec<usize>> {
        let mut graph = self.graph.clone();
        if self.is_alone() {
            return Ok(self.resolved.set(graph, stream));
        }
        self.ghosts.iter().for_each(|ghost| graph.insert(ghost.name.clone(), ghost.node.clone()));
        self.left.iter().for_each(|left| graph.push_link(left.link.clone()));
        let mut widths = self.resolved.widths.clone();
        self.ghosts.iter().for_each(|ghost| widths.push(ghost.widths.clone()));
        self.resolved.with(graph, widths, stream)
    }

    /// What fades in it.
    pub(crate) fn fading(&self) -> Fading {
        let running = self.running();
        let index: FxHashMap<u64, usize> = running.iter().enumerate().map(|(at, fade)| (fade.number, at)).collect();
        let at = |fade: &Running| index[&fade.number];
        let list = |few: &BTreeMap<usize, Vec<Running>>, all: usize, others: Vec<Vec<usize>>| {
            let mut list: Vec<Vec<usize>> = Vec::new();
            for (&of, fades) in few {
                list.resize(of, Vec::new());
                list.push(fades.iter().map(at).collect());
            }
            if !others.is_empty() {
                list.resize(all, Vec::new());
            }
            list.extend(others);
            list
        };
        let of_ghosts = self.ghosts.iter().map(|ghost| ghost.own_fades().map(at).collect());
        let of_left = self.left.iter().map(|left| left.fades.iter().map(at).collect());
        Fading {
            nodes: list(&self.fades, self.nodes(), of_ghosts.collect()),
            links: list(&self.link_fades, self.wires.len(), of_left.collect()),
            fades: running.into_iter().map(|running| running.fade).collect(),
        }
    }

    /// Every fade once, in the order in which a schedule has them.
    fn running(&self) -> Vec<&Running> {
        let mut seen = FxHashSet::default();
        let of_nodes = self.fades.values().flatten().chain(self.ghosts.iter().flat_map(Ghost::own_fades));
        let of_links = self.link_fades.values().chain(self.left.iter().map(|left| &left.fades)).flatten();
        of_nodes.chain(of_links).filter(|fade| seen.insert(fade.number)).collect()
    }

    /// Where the fades of this stage come from, when it follows `old`.
    pub(crate) fn fades_after(&self, old: &Stage) -> Vec<NextFade> {
        let before: FxHashMap<u64, usize> =
            old.running().iter().enumerate().map(|(at, fade)| (fade.number, at)).collect();
        let from = |running: &&Running| match before.get(&running.number) {
            Some(&index) => NextFade::GoesOn(index),
            None => NextFade::Starts(running.fade),
        };
        self.running().iter().map(from).collect()
    }

    /// Which wire each feedback line of this stage's schedule is of, and which of its channels it carries.
    pub(crate) fn lines(&self, schedule: &Schedule) -> Vec<(u64, usize)> {
        if schedule.lines.is_empty() {
            return Vec::new();
        }
        let of_graph = self.graph.links().iter().zip(&self.wires).filter(|(link, _)| link.feedback);
        let of_others = self.left.iter().filter(|left| left.link.feedback).map(|left| left.number);
        let mut wires = of_graph.map(|(_, &number)| number).chain(of_others);
        let mut number = GONE;
        let lines = schedule.lines.iter().map(|line| {
            if line.channel == 0 {
                number = wires.next().unwrap_or(GONE);
            }
            (number, line.channel)
        });
        lines.collect()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
