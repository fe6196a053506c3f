//! The nodes of random graphs, as an author would write them: one per shape of ports.

mod mixing;

use patchline_graph::{
    DeviceChannels, Frame, Frames, Hush, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec, Processor, Tail,
};

pub(crate) use mixing::{Blend, Trim};

/// An in-place effect without state.
#[derive(Clone, PartialEq)]
pub(crate) struct Scale(pub(crate) f32);

/// An in-place effect with state per channel.
#[derive(Clone, PartialEq)]
pub(crate) struct OnePole {
    pub(crate) feed: f32,
    pub(crate) back: f32,
}

/// An in-place effect with an optional second input and a second output.
#[derive(Clone, PartialEq)]
pub(crate) struct Side(pub(crate) f32);

/// Reads any width, writes two channels of its own; an optional second input.
#[derive(Clone, PartialEq)]
pub(crate) struct Combine(pub(crate) f32);

/// Writes only.
#[derive(Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) seed: u32,
    pub(crate) channels: usize,
}

/// Reads only.
#[derive(Clone, PartialEq)]
pub(crate) struct Sink;

#[derive(Clone, PartialEq)]
pub(crate) struct DeviceIn(pub(crate) DeviceChannels);

#[derive(Clone, PartialEq)]
pub(crate) struct DeviceOut(pub(crate) Vec<usize>);

/// A processor with state.
pub(crate) struct Playing<N, S> {
    node: N,
    state: S,
}

/// Nodes of the device are never prepared.
fn dissolved<P>() -> NoProcessor<P> {
    NoProcessor::default()
}

macro_rules! node {
    ($node:ty, $kind:literal, $processor:ty, |$this:ident| $ports:expr, |$from:ident, $spec:ident| $make:expr) => {
        impl Node for $node {
            const KIND: &'static str = $kind;
            type Processor = $processor;

            fn ports(&self) -> Ports {
                let $this = self;
                $ports
            }

            fn prepare(&self, $spec: &PrepareSpec) -> Result<$processor, NodeError> {
                let $from = self.clone();
                Ok($make)
            }

            fn footprint(&self, spec: &PrepareSpec) -> usize {
                1024 + 8 * spec.channels()
            }
        }
    };
}

node!(Scale, "scale", Scale, |_this| Ports::effect(), |node, _spec| node);
node!(OnePole, "one_pole", Playing<OnePole, Vec<[f32; 2]>>, |_this| Ports::effect(), |node, spec| {
    Playing { node, state: vec![[0.0; 2]; spec.channels()] }
});
node!(
    Side,
    "side",
    Side,
    |_this| Ports::effect().with_optional_input("mod", 1).with_output("aux", 1),
    |node, _spec| node
);
node!(
    Combine,
    "combine",
    Playing<Combine, [f32; 2]>,
    |_this| Ports::converter(2).with_optional_input("mod", 1),
    |node, _spec| Playing { node, state: [0.0; 2] }
);
node!(Source, "source", Playing<Source, u32>, |this| Ports::source(this.channels), |node, _spec| Playing { state: node.seed, node });
/// An effect without state that takes no other parameters.
#[derive(Clone, PartialEq)]
pub(crate) struct Fixed(pub(crate) f32);

/// Its input, so many frames late.
#[derive(Clone, PartialEq)]
pub(crate) struct Echo(pub(crate) usize);

impl Node for Fixed {
    const KIND: &'static str = "fixed";
    type Processor = Playing<Fixed, ()>;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(Playing { node: self.clone(), state: () })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        64
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self != previous
    }
}

impl Processor for Playing<Fixed, ()> {
    type Params = Fixed;

    fn update(&mut self, _params: &Fixed) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let gain = self.node.0;
        io.main().channels().flatten().for_each(|sample| *sample *= gain);
    }

    fn rests(&mut self, _position: Frame) -> bool {
        true
    }
}

impl Node for Echo {
    const KIND: &'static str = "echo";
    type Processor = Playing<Echo, (Vec<f32>, usize, Hush)>;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        assert_eq!(spec.channels(), 1, "it has one line");
        Ok(Playing { node: self.clone(), state: (vec![0.0; self.0 + 1], 0, Hush::default()) })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        64 + 4 * self.0
    }

    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::Frames(self.0 as u64)
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self != previous
    }
}

impl Processor for Playing<Echo, (Vec<f32>, usize, Hush)> {
    type Params = Echo;

    fn update(&mut self, _params: &Echo) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let (line, at, _) = &mut self.state;
        for sample in io.main().channel(0) {
            // A frame longer than the delay.
            let oldest = (*at + 1) % line.len();
            line[*at] = std::mem::replace(sample, line[oldest]);
            *at = oldest;
        }
    }

    fn rests(&mut self, position: Frame) -> bool {
        let (line, at, hush) = &mut self.state;
        hush.covers(line, *at, position)
    }

    fn slept(&mut self, frames: Frames) {
        let (line, at, _) = &mut self.state;
        *at = (*at + frames as usize) % line.len();
    }
}

/// Adds a constant for as long as it is there.
#[derive(Clone, PartialEq)]
pub(crate) struct Drone(pub(crate) f32);

impl Node for Drone {
    const KIND: &'static str = "drone";
    type Processor = Drone;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Drone, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        64
    }

    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::Infinite
    }
}

