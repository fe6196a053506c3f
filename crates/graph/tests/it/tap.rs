//! A meter behind a mix hears on the way, and nobody can tell but by the time it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use patchline_graph::level::LevelMeter;
use patchline_graph::{
    DeviceChannels, Engine, Graph, Instructions, Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading,
    Readings, Renderer, StreamSpec, engine,
};
use proptest::prelude::*;

use crate::nodes::{DeviceIn, DeviceOut, Scale, Trim};

/// A meter. The engine knows what it does, or does not.
#[derive(Clone)]
struct Gauge<const LISTENS: bool> {
    window: usize,
    /// How often it was run by itself.
    runs: Arc<AtomicUsize>,
}

impl<const LISTENS: bool> Gauge<LISTENS> {
    fn new(window: usize) -> Self {
        Self { window, runs: Arc::default() }
    }
}

impl<const LISTENS: bool> PartialEq for Gauge<LISTENS> {
    fn eq(&self, other: &Self) -> bool {
        self.window == other.window
    }
}

const READINGS: &[Reading] = &[
    Reading { name: "peak", doc: "", unit: "", per: Per::Channel },
    Reading { name: "rms", doc: "", unit: "", per: Per::Channel },
];

impl<const LISTENS: bool> Node for Gauge<LISTENS> {
    const KIND: &'static str = "gauge";
    const LISTENS: bool = LISTENS;
    type Processor = Gauging<LISTENS>;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn readings(&self) -> &'static [Reading] {
        READINGS
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<Gauging<LISTENS>, NodeError> {
        Ok(Gauging {
            meter: LevelMeter::new(spec.channels(), self.window),
            heard: vec![vec![0.0; spec.max_frames]; spec.channels()],
            runs: Arc::clone(&self.runs),
        })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        512 + spec.channels() * (LevelMeter::CHANNEL_BYTES + 32 + 4 * spec.max_frames)
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self.window != previous.window
    }
}

fn show(meter: &LevelMeter, readings: &Readings) {
    for channel in 0..meter.channels() {
        readings.set(0, channel, meter.peak(channel).into());
        readings.set(1, channel, meter.rms(channel).into());
    }
}

struct Gauging<const LISTENS: bool> {
    meter: LevelMeter,
    /// A block of what arrives.
    heard: Vec<Vec<f32>>,
    runs: Arc<AtomicUsize>,
}

impl<const LISTENS: bool> Processor for Gauging<LISTENS> {
    type Params = Gauge<LISTENS>;

    fn update(&mut self, _params: &Gauge<LISTENS>) {}

    fn process(&mut self, io: &mut Io<'_>) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let (frames, heard) = (io.frames(), &mut self.heard);
        heard
            .iter_mut()
            .zip(io.main().channels())
            .for_each(|(heard, samples)| heard[..frames].copy_from_slice(samples));
        self.meter.hear(frames, |channel| &heard[channel]);
        show(&self.meter, io.readings);
    }

    fn meter(&mut self) -> Option<LevelMeter> {
        Some(self.meter.clone())
    }

    fn heard(&mut self, meter: &LevelMeter, readings: &Readings) {
        show(meter, readings);
    }
}

/// What a patch is made of.
#[derive(Clone, Copy, Debug)]
struct Shape {
    channels: usize,
    window: usize,
    /// Who is between the input and the meter, and behind the meter.
    before: Before,
    trim_behind: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nobody,
    Trim,
    Opaque,
}

fn graph<const LISTENS: bool>(shape: Shape, gauge: Gauge<LISTENS>) -> Graph {
    let mut graph = Graph::new();
    let list = (0..shape.channels).collect::<Vec<_>>();
    graph.add("in", DeviceIn(DeviceChannels::Pick(list.iter().copied().map(Some).collect()))).unwrap();
    graph.add("out", DeviceOut(list)).unwrap();
    graph.add("gauge", gauge).unwrap();
    let mut chain = vec!["in"];
    match shape.before {
        Before::Nobody => {}
        Before::Trim => {
            graph.add("trim", Trim(0.5)).unwrap();
            chain.push("trim");
        }
        Before::Opaque => {
            graph.add("scale", Scale(0.5)).unwrap();
            chain.push("scale");
        }
    }
    chain.push("gauge");
    if shape.trim_behind {
        graph.add("behind", Trim(0.7)).unwrap();
        chain.push("behind");
    }
    chain.push("out");
    graph.chain(&chain).unwrap();
    graph
}

struct Player {
    engine: Engine,
    renderer: Renderer,
    channels: usize,
}

