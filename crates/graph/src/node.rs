//! What a node is: plain data on the control thread, and the processor it prepares for the audio thread.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::channels::Widths;
use crate::level::LevelMeter;
use crate::{Companion, Instructions, Io, Mixing, NodeName, Ports, Reading, Readings, Reports, Smoothed, StreamSpec};

/// A position in the stream, in frames since the renderer started.
///
/// ```
/// use patchline_graph::{Frame, Frames};
///
/// /// When something happened, in seconds.
/// fn seconds(at: Frame, rate: u32) -> f64 {
///     at as f64 / f64::from(rate)
/// }
/// let (start, length): (Frame, Frames) = (48_000, 24_000);
/// assert_eq!(seconds(start + length, 48_000), 1.5);
/// ```
pub type Frame = u64;

/// A length in frames (one sample per channel).
///
/// ```
/// use patchline_graph::{Frames, StreamSpec};
///
/// let stream = StreamSpec::new(48_000, 64, 2, 2);
/// let ten_milliseconds: Frames = u64::from(stream.rate) / 100;
/// assert_eq!(StreamSpec { fade: ten_milliseconds, ..stream }.fade, 480);
/// ```
pub type Frames = u64;

/// A node as a patch describes it: plain data. Lives on the control thread.
///
/// The struct is everything the outside knows of the node: its parameters are its fields, and the same struct is
/// what reaches [`Processor::update`]. Graphs share it.
///
/// The control half of an echo; its audio half is shown at [`Processor`].
///
/// ```
/// use patchline_graph::{Mixing, Node, NodeError, Per, Ports, PrepareSpec, Reading, Tail};
/// # use patchline_graph::{Io, Processor};
///
/// #[derive(Clone, PartialEq)]
/// struct Echo {
///     /// How much later it comes.
///     frames: usize,
///     level: f32,
/// }
///
/// impl Node for Echo {
///     const KIND: &'static str = "echo";
///     type Processor = Ring;
///
///     fn ports(&self) -> Ports {
///         Ports::effect()
///     }
///
///     fn readings(&self) -> &'static [Reading] {
///         &[Reading { name: "level", doc: "How loud the echo is.", unit: "", per: Per::Node }]
///     }
///
///     fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
///         match self.frames > 0 && self.frames <= spec.rate as usize {
///             true => Ok(()),
///             false => Err(NodeError::of("frames", "an echo comes 1 frame to 1 second later")),
///         }
///     }
///
///     fn prepare(&self, spec: &PrepareSpec) -> Result<Ring, NodeError> {
///         let rings = vec![vec![0.0; self.frames]; spec.channels()];
///         Ok(Ring { rings, at: 0, level: self.level })
///     }
///
///     fn footprint(&self, spec: &PrepareSpec) -> usize {
///         spec.channels() * (size_of::<Vec<f32>>() + self.frames * size_of::<f32>())
///     }
///
///     // The sound itself comes at once.
///     fn latency(&self, _spec: &PrepareSpec) -> u64 {
///         0
///     }
///
///     // It does more than to mix. (What a gain says is shown at `Processor::factors`.)
///     fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
///         None
///     }
///
///     fn tail(&self, _spec: &PrepareSpec) -> Tail {
///         Tail::Frames(self.frames as u64)
///     }
///
///     // Another ring has to be made for another time, but not for another level.
///     fn rebuilds(&self, previous: &Self) -> bool {
///         self.frames != previous.frames
///     }
/// }
/// # struct Ring { rings: Vec<Vec<f32>>, at: usize, level: f32 }
/// # impl Processor for Ring {
/// #     type Params = Echo;
/// #     fn update(&mut self, _params: &Echo) {}
/// #     fn process(&mut self, _io: &mut Io<'_>) {}
/// # }
///
/// let spec = PrepareSpec { rate: 48_000, max_frames: 64, inputs: vec![2], outputs: vec![2], ..PrepareSpec::default() };
/// let echo = Echo { frames: 480, level: 0.5 };
/// assert!(echo.check(&spec).is_ok() && echo.prepare(&spec).is_ok());
/// assert!(Echo { frames: 0, ..echo }.check(&spec).is_err());
/// assert!(!Echo { level: 0.25, ..echo }.rebuilds(&echo));
/// ```
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
/// The audio half of the echo whose other half is shown at [`Node`].
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::around;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Frame, Frames, Io, Processor, StreamSpec, engine};
/// # use patchline_graph::{Node, NodeError, Per, Ports, PrepareSpec, Reading};
/// # #[derive(Clone, PartialEq)]
/// # struct Echo { frames: usize, level: f32 }
/// # impl Node for Echo {
/// #     const KIND: &'static str = "echo";
/// #     type Processor = Ring;
/// #     fn ports(&self) -> Ports { Ports::effect() }
/// #     fn readings(&self) -> &'static [Reading] {
/// #         &[Reading { name: "level", doc: "How loud the echo is.", unit: "", per: Per::Node }]
/// #     }
/// #     fn prepare(&self, spec: &PrepareSpec) -> Result<Ring, NodeError> {
/// #         Ok(Ring { rings: vec![vec![0.0; self.frames]; spec.channels()], at: 0, level: self.level })
/// #     }
/// #     fn footprint(&self, _spec: &PrepareSpec) -> usize { 4_096 }
/// # }
///
/// struct Ring {
///     /// What each channel heard last, and where the oldest sample is.
///     rings: Vec<Vec<f32>>,
///     at: usize,
///     level: f32,
/// }
///
/// impl Processor for Ring {
///     type Params = Echo;
///
///     fn update(&mut self, params: &Echo) {
///         self.level = params.level;
///     }
///
///     // Nothing glides here: however long the change is to take, it is there at once.
///     fn glide(&mut self, params: &Echo, _over: Frames) {
///         self.update(params);
///     }
///
///     fn process(&mut self, io: &mut Io<'_>) {
///         for (channel, ring) in io.main().channels().zip(&mut self.rings) {
///             for (frame, sample) in channel.iter_mut().enumerate() {
///                 let place = (self.at + frame) % ring.len();
///                 let heard = std::mem::replace(&mut ring[place], *sample);
///                 *sample += self.level * heard;
///             }
///         }
///         io.readings.set(0, 0, self.level.into());
///         self.slept(io.frames() as Frames);
///     }
///
///     // (A long ring is not looked at in one go: `Hush` looks at a part of it each time.)
///     fn rests(&mut self, _position: Frame) -> bool {
///         self.rings.iter().flatten().all(|sample| sample.to_bits() == 0)
///     }
///
///     fn slept(&mut self, frames: Frames) {
///         self.at = (self.at + frames as usize) % self.rings[0].len();
///     }
///
///     fn reset(&mut self) {
///         self.rings.iter_mut().for_each(|ring| ring.fill(0.0));
///     }
/// }
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `around` makes the graph `mic -> echo -> out`.
/// engine.load(around("echo", Echo { frames: 2, level: 0.5 }))?;
/// let mut output = [0.0; 5];
/// renderer.render(5, &[&[1.0]], &mut [&mut output]);
/// assert_eq!(output, [1.0, 0.0, 0.5, 0.0, 0.0]);
/// assert_eq!(engine.readings("echo").unwrap().get("level", 0), Some(0.5));
/// # Ok(())
/// # }
/// ```
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
    ///
    /// A gain that glides. It is never run: whoever reads its channels multiplies.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::around;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{Io, Mixing, Node, NodeError, Ports, PrepareSpec, Processor, Smoothed, StreamSpec, engine};
    ///
    /// #[derive(Clone, PartialEq)]
    /// struct Gain(f32);
    ///
    /// impl Node for Gain {
    ///     const KIND: &'static str = "gain";
    ///     type Processor = Fader;
    ///
    ///     fn ports(&self) -> Ports {
    ///         Ports::effect()
    ///     }
    ///
    ///     fn prepare(&self, _spec: &PrepareSpec) -> Result<Fader, NodeError> {
    ///         Ok(Fader([Smoothed::new(self.0)]))
    ///     }
    ///
    ///     fn footprint(&self, _spec: &PrepareSpec) -> usize {
    ///         size_of::<Fader>()
    ///     }
    ///
    ///     fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
    ///         Some(Mixing::Scales)
    ///     }
    /// }
    ///
    /// struct Fader([Smoothed; 1]);
    ///
    /// impl Processor for Fader {
    ///     type Params = Gain;
    ///
    ///     fn update(&mut self, params: &Gain) {
    ///         self.0[0].set_target(params.0, 4);
    ///     }
    ///
    ///     fn process(&mut self, io: &mut Io<'_>) {
    ///         let ramp = self.0[0].take(io.frames());
    ///         io.main().channels().for_each(|channel| ramp.scale(channel));
    ///     }
    ///
    ///     fn factors(&mut self) -> &mut [Smoothed] {
    ///         &mut self.0
    ///     }
    /// }
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `around` makes the graph `mic -> gain -> out`.
    /// engine.load(around("gain", Gain(1.0)))?;
    /// engine.set("gain", Gain(0.0), Some(2))?;
    /// let mut output = [0.0; 6];
    /// renderer.render(6, &[&[1.0; 6]], &mut [&mut output]);
    /// assert_eq!(output, [1.0, 1.0, 0.75, 0.5, 0.25, 0.0]);
    /// assert_eq!(engine.schedule().slots[0].mixing, Some(Mixing::Scales));
    /// # Ok(())
    /// # }
    /// ```
    fn factors(&mut self) -> &mut [Smoothed] {
        &mut []
    }

    /// The meter of a node that only [listens](Node::LISTENS), of as many channels as the node. Called once, on the control thread,
    /// right after [`Node::prepare`]: from then on it is the engine's, which lets it hear, rest and be reset, and does not call
    /// `process`.
    ///
    /// A node that only listens. What it measures is read out by [`heard`](Self::heard).
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::around;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::level::LevelMeter;
    /// use patchline_graph::{Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading, Readings, StreamSpec, engine};
    ///
    /// #[derive(Clone, PartialEq)]
    /// struct Peak;
    ///
    /// impl Node for Peak {
    ///     const KIND: &'static str = "peak";
    ///     const LISTENS: bool = true;
    ///     type Processor = Ear;
    ///
    ///     fn ports(&self) -> Ports {
    ///         Ports::effect()
    ///     }
    ///
    ///     fn readings(&self) -> &'static [Reading] {
    ///         &[Reading { name: "peak", doc: "The largest magnitude of 4 frames.", unit: "", per: Per::Channel }]
    ///     }
    ///
    ///     fn prepare(&self, spec: &PrepareSpec) -> Result<Ear, NodeError> {
    ///         Ok(Ear(Some(LevelMeter::new(spec.channels(), 4))))
    ///     }
    ///
    ///     fn footprint(&self, spec: &PrepareSpec) -> usize {
    ///         size_of::<Ear>() + spec.channels() * LevelMeter::CHANNEL_BYTES
    ///     }
    /// }
    ///
    /// /// It has the meter until the engine takes it.
    /// struct Ear(Option<LevelMeter>);
    ///
    /// impl Processor for Ear {
    ///     type Params = Peak;
    ///
    ///     fn update(&mut self, _params: &Peak) {}
    ///
    ///     fn process(&mut self, _io: &mut Io<'_>) {}
    ///
    ///     fn meter(&mut self) -> Option<LevelMeter> {
    ///         self.0.take()
    ///     }
    ///
    ///     fn heard(&mut self, meter: &LevelMeter, readings: &Readings) {
    ///         for channel in 0..meter.channels() {
    ///             readings.set(0, channel, meter.peak(channel).into());
    ///         }
    ///     }
    /// }
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `around` makes the graph `mic -> peak -> out`.
    /// engine.load(around("peak", Peak))?;
    /// renderer.render(4, &[&[0.25, -0.5, 0.0, 0.0]], &mut [&mut [0.0; 4]]);
    /// assert_eq!(engine.readings("peak").unwrap().get("peak", 0), Some(0.5));
    /// # Ok(())
    /// # }
    /// ```
    fn meter(&mut self) -> Option<LevelMeter> {
        None
    }

    /// A window of the meter has ended, or parameters were updated, or it is new: what it holds is to be read out.
    ///
    /// What is heard does not have to be shown as it is:
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    /// use patchline_graph::{Io, Processor, Readings};
    ///
    /// /// Counts the windows with something too loud.
    /// #[derive(Default)]
    /// struct Clips {
    ///     windows: u64,
    ///     clips: u64,
    /// }
    ///
    /// impl Processor for Clips {
    ///     type Params = ();
    ///
    ///     fn update(&mut self, (): &()) {}
    ///
    ///     fn process(&mut self, _io: &mut Io<'_>) {}
    ///
    ///     fn heard(&mut self, meter: &LevelMeter, readings: &Readings) {
    ///         let is_new = meter.windows() > std::mem::replace(&mut self.windows, meter.windows());
    ///         self.clips += u64::from(is_new && meter.peak(0) >= 1.0);
    ///         readings.set(0, 0, self.clips as f64);
    ///     }
    /// }
    ///
    /// let (mut clips, mut meter) = (Clips::default(), LevelMeter::new(1, 2));
    /// for block in [[0.5, 1.5], [0.5, 0.5], [-2.0, 0.0]] {
    ///     meter.hear(2, |_| &block);
    ///     clips.heard(&meter, &Readings::default());
    /// }
    /// assert_eq!(clips.clips, 2);
    /// ```
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
    ///
    /// A processor whose samples a thread takes away, in a few words:
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use patchline_graph::{Companion, Io, Processor};
    ///
    /// /// The thread, as it is seen from here.
    /// #[derive(Default)]
    /// struct Taker(Mutex<Option<std::thread::JoinHandle<()>>>);
    ///
    /// impl Companion for Taker {
    ///     // A ring between both that is long enough for any block.
    ///     fn wait_ready(&self, _frames: usize) {}
    ///
    ///     fn is_finished(&self) -> bool {
    ///         self.0.lock().unwrap().is_none()
    ///     }
    ///
    ///     fn finish(&self) {
    ///         if let Some(thread) = self.0.lock().unwrap().take() {
    ///             thread.join().unwrap();
    ///         }
    ///     }
    /// }
    ///
    /// struct Tap(Arc<Taker>);
    ///
    /// impl Processor for Tap {
    ///     type Params = ();
    ///
    ///     fn update(&mut self, (): &()) {}
    ///
    ///     fn process(&mut self, _io: &mut Io<'_>) {}
    ///
    ///     fn companion(&self) -> Option<Arc<dyn Companion>> {
    ///         Some(Arc::clone(&self.0) as Arc<dyn Companion>)
    ///     }
    /// }
    ///
    /// let tap = Tap(Arc::new(Taker(Mutex::new(Some(std::thread::spawn(|| ()))))));
    /// let companion = tap.companion().unwrap();
    /// drop(tap);
    /// companion.finish();
    /// assert!(companion.is_finished());
    /// ```
    fn companion(&self) -> Option<Arc<dyn Companion>> {
        None
    }
}

