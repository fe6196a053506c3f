//! What a node is: plain data on the control thread, and the processor it prepares for the audio thread.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::channels::Widths;
use crate::level::LevelMeter;
use crate::{Companion, Instructions, Io, Mixing, NodeName, Ports, Reading, Readings, Reports, Smoothed, StreamSpec};

/// A position in the stream, in frames since the renderer started.
pub type Frame = u64;

/// A length in frames (one sample per channel).
pub type Frames = u64;

/// A node as a patch describes it: plain data. Lives on the control thread.
///
/// The struct is everything the outside knows of the node: its parameters are its fields, and the same struct is
/// what reaches [`Processor::update`]. Graphs share it.
pub trait Node: Clone + PartialEq + Send + Sync + 'static {
    /// The type's name in a patch (`"gain"`).
    const KIND: &'static str;

    /// The audio half.
    type Processor: Processor<Params = Self>;

    /// Whether all it ever does is to hear what passes through it, by the meter that [`Processor::meter`] gives: an effect of one
    /// input and one output in place. Such a node is not run. The engine lets its meter listen, where it writes those samples anyway
    /// while they are in registers.
    const LISTENS: bool = false;

    /// The named bundles of channels this node reads and writes. Asked once, when it is put into a graph.
    fn ports(&self) -> Ports;

    /// Values that the processor publishes while it runs (a meter's level).
    fn readings(&self) -> &'static [Reading] {
        &[]
    }

    /// Whether the parameters make sense together, with these channels and this rate. Asked whenever a graph is compiled
    /// and before parameters are set, so that `prepare` and `update` only see what passed. As [`footprint`](Node::footprint),
    /// [`latency`](Node::latency) and [`tail`](Node::tail), it depends on the parameters and `spec` alone: what a node has
    /// answered holds for graphs that are changed clones of the one that plays.
    ///
    /// # Errors
    /// What is wrong and what would be right, in words for the patch's author.
    fn check(&self, _spec: &PrepareSpec) -> Result<(), NodeError> {
        Ok(())
    }

    /// Builds the processor: allocates, and touches, everything the audio thread will need.
    ///
    /// # Errors
    /// What only shows when it is tried, in words for the patch's author.
    fn prepare(&self, spec: &PrepareSpec) -> Result<Self::Processor, NodeError>;

    /// Bytes that [`prepare`](Node::prepare) will take, at most; known before anything is allocated.
    fn footprint(&self, spec: &PrepareSpec) -> usize;

    /// How many frames later than its input the output is.
    fn latency(&self, _spec: &PrepareSpec) -> Frames {
        0
    }

    /// What it does, if all that it ever does is to mix: to multiply channels by its [factors](Processor::factors), and to add
    /// them up. Such a node has one input, one output and no latency, and is not run. The engine multiplies and adds where
    /// it reads the samples anyway, in the same order and with the same bits. One that [scales](Mixing::Scales) is never
    /// run; one that [sums](Mixing::Sums) is, around the time that it is [left out](crate::Engine::bypass).
    ///
    /// Asked with what [`check`](Node::check) let pass, and dependent on the parameters and `spec` alone. Parameters that make
    /// another answer need a new processor.
    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        None
    }

    /// How long the output rings on after the input has ended.
    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::None
    }

    /// Whether coming from `previous` needs a new processor, with fresh state; otherwise [`Processor::update`] suffices.
    /// Other ports always need one.
    fn rebuilds(&self, _previous: &Self) -> bool {
        false
    }
}

/// A prepared node. Lives on the audio thread.
///
/// # Real-time
/// No method may allocate, free, lock, wait, make a system call or do unbounded work. A boundary between two calls
/// of `process` carries no meaning: any split of the same samples must give the same bits.
pub trait Processor: Send + 'static {
    /// The node's struct.
    type Params: Send + 'static;

    /// Takes new parameters over, from the next frame on.
    fn update(&mut self, params: &Self::Params);

    /// As [`update`](Self::update), by somebody who wants the change to take `over` frames: what glides in this processor
    /// takes these, and not as long as it would by itself. 0 is at once. Where nothing glides, `update` does.
    fn glide(&mut self, params: &Self::Params, _over: Frames) {
        self.update(params);
    }

    /// Processes `io.frames()` frames. Cannot fail: what goes wrong is silence and an event.
    ///
    /// It is compiled once for each set of [`Instructions`]. Mark it, and the functions that its loops call,
    /// `#[inline(always)]`: what is not inlined stays compiled for the baseline, at half the speed and less.
    fn process(&mut self, io: &mut Io<'_>);

    /// The factors of a node that only [mixes](Node::mixing), always as many, and always the same one at each index: the engine
    /// takes their frames while `process` is not called.
    fn factors(&mut self) -> &mut [Smoothed] {
        &mut []
    }

    /// The meter of a node that only [listens](Node::LISTENS), of as many channels as the node. Called once, on the control thread,
    /// right after [`Node::prepare`]: from then on it is the engine's, which lets it hear, rest and be reset, and does not call
    /// `process`.
    fn meter(&mut self) -> Option<LevelMeter> {
        None
    }

    /// A window of the meter has ended, or parameters were updated, or it is new: what it holds is to be read out.
    fn heard(&mut self, _meter: &LevelMeter, _readings: &Readings) {}

    /// Whether it rests: whether, as long as each input goes on as it was in the last frame, [`process`](Self::process)
    /// would write each output as it was in its last frame, set no reading to anything else, send no event, and change
    /// nothing but what [`slept`](Self::slept) makes up for.
    ///
    /// Asked while all that the device gives is silence, and not after every block; `position` is the frame that comes
    /// next. A patch all of whose processors rest is not run until something comes in, or is changed. By default, a
    /// processor never rests.
    ///
    /// # Real-time
    /// Called on the audio thread, and as bounded as `process`: a processor with much memory looks at a little of it each
    /// time; [`Hush`](crate::Hush) does so.
    fn rests(&mut self, _position: Frame) -> bool {
        false
    }

    /// So many frames have passed while it rested and was not run. Takes as long for many as for few.
    fn slept(&mut self, _frames: Frames) {}

    /// Forgets all signal state: the next frame is handled like the first.
    fn reset(&mut self) {}

    /// The control side's hold on a helper thread of this processor, if it has one. Called once, on the control
    /// thread, right after [`Node::prepare`].
    fn companion(&self) -> Option<Arc<dyn Companion>> {
        None
    }
}

