//! Changes of several nodes together, and over a given time.

use patchline_graph::{
    AnyNode, DeviceChannels, Edit, Engine, Graph, Io, LoadError, Node, NodeError, NodeName, Ports, PrepareSpec,
    Processor, Renderer, SetError, Told,
};

use crate::nodes::{DeviceIn, DeviceOut, Scale, Sink};
use crate::{playing, render};

/// Adds a value to the samples, to which it glides; another `size` needs another processor.
#[derive(Clone, PartialEq)]
struct Offset {
    value: f32,
    size: usize,
}

/// How many frames a glide takes by itself.
const OWN: u64 = 10;

struct Gliding {
    from: f32,
    to: f32,
    position: u64,
    length: u64,
}

impl Node for Offset {
    const KIND: &'static str = "offset";
    type Processor = Gliding;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Gliding, NodeError> {
        Ok(Gliding { from: self.value, to: self.value, position: 0, length: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Gliding>()
    }

    fn check(&self, _spec: &PrepareSpec) -> Result<(), NodeError> {
        if self.value < 1_000.0 { Ok(()) } else { Err(NodeError::of("value", "too much")) }
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self.size != previous.size
    }
}

impl Processor for Gliding {
    type Params = Offset;

    fn update(&mut self, params: &Offset) {
        self.glide(params, OWN);
    }

    fn glide(&mut self, params: &Offset, over: u64) {
        *self = Self { from: self.to, to: params.value, position: 0, length: over };
    }

    fn process(&mut self, io: &mut Io<'_>) {
        for sample in io.main().channel(0).iter_mut() {
            self.position = self.length.min(self.position + 1);
            let part = if self.length == 0 { 1.0 } else { self.position as f32 / self.length as f32 };
            *sample += self.from + (self.to - self.from) * part;
        }
    }
}

/// `in -> a -> b -> out`, of offsets of 0.
fn graph() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    for name in ["a", "b"] {
        graph.add(name, Offset { value: 0.0, size: 0 }).unwrap();
    }
    graph.add("sink", Sink).unwrap();
    graph.chain(&["in", "a", "b", "out"]).unwrap().link("in", "sink").unwrap();
    graph
}

fn name(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn offset(node: &str, value: f32, size: usize) -> Edit {
    Edit::Node { name: name(node), node: AnyNode::new(Offset { value, size }) }
}

fn bypass(node: &str, on: bool) -> Edit {
    Edit::Bypass { name: name(node), on }
}

fn end(mut engine: Engine, renderer: Renderer) {
    engine.close(renderer);
}

#[test]
fn changes_land_together_and_take_the_time_that_is_given() {
    for block in [1, 7, 64, 200] {
        let (mut engine, mut renderer) = playing(graph());
        engine.change(&[offset("a", 1.0, 0), offset("b", 10.0, 0)], Some(20), Some(40)).unwrap();
        engine.change(&[offset("a", 2.0, 0), offset("b", 20.0, 0)], Some(100), None).unwrap();
        engine.change(&[offset("a", 3.0, 0), offset("b", 30.0, 0)], Some(130), Some(0)).unwrap();
        let heard = render(&mut renderer, &[0.0; 200], block);
        for (frame, heard) in heard.iter().enumerate() {
            let passed = |from: usize, length: f32| ((frame + 1 - from) as f32 / length).min(1.0);
            let part = match frame {
                0..20 => 0.0,
                20..100 => passed(20, 40.0),
                100..130 => 1.0 + passed(100, OWN as f32),
                _ => 3.0,
            };
            assert!((heard - 11.0 * part).abs() < 1e-4, "block {block}, frame {frame}: {heard}");
        }
        end(engine, renderer);
    }
}

/// The start of the next callback is one place for all, and the last word on a node counts.
#[test]
fn without_a_frame_they_land_together_at_the_next_callback() {
    let (mut engine, mut renderer) = playing(graph());
    render(&mut renderer, &[0.0; 10], 10);
    let sent = engine.sent();
    engine.change(&[offset("a", 5.0, 0), offset("b", 2.0, 0), offset("a", 1.0, 0)], None, Some(0)).unwrap();
    assert_eq!(engine.sent(), sent + 1, "they travel together");
    assert_eq!(render(&mut renderer, &[0.0; 3], 1), [3.0; 3]);
    end(engine, renderer);
}

#[test]
fn a_change_that_needs_another_processor_takes_the_others_along() {
    for block in [1, 64, 200] {
        let (mut engine, mut renderer) = playing(graph());
        let edits = [offset("a", 1.0, 1), offset("b", 10.0, 0), bypass("b", false)];
        engine.change(&edits, Some(50), Some(20)).unwrap();
        let heard = render(&mut renderer, &[0.0; 200], block);
        let expected = |frame: usize| 1.0 + 10.0 * ((frame + 1) as f32 / 20.0).min(1.0);
        let close = |(frame, heard): (usize, &f32)| (heard - expected(frame)).abs() < 1e-4;
        assert!(heard.iter().enumerate().all(close), "block {block}: {heard:?}");
        end(engine, renderer);
    }
}

#[test]
fn all_or_nothing() {
    let (mut engine, mut renderer) = playing(graph());
    let before = engine.graph().clone();
    let refused = |engine: &mut Engine, edits: &[Edit]| engine.change(edits, None, None).unwrap_err();
    let first = || offset("a", 1.0, 0);
    assert!(matches!(refused(&mut engine, &[first(), offset("c", 1.0, 0)]), SetError::Unknown(name) if name == "c"));
    let other = Edit::Node { name: name("b"), node: AnyNode::new(Scale(1.0)) };
    assert!(matches!(refused(&mut engine, &[first(), other]), SetError::OtherKind { .. }));
    let wrong = [first(), offset("b", 1e6, 0)];
    assert!(matches!(refused(&mut engine, &wrong), SetError::Load(LoadError::Graph(_))));
    assert!(matches!(refused(&mut engine, &[first(), bypass("sink", true)]), SetError::Bypass(_)));
    let rebuilt = [first(), offset("b", 1.0, 1), bypass("sink", true)];
    assert!(matches!(refused(&mut engine, &rebuilt), SetError::Load(LoadError::Graph(_))));
    // Room for one more, and not for two.
    for _ in 0..1023 {
        engine.change(&[offset("a", 0.0, 0)], Some(u64::MAX), None).unwrap();
        render(&mut renderer, &[0.0], 1);
    }
    assert!(matches!(refused(&mut engine, &[first(), offset("b", 1.0, 0)]), SetError::Busy));
    assert_eq!(render(&mut renderer, &[0.0; 100], 64), [0.0; 100]);
    assert_eq!(engine.graph(), &before);
    engine.change(&[first()], None, Some(0)).unwrap();
    assert_eq!(render(&mut renderer, &[0.0], 1), [1.0]);
    end(engine, renderer);
}

/// What a graph leaves out is not heard from the first frame on, and no fade tells of it.
#[test]
fn a_graph_says_who_is_left_out() {
    let mut left_out = graph();
    left_out.add("a", Offset { value: 0.5, size: 0 }).unwrap();
    left_out.bypass(name("a"), true);
    let (mut engine, mut renderer) = playing(left_out.clone());
    assert_eq!(render(&mut renderer, &[1.0; 3000], 64), [1.0; 3000]);
    // It is taken back by those alone who change the graph.
    engine.bypass("a", true, None).unwrap();
    engine.bypass("a", false, None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 3000], 64), [1.0; 3000]);
    engine.change(&[bypass("a", false)], None, None).unwrap();
    assert!(!engine.graph().is_bypassed("a"));
    let heard = render(&mut renderer, &[1.0; 3000], 64);
    assert!((heard[0], heard[960], heard[2999]) == (1.0, 1.5, 1.5) && heard.is_sorted(), "it fades");
    // A load says it, too; and whoever leaves it out for other reasons has the last word.
    engine.load(left_out.clone()).unwrap();
    let heard = render(&mut renderer, &[1.0; 3000], 64);
    assert!((heard[0], heard[960]) == (1.5, 1.0) && heard.iter().rev().is_sorted(), "it fades back");
    engine.bypass("a", true, None).unwrap();
    engine.change(&[bypass("a", false)], None, None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 3000], 64), [1.0; 3000]);
    engine.bypass("a", false, None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 3000], 64)[960..], [1.5; 2040]);
    assert!(Graph::clone(&left_out) == left_out && graph() != left_out);
    left_out.bypass(name("out"), true);
    assert!(matches!(engine.load(left_out), Err(LoadError::Graph(_))));
    end(engine, renderer);
}

