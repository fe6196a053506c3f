//! The schedule: what to do in which order, as plain data over numbered buffers.

use std::fmt;
use std::ops::{Index, Range};

use crate::asked::Asked;
use crate::{Alignment, DeviceChannels, Fade, Frames, Mixing, NodeName, Spread, Tail, Widths};

/// One channel's storage: an index into the plan's arena.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{BufferId, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let schedule = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 2, 2))?;
/// let read: Vec<BufferId> = schedule.device_in.iter().flatten().copied().collect();
/// assert_eq!(read.len(), 2);
/// # Ok(())
/// # }
/// ```
pub type BufferId = u32;

/// One step of a block.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Step, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let schedule = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 1, 1))?;
/// let run = schedule.steps.iter().find_map(|step| match step {
///     Step::Run { slot, outputs, .. } => Some((&schedule.slots[*slot].name, &schedule.wires[outputs.clone()])),
///     _ => None,
/// });
/// let (name, buffers) = run.unwrap();
/// assert_eq!((name.as_str(), buffers.len()), ("trim", 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Writes silence.
    Clear {
        /// The buffer written.
        dst: BufferId,
    },
    /// Writes sums, channel by channel: each the sum of its terms, left to right. A channel's `dst` may be the source of its
    /// first term.
    Mix {
        /// The buffers written, in [`Schedule::wires`].
        dst: Range<usize>,
        /// The terms, in [`Schedule::terms`].
        terms: Range<usize>,
        /// Why it is a step.
        why: Why,
    },
    /// Reads a feedback line, [`Schedule::feedback`] frames after it was written.
    Receive {
        /// The buffer written.
        dst: BufferId,
        /// The line, in [`Schedule::lines`].
        line: usize,
    },
    /// Writes a feedback line.
    Send {
        /// The buffer read.
        src: BufferId,
        /// The line, in [`Schedule::lines`].
        line: usize,
    },
    /// Runs a processor.
    Run {
        /// Which, in [`Schedule::slots`].
        slot: usize,
        /// The buffers of its input ports (without the main one of an in-place effect), in [`Schedule::wires`].
        inputs: Range<usize>,
        /// The buffers of its output ports, in [`Schedule::wires`].
        outputs: Range<usize>,
    },
}

/// Why channels are mixed by a step of their own, and not by whoever reads them.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Step, StreamSpec, Why, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut graph = trim(0.5);
/// graph.link("mic", "out")?;
/// let schedule = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1))?;
/// let reasons: Vec<Why> = schedule.steps.iter().filter_map(|step| match step {
///     Step::Mix { why, .. } => Some(*why),
///     _ => None,
/// }).collect();
/// assert!(reasons.contains(&Why::Apart), "{reasons:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// Several links meet.
    Meet,
    /// A node that is not run adds up what enters it.
    Sums,
    /// So many sources of a sum hold buffers that they are summed up before the others come.
    Fold,
    /// The device takes it.
    Device,
    /// Several read it: it is scaled once for all of them.
    Shared,
    /// A node reads it that does more than scale.
    Read,
    /// A node works in place on it, and others read it, too.
    Apart,
}

/// One summand of a mix: in each channel, a source times factors, one after the other.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Step, StreamSpec, compile};
///
/// // Two links into `out`: a sum of two terms.
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut graph = trim(0.5);
/// graph.link("mic", "out")?;
/// let schedule = compile(&graph, &StreamSpec::new(48_000, 64, 1, 1))?;
/// let mut sums = schedule.steps.iter().filter_map(|step| match step {
///     Step::Mix { terms, .. } => Some(&schedule.terms[terms.clone()]),
///     _ => None,
/// });
/// assert!(sums.any(|terms| terms.len() == 2 && terms.iter().all(|term| term.factors.is_empty())));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The buffers read, one for each channel, in [`Schedule::wires`].
    pub sources: Range<usize>,
    /// What they are multiplied by, the same in all channels, in [`Schedule::factors`].
    pub factors: Range<usize>,
}