impl Processor for Drone {
    type Params = Drone;

    fn update(&mut self, params: &Drone) {
        *self = params.clone();
    }

    fn process(&mut self, io: &mut Io<'_>) {
        io.main().channels().flatten().for_each(|sample| *sample += self.0);
    }

    fn rests(&mut self, _position: Frame) -> bool {
        true
    }
}

node!(Sink, "sink", Sink, |_this| Ports::sink(), |node, _spec| node);
node!(DeviceIn, "input", NoProcessor<DeviceIn>, |this| Ports::device_input(this.0.clone()), |_node, _spec| dissolved());
node!(
    DeviceOut,
    "output",
    NoProcessor<DeviceOut>,
    |this| Ports::device_output(Some(this.0.clone())),
    |_node, _spec| dissolved()
);

impl Processor for Scale {
    type Params = Scale;

    fn update(&mut self, params: &Scale) {
        *self = params.clone();
    }

    fn process(&mut self, io: &mut Io<'_>) {
        for channel in io.main().channels() {
            channel.iter_mut().for_each(|sample| *sample *= self.0);
        }
    }

    fn rests(&mut self, _position: Frame) -> bool {
        true
    }
}

impl Processor for Playing<OnePole, Vec<[f32; 2]>> {
    type Params = OnePole;

    fn update(&mut self, params: &OnePole) {
        self.node = params.clone();
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let OnePole { feed, back } = self.node;
        for (channel, state) in io.main().channels().zip(&mut self.state) {
            for sample in channel {
                let [heard, last] = [*sample, state[1]];
                *state = [heard, heard * feed + last * back];
                *sample = state[1];
            }
        }
    }

    fn rests(&mut self, _position: Frame) -> bool {
        let OnePole { feed, back } = self.node;
        self.state.iter().all(|[heard, last]| (heard * feed + last * back).to_bits() == last.to_bits())
    }
}

impl Processor for Side {
    type Params = Side;

    fn update(&mut self, params: &Side) {
        *self = params.clone();
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let modulation = io.inputs.port(1);
        let [mut main, mut aux] = io.outputs.ports();
        let aux = aux.channel(0);
        aux.fill(0.0);
        for channel in main.channels() {
            for (frame, sample) in channel.iter_mut().enumerate() {
                aux[frame] += sample.abs();
                let depth = if modulation.is_empty() { 1.0 } else { modulation.channel(0)[frame] };
                *sample += self.0 * depth;
            }
        }
    }

    fn rests(&mut self, _position: Frame) -> bool {
        true
    }
}

impl Processor for Playing<Combine, [f32; 2]> {
    type Params = Combine;

    fn update(&mut self, params: &Combine) {
        self.node = params.clone();
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let (input, modulation) = (io.inputs.port(0), io.inputs.port(1));
        let [mut out] = io.outputs.ports();
        for frame in 0..io.inputs.port(0).channel(0).len() {
            let sum = input.channels().fold(0.0, |sum, channel| sum + channel[frame]);
            let extra = if modulation.is_empty() { 0.0 } else { modulation.channel(0)[frame] };
            out.channel(0)[frame] = sum * self.node.0 + extra;
            out.channel(1)[frame] = self.state[1];
            self.state = [self.state[1], sum];
        }
    }

    fn rests(&mut self, _position: Frame) -> bool {
        self.state[0].to_bits() == self.state[1].to_bits()
    }
}

impl Processor for Playing<Source, u32> {
    type Params = Source;

    fn update(&mut self, params: &Source) {
        self.node = params.clone();
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let frames = io.frames();
        let mut out = io.main();
        for frame in 0..frames {
            for channel in 0..out.len() {
                self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                out.channel(channel)[frame] = (self.state >> 8) as f32 / (1 << 24) as f32;
            }
        }
    }
}

impl Processor for Sink {
    type Params = Sink;

    fn update(&mut self, _params: &Sink) {}

    fn process(&mut self, io: &mut Io<'_>) {
        assert!(io.inputs.port(0).channels().all(|channel| channel.len() == io.frames()));
    }

    fn rests(&mut self, _position: Frame) -> bool {
        true
    }
}

/// An output node on all channels of the device.
#[derive(Clone, PartialEq)]
pub(crate) struct WholeOut;

node!(WholeOut, "output", NoProcessor<WholeOut>, |_this| Ports::device_output(None), |_node, _spec| dissolved());

/// An effect that takes a great deal of memory, or says so.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Heavy(pub(crate) usize);

impl Node for Heavy {
    const KIND: &'static str = "heavy";
    type Processor = NoProcessor<Heavy>;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn check(&self, _spec: &PrepareSpec) -> Result<(), NodeError> {
        if self.0 == 13 { Err(NodeError::of("bytes", "13 bytes bring bad luck")) } else { Ok(()) }
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        if self.0 == 7 { Err(NodeError::of("bytes", "this node cannot be prepared")) } else { Ok(dissolved()) }
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        self.0
    }
}

/// Claims to work in place on ports of different widths.
#[derive(Clone, PartialEq)]
pub(crate) struct Impossible;

node!(
    Impossible,
    "impossible",
    NoProcessor<Impossible>,
    |_this| Ports { in_place: true, ..Ports::converter(3) },
    |_node, _spec| dissolved()
);
