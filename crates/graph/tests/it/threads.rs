//! Several threads render what one does: through loads, changes, nodes that are left out, and whoever does not come.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use patchline_graph::{Alone, Engine, Event, Graph, NodeName, Renderer, Stats, StreamSpec, engine};

use crate::nodes::{DeviceOut, OnePole, Scale, Source, Trim};
use crate::oracle::{Dice, Model};

/// An engine whose workers run, all of whose nodes are worth a hand-over.
struct Band {
    engine: Engine,
    renderer: Renderer,
    helpers: Vec<JoinHandle<()>>,
}

impl Band {
    fn new(stream: StreamSpec) -> Self {
        let (mut engine, mut renderer) = engine(stream);
        renderer.yield_while_waiting(true);
        let helpers = engine.workers().into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
        Self { engine, renderer, helpers }
    }

    fn load(&mut self, graph: Graph) {
        let dear = graph.nodes().map(|(name, _)| (name.clone(), 50_000.0)).collect::<Vec<_>>();
        self.engine.assume_costs(dear);
        self.engine.load(graph).expect("the test's graph is good");
    }

    #[expect(clippy::disallowed_methods, reason = "the test may wait for its threads")]
    fn end(self) -> Stats {
        let Self { mut engine, renderer, helpers } = self;
        engine.close(renderer);
        helpers.into_iter().for_each(|helper| helper.join().unwrap());
        engine.stats()
    }
}

const FRAMES: usize = 400;

/// What a run came to: channels × frames, what was counted, what was said in the order of frames.
#[derive(Debug)]
struct Heard {
    output: Vec<Vec<f32>>,
    stats: Stats,
    events: Vec<Event>,
    lanes: usize,
}

/// Two models, one after the other, with parameters that change and nodes that are left out and taken back meanwhile.
fn play(models: &[Model; 2], input: &[Vec<f32>], threads: usize, seed: u64) -> Heard {
    let mut dice = Dice::new(seed);
    let model = &models[0];
    let stream = StreamSpec::new(48_000, dice.between(1, 130), model.inputs, model.outputs);
    let mut band = Band::new(StreamSpec { threads, feedback: model.feedback, fade: 40, ..stream });
    let graphs = models.each_ref().map(|model| model.graph(&mut dice));
    let names: Vec<NodeName> = graphs[0].nodes().map(|(name, _)| name.clone()).collect();
    band.load(graphs[0].clone());
    band.engine.profile(NonZeroU32::new(dice.between(0, 3) as u32));
    let mut lanes = band.engine.spread().lanes();
    let mut output = vec![vec![f32::NAN; FRAMES]; model.outputs];
    let (mut done, mut left_out) = (0, false);
    while done < FRAMES {
        let end = (done + dice.between(1, 90)).min(FRAMES);
        let name = &names[dice.between(0, names.len() - 1)];
        match dice.between(0, 7) {
            0 if done > 100 => {
                band.load(graphs[1].clone());
                lanes = lanes.max(band.engine.spread().lanes());
            }
            1 => {
                // Only some can be left out, and set so.
                left_out = !left_out;
                let _ = band.engine.bypass(name.as_str(), left_out, None);
            }
            2 => {
                let _ = band.engine.set(name.as_str(), Trim(0.25), Some(done as u64 + 7));
                let _ = band.engine.set(name.as_str(), Scale(0.75), None);
            }
            3 => {
                band.engine.rebalance();
            }
            4 => band.engine.collect(),
            _ => {}
        }
        let inputs: Vec<&[f32]> = input.iter().map(|channel| &channel[done..end]).collect();
        let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(|channel| &mut channel[done..end]).collect();
        band.renderer.render(end - done, &inputs, &mut outputs);
        done = end;
    }
    let mut events: Vec<Event> = std::iter::from_fn(|| band.engine.next_event()).collect();
    events.sort_by(|a, b| (a.frame, &a.node).cmp(&(b.frame, &b.node)));
    Heard { output, stats: band.end(), events, lanes }
}

#[test]
fn any_number_of_threads_renders_the_same_bits() {
    let mut together = 0;
    let cases = if std::env::var_os("PATCHLINE_FULL").is_some() { 3_000 } else { 120 };
    for seed in 0..cases {
        let mut dice = Dice::new(seed);
        let size = 4 + seed as usize % 20;
        let first = Model::random(&mut dice, size);
        // For the same device.
        let device = (first.inputs, first.outputs);
        let mut others = std::iter::repeat_with(|| Model::random(&mut dice, size));
        let second = others.find(|other| (other.inputs, other.outputs) == device);
        let models = [first, second.unwrap()];
        let input = dice.signal(models[0].inputs, FRAMES);
        let one = play(&models, &input, 1, seed);
        let threads = 2 + seed as usize % 3;
        let several = play(&models, &input, threads, seed);
        let bits = |heard: &Heard| heard.output.iter().flatten().map(|sample| sample.to_bits()).collect::<Vec<_>>();
        let differs = bits(&one).iter().zip(bits(&several)).position(|(one, several)| *one != several);
        assert_eq!(differs, None, "the sample that differs first with seed {seed}, {threads} threads");
        assert_eq!((one.stats, &one.events), (several.stats, &several.events), "seed {seed}, {threads} threads");
        together += usize::from(several.lanes > 1);
    }
    assert!(together as u64 > cases / 2, "most are spread: {together} of {cases}");
}

