//! What a processor sees of one block.

use crate::arena::Memory;
use crate::{BufferId, EventSink, Frame, Readings};

/// One block of one processor. Lives on the audio thread.
pub struct Io<'a> {
    /// The input ports, in the order the node declares them.
    pub inputs: Inputs<'a>,
    /// The output ports, in the order the node declares them.
    pub outputs: Outputs<'a>,
    /// The node's readings.
    pub readings: &'a Readings,
    /// Where events go.
    pub events: EventSink<'a>,
}

/// What is the same for all ports of all processors.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) frames: usize,
    pub(crate) memory: &'a Memory,
}

/// The input ports of one block.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub(crate) block: &'a Block<'a>,
    pub(crate) wires: &'a [BufferId],
    pub(crate) ports: &'a [usize],
}

/// The output ports of one block.
pub struct Outputs<'a> {
    pub(crate) block: &'a Block<'a>,
    pub(crate) wires: &'a [BufferId],
    pub(crate) ports: &'a [usize],
}

/// One input port: channels × frames, read only.
#[derive(Clone, Copy)]
pub struct PortIn<'a> {
    block: &'a Block<'a>,
    wires: &'a [BufferId],
}

/// One output port: channels × frames.
pub struct PortOut<'a> {
    block: &'a Block<'a>,
    wires: &'a [BufferId],
}

impl Io<'_> {
    /// Frames in this block, at least 1.
    #[must_use]
    #[inline]
    pub fn frames(&self) -> usize {
        self.inputs.block.frames
    }

    /// Frames rendered before this block.
    #[must_use]
    #[inline]
    pub fn position(&self) -> Frame {
        self.events.position
    }

    /// The first output port, which for an in-place effect arrives holding its input.
    #[must_use]
    #[inline]
    pub fn main(&mut self) -> PortOut<'_> {
        let [main] = self.outputs.ports();
        main
    }
}

impl<'a> Inputs<'a> {
    /// The `index`th input port. An in-place effect's first one has no channels here: its samples are in the output.
    #[must_use]
    #[inline]
    pub fn port(&self, index: usize) -> PortIn<'a> {
        PortIn { block: self.block, wires: port(self.wires, self.ports, index) }
    }
}

impl Outputs<'_> {
    /// The first `N` output ports, to be written side by side.
    #[must_use]
    #[inline]
    pub fn ports<const N: usize>(&mut self) -> [PortOut<'_>; N] {
        let Self { block, wires, ports } = *self;
        std::array::from_fn(|index| PortOut { block, wires: port(wires, ports, index) })
    }
}

/// `widths` has the channels of each port; a port that is not there has none.
#[inline]
fn port<'a>(wires: &'a [BufferId], widths: &[usize], index: usize) -> &'a [BufferId] {
    let before: usize = widths.iter().take(index).sum();
    let width = widths.get(index).copied().unwrap_or(0);
    &wires[before..before + width]
}

impl<'a> PortIn<'a> {
    /// How many channels it has.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.wires.len()
    }

    /// Whether it has none, as an optional port that nothing is linked to.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.wires.is_empty()
    }

    /// One channel's samples.
    ///
    /// # Panics
    /// If there is no such channel.
    #[must_use]
    #[inline]
    pub fn channel(&self, index: usize) -> &'a [f32] {
        self.block.memory.read(self.wires[index], self.block.frames)
    }

    /// All channels in order.
    #[inline]
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &'a [f32]> + use<'a> {
        let (Block { frames, memory }, wires) = (*self.block, self.wires);
        wires.iter().map(move |&wire| memory.read(wire, frames))
    }
}

impl PortOut<'_> {
    /// How many channels it has.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.wires.len()
    }

    /// Whether it has none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.wires.is_empty()
    }

    /// One channel's samples.
    ///
    /// # Panics
    /// If there is no such channel.
    #[inline]
    pub fn channel(&mut self, index: usize) -> &mut [f32] {
        self.block.memory.write(self.wires[index], self.block.frames)
    }

    /// All channels in order.
    #[inline]
    pub fn channels(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        let (Block { frames, memory }, wires) = (*self.block, self.wires);
        wires.iter().map(move |&wire| memory.write(wire, frames))
    }
}