/// What a source is multiplied by.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Factor, StreamSpec, compile};
///
/// // A graph that begins with the mean of the device's two channels: a mix of both, each times ½.
/// # use patchline_graph::{DeviceChannels, Graph, NoProcessor, Node, NodeError, Ports, PrepareSpec};
/// # #[derive(Clone, PartialEq)]
/// # struct Mono;
/// # impl Node for Mono {
/// #     const KIND: &'static str = "mono";
/// #     type Processor = NoProcessor<Mono>;
/// #     fn ports(&self) -> Ports { Ports::device_input(DeviceChannels::MonoMix) }
/// #     fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> { Ok(NoProcessor::default()) }
/// #     fn footprint(&self, _spec: &PrepareSpec) -> usize { 0 }
/// # }
/// # let mut graph = trim(0.5);
/// # graph.add("mic", Mono)?;
/// let schedule = compile(&graph, &StreamSpec::new(48_000, 64, 2, 1))?;
/// assert!(schedule.factors.contains(&Factor::Constant(0.5)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Factor {
    /// The same number always, linear.
    Constant(f32),
    /// A factor of a node that only [mixes](crate::Node::mixing).
    Gain {
        /// The node's index in [`Schedule::slots`].
        slot: usize,
        /// Which of its factors.
        factor: u32,
    },
    /// The weight of a fade, in [`Schedule::fades`].
    Fade(usize),
}

/// A node with a processor.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Slot, StreamSpec, Tail, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let schedule = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 2, 2))?;
/// let Slot { name, kind, in_place, tail, .. } = &schedule.slots[0];
/// assert_eq!((name.as_str(), *kind, *in_place, *tail), ("trim", "scale", true, Tail::None));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// The node's name.
    pub name: NodeName,
    /// The node's type.
    pub kind: &'static str,
    /// Its index among the graph's nodes.
    pub node: usize,
    /// Channels of its ports.
    pub widths: Widths,
    /// Whether the first output arrives holding the first input.
    pub in_place: bool,
    /// What it does, if it is not run, but dissolved in the mixes of those who read it.
    pub mixing: Option<Mixing>,
    /// Whether it only listens: the mix before it lets it hear what it writes.
    pub listens: bool,
    /// Frames by which its output is later than its input.
    pub latency: Frames,
    /// How long it rings on.
    pub tail: Tail,
    /// Bytes it takes, at most.
    pub footprint: usize,
}

/// The nodes with processors, in the order in which they come. What schedules that follow each other both say of a node is
/// there once.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let slots = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 1, 1))?.slots;
/// // The device's two nodes have no processors.
/// assert!(!slots.is_empty());
/// assert_eq!(slots.len(), 1);
/// assert_eq!(slots.iter().map(|slot| slot.name.as_str()).collect::<Vec<_>>(), ["trim"]);
/// assert_eq!(slots.get(0), Some(&slots[0]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// By their numbers among the graph's nodes.
    nodes: Asked,
    order: Vec<u32>,
}

impl Slots {
    /// None of these nodes yet.
    pub(crate) fn of(nodes: Asked) -> Self {
        Self { order: Vec::with_capacity(nodes.len()), nodes }
    }

    /// The next one is that of this node; its index.
    pub(crate) fn come(&mut self, node: usize) -> usize {
        debug_assert!(self.nodes[node].is_some(), "who has no processor has no slot");
        self.order.push(node as u32);
        self.order.len() - 1
    }

    /// Whether they are what these nodes say of themselves, all of it.
    pub(crate) fn are(&self, nodes: &Asked) -> bool {
        self.nodes.shared_with(nodes) == nodes.len()
    }

    /// Their nodes' numbers.
    pub(crate) fn numbers(&self) -> impl ExactSizeIterator<Item = usize> {
        self.order.iter().map(|&node| node as usize)
    }

    /// Those of which it is so, by their nodes' numbers.
    pub(crate) fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let order = self.order.iter().copied().filter(|&node| keep(node as usize)).collect();
        Self { nodes: self.nodes.clone(), order }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The one of this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Slot> {
        self.of_node(*self.order.get(index)? as usize)
    }

    /// The one of the node with this number.
    pub(crate) fn of_node(&self, node: usize) -> Option<&Slot> {
        self.nodes.get(node)?.as_ref()
    }

    /// The number of the node that has the one of this index.
    pub(crate) fn number(&self, index: usize) -> usize {
        self.order[index] as usize
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.numbers().filter_map(|node| self.of_node(node))
    }
}

impl Index<usize> for Slots {
    type Output = Slot;

    fn index(&self, index: usize) -> &Slot {
        self.get(index).expect("an index of one of the slots")
    }
}