/// What a processor is prepared for.
///
/// ```
/// use patchline_graph::PrepareSpec;
///
/// // What a test of a node hands to `prepare`: stereo, in blocks of at most 64 frames.
/// let spec = PrepareSpec {
///     name: "trim".to_owned(),
///     rate: 48_000,
///     max_frames: 64,
///     inputs: vec![2],
///     outputs: vec![2],
///     ..PrepareSpec::default()
/// };
/// assert_eq!(spec.channels(), 2);
/// ```
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
///
/// ```
/// use patchline_graph::Tail;
///
/// let (echo, reverb) = (Tail::Frames(24_000), Tail::Frames(96_000));
/// assert_eq!(echo.then(reverb), Tail::Frames(120_000));
/// assert_eq!(echo.max(reverb), reverb);
/// assert_eq!(reverb.then(Tail::Infinite), Tail::Infinite);
/// ```
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
///
/// ```
/// use patchline_graph::NodeError;
///
/// fn check(low: f64, high: f64) -> Result<(), NodeError> {
///     match low < high {
///         true => Ok(()),
///         false => Err(NodeError::of("low", format!("`low` is {low} Hz; it has to be below `high`, {high} Hz"))),
///     }
/// }
/// let error = check(300.0, 200.0).unwrap_err();
/// assert_eq!(error.parameter.as_deref(), Some("low"));
/// assert_eq!(error.to_string(), "`low` is 300 Hz; it has to be below `high`, 200 Hz");
/// // Where no single parameter is at fault:
/// assert_eq!(NodeError::new("there is no such file").parameter, None);
/// ```
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
///
/// ```
/// use patchline_graph::{DeviceChannels, NoProcessor, Node, NodeError, Ports, PrepareSpec};
///
/// /// The device's input, all of it as one channel.
/// #[derive(Clone, PartialEq)]
/// struct Mono;
///
/// impl Node for Mono {
///     const KIND: &'static str = "mono";
///     type Processor = NoProcessor<Mono>;
///
///     fn ports(&self) -> Ports {
///         Ports::device_input(DeviceChannels::MonoMix)
///     }
///
///     fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
///         Ok(NoProcessor::default())
///     }
///
///     fn footprint(&self, _spec: &PrepareSpec) -> usize {
///         0
///     }
/// }
///
/// assert!(Mono.prepare(&PrepareSpec::default()).is_ok());
/// ```
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
