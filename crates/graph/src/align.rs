//! Parallel paths that meet arrive together: what comes sooner waits for what is on its way.

mod wait;

use petgraph::unionfind::UnionFind;
use rustc_hash::FxHashMap;

use crate::channels::Widths;
use crate::pieces::Pieces;
use crate::resolve::Resolved;
use crate::topology::{Edge, Topology};
use crate::{AnyNode, DeviceSide, Endpoint, Frames, Graph, Link, NodeName};
pub(crate) use wait::Wait;

/// A link whose sound is held back until that of the other links into the same node has come.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Device, Scale};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Graph, Node, StreamSpec, compile};
///
/// # #[derive(Clone, PartialEq)]
/// # struct Late;
/// # impl Node for Late {
/// #     const KIND: &'static str = "late";
/// #     type Processor = patchline_graph::NoProcessor<Late>;
/// #     fn ports(&self) -> patchline_graph::Ports { patchline_graph::Ports::effect() }
/// #     fn prepare(&self, _: &patchline_graph::PrepareSpec) -> Result<Self::Processor, patchline_graph::NodeError> { Ok(Default::default()) }
/// #     fn footprint(&self, _: &patchline_graph::PrepareSpec) -> usize { 0 }
/// #     fn latency(&self, _: &patchline_graph::PrepareSpec) -> u64 { 32 }
/// # }
/// // `Late` is a node whose output comes 32 frames later than its input.
/// let mut graph = Graph::new();
/// graph.add("mic", Device { output: false })?.add("late", Late)?.add("out", Device { output: true })?;
/// graph.chain(&["mic", "late", "out"])?.link("mic", "out")?;
/// let schedule = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1))?;
/// // The way around it waits for as long.
/// let [alignment] = &schedule.alignments[..] else { panic!("one link waits") };
/// assert_eq!((alignment.frames, graph.links()[alignment.link].to.to_string()), (32, "out".to_owned()));
/// assert_eq!(graph.links()[alignment.link].from.to_string(), "mic");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// The link, by its index in [`Graph::links`].
    pub link: usize,
    /// For how many frames.
    pub frames: Frames,
    /// The name under which the waiting shows, among costs and in what a load did.
    pub name: String,
}

/// A graph in which every path to a node takes as long as the others.
pub(crate) struct Aligned {
    /// The graph with the nodes that wait, after all of its own.
    pub(crate) graph: Graph,
    pub(crate) widths: Pieces<Widths>,
    pub(crate) alignments: Vec<Alignment>,
}

/// Lets links wait, where paths of different [latencies](crate::Node::latency) meet: in a node, or in a channel of the
/// device's output. Feedback links and [direct](Link::direct) ones neither wait nor are waited for. `None` where nothing
/// has to wait.
pub(crate) fn align(resolved: &Resolved) -> Option<Aligned> {
    let Resolved { graph, topology, widths, .. } = resolved;
    let mut waits = waits(resolved)?;
    meet_at_the_device(topology, widths, &mut waits);
    let waiting = |edge: &Edge| waits.latest[edge.to.node()].saturating_sub(waits.reached[edge.from.node()]);
    let late = topology.edges.iter().filter(|edge| waits_for_others(graph, edge) && waiting(edge) > 0);
    let late: Vec<(usize, Frames, usize)> =
        late.map(|edge| (edge.link(), waiting(edge), carried(edge, widths))).collect();
    (!late.is_empty()).then(|| with_waiting(graph, widths, &late))
}

/// How late sound is at the output of each node, and what its input waits for, in frames.
struct Waits {
    reached: Vec<Frames>,
    latest: Vec<Frames>,
}

/// `None` where everything is on time everywhere.
fn waits(Resolved { graph, topology, order, asked, .. }: &Resolved) -> Option<Waits> {
    let own = asked.iter().map(|slot| slot.as_ref().map_or(0, |slot| slot.latency));
    if own.clone().all(|frames| frames == 0) {
        return None;
    }
    let own: Vec<Frames> = own.collect();
    let mut waits = Waits { reached: vec![0; own.len()], latest: vec![0; own.len()] };
    for &node in &**order {
        let arriving = || topology.incoming.of(node).map(|edge| &topology.edges[edge]);
        let latest = |edges: &mut dyn Iterator<Item = &Edge>| {
            edges.map(|edge| waits.reached[edge.from.node()]).max().unwrap_or(0)
        };
        let awaited = latest(&mut arriving().filter(|edge| waits_for_others(graph, edge)));
        let any = latest(&mut arriving().filter(|edge| !edge.feedback));
        waits.latest[node] = awaited;
        waits.reached[node] = any.saturating_add(own[node]);
    }
    Some(waits)
}

/// Outputs that share a channel of the device wait for each other.
fn meet_at_the_device(topology: &Topology, widths: &Pieces<Widths>, waits: &mut Waits) {
    let channels = |node: usize| match &topology.ports[node].device {
        Some(DeviceSide::Output(Some(channels))) => Some(channels.clone()),
        Some(DeviceSide::Output(None)) => Some((0..widths[node].inputs[0]).collect()),
        _ => None,
    };
    let outputs: Vec<(usize, Vec<usize>)> =
        (0..topology.ports.len()).filter_map(|node| Some((node, channels(node)?))).collect();
    // What shares a channel with what shares a channel waits, too.
    let mut together = UnionFind::<usize>::new(outputs.len());
    let mut on_channel = FxHashMap::default();
    for (output, (_, channels)) in outputs.iter().enumerate() {
        for &channel in channels {
            together.union(*on_channel.entry(channel).or_insert(output), output);
        }
    }
    let mut latest: FxHashMap<usize, Frames> = FxHashMap::default();
    for (output, (node, _)) in outputs.iter().enumerate() {
        let there = latest.entry(together.find(output)).or_default();
        *there = waits.latest[*node].max(*there);
    }
    for (output, (node, _)) in outputs.iter().enumerate() {
        waits.latest[*node] = latest[&together.find(output)];
    }
}

fn waits_for_others(graph: &Graph, edge: &Edge) -> bool {
    !edge.feedback && !graph.links()[edge.link()].direct
}

/// Channels that a link carries.
fn carried(edge: &Edge, widths: &Pieces<Widths>) -> usize {
    edge.from.channels().map_or(widths[edge.from.node()].outputs[edge.from.port()], |channels| channels.len())
}

/// The graph with a node on each link that waits.
fn with_waiting(graph: &Graph, widths: &Pieces<Widths>, late: &[(usize, Frames, usize)]) -> Aligned {
    let mut aligned = Aligned { graph: graph.clone(), widths: widths.clone(), alignments: Vec::new() };
    let mut links = Vec::with_capacity(graph.links().len() + late.len());
    let mut late = late.iter().peekable();
    let mut twins = FxHashMap::default();
    for (index, link) in graph.links().iter().enumerate() {
        let Some(&(_, frames, channels)) = late.next_if(|(link, ..)| *link == index) else {
            links.push(link.clone());
            continue;
        };
        let twin = twins.entry(link).or_insert(0);
        let name = NodeName::of_waiting(link, *twin);
        *twin += 1;
        let end = || Endpoint { node: name.clone(), port: None, channels: None };
        links.push(Link { to: end(), ..link.clone() });
        links.push(Link { from: end(), ..link.clone() });
        aligned.graph.insert(name.clone(), AnyNode::new(Wait { frames }));
        aligned.widths.push(Widths::new(vec![channels], vec![channels]));
        aligned.alignments.push(Alignment { link: index, frames, name: name.to_string() });
    }
    aligned.graph.set_links(links);
    aligned
}
