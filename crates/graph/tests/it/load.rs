//! What a load keeps and what it replaces.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use patchline_graph::{
    Companion, DeviceChannels, EventKind, Graph, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec, Processor,
    StreamSpec, compile, engine,
};

use crate::nodes::{Combine, DeviceIn, DeviceOut, Fixed, OnePole, Scale, Source};
use crate::oracle::Dice;
use crate::{names, playing, render};

fn graph(pole: f32) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    graph.add("pole", OnePole { feed: 1.0, back: pole }).unwrap();
    graph.add("out", DeviceOut(vec![0])).unwrap();
    graph.chain(&["in", "pole", "out"]).unwrap();
    graph
}

/// What a load keeps is told from what it replaces where it cuts.
#[test]
fn a_node_that_stays_keeps_its_state() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    engine.set_fade(0);
    assert_eq!(render(&mut renderer, &[1.0, 0.0], 1), [1.0, 0.5]);
    let mut wider = graph(0.5);
    wider.add("new", Scale(4.0)).unwrap();
    wider.chain(&["pole", "new", "out"]).unwrap();
    let loaded = engine.load(wider).unwrap();
    assert_eq!(
        (loaded.carried.iter().map(|name| name.as_str()).collect::<Vec<_>>(), names(&loaded.started)),
        (vec!["pole"], vec!["new"])
    );
    assert_eq!(render(&mut renderer, &[0.0], 1), [0.25 + 1.0]);
    let changed = engine.load(graph(0.25)).unwrap();
    assert_eq!((names(&changed.updated), names(&changed.ended)), (vec!["pole"], vec!["new"]));
    assert_eq!(render(&mut renderer, &[0.0], 1), [0.0625]);
    engine.close(renderer);
}

#[test]
fn another_type_under_the_same_name_starts_fresh() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    engine.set_fade(0);
    render(&mut renderer, &[1.0], 1);
    let mut other = graph(0.5);
    other.add("pole", Scale(0.5)).unwrap();
    let loaded = engine.load(other).unwrap();
    assert_eq!((names(&loaded.started), names(&loaded.ended)), (vec!["pole"], vec!["pole"]));
    assert_eq!(render(&mut renderer, &[0.0, 1.0], 1), [0.0, 0.5]);
    engine.close(renderer);
}

#[test]
fn a_graph_that_does_not_compile_leaves_the_old_one_playing() {
    let (mut engine, mut renderer) = playing(graph(0.0));
    let mut bad = graph(0.5);
    bad.link("pole", "pole").unwrap();
    assert!(engine.load(bad).is_err());
    assert_eq!(render(&mut renderer, &[0.5], 1), [0.5]);
    engine.close(renderer);
}

#[test]
fn a_feedback_link_that_stays_keeps_what_it_holds() {
    let echo = |extra: bool| {
        let mut graph = graph(0.0);
        graph.link_back("pole", "pole").unwrap();
        if extra {
            graph.add("unused", Scale(1.0)).unwrap();
        }
        graph
    };
    let (mut engine, mut renderer) = engine(StreamSpec { feedback: 3, ..StreamSpec::new(48_000, 64, 1, 1) });
    engine.load(echo(false)).unwrap();
    assert_eq!(render(&mut renderer, &[1.0, 0.0], 2), [1.0, 0.0]);
    engine.load(echo(true)).unwrap();
    assert_eq!(render(&mut renderer, &[0.0; 5], 2), [0.0, 1.0, 0.0, 0.0, 1.0]);
    engine.close(renderer);
}

#[test]
fn the_slab_grows_while_others_play_on() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    render(&mut renderer, &[1.0], 1);
    for size in [1, 40, 3, 200, 0] {
        let mut next = graph(0.5);
        for index in 0..size {
            next.add(&format!("n{index}"), Scale(0.0)).unwrap();
        }
        engine.load(next).unwrap();
        render(&mut renderer, &[0.0], 1);
        engine.collect();
    }
    assert_eq!(render(&mut renderer, &[0.0], 1), [0.5f32.powi(6)]);
    let loads = std::iter::from_fn(|| engine.next_event()).filter(|event| event.kind == EventKind::Loaded).count();
    assert_eq!((loads, engine.loads()), (6, 6));
    engine.close(renderer);
}

#[test]
fn non_finite_samples_are_counted_and_never_reach_the_device() {
    let (mut engine, mut renderer) = playing(graph(0.0));
    assert_eq!(render(&mut renderer, &[f32::NAN, 1.0], 2), [0.0, 1.0]);
    engine.set("pole", OnePole { feed: f32::INFINITY, back: 0.0 }, None).unwrap();
    assert_eq!(render(&mut renderer, &[1.0, 1.0], 2), [0.0, 0.0]);
    let stats = engine.stats();
    assert_eq!((stats.non_finite_inputs, stats.non_finite_outputs, stats.frames), (1, 2, 4));
    engine.close(renderer);
}

