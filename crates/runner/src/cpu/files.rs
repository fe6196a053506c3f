//! Measuring writes no files.

use patchline_capture::Unwritten;
use patchline_graph::{AnyNode, Graph, NodeName};
use patchline_nodes::FileSink;

/// The graph with its recorders replaced, and their names.
pub(crate) fn without_files(graph: &Graph) -> (Graph, Vec<String>) {
    let sinks = graph.nodes().filter_map(|(name, node)| Some((name.clone(), node.downcast_ref::<FileSink>()?.clone())));
    let sinks: Vec<(NodeName, FileSink)> = sinks.collect();
    let mut graph = graph.clone();
    let names = sinks.iter().map(|(name, _)| name.to_string()).collect();
    sinks.into_iter().for_each(|(name, sink)| graph.insert(name, AnyNode::new(Unwritten::from(sink))));
    (graph, names)
}
