//! firewheel: the context and the processor that a backend would call, without the backend.
//!
//! Input is not clamped to silence (by default it is below −70 dB), and the time stamp that its backend would take for
//! each block is given ready-made: both only make it faster.

use std::num::NonZeroU32;
use std::time::Duration;

use audioadapter_buffers::direct::SequentialSliceOfSlices;
use bevy_platform::time::Instant;
use firewheel_core::channel_config::{ChannelConfig, ChannelCount};
use firewheel_core::dsp::volume::Volume;
use firewheel_core::node::{
    AudioNode, AudioNodeInfo, AudioNodeProcessor, ConstructProcessorContext, EmptyConfig, NodeError, NodeID,
    ProcBuffers, ProcExtra, ProcInfo, ProcessStatus, StreamStatus,
};
use firewheel_graph::backend::BackendProcessInfo;
use firewheel_graph::processor::FirewheelProcessor;
use firewheel_graph::{ActivateInfo, FirewheelConfig, FirewheelContext};
use firewheel_nodes::fast_rms::FastRmsNode;
use firewheel_nodes::peak_meter::PeakMeterStereoNode;
use firewheel_nodes::volume::VolumeNode;
use patchline_benches::{Contestant, DELAY, FEEDBACK, GAIN, MIX, Peer, RATE, SEEDS_DELAY, Workload, gains, mix};

use crate::custom::{Echo, Effect, Gate, Meter};

const STEREO: &[(u32, u32)] = &[(0, 0), (1, 1)];

/// firewheel, with one kind of meter or the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Firewheel {
    /// A peak meter and two RMS meters, as it brings them.
    OwnMeters,
    /// One custom node that measures what ours does.
    CustomMeter,
}

impl Peer for Firewheel {
    fn name(&self) -> &'static str {
        match self {
            Self::OwnMeters => "firewheel",
            Self::CustomMeter => "firewheel (custom meter)",
        }
    }

    fn version(&self) -> &'static str {
        "0.14.1"
    }

    fn differs(&self) -> &'static str {
        "Sums and volumes are its own; delay and gate are custom nodes. It tracks silent and constant channels and events of \
         nodes; its volumes are squared on the way to a factor, so that these are the nearest it can do. Its own meters show \
         the peak of the last block, and an RMS for each channel by a node of its own."
    }

    fn contestant(&self, workload: &Workload, block: usize) -> Option<Box<dyn Contestant>> {
        let meters = matches!(workload, Workload::Meter | Workload::Seeds);
        if matches!(workload, Workload::Moving { .. } | Workload::Mixed { .. })
            || (*self == Self::CustomMeter && !meters)
        {
            return None;
        }
        Some(Box::new(Playing::new(workload, block, *self)))
    }

    fn tolerance(&self, workload: &Workload) -> f32 {
        // The square of the nearest volume is half a unit in the last place off, and all of a chain to the same side.
        1e-5f32.max(workload.nodes() as f32 * f32::EPSILON / 2.0)
    }
}

/// A context, its processor, and what is known of the graph.
pub(crate) struct Playing {
    /// Dropped first: the context waits for that.
    processor: FirewheelProcessor,
    context: FirewheelContext,
    /// The node before the output.
    last: NodeID,
    now: Instant,
}

impl Playing {
    pub(crate) fn new(workload: &Workload, block: usize, meters: Firewheel) -> Self {
        let mut context = FirewheelContext::new(FirewheelConfig {
            num_graph_inputs: ChannelCount::STEREO,
            num_graph_outputs: ChannelCount::STEREO,
            initial_node_capacity: 2048,
            initial_edge_capacity: 8192,
            clamp_graph_inputs_below: None,
            ..FirewheelConfig::default()
        });
        let last = fill(&mut context, workload, meters);
        let processor = context.activate(stream(block)).expect("a stream that it can play");
        context.update().expect("a graph without cycles");
        Self { context, processor, last, now: Instant::now() }
    }

    /// Appends a gain to a chain that plays, as far as its user has to see to it.
    pub(crate) fn append_gain(&mut self, factor: f32) {
        self.last = append(&mut self.context, self.last, volume(factor));
        self.update();
    }

    /// What is to be called regularly.
    pub(crate) fn update(&mut self) {
        self.context.update().expect("a graph without cycles");
    }
}

fn stream(block: usize) -> ActivateInfo {
    ActivateInfo {
        sample_rate: NonZeroU32::new(RATE).expect("a rate"),
        max_block_frames: NonZeroU32::new(block as u32).expect("a block of some frames"),
        num_stream_in_channels: 2,
        num_stream_out_channels: 2,
        input_to_output_latency_seconds: 0.0,
    }
}

