//! What a second thread is worth: two nodes of about 50 µs side by side.

use std::num::NonZeroU32;
use std::thread::JoinHandle;
use std::time::Instant;

use patchline_graph::{Engine, Io, Node, NodeError, Ports, PrepareSpec, Processor, Renderer, StreamSpec, engine};

use crate::graphs::branches;
use crate::measure::{Effort, Spread};
use crate::results::Quantity;
use crate::workload::RATE;

/// What there is, by name.
pub(crate) const NAME: &str = "two nodes of 50 µs on two threads";
/// What a node takes in a block, in nanoseconds.
const NODE: f64 = 50_000.0;
const BLOCK: usize = 256;

/// The time of two threads by that of one, block by block in turn, where there are two processors.
pub(crate) fn threads(effort: Effort, wanted: impl Fn(&str) -> bool) -> Option<Quantity> {
    if !wanted(NAME) {
        return None;
    }
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        crate::progress("two threads are not measured: there is one processor");
        return None;
    }
    crate::progress(NAME);
    let turns = turns();
    let [mut one, mut two] = [1, 2].map(|threads| Playing::new(threads, turns));
    assert_eq!((one.engine.spread().lanes(), two.engine.spread().lanes()), (1, 2));
    let samples = effort.rounds;
    let value = Spread::of((0..samples).map(|_| ratio(&mut one, &mut two)));
    assert!(one.output == two.output, "the same bits");
    [one, two].into_iter().for_each(Playing::end);
    let case = "two nodes of 50 µs side by side, two threads by one".to_owned();
    Some(Quantity { goal: "threads".to_owned(), case, unit: "×".to_owned(), value, samples })
}

/// The time of the second by that of the first, of some blocks in turn: so the worker is never left without a call for long.
fn ratio(one: &mut Playing, two: &mut Playing) -> f64 {
    let blocks: Vec<(f64, f64)> = (0..15).map(|_| (one.block(), two.block())).collect();
    Spread::of(blocks.iter().map(|block| block.1)).median / Spread::of(blocks.iter().map(|block| block.0)).median
}

/// Turns of the loop below that make a block of so much.
fn turns() -> u32 {
    const TRIED: u32 = 64;
    let mut samples = [0.5; BLOCK];
    let time = |samples: &mut [f32]| {
        let start = Instant::now();
        churn(std::hint::black_box(samples), TRIED);
        start.elapsed().as_nanos() as f64
    };
    let block = Spread::of((0..200).map(|_| time(&mut samples))).median;
    (NODE / block * f64::from(TRIED)).ceil() as u32
}

/// So many passes of a filter, each sample of which waits for the one before it. (What keeps all units of a core busy by itself
/// gains nothing where the two processors are threads of one core.)
#[inline(always)]
fn churn(samples: &mut [f32], turns: u32) {
    let mut last = 0.0;
    for _ in 0..turns {
        for sample in &mut *samples {
            last = *sample * 0.25 + last * 0.75;
            *sample = last;
        }
    }
}

/// Takes its time.
#[derive(Clone, Debug, PartialEq)]
struct Busy(u32);

struct Churns(u32);

impl Node for Busy {
    const KIND: &'static str = "busy";
    type Processor = Churns;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Churns, NodeError> {
        Ok(Churns(self.0))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Churns>()
    }
}

impl Processor for Churns {
    type Params = Busy;

    fn update(&mut self, params: &Busy) {
        self.0 = params.0;
    }

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        for channel in io.main().channels() {
            churn(channel, self.0);
        }
    }
}

/// An engine that plays, and its worker.
struct Playing {
    engine: Engine,
    renderer: Renderer,
    workers: Vec<JoinHandle<()>>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Playing {
    fn new(threads: usize, turns: u32) -> Self {
        let (mut engine, renderer) = engine(StreamSpec { threads, ..StreamSpec::new(RATE, BLOCK, 1, 1) });
        let workers = engine.workers().into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
        let graph = branches(2, 1, |index| format!("n{index}"), |_| Busy(turns));
        engine.load(graph).expect("the bench's graph is good");
        let (input, output) = (vec![0.01; BLOCK], vec![0.0; BLOCK]);
        let mut playing = Self { engine, renderer, workers, input, output };
        // Spread by what was measured, as a program that plays would do; again, where somebody else was busy meanwhile.
        for _ in 0..20 {
            playing.engine.profile(NonZeroU32::new(1));
            (0..100).for_each(|_| _ = playing.block());
            playing.engine.rebalance();
            playing.engine.profile(None);
            (0..100).for_each(|_| _ = playing.block());
            if playing.engine.spread().lanes() == threads {
                break;
            }
        }
        playing
    }

    /// Nanoseconds of one block.
    fn block(&mut self) -> f64 {
        let start = Instant::now();
        self.renderer.render(BLOCK, &[&self.input], &mut [&mut self.output]);
        start.elapsed().as_nanos() as f64
    }

    fn end(mut self) {
        self.engine.close(self.renderer);
        self.workers.into_iter().for_each(|worker| worker.join().expect("a worker does not panic"));
    }
}