/// A load overrides who was to be left out later.
#[test]
fn a_load_overrides_a_bypass_that_waits() {
    let (mut engine, mut renderer) = playing(graph());
    engine.change(&[offset("a", 0.5, 0)], None, Some(0)).unwrap();
    engine.change(&[bypass("a", true)], Some(5_000), None).unwrap();
    let mut other = engine.graph().clone();
    other.bypass(name("a"), false);
    engine.load(other).unwrap();
    let heard = render(&mut renderer, &[1.0; 9_000], 64);
    assert!(heard[OWN as usize..].iter().all(|sample| *sample == 1.5));
    end(engine, renderer);
}

#[test]
fn a_journal_has_all_of_a_change() {
    let (entries, kept) = std::sync::mpsc::channel();
    let (mut engine, renderer) = playing(graph());
    engine.keep_journal(Box::new(move |entry| {
        if let Told::Change { edits, at, over } = entry.told {
            entries.send((edits.len(), at, over, entry.messages.clone())).unwrap();
        }
    }));
    engine.change(&[offset("a", 1.0, 0), bypass("b", true)], Some(7), Some(9)).unwrap();
    engine.set("a", Offset { value: 2.0, size: 0 }, None).unwrap();
    assert!(engine.change(&[offset("c", 1.0, 0)], None, None).is_err());
    let all: Vec<_> = kept.try_iter().collect();
    assert_eq!(all, [(2, Some(7), Some(9), 1..2), (1, None, None, 2..3)]);
    end(engine, renderer);
}