#[test]
fn missing_channels_are_silent() {
    let (mut engine, mut renderer) = playing(graph(0.0));
    let mut outputs = [[9.0; 4], [9.0; 4]];
    let [first, second] = &mut outputs;
    renderer.render(4, &[&[1.0, 1.0]], &mut [first, second]);
    assert_eq!(outputs, [[1.0, 1.0, 0.0, 0.0], [0.0; 4]]);
    renderer.render(4, &[], &mut []);
    assert_eq!(renderer.position(), 8);
    engine.close(renderer);
}

#[test]
fn twin_feedback_links_both_keep_what_they_hold() {
    let twins = || {
        let mut graph = graph(0.0);
        graph.link_back("pole", "out").unwrap().link_back("pole", "out").unwrap();
        graph
    };
    let (mut engine, mut renderer) = engine(StreamSpec { feedback: 4, ..StreamSpec::new(48_000, 64, 1, 1) });
    engine.load(twins()).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 4], 4), [1.0; 4]);
    engine.load(twins()).unwrap();
    assert_eq!(render(&mut renderer, &[1.0; 4], 4), [3.0; 4]);
    engine.close(renderer);
}

/// Says when it was waited for, and whether its processor still lived then.
#[derive(Clone)]
struct Helped(Arc<AtomicUsize>);

struct HelpedProcessor {
    helper: Arc<Helper>,
    _alive: Arc<()>,
}

struct Helper {
    finished: Arc<AtomicUsize>,
    processor: Weak<()>,
}

impl Companion for Helper {
    fn wait_ready(&self, _frames: usize) {}

    fn is_finished(&self) -> bool {
        self.processor.strong_count() == 0
    }