/// Four sources, each through a filter, summed.
fn wide() -> Graph {
    let mut graph = Graph::new();
    graph.add("out", DeviceOut(vec![0])).unwrap();
    for branch in 0..4 {
        let [source, pole] = ["source", "pole"].map(|what| format!("{what}{branch}"));
        graph.add(&source, Source { seed: branch, channels: 1 }).unwrap();
        graph.add(&pole, OnePole { feed: 0.5, back: 0.5 }).unwrap();
        graph.chain(&[&source, &pole, "out"]).unwrap();
    }
    graph
}

fn dear(engine: &mut Engine) {
    engine.assume_costs(wide().nodes().map(|(name, _)| (name.clone(), 50_000.0)));
}

fn stream(threads: usize) -> StreamSpec {
    StreamSpec { threads, ..StreamSpec::new(48_000, 64, 0, 1) }
}

fn render(renderer: &mut Renderer, frames: usize) -> Vec<f32> {
    let mut output = vec![f32::NAN; frames];
    renderer.render(frames, &[], &mut [&mut output]);
    output
}

#[test]
fn workers_do_a_part_and_sound_as_one() {
    let (mut one, mut alone) = engine(stream(1));
    one.load(wide()).unwrap();
    let (mut engine, renderer) = engine(stream(2));
    dear(&mut engine);
    engine.load(wide()).unwrap();
    assert_eq!((engine.spread().lanes(), engine.spread().alone), (2, None));
    let done = Arc::new(AtomicU64::new(0));
    let worker = engine.workers().remove(0);
    assert_eq!((worker.lane(), engine.workers().len()), (1, 0));
    let counted = Arc::clone(&done);
    let around = move |work: &mut dyn FnMut()| {
        work();
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let mut band = Band { engine, renderer, helpers: Vec::new() };
    band.helpers.push(std::thread::spawn(|| worker.run_around(around)));
    // Where the machine has no processor left for it, it does not come: then the renderer does all.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while done.load(Ordering::Relaxed) < 100 && std::time::Instant::now() < patience {
        assert_eq!(render(&mut band.renderer, 150), render(&mut alone, 150));
    }
    band.end();
    one.close(alone);
}

#[test]
fn without_workers_the_audio_thread_does_everything() {
    let (mut one, mut alone) = engine(stream(1));
    let (mut three, mut renderer) = engine(stream(3));
    one.load(wide()).unwrap();
    dear(&mut three);
    three.load(wide()).unwrap();
    assert_eq!(three.spread().lanes(), 3);
    assert_eq!(render(&mut renderer, 1_000), render(&mut alone, 1_000));
    // One that was there, and has gone.
    drop(three.workers());
    assert_eq!(render(&mut renderer, 1_000), render(&mut alone, 1_000));
    three.close(renderer);
    one.close(alone);
}

#[test]
fn the_number_of_threads_can_be_lowered() {
    let (mut engine, renderer) = engine(stream(3));
    dear(&mut engine);
    let mut lanes = |threads| {
        engine.set_threads(threads);
        engine.load(wide()).unwrap();
        (engine.spread().lanes(), engine.spread().alone)
    };
    assert_eq!(lanes(2), (2, None));
    assert_eq!(lanes(1), (1, Some(Alone::Asked)));
    assert_eq!(lanes(9), (3, None));
    engine.close(renderer);
}

#[test]
fn what_was_measured_counts_for_more_than_what_was_assumed() {
    let (mut engine, mut renderer) = engine(stream(2));
    dear(&mut engine);
    engine.load(wide()).unwrap();
    assert!(!engine.rebalance(), "nothing is new");
    engine.profile(NonZeroU32::new(1));
    let before: Vec<f32> = (0..40).flat_map(|_| render(&mut renderer, 64)).collect();
    // Some nanoseconds a frame, not 50,000: one thread is through with it sooner than two.
    assert!(engine.rebalance());
    assert_eq!(engine.spread().alone, Some(Alone::Narrow));
    let after: Vec<f32> = (0..40).flat_map(|_| render(&mut renderer, 64)).collect();
    let (mut one, mut alone) = patchline_graph::engine(stream(1));
    one.load(wide()).unwrap();
    assert_eq!([before, after].concat(), render(&mut alone, 80 * 64));
    one.close(alone);
    engine.close(renderer);
}
