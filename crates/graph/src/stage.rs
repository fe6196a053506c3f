//! What plays: the graph that was loaded last, and what of earlier ones is on its way out.
//!
//! A fade sits where sound leaves something that plays on. A node that left rings out, fed by what it was fed by: those
//! of its sources that play on fade out at once, it itself once its tail has passed.

mod difference;
mod dip;
mod ending;
mod next;

use std::collections::{HashMap, HashSet};

use petgraph::algo::kosaraju_scc;

pub use difference::{Difference, Reason, difference};
pub(crate) use dip::Dip;
pub(crate) use next::{Change, Next, most_leaving};

use crate::channels::Widths;
use crate::compile::Fading;
use crate::fade::Moment;
use crate::message::NextFade;
use crate::topology::Topology;
use crate::{AnyNode, DeviceSide, Fade, Frame, Graph, Link, NodeName, Ports, Schedule, order};

/// Nodes and wires, those of the graph first and in its order.
#[derive(Clone, Default)]
pub(crate) struct Stage {
    actors: Vec<Actor>,
    wires: Vec<Wire>,
    /// Numbers given out so far, to fades, wires, and nodes that leave.
    numbers: u64,
}

/// A node that plays.
#[derive(Clone)]
struct Actor {
    /// Unlike that of any other; see [`NodeName::leaving`].
    name: NodeName,
    node: AnyNode,
    ports: Ports,
    widths: Widths,
    /// What all of its outputs go through.
    fades: Vec<Running>,
    /// Since which load it has been on its way out, if it is.
    left: Option<u64>,
}

/// A link that sound goes over.
#[derive(Clone)]
struct Wire {
    number: u64,
    link: Link,
    fades: Vec<Running>,
    left: bool,
}

/// A fade, and when it began.
#[derive(Clone)]
struct Running {
    number: u64,
    fade: Fade,
    moment: Moment,
}

/// A stage as it is compiled.
pub(crate) struct Union {
    pub(crate) graph: Graph,
    pub(crate) widths: Vec<Widths>,
    pub(crate) fading: Fading,
}

impl Actor {
    /// Whether sound that enters it comes out again, from it or from the device.
    fn passes(&self) -> bool {
        self.ports.inputs.iter().any(|port| !port.optional) && !self.is_sink()
    }

    /// Whether nothing comes out of it, not even from the device.
    fn is_sink(&self) -> bool {
        self.ports.outputs.is_empty() && !self.is_device_output()
    }

    fn is_device_output(&self) -> bool {
        matches!(self.ports.device, Some(DeviceSide::Output(_)))
    }
}

impl Running {
    fn is_over(&self, now: Frame) -> bool {
        self.moment.is_past(self.fade.end(), now)
    }
}

impl Stage {
    /// Whether nothing but the graph that was loaded last plays.
    pub(crate) fn is_settled(&self) -> bool {
        let fades = self.actors.iter().map(|actor| &actor.fades).chain(self.wires.iter().map(|wire| &wire.fades));
        fades.into_iter().all(Vec::is_empty) && self.actors.iter().all(|actor| actor.left.is_none())
    }

    /// The nodes on their way out, by the names they had.
    pub(crate) fn leaving(&self) -> impl Iterator<Item = &str> {
        let left = self.actors.iter().filter(|actor| actor.left.is_some());
        left.map(|actor| NodeName::before_it_left(actor.name.as_str()))
    }

    /// All of it as one graph.
    pub(crate) fn union(&self) -> Union {
        let mut graph = Graph::new();
        self.actors.iter().for_each(|actor| graph.insert(actor.name.clone(), actor.node.clone()));
        self.wires.iter().for_each(|wire| graph.push_link(wire.link.clone()));
        let running = self.running();
        let index: HashMap<u64, usize> = running.iter().enumerate().map(|(at, fade)| (fade.number, at)).collect();
        let of = |fades: &Vec<Running>| fades.iter().map(|fade| index[&fade.number]).collect();
        let fading = Fading {
            fades: running.iter().map(|running| running.fade).collect(),
            nodes: self.actors.iter().map(|actor| of(&actor.fades)).collect(),
            links: self.wires.iter().map(|wire| of(&wire.fades)).collect(),
        };
        Union { graph, widths: self.actors.iter().map(|actor| actor.widths.clone()).collect(), fading }
    }

    /// Every fade once, in the order in which a schedule has them.
    fn running(&self) -> Vec<&Running> {
        let mut seen = HashSet::new();
        let of_actors = self.actors.iter().flat_map(|actor| &actor.fades);
        let all = of_actors.chain(self.wires.iter().flat_map(|wire| &wire.fades));
        all.filter(|fade| seen.insert(fade.number)).collect()
    }

    /// Where the fades of this stage come from, when it follows `old`.
    pub(crate) fn fades_after(&self, old: &Stage) -> Vec<NextFade> {
        let before: HashMap<u64, usize> =
            old.running().iter().enumerate().map(|(at, fade)| (fade.number, at)).collect();
        let from = |running: &&Running| match before.get(&running.number) {
            Some(&index) => NextFade::GoesOn(index),
            None => NextFade::Starts(running.fade),
        };
        self.running().iter().map(from).collect()
    }

    /// Which wire each feedback line of this stage's schedule is of, and which of its channels it carries.
    pub(crate) fn lines(&self, schedule: &Schedule) -> Vec<(u64, usize)> {
        let mut wires = self.wires.iter().filter(|wire| wire.link.feedback);
        let mut number = 0;
        let lines = schedule.lines.iter().map(|line| {
            if line.channel == 0 {
                number = wires.next().map_or(0, |wire| wire.number);
            }
            (number, line.channel)
        });
        lines.collect()
    }

    /// The nodes on loops that old and new wires make together.
    fn knotted(&self) -> HashSet<String> {
        if !self.wires.iter().any(|wire| wire.left) {
            return HashSet::new();
        }
        let union = self.union();
        let topology = Topology::new(&union.graph, &mut Vec::new());
        let knots = kosaraju_scc(&order::forward_links(&topology)).into_iter().filter(|knot| knot.len() > 1);
        knots.flatten().map(|node| self.actors[node.index()].name.to_string()).collect()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