impl PartialEq for Slots {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<Slot> for Slots {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut all = Self::default();
        for slot in slots {
            all.nodes.push(Some(slot));
            all.come(all.nodes.len() - 1);
        }
        all
    }
}

/// One channel of a feedback link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The link, as text: what identifies the line over a load.
    pub link: String,
    /// The channel, counted along the link.
    pub channel: usize,
}

/// Everything the renderer does in one block, as data.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Step, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let schedule = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 1, 1))?;
/// schedule.verify()?;
/// println!("{schedule}");
/// let runs = schedule.steps.iter().filter(|step| matches!(step, Step::Run { .. })).count();
/// assert_eq!((runs, schedule.latency), (1, 0));
/// assert!((0..schedule.steps.len()).all(|step| !schedule.is_heard_before(step)));
/// assert!(schedule.footprint(1_024) > schedule.footprint(64));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The summands of all mixes.
    pub terms: Vec<Term>,
    /// The factors of all summands.
    pub factors: Vec<Factor>,
    /// The buffers of all mixes and runs.
    pub wires: Vec<BufferId>,
    /// The nodes with processors.
    pub slots: Slots,
    /// How many buffers there are.
    pub buffers: usize,
    /// Channels of the device's input and the buffer that each is, if anything reads it. No step writes these.
    pub device_in: Vec<Option<BufferId>>,
    /// Channels of the device's output and the buffer that each is, if anything writes it.
    pub device_out: Vec<Option<BufferId>>,
    /// The channels of all feedback links.
    pub lines: Vec<Line>,
    /// How late feedback links are, in frames.
    pub feedback: Frames,
    /// What fades, after a load.
    pub fades: Vec<Fade>,
    /// Which steps may run at once, if several threads are to share them.
    pub spread: Spread,
    /// Links that wait, so that parallel paths arrive together.
    pub alignments: Vec<Alignment>,
    /// The longest latency from any input or source to the device's output or a sink, in frames.
    pub latency: Frames,
    /// How long the graph sounds after its inputs have ended.
    pub tail: Tail,
}

impl Schedule {
    /// Bytes of buffers and processors for blocks of `max_frames` frames, at most.
    #[must_use]
    pub fn footprint(&self, max_frames: usize) -> usize {
        crate::budget::footprint(self, max_frames)
    }

    /// Whether this step runs a node that only listens, to what the step before it writes: that lets it hear on the way.
    #[must_use]
    pub fn is_heard_before(&self, step: usize) -> bool {
        let Some(Step::Run { slot, inputs, outputs }) = self.steps.get(step) else { return false };
        let Some(Step::Mix { dst, .. }) = step.checked_sub(1).and_then(|before| self.steps.get(before)) else {
            return false;
        };
        let begins_a_task = || self.spread.tasks.binary_search_by_key(&step, |task| task.steps.start).is_ok();
        let listens = self.slots[*slot].listens && inputs.is_empty();
        listens && self.wires[outputs.clone()] == self.wires[dst.clone()] && !begins_a_task()
    }

    /// The printable plan: one line a step, buffers as `in0`, `out1`, `b0`, …. What a mix multiplies by is a number, a fade, the name of
    /// a node that scales, or, of one that sums up, `pan#2`: the third of its factors.
    fn step(&self, f: &mut fmt::Formatter<'_>, index: usize) -> fmt::Result {
        match &self.steps[index] {
            Step::Clear { dst } => write!(f, "clear    {}", self.buffer(*dst)),
            Step::Mix { dst, terms, why } => self.mix(f, dst, terms, *why),
            Step::Receive { dst, line } => write!(f, "receive  {} = {}", self.buffer(*dst), self.lines[*line]),
            Step::Send { src, line } => write!(f, "send     {} = {}", self.lines[*line], self.buffer(*src)),
            Step::Run { slot, inputs, outputs } => {
                self.run(f, &self.slots[*slot], inputs, outputs)?;
                f.write_str(match (self.slots[*slot].listens, self.is_heard_before(index)) {
                    (false, _) => "",
                    (true, true) => "    (hears it from the mix before)",
                    (true, false) => "    (by itself: not written by one mix right before)",
                })
            }
        }
    }

