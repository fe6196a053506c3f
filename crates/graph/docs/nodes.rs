// What examples in the documentation of this crate play: hidden lines include it, so that each shows only its own subject.

use patchline_graph::{
    DeviceChannels, Graph, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec, Processor, StreamSpec, engine,
};

/// All channels of the device, in or out.
#[derive(Clone, PartialEq)]
pub struct Device {
    pub output: bool,
}

impl Node for Device {
    const KIND: &'static str = "device";
    type Processor = NoProcessor<Device>;

    fn ports(&self) -> Ports {
        match self.output {
            true => Ports::device_output(None),
            false => Ports::device_input(DeviceChannels::All),
        }
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// Multiplies every sample by a factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale(pub f32);

impl Node for Scale {
    const KIND: &'static str = "scale";
    type Processor = Scale;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Scale, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Scale>()
    }
}

impl Processor for Scale {
    type Params = Scale;

    fn update(&mut self, params: &Scale) {
        self.0 = params.0;
    }

    fn process(&mut self, io: &mut Io<'_>) {
        for channel in io.main().channels() {
            channel.iter_mut().for_each(|sample| *sample *= self.0);
        }
    }
}

/// A node of any ports that does what a function does.
#[derive(Clone)]
pub struct Does(pub Ports, pub fn(&mut Io<'_>));

impl PartialEq for Does {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && std::ptr::fn_addr_eq(self.1, other.1)
    }
}

impl Node for Does {
    const KIND: &'static str = "does";
    type Processor = Does;

    fn ports(&self) -> Ports {
        self.0.clone()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Does, NodeError> {
        Ok(self.clone())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl Processor for Does {
    type Params = Does;

    fn update(&mut self, params: &Does) {
        self.1 = params.1;
    }

    fn process(&mut self, io: &mut Io<'_>) {
        self.1(io);
    }
}

/// `mic -> trim -> out`, where `trim` multiplies by a factor.
pub fn trim(factor: f32) -> Graph {
    around("trim", Scale(factor))
}

/// `mic -> NAME -> out`.
pub fn around(name: &str, node: impl Node) -> Graph {
    let mut graph = Graph::new();
    graph.add("mic", Device { output: false }).expect("a good name");
    graph.add(name, node).expect("a good name").add("out", Device { output: true }).expect("a good name");
    graph.chain(&["mic", name, "out"]).expect("good names");
    graph
}

/// What comes out of one block of a node with these ports that does this.
pub fn play(ports: Ports, process: fn(&mut Io<'_>), inputs: &[&[f32]], outputs: usize) -> Vec<Vec<f32>> {
    let frames = inputs[0].len();
    let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, inputs.len(), outputs));
    engine.load(around("node", Does(ports, process))).expect("it can be played");
    let mut played = vec![vec![0.0; frames]; outputs];
    renderer.render(frames, inputs, &mut played.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
    engine.close(renderer);
    played
}
