//! Memory is refused before it is allocated, and what a node says against its parameters is located.

use patchline_graph::{Graph, LoadError, Place, StreamSpec, compile, engine};

use crate::nodes::Heavy;

fn one(bytes: usize) -> Graph {
    let mut graph = Graph::new();
    graph.add("big", Heavy(bytes)).unwrap();
    graph
}

#[test]
fn more_than_the_budget_is_refused_by_name() {
    let stream = StreamSpec::new(48_000, 64, 0, 0);
    for bytes in [2 << 30, usize::MAX] {
        let error = compile(&one(bytes), &stream).unwrap_err().0.remove(0);
        assert_eq!(error.place, Place::Node("big".to_owned()));
        assert!(error.message.contains("`max_memory` allows 1.0 GiB; `big` alone takes"), "{}", error.message);
    }
    assert!(compile(&one(1 << 20), &stream).is_ok());
}

#[test]
fn what_nodes_say_is_located_and_nothing_changes() {
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 0, 0));
    for bytes in [7, 13] {
        let Err(LoadError::Graph(errors)) = engine.load(one(bytes)) else { panic!("{bytes} bytes are refused") };
        assert_eq!(errors.0[0].place, Place::Parameter("big".to_owned(), "bytes".into()));
        assert_eq!(engine.graph().nodes().len(), 0);
    }
    engine.load(one(1)).unwrap();
    assert!(engine.load(one(13)).is_err());
    assert!(engine.set("big", Heavy(13), None).is_err());
    assert_eq!(engine.graph().node("big").unwrap().downcast_ref(), Some(&Heavy(1)));
    engine.close(renderer);
    assert!(matches!(engine.load(one(1)), Err(LoadError::Closed)));
}
