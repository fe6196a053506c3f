//! What an engine is told, on its way to the file.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use patchline_graph::{AnyNode, Entry, Graph, Journal, NodeName, Told};
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
            Told::Load { graph, at } => (self.load(graph, at), files(graph)),
            Told::Fade(frames) => (Deed::Fade(frames), Vec::new()),
            Told::Set { name, node, at } => {
                let graph = alone(name, node);
                let text = graph.as_ref().and_then(|graph| self.registry.write(graph));
                let unknown = || Deed::Unwritable(format!("parameters of `{name}`, a {}", node.kind()));
                let deed = text.map_or_else(unknown, |patch| Deed::Set { name: name.to_owned(), patch, at });
                (deed, graph.as_ref().map_or_else(Vec::new, files))
            }
            Told::Bypass { name, on, at } => (Deed::Bypass { name: name.to_owned(), on, at }, Vec::new()),
        };
        let call = Call { first: entry.messages.start, end: entry.messages.end, swept: entry.swept, deed };
        let _ = self.orders.send(Order::Record(Record::Call(call)));
        files.into_iter().for_each(|order| _ = self.orders.send(order));
    }

    /// The patch that was announced, if it is this graph; else the graph as a patch of its own.
    fn load(&mut self, graph: &Graph, at: Option<u64>) -> Deed {
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
        match at {
            None => Deed::Load(source),
            Some(at) => Deed::LoadAt { patch: source, at },
        }
    }
}

/// A graph of one node.
fn alone(name: &str, node: &AnyNode) -> Option<Graph> {
    let mut graph = Graph::new();
    graph.insert(NodeName::new(name).ok()?, node.clone());
    Some(graph)
}

/// The files that a graph reads.
fn files(graph: &Graph) -> Vec<Order> {
    let look = |(name, node): (&NodeName, &AnyNode)| {
        let path = node.downcast_ref::<FileSource>()?.file()?.to_owned();
        Some(Order::Look { node: name.to_string(), path })
    };
    graph.nodes().filter_map(look).collect()
}
