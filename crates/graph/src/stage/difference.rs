//! What a load would do, before it is made.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::{Change, Ghost, Left, Next, Running, Stage};
use crate::channels::Widths;
use crate::compile::{Fading, build};
use crate::fade::Moment;
use crate::resolve::{Alone, Resolved, resolve};
use crate::{Frames, Graph, GraphErrors, Link, Schedule, StreamSpec};

/// What becomes of nodes and links when one graph follows another.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, difference};
///
/// let stream = StreamSpec::new(48_000, 64, 1, 1);
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// assert!(difference(&trim(0.5), &trim(0.5), &stream, 960)?.is_empty());
/// let softer = difference(&trim(0.5), &trim(0.25), &stream, 960)?;
/// assert_eq!(softer.updated, ["trim"]);
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Does, Scale, around, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Ports, Reason, StreamSpec, difference};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts another node in the place of `trim`.
/// let other = around("trim", Does(Ports::effect(), |_io| ()));
/// let difference = difference(&trim(0.5), &other, &StreamSpec::new(48_000, 64, 1, 1), 960)?;
/// assert_eq!(difference.rebuilt, [("trim".to_owned(), Reason::OtherType("scale", "does"))]);
/// # Ok(())
/// # }
/// ```
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
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, around, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, difference};
///
/// let stream = StreamSpec::new(48_000, 64, 1, 1);
/// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
/// let change = difference(&trim(0.5), &around("boost", Scale(2.0)), &stream, 960)?;
/// assert_eq!((&change.added[..], &change.removed[..]), (&["boost".to_owned()][..], &["trim".to_owned()][..]));
/// // Two links come, and two go.
/// assert_eq!((change.linked.len(), change.unlinked.len()), (2, 2));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The mistakes of a graph that cannot be compiled; those of the old one first.
pub fn difference(old: &Graph, new: &Graph, stream: &StreamSpec, fade: Frames) -> Result<Difference, GraphErrors> {
    let (before, before_schedule) = compiled(old, stream)?;
    let (after, after_schedule) = compiled(new, stream)?;
    let first = Stage::default().next(&loading(&before, (stream, fade)), |_| true).stage;
    let next = first.next(&loading(&after, (stream, fade)), |_| true);
    let latency = [before_schedule.latency, after_schedule.latency];
    let mut difference = Difference { latency, ..Difference::default() };
    difference.tell_nodes(&first, &next);
    difference.tell_links(&before.graph, &next.stage);
    let left = next.stage.ghosts.iter();
    difference.leaving = left.map(|ghost| (ghost.was.to_string(), ghost.sounds_for(fade))).collect();
    Ok(difference)
}

fn compiled(graph: &Graph, stream: &StreamSpec) -> Result<(Resolved, Schedule), GraphErrors> {
    let Alone { resolved, .. } = resolve(graph, &Resolved::default(), stream)?;
    let schedule = build(&resolved, &Fading::default(), &[], stream)?;
    Ok((resolved, schedule))
}

fn loading<'a>(new: &'a Resolved, (stream, fade): (&'a StreamSpec, Frames)) -> Change<'a> {
    Change { new, stream, fade, now: 0, moment: Moment::new() }
}

impl Difference {
    fn tell_nodes(&mut self, first: &Stage, next: &Next) {
        let (old, new) = (&first.graph, &next.stage.graph);
        for (at, (name, node)) in new.nodes().enumerate() {
            let text = name.to_string();
            let Some(before) = old.index(name.as_str()) else {
                self.added.push(text);
                continue;
            };
            let was = first.node(before);
            match next.before[at].is_some() {
                true if was == node => self.kept.push(text),
                true => self.updated.push(text),
                false => {
                    let [old, new] = [first.widths(before), next.stage.widths(at)];
                    let reason = match () {
                        () if was.kind() != node.kind() => Reason::OtherType(was.kind(), node.kind()),
                        () if old != new => Reason::OtherChannels(main_channels(old), main_channels(new)),
                        () if node.rebuilds(was) || first.resolved.mixing(before) != next.stage.resolved.mixing(at) => {
                            Reason::Parameters
                        }
                        () => Reason::Loop,
                    };
                    self.rebuilt.push((text, reason));
                }
            }
        }
        let gone = old.nodes().filter(|(name, _)| new.node(name.as_str()).is_none());
        self.removed = gone.map(|(name, _)| name.to_string()).collect();
    }

    fn tell_links(&mut self, old: &Graph, stage: &Stage) {
        let mut before: FxHashMap<&Link, VecDeque<usize>> = FxHashMap::default();
        for (at, link) in old.links().iter().enumerate() {
            before.entry(link).or_default().push_back(at);
        }
        let mut goes_on = vec![false; old.links().len()];
        for (at, link) in stage.graph.links().iter().enumerate() {
            match before.get_mut(link).and_then(VecDeque::pop_front) {
                Some(at) => goes_on[at] = true,
                None => self.linked.push((link.clone(), stage.link_fades.contains_key(&at))),
            }
        }
        let gone: FxHashMap<Link, bool> =
            stage.left.iter().map(|left| (stage.old_link(left), left.fades.iter().any(Running::falls))).collect();
        let unlinked = old.links().iter().zip(goes_on).filter(|(_, goes_on)| !goes_on);
        self.unlinked = unlinked.map(|(link, _)| (link.clone(), gone.get(link) == Some(&true))).collect();
    }
}

impl Stage {
    /// The link it was, before its ends left.
    fn old_link(&self, left: &Left) -> Link {
        let mut link = left.link.clone();
        link.from.node.clone_from(self.name_in_graph(left.from));
        link.to.node.clone_from(self.name_in_graph(left.to));
        link
    }
}

impl Ghost {
    /// How long after the load it has faded out.
    fn sounds_for(&self, fade: Frames) -> Frames {
        let falls = self.fades.iter().filter(|running| running.falls());
        falls.map(|running| running.fade.end()).min().unwrap_or(fade)
    }
}

fn main_channels(widths: &Widths) -> usize {
    widths.inputs.first().or(widths.outputs.first()).copied().unwrap_or(0)
}
