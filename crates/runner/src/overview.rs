//! A compiled graph in words: who is linked to whom, how wide, what is summed. What `check` and `graph` show.

use std::ops::Range;

use patchline_graph::{
    Alignment, AnyNode, DeviceChannels, DeviceSide, Endpoint, Frames, Graph, Link, Schedule, Slot, StreamSpec,
};
use serde::Serialize;

/// Nodes and links of a compiled graph.
#[derive(Debug, Serialize)]
pub(crate) struct Overview {
    pub(crate) nodes: Vec<NodeView>,
    pub(crate) links: Vec<LinkView>,
    pub(crate) sums: Vec<Sum>,
    pub(crate) aligned: Vec<Waits>,
    pub(crate) warnings: Vec<String>,
}

/// One node.
#[derive(Debug, Serialize)]
pub(crate) struct NodeView {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) inputs: Vec<PortView>,
    pub(crate) outputs: Vec<PortView>,
    pub(crate) latency_frames: Frames,
    pub(crate) memory_bytes: usize,
    /// Whether it stands for the device.
    pub(crate) device: bool,
}

/// One port; 0 channels where nothing is linked to an optional one.
#[derive(Debug, Serialize)]
pub(crate) struct PortView {
    pub(crate) name: &'static str,
    pub(crate) channels: usize,
}

/// One link.
#[derive(Debug, Serialize)]
pub(crate) struct LinkView {
    /// As the patch writes it, one arrow.
    pub(crate) text: String,
    /// The index of its source among the nodes.
    #[serde(skip)]
    pub(crate) from: usize,
    /// The index of its target among the nodes.
    #[serde(skip)]
    pub(crate) to: usize,
    /// The ends beyond the nodes' names, where they are not the main port or not all channels: `open`, `out[0]`.
    #[serde(skip)]
    pub(crate) ends: (Option<String>, Option<String>),
    pub(crate) channels: usize,
    /// How many channels its target has at least.
    #[serde(skip)]
    pub(crate) reaches: usize,
    pub(crate) feedback: bool,
    /// The highest peak in dBFS, where it was measured; negative infinity for silence.
    #[serde(skip)]
    pub(crate) peak_dbfs: Option<f64>,
}

/// A port in which several links meet.
#[derive(Debug, Serialize)]
pub(crate) struct Sum {
    /// The port: `mix.in`.
    pub(crate) port: String,
    /// What is added, in order.
    pub(crate) sources: Vec<String>,
}

/// A link that waits for others.
#[derive(Debug, Serialize)]
pub(crate) struct Waits {
    /// As the patch writes it, one arrow.
    pub(crate) link: String,
    pub(crate) frames: Frames,
}

impl Waits {
    fn new(graph: &Graph, alignment: &Alignment) -> Self {
        let link = &graph.links()[alignment.link];
        let text = format!("{} {} {}", link.from, link.arrow(), link.to);
        Self { link: text, frames: alignment.frames }
    }
}

impl Overview {
    /// The overview of a graph that compiled to `schedule` for `stream`.
    pub(crate) fn new(graph: &Graph, schedule: &Schedule, stream: &StreamSpec) -> Self {
        let mut nodes: Vec<NodeView> = graph.nodes().map(|(name, node)| view(name.as_str(), node)).collect();
        // What lets links wait comes after the graph's own nodes.
        schedule
            .slots
            .iter()
            .filter(|slot| slot.node < graph.nodes().len())
            .for_each(|slot| nodes[slot.node].complete(slot));
        for (view, (_, node)) in nodes.iter_mut().zip(graph.nodes()) {
            if let Some(DeviceSide::Input(channels)) = &node.ports().device {
                view.outputs[0].channels = channels.width(stream.visible_inputs(&view.name).len());
            }
        }
        let links: Vec<LinkView> = graph.links().iter().filter_map(|link| link_view(graph, &nodes, link)).collect();
        for (index, (_, node)) in graph.nodes().enumerate() {
            if let Some(DeviceSide::Output(channels)) = &node.ports().device {
                let linked = || links.iter().filter(|link| link.to == index).map(|link| link.reaches).max();
                nodes[index].inputs[0].channels = channels.as_ref().map_or_else(|| linked().unwrap_or(0), Vec::len);
            }
        }
        let sums = sums(graph);
        let aligned = schedule.alignments.iter().map(|alignment| Waits::new(graph, alignment)).collect();
        let warnings = warnings(&nodes, &links);
        Self { nodes, links, sums, aligned, warnings }
    }
}

