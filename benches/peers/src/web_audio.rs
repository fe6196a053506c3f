//! web-audio-api: its offline context, which renders quanta of 128 frames.
//!
//! It cannot be called for a single one. But it can be told beforehand where to stop (`suspend`), and `start_rendering` is a
//! future: polled, it renders up to the next stop. The input comes from a worklet and the output is taken by one, for
//! what the context itself gives back comes all at once at its end.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use patchline_benches::{Contestant, DELAY, FEEDBACK, GAIN, MIX, Peer, RATE, SEEDS_DELAY, Workload, gains, mix};
use web_audio_api::context::{BaseAudioContext, OfflineAudioContext};
use web_audio_api::node::{AudioNode, AudioNodeOptions, DelayNode, DelayOptions, GainNode, GainOptions};
use web_audio_api::worklet::{
    AudioParamValues, AudioWorkletGlobalScope, AudioWorkletNode, AudioWorkletNodeOptions, AudioWorkletProcessor,
};

use crate::custom::{self, Effect};

const QUANTUM: usize = 128;
/// Frames from stop to stop, and how many stops a context has: then a new one is begun.
const RUN: usize = 8192;
const STOPS: usize = 256;

/// web-audio-api.
pub(crate) struct WebAudio;

impl Peer for WebAudio {
    fn name(&self) -> &'static str {
        "web-audio-api"
    }

    fn version(&self) -> &'static str {
        "1.7.0"
    }

    fn differs(&self) -> &'static str {
        "Its offline context, 8192 frames at a time; gains, delays and sums are its own, meter and gate are worklets, as are \
         what the input comes from and what the output goes to. Its parameters can be automated sample by sample."
    }

    fn contestant(&self, workload: &Workload, block: usize) -> Option<Box<dyn Contestant>> {
        let can = block % QUANTUM == 0 && RUN % block == 0 && !matches!(workload, Workload::Moving { .. } | Workload::Mixed { .. });
        can.then(|| Box::new(Playing::new(workload)) as _)
    }

    fn cannot(&self, _workload: &Workload, block: usize) -> Option<String> {
        (block % QUANTUM != 0).then(|| format!("its quanta have {QUANTUM} frames"))
    }

    fn tolerance(&self, workload: &Workload) -> f32 {
        match workload {
            // Its delay times are seconds in f32: 22,050 frames are 0.0003 frames off, and interpolated.
            Workload::Seeds => 1e-3,
            _ => 1e-5,
        }
    }

    fn blocks_per_run(&self, _workload: &Workload, block: usize) -> usize {
        RUN / block
    }
}

/// What goes to the worklets and comes from them: 2 channels × [`RUN`].
type Shared = Arc<Mutex<[Vec<f32>; 2]>>;

/// A context that is polled from stop to stop.
struct Playing {
    workload: Workload,
    input: Shared,
    output: Shared,
    rendering: Rendering,
}

impl Playing {
    fn new(workload: &Workload) -> Self {
        let silence = || Arc::new(Mutex::new([vec![0.0; RUN], vec![0.0; RUN]]));
        let (input, output) = (silence(), silence());
        let rendering = Rendering::new(workload, &input, &output);
        Self { workload: workload.clone(), input, output, rendering }
    }
}

impl Contestant for Playing {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let mut shared = self.input.lock().expect("no worklet panicked");
        shared.iter_mut().zip(input).for_each(|(shared, input)| shared.copy_from_slice(input));
        drop(shared);
        if self.rendering.left == 0 {
            self.rendering = Rendering::new(&self.workload, &self.input, &self.output);
        }
        self.rendering.go_on();
        let shared = self.output.lock().expect("no worklet panicked");
        output.into_iter().zip(&*shared).for_each(|(output, shared)| output.copy_from_slice(shared));
    }
}