    fn mix(&self, f: &mut fmt::Formatter<'_>, dst: &Range<usize>, terms: &Range<usize>, why: Why) -> fmt::Result {
        write!(f, "mix      {} =", self.buffer_list(dst))?;
        for (index, term) in self.terms[terms.clone()].iter().enumerate() {
            let plus = if index == 0 { "" } else { " +" };
            write!(f, "{plus} {}", self.buffer_list(&term.sources))?;
            self.factors[term.factors.clone()].iter().try_for_each(|factor| self.factor(f, *factor))?;
        }
        write!(f, "    ({why})")
    }

    fn factor(&self, f: &mut fmt::Formatter<'_>, factor: Factor) -> fmt::Result {
        match factor {
            Factor::Constant(gain) => write!(f, " * {gain}"),
            Factor::Gain { slot, factor } => match &self.slots[slot] {
                Slot { name, mixing: Some(Mixing::Sums(_)), .. } => write!(f, " * {name}#{factor}"),
                Slot { name, .. } => write!(f, " * {name}"),
            },
            Factor::Fade(fade) => {
                let Fade { after, length, rises } = self.fades[fade];
                let way = if rises { "in" } else { "out" };
                write!(f, " * fade {way} from frame {after} of the load, for {length} frames")
            }
        }
    }

    fn buffer(&self, buffer: BufferId) -> String {
        let channel = |list: &[Option<BufferId>]| list.iter().position(|&device| device == Some(buffer));
        match (channel(&self.device_in), channel(&self.device_out)) {
            (Some(channel), _) => format!("in{channel}"),
            (None, Some(channel)) => format!("out{channel}"),
            (None, None) => {
                format!("b{}", buffer as usize - self.device_in.iter().chain(&self.device_out).flatten().count())
            }
        }
    }

    fn run(
        &self,
        f: &mut fmt::Formatter<'_>,
        slot: &Slot,
        inputs: &Range<usize>,
        outputs: &Range<usize>,
    ) -> fmt::Result {
        write!(f, "run      {} ({})", slot.name, slot.kind)?;
        if !outputs.is_empty() {
            write!(f, " {}", self.buffer_list(outputs))?;
            f.write_str(if slot.in_place { " in place" } else { "" })?;
        }
        if !inputs.is_empty() {
            write!(f, " <- {}", self.buffer_list(inputs))?;
        }
        Ok(())
    }

    fn buffer_list(&self, wires: &Range<usize>) -> String {
        let names: Vec<String> = self.wires[wires.clone()].iter().map(|&buffer| self.buffer(buffer)).collect();
        format!("[{}]", names.join(" "))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.link, self.channel)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tasks = self.spread.tasks.iter().peekable();
        for index in 0..self.steps.len() {
            if let Some(task) = tasks.next_if(|task| task.steps.start == index) {
                writeln!(f, "{task}")?;
            }
            write!(f, "{index:>4} ")?;
            self.step(f, index)?;
            writeln!(f)?;
        }
        for channel in (0..self.device_out.len()).filter(|&channel| self.device_out[channel].is_none()) {
            writeln!(f, "     silence  out{channel}")?;
        }
        let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let device = self.device_in.iter().chain(&self.device_out).flatten().count();
        let (steps, buffers) = (count(self.steps.len(), "step"), count(self.buffers - device, "buffer"));
        let dissolved = self.slots.iter().filter(|slot| slot.mixing.is_some()).count();
        let heard = (0..self.steps.len()).filter(|&step| self.is_heard_before(step)).count();
        let run = count(self.slots.len() - dissolved - heard, "node");
        write!(f, "{steps}, {buffers} beside the device's, {run} run, {dissolved} dissolved in mixes")?;
        if heard > 0 { write!(f, ", {heard} heard by mixes") } else { Ok(()) }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Meet => "links meet",
            Self::Sums => "a node sums them up",
            Self::Fold => "a part of a wide sum",
            Self::Device => "to the device",
            Self::Shared => "several read it",
            Self::Read => "for a node that does more than scale",
            Self::Apart => "a copy to work on in place",
        })
    }
}

impl DeviceChannels {
    /// How many channels an input node has on a device of `visible` channels.
    #[must_use]
    pub fn width(&self, visible: usize) -> usize {
        match self {
            Self::All => visible,
            Self::Pick(channels) => channels.len(),
            Self::MonoMix => 1,
        }
    }
}
