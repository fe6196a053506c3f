//! What loading takes: on the control thread, and in the block that takes over.

use patchline_benches::gains;
use patchline_graph::{Engine, Graph, Renderer, StreamSpec, compile, engine};
use patchline_nodes::{Gain, Input, Level, Output};

use super::{Scenario, Work};

const BLOCK: usize = 64;
const NODES: usize = 1_000;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        scenario("compile 1000 gains", || {
            let graph = thousand();
            let stream = stream();
            Box::new(move || drop(compile(&graph, &stream).expect("a good graph")))
        }),
        scenario("load 1000 gains", || {
            let (mut engine, renderer) = engine(stream());
            let mut graph = Some(thousand());
            Box::new(move || {
                let _stays = &renderer;
                engine.load(graph.take().unwrap_or_default()).expect("a good graph");
            })
        }),
        scenario("load 1000 gains, one of them new", || {
            let (mut engine, mut renderer) = engine(stream());
            engine.load(thousand()).expect("a good graph");
            render(&mut renderer);
            let mut graph = Some(edited());
            Box::new(move || {
                let _stays = &renderer;
                engine.load(graph.take().unwrap_or_default()).expect("a good graph");
            })
        }),
        scenario("the block in which they take over", || {
            let (engine, mut renderer) = about_to_take_over();
            Box::new(move || {
                let _stays = &engine;
                render(&mut renderer);
            })
        }),
    ]
}

fn scenario(name: &str, prepare: impl Fn() -> Box<dyn FnMut()> + 'static) -> Scenario {
    let work = Work::Once(Box::new(prepare));
    Scenario { name: name.to_owned(), times: 1, frames: 0, beside: String::new(), work, limit: None }
}

fn about_to_take_over() -> (Engine, Renderer) {
    let (mut engine, mut renderer) = engine(stream());
    engine.load(thousand()).expect("a good graph");
    render(&mut renderer);
    engine.load(edited()).expect("a good graph");
    (engine, renderer)
}

fn stream() -> StreamSpec {
    StreamSpec::new(48_000, BLOCK, 2, 2)
}

fn thousand() -> Graph {
    chain((0..NODES).map(|index| format!("n{index}")))
}

/// With another gain after the first.
fn edited() -> Graph {
    let name = |index| if index == 1 { "new".to_owned() } else { format!("n{}", index - usize::from(index > 1)) };
    chain((0..NODES + 1).map(name))
}

fn chain(names: impl ExactSizeIterator<Item = String>) -> Graph {
    let mut graph = Graph::new();
    let mut ends = vec!["in".to_owned()];
    graph.add("in", Input::default()).and_then(|graph| graph.add("out", Output::default())).expect("good names");
    for (factor, name) in gains(names.len()).into_iter().zip(names) {
        let gain = Level::new(f64::from(factor)).expect("a finite level");
        graph.add(&name, Gain { gain, ..Gain::default() }).expect("a good name");
        ends.push(name);
    }
    ends.push("out".to_owned());
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    graph.chain(&ends).expect("good names");
    graph
}

fn render(renderer: &mut Renderer) {
    let (input, mut left, mut right) = ([0.25; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
    renderer.render(BLOCK, &[&input, &input], &mut [&mut left, &mut right]);
}
