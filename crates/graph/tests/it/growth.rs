//! What it costs to compile a graph, and to load an edited one, grows with its nodes and links, and not faster.

use std::time::Duration;

use patchline_graph::{DeviceChannels, Graph, OnReplace, StreamSpec, compile, engine};
use rustix::time::{ClockId, clock_gettime};

use crate::nodes::{DeviceIn, DeviceOut, Fixed, Scale};

/// Ten times as much is to take ten times as long, not a hundred times. What a cache does not hold takes somewhat longer.
const SMALL: usize = 500;
const LARGE: usize = 10 * SMALL;
const MOST: f64 = 30.0;
const BLOCK: usize = 64;

fn stream() -> StreamSpec {
    StreamSpec { fade: 16, ..StreamSpec::new(48_000, BLOCK, 1, 1) }
}

fn ends() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph
}

fn chain(nodes: usize) -> Graph {
    let mut graph = ends();
    let mut before = "in".to_owned();
    for index in 0..nodes {
        let name = format!("n{index}");
        graph.add(&name, Fixed(0.5)).unwrap().link(&before, &name).unwrap();
        before = name;
    }
    graph.link(&before, "out").unwrap();
    graph
}

/// All nodes from one and into one.
fn wide(nodes: usize) -> Graph {
    let mut graph = ends();
    for index in 0..nodes {
        let name = format!("n{index}");
        graph.add(&name, Fixed(0.5)).unwrap().link("in", &name).unwrap().link(&name, "out").unwrap();
    }
    graph
}

/// One link over and over.
fn twins(links: usize) -> Graph {
    let mut graph = ends();
    graph.add("n0", Fixed(0.5)).unwrap().link("in", "n0").unwrap();
    (0..links).for_each(|_| _ = graph.link("n0", "out").unwrap());
    graph
}

/// A loop at every node, which decides its channels.
fn loops(nodes: usize) -> Graph {
    let mut graph = chain(nodes);
    for index in 0..nodes {
        let name = format!("n{index}");
        graph.link_back(&name, &name).unwrap();
    }
    graph
}

/// Twins over a path of another latency: all of them wait.
fn waiting(links: usize) -> Graph {
    let mut graph = twins(links);
    graph.add("late", crate::bypass::Late { frames: 64 }).unwrap().chain(&["in", "late", "out"]).unwrap();
    graph
}

/// Processor time of this thread, the least of some tries.
fn time(mut work: impl FnMut(usize)) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let tries = (0..3).map(|number| {
        let start = now();
        work(number);
        now() - start
    });
    tries.min().unwrap()
}

/// Times of compiling a graph, of loading another one after it, and of clearing away.
fn times(graph: &Graph) -> [Duration; 2] {
    let compiling = time(|_| _ = compile(graph, &stream()).unwrap());
    let (mut engine, mut renderer) = engine(stream());
    let mut graph = graph.clone();
    graph.on_replace("n0", OnReplace::Cut).unwrap();
    engine.load(graph.clone()).unwrap();
    let mut rounds = |number: usize| {
        let mut edited = graph.clone();
        let name = format!("x{number}");
        edited.add("n0", Scale(0.5)).unwrap().add(&name, Fixed(0.5)).unwrap().chain(&["in", &name, "out"]).unwrap();
        for graph in [edited, graph.clone()] {
            engine.load(graph).unwrap();
            // Until all that left has faded.
            (0..4).for_each(|_| renderer.render(BLOCK, &[&[0.0; BLOCK]], &mut [&mut [0.0; BLOCK]]));
            engine.collect();
            assert_eq!(engine.leaving().count(), 0);
        }
    };
    let loading = time(&mut rounds);
    engine.close(renderer);
    [compiling, loading]
}

#[test]
fn ten_times_the_graph_is_ten_times_the_work() {
    let shapes = ["chain", "wide", "twins", "loops", "waiting"];
    for (shape, graph) in shapes.into_iter().zip([chain, wide, twins, loops, waiting] as [fn(usize) -> Graph; 5]) {
        let [small, large] = [SMALL, LARGE].map(|size| times(&graph(size)));
        for (what, small, large) in [("compile", small[0], large[0]), ("load", small[1], large[1])] {
            let ratio = large.as_secs_f64() / small.as_secs_f64();
            println!("{shape}, {what}: {small:?}, {large:?}, {ratio:.1}");
            assert!(ratio <= MOST, "{shape}, {what}: {ratio:.1} times as long, {small:?} and {large:?}");
        }
    }
}
