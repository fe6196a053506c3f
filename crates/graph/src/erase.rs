//! Erasure, once: nodes and processors of any type behind one. Node authors never see `Any`.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::instructions::{Supported, Work};
use crate::level::LevelMeter;
use crate::message::Params;
use crate::{
    Companion, Frame, Frames, Io, Mixing, Node, NodeError, Ports, PrepareSpec, Processor, Reading, Readings, Smoothed,
    Tail, topology,
};

/// A node of any type. A clone shares the node.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::Scale;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{AnyNode, PrepareSpec, Tail};
///
/// let node = AnyNode::new(Scale(0.5));
/// assert_eq!(node.kind(), "scale");
/// assert_eq!(node.ports().inputs[0].name, "in");
/// assert_eq!(node.downcast_ref::<Scale>(), Some(&Scale(0.5)));
///
/// let spec = PrepareSpec { rate: 48_000, max_frames: 64, inputs: vec![2], outputs: vec![2], ..PrepareSpec::default() };
/// node.check(&spec)?;
/// assert_eq!((node.latency(&spec), node.tail(&spec)), (0, Tail::None));
/// assert!(node.footprint(&spec) < 64);
/// assert!(!node.listens() && node.mixing(&spec).is_none() && node.readings().is_empty());
/// // Another factor needs no new processor.
/// assert!(!AnyNode::new(Scale(0.25)).rebuilds(&node));
/// # Ok(())
/// # }
/// ```
pub struct AnyNode(Arc<Erased<dyn DynNode>>);

/// A node, and what it says of itself once and for all.
struct Erased<N: ?Sized> {
    ports: Ports,
    /// Why no node can have such ports, if so.
    impossible: Option<String>,
    listens: bool,
    node: N,
}

/// Parameters on their way to the audio thread.
pub(crate) type AnyParams = Box<dyn Any + Send>;

impl AnyNode {
    /// Erases a node's type.
    pub fn new<N: Node>(node: N) -> Self {
        let ports = node.ports();
        Self(Arc::new(Erased { impossible: topology::impossible(&ports), ports, listens: N::LISTENS, node }))
    }

    /// The node, if it is of this type.
    #[must_use]
    pub fn downcast_ref<N: Node>(&self) -> Option<&N> {
        self.0.node.as_any().downcast_ref()
    }

    /// The node's type, as a patch names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.0.node.kind()
    }

    /// See [`Node::ports`].
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.0.ports
    }

    /// Why no node can have its ports, if so.
    pub(crate) fn impossible(&self) -> Option<&str> {
        self.0.impossible.as_deref()
    }

    /// See [`Node::LISTENS`].
    #[must_use]
    pub fn listens(&self) -> bool {
        self.0.listens
    }

    /// See [`Node::readings`].
    #[must_use]
    pub fn readings(&self) -> &'static [Reading] {
        self.0.node.readings()
    }

    /// See [`Node::check`].
    ///
    /// # Errors
    /// What keeps the node from running so.
    pub fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
        self.0.node.check(spec)
    }

    /// See [`Node::footprint`].
    #[must_use]
    pub fn footprint(&self, spec: &PrepareSpec) -> usize {
        self.0.node.footprint(spec)
    }

    /// See [`Node::latency`].
    #[must_use]
    pub fn latency(&self, spec: &PrepareSpec) -> Frames {
        self.0.node.latency(spec)
    }

    /// See [`Node::mixing`].
    #[must_use]
    pub fn mixing(&self, spec: &PrepareSpec) -> Option<Mixing> {
        self.0.node.mixing(spec)
    }

    /// See [`Node::tail`].
    #[must_use]
    pub fn tail(&self, spec: &PrepareSpec) -> Tail {
        self.0.node.tail(spec)
    }

    /// Whether both are clones of one.
    pub(crate) fn is(&self, other: &AnyNode) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether coming from `previous` needs a new processor: another type does.
    #[must_use]
    pub fn rebuilds(&self, previous: &AnyNode) -> bool {
        !self.is(previous) && (self.0.ports != previous.0.ports || self.0.node.rebuilds(&previous.0.node))
    }

    pub(crate) fn prepare(&self, spec: &PrepareSpec) -> Result<AnyProcessor, NodeError> {
        self.0.node.prepare(spec)
    }

    pub(crate) fn params(&self) -> AnyParams {
        self.0.node.params()
    }
}

impl Clone for AnyNode {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl PartialEq for AnyNode {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.0.node.equals(&other.0.node)
    }
}

impl fmt::Debug for AnyNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

trait DynNode: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn kind(&self) -> &'static str;
    fn readings(&self) -> &'static [Reading];
    fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError>;
    fn footprint(&self, spec: &PrepareSpec) -> usize;
    fn latency(&self, spec: &PrepareSpec) -> Frames;
    fn mixing(&self, spec: &PrepareSpec) -> Option<Mixing>;
    fn tail(&self, spec: &PrepareSpec) -> Tail;
    fn prepare(&self, spec: &PrepareSpec) -> Result<AnyProcessor, NodeError>;
    fn rebuilds(&self, previous: &dyn DynNode) -> bool;
    fn equals(&self, other: &dyn DynNode) -> bool;
    fn params(&self) -> AnyParams;
}

