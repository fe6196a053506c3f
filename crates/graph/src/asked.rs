//! What nodes say of themselves, once their channels are known: asked once, and again only of those that a graph does not
//! share with the one before it.

use crate::channels::Widths;
use crate::node::Questions;
use crate::pieces::Pieces;
use crate::resolve::Resolved;
use crate::{Graph, GraphError, NodeError, Slot, StreamSpec};

/// By number: what is known of each node that has a processor.
pub(crate) type Asked = Pieces<Option<Slot>>;

/// Asks the nodes of a graph, unless `before` has the same at the same place with the same channels; reports what they say
/// against their parameters, in this order. Both are for the same stream.
pub(crate) fn ask(
    (graph, widths): (&Graph, &Pieces<Widths>),
    order: &[usize],
    before: &Resolved,
    stream: &StreamSpec,
    errors: &mut Vec<GraphError>,
) -> Asked {
    let mut asked = before.asked.clone();
    asked.truncate(graph.nodes().len());
    let [shared, _] = before.graph.shared_with(graph);
    let as_wide = before.widths.shared_with(widths);
    let is_known = |node: usize| before.graph.has(node, graph.at(node)) && before.widths[node] == widths[node];
    let (mut questions, mut wrong) = (Questions::new(stream), Vec::new());
    let mut answer = |node: usize| slot((graph, node), &widths[node], &mut questions, &mut wrong);
    for node in (shared.min(as_wide)..asked.len()).filter(|&node| !is_known(node)) {
        asked.set(node, answer(node));
    }
    asked.extend((asked.len()..graph.nodes().len()).map(answer));
    if wrong.len() > 1 {
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &node)| place[node] = at);
        wrong.sort_by_key(|(node, _)| place[*node]);
    }
    errors.extend(wrong.into_iter().map(|(_, error)| error));
    asked
}

/// `None` of a node that stands for the device.
fn slot(
    (graph, node): (&Graph, usize),
    widths: &Widths,
    questions: &mut Questions,
    wrong: &mut Vec<(usize, GraphError)>,
) -> Option<Slot> {
    let (name, any) = graph.at(node);
    let ports = any.ports();
    if ports.device.is_some() {
        return None;
    }
    let spec = questions.of(name, widths);
    let is_effect = ports.in_place && ports.inputs.len() == 1 && ports.outputs.len() == 1;
    let latency = any.latency(spec);
    let mixing = any.check(spec).and_then(|()| {
        let mixing = any.mixing(spec);
        match mixing.as_ref().and_then(|mixing| mixing.mistake(ports, widths, latency)) {
            Some(mistake) => Err(NodeError::new(mistake)),
            None => Ok(mixing),
        }
    });
    let mixing = mixing.unwrap_or_else(|error| {
        wrong.push((node, GraphError::of_node(name.as_str(), error)));
        None
    });
    Some(Slot {
        name: name.clone(),
        kind: any.kind(),
        node,
        widths: widths.clone(),
        in_place: ports.in_place,
        mixing,
        listens: any.listens() && is_effect,
        latency,
        tail: any.tail(spec),
        footprint: any.footprint(spec),
    })
}
