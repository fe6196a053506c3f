//! The proof that a proof can fail: an allocation in a node ends the process, in release builds too.

use std::process::Command;

use patchline_graph::{Graph, Io, Node, NodeError, Ports, PrepareSpec, Processor, StreamSpec, engine};

/// Allocates in every block.
#[derive(Clone, PartialEq)]
struct Allocating;

impl Node for Allocating {
    const KIND: &'static str = "allocating";
    type Processor = Allocating;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Allocating, NodeError> {
        Ok(Allocating)
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl Processor for Allocating {
    type Params = Allocating;

    fn update(&mut self, _params: &Allocating) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let fresh = std::hint::black_box(vec![0.5; io.frames()]);
        io.main().channel(0).copy_from_slice(&fresh);
    }
}

/// Not a test by itself: what the test below runs in a process of its own.
#[test]
#[ignore = "ends its process; run by an_allocation_in_the_callback_ends_the_process"]
fn child() {
    let mut graph = Graph::new();
    graph.add("bad", Allocating).unwrap();
    let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 0));
    engine.load(graph).unwrap();
    println!("about to render");
    renderer.render(64, &[], &mut []);
    println!("survived");
}

#[test]
fn an_allocation_in_the_callback_ends_the_process() {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "planted::child", "--ignored", "--nocapture"];
    let output = Command::new(this).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("about to render") && !said.contains("survived"), "{said}");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("memory allocation of"));
}

/// As [`child`], where a worker runs the node: the renderer waits for it, and has something else to do first.
#[test]
#[ignore = "ends its process; run by an_allocation_in_a_worker_ends_the_process"]
fn child_with_a_worker() {
    let mut graph = Graph::new();
    graph.add("a", Allocating).unwrap().add("b", Allocating).unwrap();
    let (mut engine, mut renderer) = engine(StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 0, 0) });
    engine.assume_costs(graph.nodes().map(|(name, _)| (name.clone(), 50_000.0)).collect::<Vec<_>>());
    engine.load(graph).unwrap();
    assert_eq!(engine.spread().lanes(), 2);
    let worker = engine.workers().remove(0);
    println!("about to work");
    std::thread::spawn(|| {
        worker.run_around(|work| {
            work();
            println!("survived");
        })
    });
    // The renderer itself may allocate here.
    assert_no_alloc::permit_alloc(|| {
        loop {
            renderer.render(64, &[], &mut []);
        }
    })
}

#[test]
fn an_allocation_in_a_worker_ends_the_process() {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "planted::child_with_a_worker", "--ignored", "--nocapture"];
    let output = Command::new(this).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("about to work") && !said.contains("survived"), "{said}");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("memory allocation of"));
}