fn view(name: &str, node: &AnyNode) -> NodeView {
    let ports = node.ports();
    let views = |ports: &[patchline_graph::Port]| {
        ports.iter().map(|port| PortView { name: port.name, channels: 0 }).collect::<Vec<_>>()
    };
    NodeView {
        name: name.to_owned(),
        kind: node.kind(),
        inputs: views(&ports.inputs),
        outputs: views(&ports.outputs),
        latency_frames: 0,
        memory_bytes: 0,
        device: ports.device.is_some(),
    }
}

impl NodeView {
    fn complete(&mut self, slot: &Slot) {
        let fill = |ports: &mut [PortView], widths: &[usize]| {
            ports.iter_mut().zip(widths).for_each(|(port, &width)| port.channels = width);
        };
        fill(&mut self.inputs, &slot.widths.inputs);
        fill(&mut self.outputs, &slot.widths.outputs);
        (self.latency_frames, self.memory_bytes) = (slot.latency, slot.footprint);
    }
}

fn link_view(graph: &Graph, nodes: &[NodeView], link: &Link) -> Option<LinkView> {
    let from = graph.index(link.from.node.as_str())?;
    let to = graph.index(link.to.node.as_str())?;
    let width = port(&nodes[from].outputs, &link.from)?.channels;
    let arrow = link.arrow();
    let channels = link.from.channels.as_ref().map_or(width, Range::len);
    Some(LinkView {
        text: format!("{} {arrow} {}", link.from, link.to),
        from,
        to,
        ends: (end(&nodes[from].outputs, &link.from), end(&nodes[to].inputs, &link.to)),
        channels,
        reaches: link.to.channels.as_ref().map_or(channels, |range| range.end),
        feedback: link.feedback,
        peak_dbfs: None,
    })
}

fn port<'a>(ports: &'a [PortView], endpoint: &Endpoint) -> Option<&'a PortView> {
    match &endpoint.port {
        None => ports.first(),
        Some(name) => ports.iter().find(|port| port.name == name),
    }
}

/// What an end says beyond its node's name.
fn end(ports: &[PortView], endpoint: &Endpoint) -> Option<String> {
    let main = ports.first().is_some_and(|port| endpoint.port.as_deref().is_none_or(|name| name == port.name));
    let channels = endpoint.channels.as_ref().map(|range| match range.len() {
        1 => format!("[{}]", range.start),
        _ => format!("[{}..{}]", range.start, range.end),
    });
    match (main, channels) {
        (true, channels) => channels,
        (false, channels) => Some(endpoint.port.clone().unwrap_or_default() + &channels.unwrap_or_default()),
    }
}

/// The ports in which several links meet, with their sources in link order.
fn sums(graph: &Graph) -> Vec<Sum> {
    let mut ports: Vec<(String, Vec<&Link>)> = Vec::new();
    for link in graph.links() {
        let ports_of = graph.node(link.to.node.as_str()).map(AnyNode::ports);
        let main = ports_of.and_then(|ports| ports.inputs.first()).map_or("in", |port| port.name);
        let port = format!("{}.{}", link.to.node, link.to.port.as_deref().unwrap_or(main));
        match ports.iter_mut().find(|(name, _)| *name == port) {
            Some((_, links)) => links.push(link),
            None => ports.push((port, vec![link])),
        }
    }
    ports.retain(|(_, links)| meet(links));
    let source = |link: &&Link| match &link.to.channels {
        None => link.from.to_string(),
        Some(_) => format!("{} (into {})", link.from, link.to),
    };
    ports.into_iter().map(|(port, links)| Sum { port, sources: links.iter().map(source).collect() }).collect()
}

/// Whether any two links into one port enter the same channel of it.
fn meet(links: &[&Link]) -> bool {
    let overlap = |a: &Link, b: &Link| match (&a.to.channels, &b.to.channels) {
        (Some(a), Some(b)) => a.start < b.end && b.start < a.end,
        _ => true,
    };
    links.iter().enumerate().any(|(index, a)| links[..index].iter().any(|b| overlap(a, b)))
}