impl Player {
    fn new(graph: Graph, shape: Shape, instructions: Instructions) -> Self {
        let stream = StreamSpec::new(48_000, 256, shape.channels, shape.channels);
        let (mut engine, renderer) = engine(StreamSpec { instructions, ..stream });
        engine.load(graph).unwrap();
        Self { engine, renderer, channels: shape.channels }
    }

    /// Renders a block; gives all that there is to be seen of it, to the bit.
    fn block(&mut self, input: &[f32]) -> (Vec<u32>, Vec<u64>) {
        let inputs = vec![input; self.channels];
        let mut outputs = vec![vec![f32::NAN; input.len()]; self.channels];
        let mut lent: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.renderer.render(input.len(), &inputs, &mut lent);
        let readings = self.engine.readings("gauge").unwrap();
        let seen = readings.all().flat_map(|(_, values)| values).map(f64::to_bits).collect();
        (outputs.iter().flatten().map(|x| x.to_bits()).collect(), seen)
    }
}

/// What happens before a block.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Nothing,
    Gain(f32),
    Bypass(bool),
    /// A sample that is no number, or tiny, comes in.
    Odd(f32),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => Just(Happens::Nothing),
        1 => (-2.0f32..2.0).prop_map(Happens::Gain),
        1 => any::<bool>().prop_map(Happens::Bypass),
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(1e-40), Just(-0.0)].prop_map(Happens::Odd),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    let before = prop_oneof![Just(Before::Nobody), Just(Before::Trim), Just(Before::Opaque)];
    let window = prop_oneof![1usize..70, 200usize..600, Just(256), Just(2_400)];
    (1usize..4, window, before, any::<bool>()).prop_map(|(channels, window, before, trim_behind)| Shape {
        channels,
        window,
        before,
        trim_behind,
    })
}

proptest! {
    #[test]
    fn whether_it_hears_on_the_way_or_by_itself_nobody_can_tell(
        shape in shape(),
        blocks in proptest::collection::vec((prop_oneof![Just(64usize), Just(128), 1usize..300], happens()), 1..40),
        seed in any::<u32>(),
    ) {
        for instructions in Instructions::available() {
            let mut fused = Player::new(graph(shape, Gauge::<true>::new(shape.window)), shape, instructions);
            let mut plain = Player::new(graph(shape, Gauge::<false>::new(shape.window)), shape, Instructions::available().next().unwrap());
            let mut state = seed;
            for &(frames, happens) in &blocks {
                let mut input: Vec<f32> = (0..frames).map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state as f32 / u32::MAX as f32 - 0.5
                }).collect();
                match happens {
                    Happens::Odd(sample) => input[frames / 2] = sample,
                    Happens::Gain(gain) if shape.before == Before::Trim => {
                        for player in [&mut fused, &mut plain] {
                            player.engine.set("trim", Trim(gain), None).unwrap();
                        }
                    }
                    Happens::Bypass(on) => {
                        for player in [&mut fused, &mut plain] {
                            player.engine.bypass("gauge", on, None).unwrap();
                        }
                    }
                    Happens::Gain(_) | Happens::Nothing => {}
                }
                prop_assert_eq!(fused.block(&input), plain.block(&input));
            }
            let non_finite = |player: &Player| player.engine.stats().non_finite_inputs;
            prop_assert_eq!(non_finite(&fused), non_finite(&plain));
        }
    }
}

#[test]
fn it_is_not_run_and_the_plan_says_by_whom_it_hears() {
    let alone = |shape: Shape| {
        let gauge = Gauge::<true>::new(shape.window);
        let runs = Arc::clone(&gauge.runs);
        let mut player = Player::new(graph(shape, gauge), shape, Instructions::best());
        let shown = format!("{}", player.engine.schedule());
        (0..10).for_each(|_| drop(player.block(&[0.25; 64])));
        let heard = if shape.before == Before::Nobody { 0.25 } else { 0.125 };
        assert_eq!(player.engine.readings("gauge").unwrap().get("peak", 0), Some(heard));
        (runs.load(Ordering::Relaxed), shown)
    };
    let shape = Shape { channels: 2, window: 100, before: Before::Trim, trim_behind: false };
    let (runs, shown) = alone(shape);
    assert_eq!(runs, 0, "{shown}");
    assert!(
        shown.contains("hears it from the mix before") && shown.ends_with("1 dissolved in mixes, 1 heard by mixes"),
        "{shown}"
    );
    let (runs, shown) = alone(Shape { before: Before::Nobody, trim_behind: true, ..shape });
    assert_eq!(runs, 0, "{shown}");
    // Nothing is written before it but by another node.
    let (runs, shown) = alone(Shape { before: Before::Opaque, ..shape });
    assert_eq!(runs, 0, "{shown}");
    assert!(
        shown.contains("by itself: not written by one mix right before") && shown.contains("2 nodes run"),
        "{shown}"
    );
}
