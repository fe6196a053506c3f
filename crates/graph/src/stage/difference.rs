//! What a load would do, before it is made.

use std::collections::{HashMap, HashSet};

use super::{Actor, Change, Running, Stage, Wire};
use crate::channels::Widths;
use crate::compile::{Alone, compile_alone};
use crate::fade::Moment;
use crate::{Frames, Graph, GraphErrors, Link, NodeName, StreamSpec};

/// What becomes of nodes and links when one graph follows another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Nodes that play on as they are, with their state.
    pub kept: Vec<String>,
    /// Nodes that play on with other parameters.
    pub updated: Vec<String>,
    /// Nodes of both graphs that start fresh, and why.
    pub rebuilt: Vec<(String, Reason)>,
    /// Nodes of the new graph alone.
    pub added: Vec<String>,
    /// Nodes of the old graph alone.
    pub removed: Vec<String>,
    /// Links that sound begins to go over, and whether it fades in.
    pub linked: Vec<(Link, bool)>,
    /// Links that sound goes over no more, and whether it fades out.
    pub unlinked: Vec<(Link, bool)>,
    /// Nodes of the old graph that still sound when they are no more part of it, and for how long until they have faded
    /// out, in frames after the load.
    pub leaving: Vec<(String, Frames)>,
    /// The latency of the old graph and of the new one, in frames.
    pub latency: [Frames; 2],
}

/// Why a node of both graphs starts fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is of another type: the old one and the new one.
    OtherType(&'static str, &'static str),
    /// Other channels reach it: of its main path, before and now.
    OtherChannels(usize, usize),
    /// Its parameters need a new processor.
    Parameters,
    /// It lies on a loop that old and new links make together.
    Loop,
}

impl Difference {
    /// Whether nothing changes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { kept: _, updated, rebuilt, added, removed, linked, unlinked, leaving, latency } = self;
        let nodes = updated.is_empty() && rebuilt.is_empty() && added.is_empty() && removed.is_empty();
        nodes && linked.is_empty() && unlinked.is_empty() && leaving.is_empty() && latency[0] == latency[1]
    }
}

/// What a load of `new` would do while `old` plays on this stream, where fades last `fade` frames. Nothing is prepared.
///
/// # Errors
/// The mistakes of a graph that cannot be compiled; those of the old one first.
pub fn difference(old: &Graph, new: &Graph, stream: &StreamSpec, fade: Frames) -> Result<Difference, GraphErrors> {
    let before = compile_alone(old, stream)?;
    let after = compile_alone(new, stream)?;
    let nothing = Graph::new();
    let first = Stage::default().next(&loading(&before, &nothing, (stream, fade)), |_| true).stage;
    let next = first.next(&loading(&after, &before.graph, (stream, fade)), |_| true);
    let carried: HashSet<&str> = next.before.keys().map(String::as_str).collect();
    let latency = [before.schedule.latency, after.schedule.latency];
    let mut difference = Difference { latency, ..Difference::default() };
    difference.tell_nodes(&before, &after, &carried);
    difference.tell_links(&before.graph, &next.stage);
    let left = next.stage.actors.iter().filter(|actor| actor.left.is_some());
    difference.leaving = left.map(|actor| (old_name(&actor.name), actor.sounds_for(fade))).collect();
    Ok(difference)
}

fn loading<'a>(now: &'a Alone, old: &'a Graph, (stream, fade): (&'a StreamSpec, Frames)) -> Change<'a> {
    Change { graph: &now.graph, widths: &now.widths, old, stream, fade, now: 0, moment: Moment::new() }
}

impl Difference {
    fn tell_nodes(&mut self, before: &Alone, after: &Alone, carried: &HashSet<&str>) {
        let Alone { graph: old, widths: old_widths, .. } = before;
        let Alone { graph: new, widths: new_widths, .. } = after;
        let before: HashMap<&str, &Widths> = old.nodes().map(|(name, _)| name.as_str()).zip(old_widths).collect();
        for ((name, node), widths) in new.nodes().zip(new_widths) {
            let text = name.to_string();
            match old.node(name.as_str()) {
                None => self.added.push(text),
                Some(was) if carried.contains(name.as_str()) && was == node => self.kept.push(text),
                Some(_) if carried.contains(name.as_str()) => self.updated.push(text),
                Some(was) => {
                    let reason = match before[name.as_str()] {
                        _ if was.kind() != node.kind() => Reason::OtherType(was.kind(), node.kind()),
                        old if old != widths => Reason::OtherChannels(main_channels(old), main_channels(widths)),
                        _ if node.rebuilds(was) => Reason::Parameters,
                        _ => Reason::Loop,
                    };
                    self.rebuilt.push((text, reason));
                }
            }
        }
        let gone = old.nodes().filter(|(name, _)| new.node(name.as_str()).is_none());
        self.removed = gone.map(|(name, _)| name.to_string()).collect();
    }

    fn tell_links(&mut self, old: &Graph, stage: &Stage) {
        let falls = |fades: &[Running]| fades.iter().any(|fade| !fade.fade.rises);
        let mut before: Vec<&Link> = old.links().iter().collect();
        let mut gone: HashMap<Link, bool> = HashMap::new();
        for wire in stage.wires.iter().filter(|wire| wire.left) {
            gone.insert(wire.old_link(), falls(&wire.fades));
        }
        for wire in stage.wires.iter().filter(|wire| !wire.left) {
            match before.iter().position(|link| **link == wire.link) {
                Some(at) => _ = before.remove(at),
                None => self.linked.push((wire.link.clone(), !wire.fades.is_empty())),
            }
        }
        self.unlinked = before.into_iter().map(|link| (link.clone(), gone.get(link) == Some(&true))).collect();
    }
}

impl Wire {
    /// The link it was, before its ends left.
    fn old_link(&self) -> Link {
        let mut link = self.link.clone();
        for end in [&mut link.from, &mut link.to] {
            end.node = NodeName::new(&old_name(&end.node)).unwrap_or_else(|_| end.node.clone());
        }
        link
    }
}

impl Actor {
    /// How long after the load it has faded out.
    fn sounds_for(&self, fade: Frames) -> Frames {
        let falls = self.fades.iter().filter(|running| !running.fade.rises);
        falls.map(|running| running.fade.end()).min().unwrap_or(fade)
    }
}

fn old_name(name: &NodeName) -> String {
    NodeName::before_it_left(name.as_str()).to_owned()
}

fn main_channels(widths: &Widths) -> usize {
    widths.inputs.first().or(widths.outputs.first()).copied().unwrap_or(0)
}