/// What the patch language itself does not warn of.
fn warnings(nodes: &[NodeView], links: &[LinkView]) -> Vec<String> {
    let deaf = |&(index, node): &(usize, &NodeView)| {
        let enters = links.iter().any(|link| link.to == index);
        let leaves = links.iter().any(|link| link.from == index);
        leaves && !enters && !node.inputs.is_empty()
    };
    let hears = |(_, node): (_, &NodeView)| format!("nothing is linked into `{}`: it hears silence", node.name);
    nodes.iter().enumerate().filter(deaf).map(hears).collect()
}

/// How many channels the device's input must have for `graph`, and whether the patch leaves it open to have more.
pub(crate) fn device_inputs(graph: &Graph) -> (usize, bool) {
    let (mut least, mut open) = (0, false);
    for (_, node) in graph.nodes() {
        match &node.ports().device {
            Some(DeviceSide::Input(DeviceChannels::Pick(list))) => {
                least = least.max(list.iter().flatten().map(|channel| channel + 1).max().unwrap_or(0));
            }
            Some(DeviceSide::Input(_)) => open = true,
            Some(DeviceSide::Output(_)) | None => {}
        }
    }
    (least, open)
}

/// Whether the graph has a node that stands for the device's output.
pub(crate) fn has_output(graph: &Graph) -> bool {
    graph.nodes().any(|(_, node)| matches!(node.ports().device, Some(DeviceSide::Output(_))))
}

#[cfg(test)]
mod tests {
    use patchline_graph::{Io, Node, NodeError, Ports, PrepareSpec, Processor, compile};
    use patchline_nodes::{Input, Output};

    use super::*;

    /// Says that it is late.
    #[derive(Clone, PartialEq)]
    struct Late;

    impl Node for Late {
        const KIND: &'static str = "late";
        type Processor = Late;

        fn ports(&self) -> Ports {
            Ports::effect()
        }

        fn prepare(&self, _spec: &PrepareSpec) -> Result<Late, NodeError> {
            Ok(Late)
        }

        fn footprint(&self, _spec: &PrepareSpec) -> usize {
            0
        }

        fn latency(&self, _spec: &PrepareSpec) -> Frames {
            64
        }
    }

    impl Processor for Late {
        type Params = Late;

        fn update(&mut self, _params: &Late) {}

        fn process(&mut self, _io: &mut Io<'_>) {}
    }

    #[test]
    fn an_output_is_as_wide_as_the_last_channel_that_a_link_enters() {
        let mut graph = Graph::new();
        graph.add("mic", Input::default()).unwrap().add("out", Output::default()).unwrap();
        graph.link("mic[0]", "out.in[0]").unwrap().link("mic[1]", "out.in[1]").unwrap();
        let stream = StreamSpec { outputs: None, ..StreamSpec::new(48_000, 64, 2, 0) };
        let overview = Overview::new(&graph, &compile(&graph, &stream).unwrap(), &stream);
        assert_eq!(overview.nodes[1].inputs[0].channels, 2);
    }

    #[test]
    fn links_that_wait_are_listed_and_are_no_nodes_of_the_patch() {
        let mut graph = Graph::new();
        graph.add("mic", Input::default()).unwrap().add("late", Late).unwrap().add("out", Output::default()).unwrap();
        graph.chain(&["mic", "late", "out"]).unwrap().link("mic", "out").unwrap();
        let stream = StreamSpec { outputs: None, ..StreamSpec::new(48_000, 64, 1, 0) };
        let overview = |graph: &Graph| Overview::new(graph, &compile(graph, &stream).unwrap(), &stream);
        let Overview { nodes, aligned, .. } = overview(&graph);
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!((names, nodes[1].latency_frames), (vec!["mic", "late", "out"], 64));
        let aligned: Vec<(&str, Frames)> = aligned.iter().map(|waits| (waits.link.as_str(), waits.frames)).collect();
        assert_eq!(aligned, [("mic -> out", 64)]);
        graph.link_direct("mic", "out").unwrap();
        let links: Vec<String> = overview(&graph).links.into_iter().map(|link| link.text).collect();
        assert_eq!(links.last().unwrap(), "mic !> out");
    }
}