/// The graph of a workload; gives the node before the output.
fn fill(context: &mut FirewheelContext, workload: &Workload, meters: Firewheel) -> NodeID {
    let (input, output) = (context.graph_in_node_id(), context.graph_out_node_id());
    match *workload {
        Workload::Empty | Workload::Moving { .. } | Workload::Mixed { .. } => input,
        Workload::Through => {
            link(context, input, output);
            input
        }
        Workload::Chain { nodes } | Workload::OpaqueChain { nodes } => {
            gains(nodes).into_iter().fold(input, |last, factor| append(context, last, volume(factor)))
        }
        Workload::Wide { nodes } | Workload::OpaqueWide { nodes } => {
            for factor in gains(nodes) {
                let gain = context.add_node(volume(factor), None).expect("a node");
                link(context, input, gain);
                link(context, gain, output);
            }
            input
        }
        Workload::Delays { nodes, feedback } => {
            let feedback = if feedback { FEEDBACK as f32 } else { 0.0 };
            let echo = || Made(Running(Echo::new(DELAY, mix(nodes), feedback)));
            (0..nodes).fold(input, |last, _| append(context, last, echo()))
        }
        Workload::Meter => {
            let gain = append(context, input, volume(GAIN));
            meter(context, gain, meters)
        }
        Workload::Seeds => {
            let gain = append(context, input, volume(GAIN));
            let echo = append(context, gain, Made(Running(Echo::new(SEEDS_DELAY, MIX, 0.0))));
            let meter = meter(context, echo, meters);
            append(context, meter, Made(Running(Gate::default())))
        }
    }
}

/// Puts a node between the last one and the output.
fn append(context: &mut FirewheelContext, last: NodeID, node: impl AudioNode + 'static) -> NodeID {
    let output = context.graph_out_node_id();
    let node = context.add_node(node, None).expect("a node");
    context.disconnect(last, output, STEREO);
    link(context, last, node);
    link(context, node, output);
    node
}

fn meter(context: &mut FirewheelContext, last: NodeID, meters: Firewheel) -> NodeID {
    if meters == Firewheel::CustomMeter {
        return append(context, last, Made(Listening(Meter::default())));
    }
    let peaks = append(context, last, PeakMeterStereoNode { enabled: true });
    for channel in 0..2 {
        let rms = context.add_node(FastRmsNode::default(), None).expect("a node");
        context.connect(peaks, rms, &[(channel, 0)], false).expect("ports that there are");
    }
    peaks
}

fn link(context: &mut FirewheelContext, from: NodeID, to: NodeID) {
    context.connect(from, to, STEREO, false).expect("ports that there are");
}

/// Its volumes are squared on the way to a factor: the nearest one, as a user would set it.
fn volume(factor: f32) -> VolumeNode {
    VolumeNode { volume: Volume::Linear(factor.sqrt()), ..VolumeNode::default() }
}

impl Contestant for Playing {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let frames = input[0].len();
        let [left, right] = output;
        let mut output = [left, right];
        let input = SequentialSliceOfSlices::new(&input[..], 2, frames).expect("two channels");
        let mut output = SequentialSliceOfSlices::new_mut(&mut output[..], 2, frames).expect("two channels");
        self.processor.process(
            &input,
            &mut output,
            BackendProcessInfo {
                frames,
                process_timestamp: Some(self.now),
                duration_since_stream_start: Duration::ZERO,
                input_stream_status: StreamStatus::empty(),
                output_stream_status: StreamStatus::empty(),
                dropped_frames: 0,
                process_to_playback_delay: None,
            },
        );
    }
}

/// A node of its own kind, by the processor that it constructs.
struct Made<P>(P);

impl<P: AudioNodeProcessor + Clone> AudioNode for Made<P> {
    type Configuration = EmptyConfig;

    fn info(&self, _config: &EmptyConfig) -> Result<AudioNodeInfo, NodeError> {
        Ok(stereo())
    }

    fn construct_processor(
        &self,
        _config: &EmptyConfig,
        _context: ConstructProcessorContext<'_>,
    ) -> Result<impl AudioNodeProcessor, NodeError> {
        Ok(self.0.clone())
    }
}

/// An effect.
#[derive(Clone)]
struct Running<E>(E);

impl<E: Effect> AudioNodeProcessor for Running<E> {
    fn process(&mut self, _info: &ProcInfo, buffers: ProcBuffers<'_, '_>, _extra: &mut ProcExtra) -> ProcessStatus {
        let [left, right] = buffers.inputs else { return ProcessStatus::ClearAllOutputs };
        let [out_left, out_right] = buffers.outputs else { return ProcessStatus::ClearAllOutputs };
        self.0.run([left, right], [out_left, out_right]);
        ProcessStatus::OutputsModified
    }
}

/// A meter as its own is written: it listens and has the engine pass the signal on.
#[derive(Clone)]
struct Listening(Meter);

impl AudioNodeProcessor for Listening {
    fn process(&mut self, _info: &ProcInfo, buffers: ProcBuffers<'_, '_>, _extra: &mut ProcExtra) -> ProcessStatus {
        if let [left, right] = buffers.inputs {
            self.0.listen([left, right]);
        }
        ProcessStatus::Bypass
    }
}

fn stereo() -> AudioNodeInfo {
    AudioNodeInfo::new()
        .channel_config(ChannelConfig { num_inputs: ChannelCount::STEREO, num_outputs: ChannelCount::STEREO })
}
