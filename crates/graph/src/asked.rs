//! What nodes say of themselves, once their channels are known: asked once, and again only of those that a graph does not
//! share with the one before it.

use crate::channels::Widths;
use crate::node::Questions;
use crate::pieces::Pieces;
use crate::resolve::Resolved;
use crate::{Graph, GraphError, Slot, StreamSpec};

/// By number: what is known of each node that has a processor.
pub(crate) type Asked = Pieces<Option<Slot>>;

/// Asks the nodes of a graph, in this order, unless `before` has the same at the same place with the same channels; reports
/// what they say against their parameters. Both are for the same stream.
pub(crate) fn ask(
    (graph, widths): (&Graph, &[Widths]),
    order: &[usize],
    before: &Resolved,
    stream: &StreamSpec,
    errors: &mut Vec<GraphError>,
) -> Asked {
    let mut asked = before.asked.clone();
    asked.resize(graph.nodes().len());
    let [shared, _] = before.graph.shared_with(graph);
    let is_known = |node: usize| {
        let same = node < shared || before.graph.has(node, graph.at(node));
        same && before.widths[node] == widths[node]
    };
    let mut questions = Questions::new(stream);
    for &node in order.iter().filter(|&&node| !is_known(node)) {
        asked.set(node, slot(graph, node, &widths[node], &mut questions, errors));
    }
    asked
}

/// `None` of a node that stands for the device.
fn slot(
    graph: &Graph,
    node: usize,
    widths: &Widths,
    questions: &mut Questions,
    errors: &mut Vec<GraphError>,
) -> Option<Slot> {
    let (name, any) = graph.at(node);
    let ports = any.ports();
    if ports.device.is_some() {
        return None;
    }
    let spec = questions.of(name, widths);
    errors.extend(any.check(spec).err().map(|error| GraphError::of_node(name.as_str(), error)));
    Some(Slot {
        name: name.clone(),
        kind: any.kind(),
        node,
        widths: widths.clone(),
        in_place: ports.in_place,
        scales: any.scales() && ports.in_place && ports.inputs.len() == 1 && ports.outputs.len() == 1,
        latency: any.latency(spec),
        tail: any.tail(spec),
        footprint: any.footprint(spec),
    })
}
