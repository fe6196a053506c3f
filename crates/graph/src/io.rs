//! What a processor sees of one block.

use crate::arena::Memory;
use crate::{BufferId, EventSink, Frame, Readings};

/// One block of one processor. Lives on the audio thread.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::play;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Io, Ports};
///
/// /// Fades in over the first 100 frames, in blocks of any size.
/// fn process(io: &mut Io<'_>) {
///     let (frames, position) = (io.frames(), io.position());
///     for channel in io.main().channels() {
///         for (frame, sample) in (position..).zip(&mut channel[..frames]) {
///             *sample *= (frame as f32 / 100.0).min(1.0);
///         }
///     }
/// }
///
/// // What comes out of one block of a node with these ports.
/// let output = play(Ports::effect(), process, &[&[1.0; 128]], 1);
/// assert_eq!((output[0][0], output[0][50], output[0][120]), (0.0, 0.5, 1.0));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::play;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Io, Ports};
///
/// /// The mean of all channels of the first input, for a node with a mono output of its own.
/// fn process(io: &mut Io<'_>) {
///     let input = io.inputs.port(0);
///     let [mut output] = io.outputs.ports();
///     for (frame, sample) in output.channel(0).iter_mut().enumerate() {
///         *sample = input.channels().map(|channel| channel[frame]).sum::<f32>() / input.len() as f32;
///     }
/// }
///
/// // What comes out of one block of a node with these ports.
/// let output = play(Ports::converter(1), process, &[&[1.0, 0.0], &[0.0, 0.5]], 1);
/// assert_eq!(output, [[0.5, 0.25]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub(crate) block: &'a Block<'a>,
    pub(crate) wires: &'a [BufferId],
    pub(crate) ports: &'a [usize],
}

/// The output ports of one block.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::play;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Io, Ports};
///
/// /// An effect that has the difference between its channels on a second output.
/// fn process(io: &mut Io<'_>) {
///     let [mut main, mut side] = io.outputs.ports();
///     for frame in 0..side.channel(0).len() {
///         side.channel(0)[frame] = main.channel(0)[frame] - main.channel(1)[frame];
///     }
/// }
///
/// // What comes out of one block of a node with these ports.
/// let output = play(Ports::effect().with_output("side", 1), process, &[&[1.0, 0.5], &[0.25, 0.5]], 2);
/// // The main output holds what came in, and goes on as it is.
/// assert_eq!(output, [[1.0, 0.5], [0.25, 0.5]]);
/// # Ok(())
/// # }
/// ```
pub struct Outputs<'a> {
    pub(crate) block: &'a Block<'a>,
    pub(crate) wires: &'a [BufferId],
    pub(crate) ports: &'a [usize],
}

/// One input port: channels × frames, read only.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::play;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Io, Ports};
///
/// /// Multiplies by an optional input, where something is linked to it.
/// fn process(io: &mut Io<'_>) {
///     let by = io.inputs.port(1);
///     if by.is_empty() {
///         return;
///     }
///     for channel in io.main().channels() {
///         channel.iter_mut().zip(by.channel(0)).for_each(|(sample, by)| *sample *= by);
///     }
/// }
///
/// /// Left and right in each other's place.
/// fn swap(io: &mut Io<'_>) {
///     let input = io.inputs.port(0);
///     let [mut output] = io.outputs.ports();
///     for (index, channel) in input.channels().enumerate() {
///         output.channel(input.len() - 1 - index).copy_from_slice(channel);
///     }
/// }
///
/// // What comes out of one block of a node with these ports.
/// let output = play(Ports::effect().with_optional_input("by", 1), process, &[&[1.0, 0.5]], 1);
/// assert_eq!(output, [[1.0, 0.5]]);
/// let output = play(Ports::converter(2), swap, &[&[1.0, 0.5], &[0.0, 0.0]], 2);
/// assert_eq!(output, [[0.0, 0.0], [1.0, 0.5]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct PortIn<'a> {
    block: &'a Block<'a>,
    wires: &'a [BufferId],
}

/// One output port: channels × frames.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::play;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Io, Ports};
///
/// /// Silences all channels but the first.
/// fn process(io: &mut Io<'_>) {
///     let mut main = io.main();
///     if main.is_empty() {
///         return;
///     }
///     for index in 1..main.len() {
///         main.channel(index).fill(0.0);
///     }
///     assert!(main.channels().skip(1).all(|channel| channel.iter().all(|&sample| sample == 0.0)));
/// }
///
/// // What comes out of one block of a node with these ports.
/// let output = play(Ports::effect(), process, &[&[1.0], &[0.5]], 2);
/// assert_eq!(output, [[1.0], [0.0]]);
/// # Ok(())
/// # }
/// ```
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
