//! fundsp, static: the graph is a type, put together at compile time. Blocks are cut at its 64 frames.

use fundsp::prelude32::*;
use patchline_benches::{
    Contestant, DELAY, FEEDBACK, GAIN, MIX, Peer, RATE, SEEDS_DELAY, Workload, gains, mix as mix_of,
};
use typenum::U1000;

use crate::custom::{self, Effect};

/// fundsp's types.
pub(crate) struct Static;

impl Peer for Static {
    fn name(&self) -> &'static str {
        "fundsp (static)"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn differs(&self) -> &'static str {
        "The graph is a type and cannot be edited; blocks are cut at 64 frames, and delays and feedback go sample by sample. \
         Meter and gate are custom nodes: its own meters smooth sample by sample."
    }

    fn contestant(&self, workload: &Workload, _block: usize) -> Option<Box<dyn Contestant>> {
        Some(Box::new(Blocks::new(graph(workload)?)))
    }

    fn cannot(&self, workload: &Workload, _block: usize) -> Option<String> {
        let can = matches!(workload, Workload::Moving { .. }) || graph(workload).is_some();
        (!can).then(|| "sizes are types, and this one is not spelled out".to_owned())
    }
}

pub(crate) const VERSION: &str = "0.23.0";

/// The graph of a workload, of the sizes that are spelled out here: each is a type.
fn graph(workload: &Workload) -> Option<Box<dyn AudioUnit>> {
    Some(match *workload {
        Workload::Empty => Box::new(multisink::<U2>() >> multizero::<U2>()),
        Workload::Through => Box::new(multipass::<U2>()),
        Workload::Chain { nodes } | Workload::OpaqueChain { nodes } => {
            let factors = gains(nodes);
            let gain = |index: u64| gain(factors[index as usize]);
            match nodes {
                1 => Box::new(gain(0)),
                10 => Box::new(pipei::<U10, _, _>(gain)),
                100 => Box::new(pipei::<U100, _, _>(gain)),
                1000 => Box::new(pipei::<U1000, _, _>(gain)),
                _ => return None,
            }
        }
        Workload::Wide { nodes } | Workload::OpaqueWide { nodes } => {
            let factors = gains(nodes);
            let gain = |index: u64| gain(factors[index as usize]);
            match nodes {
                1 => Box::new(gain(0)),
                10 => Box::new(busi::<U10, _, _>(gain)),
                100 => Box::new(busi::<U100, _, _>(gain)),
                1000 => Box::new(busi::<U1000, _, _>(gain)),
                _ => return None,
            }
        }
        Workload::Delays { nodes, feedback: false } => match nodes {
            1 => Box::new(echo(DELAY, mix_of(1))),
            10 => Box::new(pipei::<U10, _, _>(|_| echo(DELAY, mix_of(10)))),
            100 => Box::new(pipei::<U100, _, _>(|_| echo(DELAY, mix_of(100)))),
            _ => return None,
        },
        Workload::Delays { nodes, feedback: true } => match nodes {
            1 => Box::new(fed_back(DELAY, mix_of(1))),
            10 => Box::new(pipei::<U10, _, _>(|_| fed_back(DELAY, mix_of(10)))),
            _ => return None,
        },
        Workload::Meter => Box::new(gain(GAIN) >> meter()),
        Workload::Seeds => Box::new(gain(GAIN) >> echo(SEEDS_DELAY, MIX) >> meter() >> gate()),
        Workload::Moving { .. } | Workload::Mixed { .. } => return None,
    })
}

/// A graph of either kind, called as its documentation says: in blocks of up to 64 frames.
pub(crate) struct Blocks {
    graph: Box<dyn AudioUnit>,
    input: BufferArray<U2>,
    output: BufferArray<U2>,
}

impl Blocks {
    pub(crate) fn new(mut graph: Box<dyn AudioUnit>) -> Self {
        graph.set_sample_rate(f64::from(RATE));
        graph.allocate();
        Self { graph, input: BufferArray::new(), output: BufferArray::new() }
    }
}

impl Contestant for Blocks {
    fn run(&mut self, input: [&[f32]; 2], [left, right]: [&mut [f32]; 2]) {
        let frames = left.len();
        for start in (0..frames).step_by(MAX_BUFFER_SIZE) {
            let size = std::cmp::min(frames - start, MAX_BUFFER_SIZE);
            for (channel, input) in input.into_iter().enumerate() {
                self.input.channel_f32_mut(channel)[..size].copy_from_slice(&input[start..start + size]);
            }
            self.graph.process(size, &self.input.buffer_ref(), &mut self.output.buffer_mut());
            left[start..start + size].copy_from_slice(&self.output.channel_f32(0)[..size]);
            right[start..start + size].copy_from_slice(&self.output.channel_f32(1)[..size]);
        }
    }
}

pub(crate) fn gain(factor: f32) -> An<impl AudioNode<Inputs = U2, Outputs = U2>> {
    mul((factor, factor))
}

/// An echo of its own parts: both channels side by side, dry and wet on one bus.
pub(crate) fn echo(frames: usize, mix: f64) -> An<impl AudioNode<Inputs = U2, Outputs = U2>> {
    let [dry, wet] = weights(mix);
    stacki::<U2, _, _>(move |_| pass() * dry & delay(seconds(frames)) * wet)
}

/// Its feedback takes one frame more than its delay, and comes out that frame earlier.
pub(crate) fn fed_back(frames: usize, mix: f64) -> An<impl AudioNode<Inputs = U2, Outputs = U2>> {
    let [dry, wet] = weights(mix);
    let again = FEEDBACK as f32;
    stacki::<U2, _, _>(move |_| pass() * dry & (feedback(delay(seconds(frames - 1)) * again) >> tick() * (wet / again)))
}

pub(crate) fn meter() -> An<Wrapped<custom::Meter>> {
    An(Wrapped(custom::Meter::default()))
}

pub(crate) fn gate() -> An<Wrapped<custom::Gate>> {
    An(Wrapped(custom::Gate::default()))
}

fn weights(mix: f64) -> [f32; 2] {
    [(1.0 - mix) as f32, mix as f32]
}

fn seconds(frames: usize) -> f32 {
    frames as f32 / RATE as f32
}

/// An effect as a node of its own kind.
#[derive(Clone)]
pub(crate) struct Wrapped<E>(pub(crate) E);

impl<E: Effect> AudioNode for Wrapped<E> {
    const ID: u64 = 9001;
    type Inputs = U2;
    type Outputs = U2;

    fn tick(&mut self, input: &Frame<f32, U2>) -> Frame<f32, U2> {
        let (mut left, mut right) = ([0.0], [0.0]);
        self.0.run([&[input[0]], &[input[1]]], [&mut left, &mut right]);
        [left[0], right[0]].into()
    }

    fn process(&mut self, size: usize, input: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        let (mut left, mut right) = ([0.0; MAX_BUFFER_SIZE], [0.0; MAX_BUFFER_SIZE]);
        let input = [&input.channel_f32(0)[..size], &input.channel_f32(1)[..size]];
        self.0.run(input, [&mut left[..size], &mut right[..size]]);
        output.channel_f32_mut(0)[..size].copy_from_slice(&left[..size]);
        output.channel_f32_mut(1)[..size].copy_from_slice(&right[..size]);
    }
}
