//! Measuring writes no files: what stands for a recorder meanwhile.

use patchline_graph::{AnyNode, Graph, Io, Node, NodeError, NodeName, Ports, PrepareSpec, Processor};
use patchline_nodes::FileSink;

/// Takes what a recorder takes, and does nothing with it.
#[derive(Clone, Debug, PartialEq)]
struct Unwritten(FileSink);

struct Nothing;

impl Node for Unwritten {
    const KIND: &'static str = FileSink::KIND;
    type Processor = Nothing;

    fn ports(&self) -> Ports {
        self.0.ports()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Nothing, NodeError> {
        Ok(Nothing)
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl Processor for Nothing {
    type Params = Unwritten;

    fn update(&mut self, _params: &Unwritten) {}

    fn process(&mut self, _io: &mut Io<'_>) {}
}

/// The graph with its recorders replaced, and their names.
pub(crate) fn without_files(graph: &Graph) -> (Graph, Vec<String>) {
    let sinks = graph.nodes().filter_map(|(name, node)| Some((name.clone(), node.downcast_ref::<FileSink>()?.clone())));
    let sinks: Vec<(NodeName, FileSink)> = sinks.collect();
    let mut graph = graph.clone();
    let names = sinks.iter().map(|(name, _)| name.to_string()).collect();
    sinks.into_iter().for_each(|(name, sink)| graph.insert(name, AnyNode::new(Unwritten(sink))));
    (graph, names)
}