    fn finish(&self) {
        assert_eq!(self.processor.strong_count(), 0, "the processor is gone before its helper is waited for");
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

impl PartialEq for Helped {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Node for Helped {
    const KIND: &'static str = "helped";
    type Processor = HelpedProcessor;

    fn ports(&self) -> Ports {
        Ports::source(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<HelpedProcessor, NodeError> {
        let alive = Arc::new(());
        let helper = Helper { finished: Arc::clone(&self.0), processor: Arc::downgrade(&alive) };
        Ok(HelpedProcessor { helper: Arc::new(helper), _alive: alive })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        256
    }

    fn rebuilds(&self, _previous: &Self) -> bool {
        true
    }
}

impl Processor for HelpedProcessor {
    type Params = Helped;

    fn update(&mut self, _params: &Helped) {}

    fn process(&mut self, io: &mut Io<'_>) {
        io.main().channel(0).fill(0.0);
    }

    fn companion(&self) -> Option<Arc<dyn Companion>> {
        Some(Arc::<Helper>::clone(&self.helper))
    }
}

#[test]
fn helpers_are_waited_for_after_their_processors_are_gone() {
    let finished = Arc::new(AtomicUsize::new(0));
    let mut helped = Graph::new();
    helped.add("helped", Helped(Arc::clone(&finished))).unwrap();
    let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 0));
    for _ in 0..3 {
        engine.load(helped.clone()).unwrap();
        renderer.render(1, &[], &mut []);
    }
    engine.collect();
    engine.load(helped).unwrap();
    engine.close(renderer);
    // Three were replaced and had nothing left to finish; the fourth never reached the audio thread.
    assert_eq!(finished.load(Ordering::Relaxed), 1);
}

#[test]
fn without_a_renderer_helpers_are_waited_for_but_not_forever() {
    let finished = Arc::new(AtomicUsize::new(0));
    let mut helped = Graph::new();
    helped.add("helped", Helped(Arc::clone(&finished))).unwrap();
    let (mut engine, renderer) = playing(helped);
    assert!(!engine.close_lost(Duration::from_millis(20)), "somebody has it still");
    assert_eq!(finished.load(Ordering::Relaxed), 0);
    drop(renderer);
    assert!(engine.close_lost(Duration::from_secs(60)));
    assert_eq!(finished.load(Ordering::Relaxed), 1);
}

#[test]
fn ending_thousands_of_nodes_is_said_in_order() {
    let mut many = graph(0.0);
    for index in 0..4000 {
        many.add(&format!("n{index:04}"), Scale(1.0)).unwrap();
    }
    let (mut engine, renderer) = playing(many);
    let ended = engine.load(graph(0.0)).unwrap().ended;
    assert_eq!((ended.len(), ended.is_sorted()), (4000, true));
    engine.close(renderer);
}

#[test]
fn what_plays_on_is_not_asked_again_unless_it_is_another() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut graph = graph(0.5);
    (0..100).for_each(|index| _ = graph.add(&format!("n{index}"), Curious(0.0, Arc::clone(&asked))).unwrap());
    let (mut engine, mut renderer) = playing(graph.clone());
    let since = || asked.swap(0, Ordering::Relaxed);
    assert_eq!(since(), 100);
    graph.add("more", Scale(1.0)).unwrap().add("n50", Curious(1.0, Arc::clone(&asked))).unwrap();
    engine.load(graph.clone()).unwrap();
    assert_eq!(since(), 1, "the new one");
    // Others enter it now, and it becomes as wide as they are; what comes after it in the list does not.
    graph.add("wide", Source { seed: 1, channels: 2 }).unwrap().link("wide", "n7").unwrap();
    engine.load(graph.clone()).unwrap();
    assert_eq!(since(), 1, "the one that is wider");
    engine.set("n9", Curious(2.0, Arc::clone(&asked)), None).unwrap();
    assert_eq!(since(), 1, "before it is set");
    render(&mut renderer, &[0.0; 4096], 64);
    engine.collect();
    engine.load(graph).unwrap();
    assert!(since() <= 2, "only the one that was set");
    engine.close(renderer);
}

/// Counts how often it is asked whether it can be.
#[derive(Clone)]
struct Curious(f32, Arc<AtomicUsize>);

impl PartialEq for Curious {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Node for Curious {
    const KIND: &'static str = "curious";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::sink()
    }

    fn check(&self, _spec: &PrepareSpec) -> Result<(), NodeError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<NoProcessor<Self>, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

#[test]
fn a_change_that_needs_a_new_processor_counts_as_a_load_and_clearing_away_does_not() {
    let (mut engine, mut renderer) = playing(graph(0.5));
    render(&mut renderer, &[1.0; 10], 4);
    let input = DeviceIn(DeviceChannels::Pick(vec![Some(0)]));
    engine.set("in", input, None).unwrap();
    assert_eq!(engine.loads(), 2);
    for _ in 0..40 {
        render(&mut renderer, &[1.0; 64], 64);
        engine.collect();
    }
    let loads = std::iter::from_fn(|| engine.next_event()).filter(|event| event.kind == EventKind::Loaded).count();
    assert_eq!((loads, engine.loads()), (2, 2));
    engine.close(renderer);
}

/// Changes something of a graph of hundreds of nodes: what it is told apart by, what it is fed by, and how wide that is.
fn edit(graph: &mut Graph, number: usize, dice: &mut Dice) {
    let any = |dice: &mut Dice| format!("n{}", dice.between(0, 299));
    let name = if dice.chance(50) { any(dice) } else { format!("new{number}") };
    match dice.between(0, 5) {
        0 => graph.add(&name, Fixed(dice.sample())).unwrap(),
        1 => graph.add(&name, Combine(0.5)).unwrap(),
        2 => graph.add(&name, Source { seed: 1, channels: dice.between(1, 3) }).unwrap(),
        3 => graph.link(&any(dice), "out").unwrap(),
        4 if number > 300 => graph.link_back(&any(dice), &any(dice)).unwrap(),
        _ => {
            let at = dice.between(0, graph.links().len() - 1);
            let link = graph.links()[at].clone();
            graph.unlink(&link.from.to_string(), &link.to.to_string()).unwrap();
            graph.link(&any(dice), &any(dice)).unwrap()
        }
    };
}

#[test]
fn a_clone_that_was_changed_loads_as_if_it_were_made_anew() {
    let mut dice = Dice::new(0);
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    (0..300).for_each(|index| _ = graph.add(&format!("n{index}"), Scale(0.5)).unwrap());
    for index in 0..300 {
        let to = if index == 299 { "out".to_owned() } else { format!("n{}", index + 1) };
        graph.link(if index % 50 == 0 { "in" } else { "n0" }, &format!("n{index}")).unwrap();
        graph.link(&format!("n{index}"), &to).unwrap();
    }
    let (mut engine, renderer) = engine(StreamSpec { fade: 0, ..StreamSpec::new(48_000, 64, 1, 1) });
    let mut loaded = 0;
    for number in 0..400 {
        let mut edited = graph.clone();
        (0..dice.between(1, 3)).for_each(|_| edit(&mut edited, number, &mut dice));
        let fresh = compile(&edited, &StreamSpec::new(48_000, 64, 1, 1));
        assert_eq!(engine.load(edited.clone()).is_ok(), fresh.is_ok());
        if let Ok(fresh) = fresh {
            assert_eq!(*engine.schedule(), fresh);
            (graph, loaded) = (edited, loaded + 1);
        }
    }
    assert!(loaded > 100, "{loaded}");
    engine.close(renderer);
}
