//! The schedule: what to do in which order, as plain data over numbered buffers.

use std::fmt;
use std::ops::Range;

use crate::{Alignment, DeviceChannels, Fade, Frames, Tail};

/// One channel's storage: an index into the plan's arena.
pub type BufferId = u32;

/// One step of a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Writes silence.
    Clear {
        /// The buffer written.
        dst: BufferId,
    },
    /// Writes the sum of its terms, left to right. `dst` may be the first term's source.
    Mix {
        /// The buffer written.
        dst: BufferId,
        /// Its terms, in [`Schedule::terms`].
        terms: Range<usize>,
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
    /// Lets sound in or out. `dst` may be `src`.
    Fade {
        /// The buffer written.
        dst: BufferId,
        /// The buffer read.
        src: BufferId,
        /// Which, in [`Schedule::fades`].
        fade: usize,
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

/// One summand of a mix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The buffer read.
    pub source: BufferId,
    /// The factor on it, linear.
    pub gain: f32,
}

/// A node to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// The node's name.
    pub name: String,
    /// The node's type.
    pub kind: &'static str,
    /// Its index among the graph's nodes.
    pub node: usize,
    /// Channels of each input port; 0 for an optional one that nothing is linked to.
    pub inputs: Vec<usize>,
    /// Channels of each output port.
    pub outputs: Vec<usize>,
    /// Whether the first output arrives holding the first input.
    pub in_place: bool,
    /// Frames by which its output is later than its input.
    pub latency: Frames,
    /// How long it rings on.
    pub tail: Tail,
    /// Bytes it takes, at most.
    pub footprint: usize,
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The summands of all mixes.
    pub terms: Vec<Term>,
    /// The buffers of all runs.
    pub wires: Vec<BufferId>,
    /// The nodes to run.
    pub slots: Vec<Slot>,
    /// How many buffers there are.
    pub buffers: usize,
    /// Channels of the device's input and the buffer that each is read into, if anything reads it.
    pub device_in: Vec<Option<BufferId>>,
    /// Channels of the device's output and the buffer that each is written from, if anything writes it.
    pub device_out: Vec<Option<BufferId>>,
    /// The channels of all feedback links.
    pub lines: Vec<Line>,
    /// How late feedback links are, in frames.
    pub feedback: Frames,
    /// What fades, after a load.
    pub fades: Vec<Fade>,
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

    /// The printable plan: one line a step, buffers as `b0`, `b1`, ….
    fn step(&self, f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
        match step {
            Step::Clear { dst } => write!(f, "clear    b{dst}"),
            Step::Mix { dst, terms } => {
                write!(f, "mix      b{dst} =")?;
                for (index, term) in self.terms[terms.clone()].iter().enumerate() {
                    let plus = if index == 0 { "" } else { " +" };
                    write!(f, "{plus} b{}", term.source)?;
                    if term.gain != 1.0 {
                        write!(f, " * {}", term.gain)?;
                    }
                }
                Ok(())
            }
            Step::Receive { dst, line } => write!(f, "receive  b{dst} = {}", self.lines[*line]),
            Step::Send { src, line } => write!(f, "send     {} = b{src}", self.lines[*line]),
            Step::Fade { dst, src, fade } => {
                let Fade { after, length, rises } = self.fades[*fade];
                let way = if rises { "in" } else { "out" };
                write!(f, "fade     b{dst} = b{src} {way} from frame {after} of the load, for {length} frames")
            }
            Step::Run { slot, inputs, outputs } => self.run(f, &self.slots[*slot], inputs, outputs),
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
        let names: Vec<String> = self.wires[wires.clone()].iter().map(|b| format!("b{b}")).collect();
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
        for (channel, buffer) in self.device_in.iter().enumerate() {
            if let Some(buffer) = buffer {
                writeln!(f, "     in       b{buffer} = device input {channel}")?;
            }
        }
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "{index:>4} ")?;
            self.step(f, step)?;
            writeln!(f)?;
        }
        for (channel, buffer) in self.device_out.iter().enumerate() {
            match buffer {
                Some(buffer) => writeln!(f, "     out      device output {channel} = b{buffer}")?,
                None => writeln!(f, "     out      device output {channel} = silence")?,
            }
        }
        let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (steps, buffers) = (count(self.steps.len(), "step"), count(self.buffers, "buffer"));
        write!(f, "{steps}, {buffers}, {} run", count(self.slots.len(), "node"))
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