/// A context at one of its stops.
struct Rendering {
    context: Arc<OfflineAudioContext>,
    future: Pin<Box<dyn Future<Output = ()>>>,
    /// Its stops: each has somebody who waits for it, or there would be none.
    _stops: Vec<Pin<Box<dyn Future<Output = ()>>>>,
    left: usize,
}

impl Rendering {
    fn new(workload: &Workload, input: &Shared, output: &Shared) -> Self {
        let context = Arc::new(OfflineAudioContext::new(2, (STOPS + 1) * RUN, RATE as f32));
        fill(&context, workload, input, output);
        let stops = (0..=STOPS).map(|stop| {
            let context = Arc::clone(&context);
            let at = (stop * RUN) as f64 / f64::from(RATE);
            let mut stop: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move { context.suspend(at).await });
            poll(&mut stop);
            stop
        });
        let stops = stops.collect();
        let rendered = Arc::clone(&context);
        let mut future: Pin<Box<dyn Future<Output = ()>>> =
            Box::pin(async move { drop(rendered.start_rendering().await) });
        poll(&mut future);
        Self { context, future, _stops: stops, left: STOPS }
    }

    /// To the next stop.
    fn go_on(&mut self) {
        let context = &self.context;
        poll(&mut Box::pin(context.resume()));
        poll(&mut self.future);
        self.left -= 1;
    }
}

/// As far as it goes: nobody else would wake it.
fn poll<F: Future<Output = ()> + ?Sized>(future: &mut Pin<Box<F>>) {
    let _is_ready = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

fn fill(context: &OfflineAudioContext, workload: &Workload, input: &Shared, output: &Shared) {
    let source = worklet(context, 0, Source { shared: Arc::clone(input), at: 0 });
    let sink = worklet(context, 1, Sink { shared: Arc::clone(output), at: 0 });
    sink.connect(&context.destination());
    let mut chain = Chain { context, nodes: vec![Box::new(source)] };
    match *workload {
        Workload::Empty | Workload::Moving { .. } | Workload::Mixed { .. } => return,
        Workload::Through => {}
        Workload::Chain { nodes } | Workload::OpaqueChain { nodes } => {
            gains(nodes).into_iter().for_each(|factor| chain.append(gain(context, factor)));
        }
        Workload::Wide { nodes } | Workload::OpaqueWide { nodes } => {
            for factor in gains(nodes) {
                chain.last().connect(&gain(context, factor)).connect(&sink);
            }
            return;
        }
        Workload::Delays { nodes, feedback } => (0..nodes).for_each(|_| chain.echo(DELAY, mix(nodes), feedback)),
        Workload::Meter => {
            chain.append(gain(context, GAIN));
            chain.append(worklet(context, 1, Wrapped(custom::Meter::default())));
        }
        Workload::Seeds => {
            chain.append(gain(context, GAIN));
            chain.echo(SEEDS_DELAY, MIX, false);
            chain.append(worklet(context, 1, Wrapped(custom::Meter::default())));
            chain.append(worklet(context, 1, Wrapped(custom::Gate::default())));
        }
    }
    chain.last().connect(&sink);
}

/// Nodes in series.
struct Chain<'a> {
    context: &'a OfflineAudioContext,
    nodes: Vec<Box<dyn AudioNode>>,
}

impl Chain<'_> {
    fn last(&self) -> &dyn AudioNode {
        &**self.nodes.last().expect("there is a source")
    }

    fn append(&mut self, node: impl AudioNode + 'static) {
        self.last().connect(&node);
        self.nodes.push(Box::new(node));
    }

    /// Dry and wet side by side, and what is echoed again around the delay.
    fn echo(&mut self, frames: usize, mix: f64, feedback: bool) {
        let context = self.context;
        let delay_time = frames as f64 / f64::from(RATE);
        let options = DelayOptions { max_delay_time: 1.0, delay_time, ..DelayOptions::default() };
        let delay = DelayNode::new(context, options);
        let (dry, wet) = (gain(context, (1.0 - mix) as f32), gain(context, mix as f32));
        let sum = gain(context, 1.0);
        self.last().connect(&dry).connect(&sum);
        self.last().connect(&delay).connect(&wet).connect(&sum);
        if feedback {
            delay.connect(&gain(context, FEEDBACK as f32)).connect(&delay);
        }
        self.nodes.push(Box::new(sum));
    }
}

