//! What a load would do is known before it is made.

use patchline_graph::{DeviceChannels, Difference, Graph, Reason, StreamSpec, difference, engine};

use crate::names;
use crate::nodes::{DeviceIn, DeviceOut, Echo, Fixed, Scale};

fn stream() -> StreamSpec {
    StreamSpec::new(48_000, 64, 1, 1)
}

/// From the input over nodes in a row to the output.
fn row(add: impl Fn(&mut Graph), names: &[&str]) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    add(&mut graph);
    graph.chain(&[&["in"], names, &["out"]].concat()).unwrap();
    graph
}

fn texts(links: &[(patchline_graph::Link, bool)]) -> Vec<(String, bool)> {
    links.iter().map(|(link, fades)| (format!("{} -> {}", link.from, link.to), *fades)).collect()
}

#[test]
fn equal_graphs_differ_in_nothing() {
    let graph = row(|graph| _ = graph.add("a", Scale(0.5)).unwrap(), &["a"]);
    let found = difference(&graph, &graph, &stream(), 960).unwrap();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(found.kept, ["in", "out", "a"]);
}

#[test]
fn every_node_and_link_is_told_what_becomes_of_it() {
    let old = row(
        |graph| _ = graph.add("a", Scale(0.5)).unwrap().add("b", Echo(10)).unwrap().add("c", Fixed(1.0)).unwrap(),
        &["a", "b", "c"],
    );
    let new = row(
        |graph| _ = graph.add("a", Scale(0.7)).unwrap().add("c", Scale(1.0)).unwrap().add("d", Scale(1.0)).unwrap(),
        &["a", "c", "d"],
    );
    let found = difference(&old, &new, &stream(), 960).unwrap();
    assert_eq!(
        (&found.kept[..], &found.updated[..]),
        (&["in".to_owned(), "out".to_owned()][..], &["a".to_owned()][..])
    );
    assert_eq!(found.rebuilt, [("c".to_owned(), Reason::OtherType("fixed", "scale"))]);
    assert_eq!((&found.added[..], &found.removed[..]), (&["d".to_owned()][..], &["b".to_owned()][..]));
    // Out of what plays on it fades; a fresh effect starts silent, and what leaves takes its links along.
    let linked = [("a -> c", true), ("c -> d", false), ("d -> out", false)];
    assert_eq!(texts(&found.linked), linked.map(|(link, fades)| (link.to_owned(), fades)));
    let unlinked = [("a -> b", true), ("b -> c", false), ("c -> out", false)];
    assert_eq!(texts(&found.unlinked), unlinked.map(|(link, fades)| (link.to_owned(), fades)));
    assert_eq!(found.leaving.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    assert!(!found.is_empty());
}

#[test]
fn it_is_what_the_load_does() {
    let old = row(|graph| _ = graph.add("a", Scale(0.5)).unwrap().add("b", Scale(1.0)).unwrap(), &["a", "b"]);
    let new = row(|graph| _ = graph.add("b", Scale(0.1)).unwrap().add("c", Scale(1.0)).unwrap(), &["b", "c"]);
    let found = difference(&old, &new, &stream(), 960).unwrap();
    let (mut engine, renderer) = engine(stream());
    engine.set_fade(960);
    engine.load(old).unwrap();
    let loaded = engine.load(new).unwrap();
    assert_eq!((names(&loaded.updated), names(&loaded.started)), (vec!["b"], vec!["c"]));
    assert_eq!((&found.updated[..], &found.added[..]), (&["b".to_owned()][..], &["c".to_owned()][..]));
    assert_eq!(loaded.leaving, found.leaving.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    engine.close(renderer);
}

#[test]
fn without_fades_all_is_cut() {
    let old = row(|graph| _ = graph.add("a", Scale(0.5)).unwrap(), &["a"]);
    let new = row(|graph| _ = graph.add("b", Scale(0.5)).unwrap(), &["b"]);
    let Difference { leaving, linked, unlinked, .. } = difference(&old, &new, &stream(), 0).unwrap();
    assert_eq!(leaving, []);
    assert!(linked.iter().chain(&unlinked).all(|(_, fades)| !fades));
}

#[test]
fn a_graph_with_mistakes_has_no_difference() {
    let good = row(|graph| _ = graph.add("a", Scale(0.5)).unwrap(), &["a"]);
    let mut bad = good.clone();
    bad.link("a", "a").unwrap();
    assert!(difference(&good, &bad, &stream(), 960).is_err());
    assert!(difference(&bad, &good, &stream(), 960).is_err());
}
