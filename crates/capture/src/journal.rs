//! What an engine is told, on its way to the file.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use patchline_graph::{AnyNode, Edit, Entry, Frame, Frames, Graph, Journal, NodeName, Told};
use patchline_nodes::FileSource;
use patchline_patch::{Options, Registry};

use crate::Source;
use crate::record::{Call, Deed, Record};
use crate::writer::Order;

/// The patch that is loaded next, and its graph.
pub(crate) type Announced = Arc<Mutex<Option<(Source, Graph)>>>;

/// Writes down what an engine is told.
struct Scribe {
    registry: Registry,
    orders: Sender<Order>,
    announced: Announced,
    /// The patch loaded last.
    source: Option<Source>,
}

/// The journal of an engine.
pub(crate) fn journal(registry: Registry, orders: Sender<Order>, announced: Announced) -> Journal {
    let mut scribe = Scribe { registry, orders, announced, source: None };
    Box::new(move |entry| scribe.enter(entry))
}

impl Scribe {
    fn enter(&mut self, entry: &Entry<'_>) {
        let (deed, files) = match entry.told {
            Told::Load { graph, at: None } => (self.load(graph, Deed::Load), files(graph)),
            Told::Load { graph, at: Some(at) } => (self.load(graph, |patch| Deed::LoadAt { patch, at }), files(graph)),
            Told::Dip { graph } => (self.load(graph, Deed::Dip), files(graph)),
            Told::Fade(frames) => (Deed::Fade(frames), Vec::new()),
            Told::Change { edits, at, over } => {
                let graph = changed(edits);
                (self.change(&graph, edits, at, over), files(&graph))
            }
            Told::Bypass { name, on, at } => (Deed::Bypass { name: name.to_owned(), on, at }, Vec::new()),
        };
        let call = Call { first: entry.messages.start, end: entry.messages.end, swept: entry.swept, deed };
        let _ = self.orders.send(Order::Record(Record::Call(call)));
        files.into_iter().for_each(|order| _ = self.orders.send(order));
    }

    fn change(&self, graph: &Graph, edits: &[Edit], at: Option<Frame>, over: Option<Frames>) -> Deed {
        let bypass = edits.iter().filter_map(|edit| match edit {
            Edit::Bypass { name, on } => Some((name.to_string(), *on)),
            Edit::Node { .. } => None,
        });
        match self.registry.write(graph) {
            Some(patch) => Deed::Set { patch, bypass: bypass.collect(), at, over },
            None => {
                let nodes = graph.nodes().map(|(name, node)| format!("`{name}`, a {}", node.kind()));
                Deed::Unwritable(format!("parameters of {}", nodes.collect::<Vec<_>>().join(", ")))
            }
        }
    }

    /// The patch that was announced, if it is this graph; else the graph as a patch of its own.
    fn load(&mut self, graph: &Graph, deed: impl FnOnce(Source) -> Deed) -> Deed {
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner).take();
        let source = match announced {
            Some((source, announced)) if announced == *graph => source,
            other => {
                let before = other.map(|(source, _)| source).or_else(|| self.source.clone());
                let before = before.unwrap_or_else(|| Source::new("captured.toml", "", &Options::default()));
                match self.registry.write(graph) {
                    Some(text) => before.of_text(text),
                    None => return Deed::Unwritable("a graph with a node of a type that is not registered".to_owned()),
                }
            }
        };
        self.source = Some(source.clone());
        deed(source)
    }
}

/// A graph of the nodes that get new parameters.
fn changed(edits: &[Edit]) -> Graph {
    let mut graph = Graph::new();
    for edit in edits {
        if let Edit::Node { name, node } = edit {
            graph.insert(name.clone(), node.clone());
        }
    }
    graph
}

/// The files that a graph reads.
fn files(graph: &Graph) -> Vec<Order> {
    let look = |(name, node): (&NodeName, &AnyNode)| {
        let path = node.downcast_ref::<FileSource>()?.file()?.to_owned();
        Some(Order::Look { node: name.to_string(), path })
    };
    graph.nodes().filter_map(look).collect()
}
