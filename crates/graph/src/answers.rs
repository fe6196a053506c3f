//! What nodes say of themselves once their channels are known.

use std::sync::Arc;

use crate::channels::Widths;
use crate::node::Questions;
use crate::{Frames, Graph, GraphError, StreamSpec, Tail};

/// What a node says, given its channels.
#[derive(Clone, Copy, Default)]
pub(crate) struct Answer {
    pub(crate) latency: Frames,
    pub(crate) tail: Tail,
    pub(crate) footprint: usize,
}

/// What the nodes of a graph say, each of which is asked once. A clone shares it.
#[derive(Clone, Default)]
pub(crate) struct Answers {
    graph: Graph,
    all: Arc<[Answer]>,
}

impl Answers {
    /// Asks the nodes of a graph. Those that said something `before`, with the same channels, are not asked again.
    pub(crate) fn new(
        (graph, widths): (&Graph, &[Widths]),
        (before, widths_before): (&Self, &[Widths]),
        stream: &StreamSpec,
        errors: &mut Vec<GraphError>,
    ) -> Self {
        let mut questions = Questions::new(stream);
        let known = before.of(graph).iter().zip(widths_before).zip(widths);
        let mut all = Vec::with_capacity(widths.len());
        all.extend(known.map_while(|((answer, before), widths)| (before == widths).then_some(*answer)));
        for ((name, node), widths) in graph.nodes_from(all.len()).zip(&widths[all.len()..]) {
            let answer = match node.ports().device {
                Some(_) => Ok(Answer::default()),
                None => questions.ask(name, node, widths),
            };
            all.push(answer.map_err(|error| errors.push(error)).unwrap_or_default());
        }
        Self { graph: graph.clone(), all: all.into() }
    }

    /// Those of the first nodes of another graph, as many as are known to be the same.
    pub(crate) fn of(&self, graph: &Graph) -> &[Answer] {
        let [shared, _] = self.graph.shared_with(graph);
        &self.all[..shared]
    }
}