impl<N: Node> DynNode for N {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        N::KIND
    }

    fn readings(&self) -> &'static [Reading] {
        Node::readings(self)
    }

    fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
        Node::check(self, spec)
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        Node::footprint(self, spec)
    }

    fn latency(&self, spec: &PrepareSpec) -> Frames {
        Node::latency(self, spec)
    }

    fn mixing(&self, spec: &PrepareSpec) -> Option<Mixing> {
        Node::mixing(self, spec)
    }

    fn tail(&self, spec: &PrepareSpec) -> Tail {
        Node::tail(self, spec)
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<AnyProcessor, NodeError> {
        let processor = Box::new(Node::prepare(self, spec)?);
        Ok(AnyProcessor { processor, instructions: Supported::of(spec.instructions) })
    }

    fn rebuilds(&self, previous: &dyn DynNode) -> bool {
        previous.as_any().downcast_ref().is_none_or(|previous| Node::rebuilds(self, previous))
    }

    fn equals(&self, other: &dyn DynNode) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn params(&self) -> AnyParams {
        Box::new(self.clone())
    }
}

/// A processor of any type. Lives on the audio thread.
pub(crate) struct AnyProcessor {
    processor: Box<dyn DynProcessor>,
    /// What it is run with.
    instructions: Supported,
}

impl AnyProcessor {
    pub(crate) fn update(&mut self, Params { params, over }: &Params) {
        self.processor.update(&**params, *over);
    }

    pub(crate) fn process(&mut self, io: &mut Io<'_>) {
        self.processor.process(self.instructions, io);
    }

    pub(crate) fn factors(&mut self) -> &mut [Smoothed] {
        self.processor.factors()
    }

    /// Itself, if it has at least so many factors.
    pub(crate) fn with(mut self, factors: usize) -> Result<Self, NodeError> {
        let has = self.factors().len();
        let few =
            || NodeError::new(format!("it says that it only mixes, by {factors} factors; its processor has {has}"));
        if has < factors { Err(few()) } else { Ok(self) }
    }

    pub(crate) fn meter(&mut self) -> Option<LevelMeter> {
        self.processor.meter()
    }

    pub(crate) fn heard(&mut self, meter: &LevelMeter, readings: &Readings) {
        self.processor.heard(meter, readings);
    }

    pub(crate) fn rests(&mut self, position: Frame) -> bool {
        self.processor.rests(position)
    }

    pub(crate) fn slept(&mut self, frames: Frames) {
        self.processor.slept(frames);
    }

    pub(crate) fn reset(&mut self) {
        self.processor.reset();
    }

    pub(crate) fn companion(&self) -> Option<Arc<dyn Companion>> {
        self.processor.companion()
    }
}

trait DynProcessor: Send {
    fn update(&mut self, params: &dyn Any, over: Option<Frames>);
    fn process(&mut self, instructions: Supported, io: &mut Io<'_>);
    fn factors(&mut self) -> &mut [Smoothed];
    fn meter(&mut self) -> Option<LevelMeter>;
    fn heard(&mut self, meter: &LevelMeter, readings: &Readings);
    fn rests(&mut self, position: Frame) -> bool;
    fn slept(&mut self, frames: Frames);
    fn reset(&mut self);
    fn companion(&self) -> Option<Arc<dyn Companion>>;
}

impl<P: Processor> DynProcessor for P {
    fn update(&mut self, params: &dyn Any, over: Option<Frames>) {
        let params = params.downcast_ref();
        debug_assert!(params.is_some(), "the engine sends a node only its own parameters");
        match (params, over) {
            (Some(params), None) => Processor::update(self, params),
            (Some(params), Some(over)) => Processor::glide(self, params, over),
            (None, _) => {}
        }
    }

    fn process(&mut self, instructions: Supported, io: &mut Io<'_>) {
        instructions.run(Block { processor: self, io });
    }

    fn factors(&mut self) -> &mut [Smoothed] {
        Processor::factors(self)
    }

    fn meter(&mut self) -> Option<LevelMeter> {
        Processor::meter(self)
    }

    fn heard(&mut self, meter: &LevelMeter, readings: &Readings) {
        Processor::heard(self, meter, readings);
    }

    fn rests(&mut self, position: Frame) -> bool {
        Processor::rests(self, position)
    }

    fn slept(&mut self, frames: Frames) {
        Processor::slept(self, frames);
    }

    fn reset(&mut self) {
        Processor::reset(self);
    }

    fn companion(&self) -> Option<Arc<dyn Companion>> {
        Processor::companion(self)
    }
}

/// One block of one processor.
struct Block<'a, 'b, P> {
    processor: &'a mut P,
    io: &'a mut Io<'b>,
}

impl<P: Processor> Work for Block<'_, '_, P> {
    type Output = ();

    /// The author's `process` is inlined here, and so compiled once for each set of instructions.
    #[inline(always)]
    fn work(self) {
        self.processor.process(self.io);
    }
}