fn gain(context: &OfflineAudioContext, factor: f32) -> GainNode {
    GainNode::new(context, GainOptions { gain: factor, ..GainOptions::default() })
}

fn worklet<P>(context: &OfflineAudioContext, inputs: usize, processor: P) -> AudioWorkletNode
where
    P: AudioWorkletProcessor<ProcessorOptions = P> + Send + 'static,
{
    let options = AudioWorkletNodeOptions {
        number_of_inputs: inputs,
        number_of_outputs: 1,
        output_channel_count: vec![2],
        parameter_data: HashMap::new(),
        processor_options: processor,
        audio_node_options: AudioNodeOptions::default(),
    };
    AudioWorkletNode::new::<P>(context, options)
}

/// A quantum of a worklet's first input: one channel is for both, and none is silence.
fn stereo<'a>(inputs: &[&'a [&'a [f32]]]) -> [&'a [f32]; 2] {
    match inputs[0] {
        [left, right, ..] => [left, right],
        [mono] => [mono, mono],
        [] => [&[0.0; QUANTUM]; 2],
    }
}

/// Plays what is shared, over and over.
struct Source {
    shared: Shared,
    at: usize,
}

impl AudioWorkletProcessor for Source {
    type ProcessorOptions = Self;

    fn constructor(source: Self) -> Self {
        source
    }

    fn process<'a, 'b>(
        &mut self,
        _inputs: &'b [&'a [&'a [f32]]],
        outputs: &'b mut [&'a mut [&'a mut [f32]]],
        _params: AudioParamValues<'b>,
        _scope: &'b AudioWorkletGlobalScope,
    ) -> bool {
        let shared = self.shared.lock().expect("nobody panicked");
        for (output, shared) in outputs[0].iter_mut().zip(&*shared) {
            output.copy_from_slice(&shared[self.at..self.at + QUANTUM]);
        }
        self.at = (self.at + QUANTUM) % RUN;
        true
    }
}

/// Shares what arrives.
struct Sink {
    shared: Shared,
    at: usize,
}

impl AudioWorkletProcessor for Sink {
    type ProcessorOptions = Self;

    fn constructor(sink: Self) -> Self {
        sink
    }

    fn process<'a, 'b>(
        &mut self,
        inputs: &'b [&'a [&'a [f32]]],
        _outputs: &'b mut [&'a mut [&'a mut [f32]]],
        _params: AudioParamValues<'b>,
        _scope: &'b AudioWorkletGlobalScope,
    ) -> bool {
        let mut shared = self.shared.lock().expect("nobody panicked");
        for (shared, input) in shared.iter_mut().zip(stereo(inputs)) {
            shared[self.at..self.at + QUANTUM].copy_from_slice(input);
        }
        self.at = (self.at + QUANTUM) % RUN;
        true
    }
}

/// An effect as a node of its own kind.
struct Wrapped<E>(E);

impl<E: Effect> AudioWorkletProcessor for Wrapped<E> {
    type ProcessorOptions = Self;

    fn constructor(wrapped: Self) -> Self {
        wrapped
    }

    fn process<'a, 'b>(
        &mut self,
        inputs: &'b [&'a [&'a [f32]]],
        outputs: &'b mut [&'a mut [&'a mut [f32]]],
        _params: AudioParamValues<'b>,
        _scope: &'b AudioWorkletGlobalScope,
    ) -> bool {
        if let [left, right, ..] = &mut *outputs[0] {
            self.0.run(stereo(inputs), [left, right]);
        }
        true
    }
}