/// What a processor is prepared for.
#[derive(Clone, Debug, Default)]
pub struct PrepareSpec {
    /// The node's name in the graph.
    pub name: String,
    /// Frames per second, in Hz.
    pub rate: u32,
    /// The longest block that `process` will see, in frames. Shorter ones, down to 1, are usual.
    pub max_frames: usize,
    /// Resolved channels of each input port; 0 for an optional port that nothing is linked to.
    pub inputs: Vec<usize>,
    /// Resolved channels of each output port.
    pub outputs: Vec<usize>,
    /// Where helper threads report what they did or could not do.
    pub reports: Reports,
    /// The instructions that `process` will be run with; the baseline where the machine does not have them.
    pub instructions: Instructions,
}

impl PrepareSpec {
    /// Channels of the main path: the first input port, or the first output port of a source.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.inputs.first().or(self.outputs.first()).copied().unwrap_or(0)
    }
}

/// A spec that is filled in for one node after the other, by those who only ask.
pub(crate) struct Questions {
    spec: PrepareSpec,
    /// Those of the node before.
    widths: Widths,
}

impl Questions {
    pub(crate) fn new(stream: &StreamSpec) -> Self {
        let spec = PrepareSpec { rate: stream.rate, max_frames: stream.max_frames, ..PrepareSpec::default() };
        Self { spec, widths: Widths::default() }
    }

    /// What a node is asked with.
    pub(crate) fn of(&mut self, name: &NodeName, widths: &Widths) -> &PrepareSpec {
        let Self { spec, widths: before } = self;
        spec.name.clear();
        spec.name.push_str(name.as_str());
        if before != widths {
            spec.inputs.clone_from(&widths.inputs);
            spec.outputs.clone_from(&widths.outputs);
            before.clone_from(widths);
        }
        spec
    }
}

/// How long a node sounds after its input has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// Ends with the input.
    #[default]
    None,
    /// Rings on for this many frames.
    Frames(Frames),
    /// Never ends by itself (a generator, a loop).
    Infinite,
}

impl Tail {
    /// The tail of two nodes in series.
    #[must_use]
    pub fn then(self, next: Tail) -> Tail {
        match (self, next) {
            (Tail::Infinite, _) | (_, Tail::Infinite) => Tail::Infinite,
            (Tail::None, other) | (other, Tail::None) => other,
            (Tail::Frames(a), Tail::Frames(b)) => Tail::Frames(a.saturating_add(b)),
        }
    }

    /// The longer of two.
    #[must_use]
    pub fn max(self, other: Tail) -> Tail {
        match (self, other) {
            (Tail::Infinite, _) | (_, Tail::Infinite) => Tail::Infinite,
            (Tail::None, other) | (other, Tail::None) => other,
            (Tail::Frames(a), Tail::Frames(b)) => Tail::Frames(a.max(b)),
        }
    }
}

/// Why a node cannot run as it is described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NodeError {
    /// The parameter at fault, where one is: `gain`, or `gains[1].from` of a list's entry.
    pub parameter: Option<Cow<'static, str>>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl NodeError {
    /// An error of the node as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self { parameter: None, message: message.into() }
    }

    /// An error of one parameter.
    pub fn of(parameter: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), message: message.into() }
    }
}

/// The processor of nodes that the compiler dissolves (device inputs and outputs): never run.
pub struct NoProcessor<P>(PhantomData<fn() -> P>);

impl<P> Default for NoProcessor<P> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<P: Send + 'static> Processor for NoProcessor<P> {
    type Params = P;

    fn update(&mut self, _params: &P) {}

    fn process(&mut self, _io: &mut Io<'_>) {}
}
