//! Nodes that are no nodes of their own in a plan: factors and summands of mixes.

use patchline_graph::{Frame, Io, Law, Mixing, Node, NodeError, Ports, PrepareSpec, Processor, Smoothed, Summand};

use super::Playing;

/// An effect that only scales: a factor of those who read it.
#[derive(Clone, PartialEq)]
pub(crate) struct Trim(pub(crate) f32);

/// Sums of its input's channels: input, output and factor of each summand. Whether it is run.
#[derive(Clone, PartialEq)]
pub(crate) struct Blend {
    pub(crate) outputs: usize,
    pub(crate) parts: Vec<(usize, usize, f32)>,
    pub(crate) opaque: bool,
}

impl Node for Trim {
    const KIND: &'static str = "trim";
    type Processor = Playing<Trim, Smoothed>;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(Playing { node: self.clone(), state: Smoothed::new(self.0) })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        64
    }

    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        Some(Mixing::Scales)
    }
}

impl Processor for Playing<Trim, Smoothed> {
    type Params = Trim;

    fn update(&mut self, params: &Trim) {
        self.glide(params, 100);
    }

    fn glide(&mut self, params: &Trim, over: u64) {
        self.state.glide(params.0, over, Law::Exponential);
    }

    fn process(&mut self, _io: &mut Io<'_>) {
        unreachable!("its factor is part of a mix");
    }

    fn factors(&mut self) -> &mut [Smoothed] {
        std::slice::from_mut(&mut self.state)
    }
}

impl Node for Blend {
    const KIND: &'static str = "blend";
    type Processor = Playing<Blend, Vec<Smoothed>>;

    fn ports(&self) -> Ports {
        Ports::converter(self.outputs)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(Playing { node: self.clone(), state: self.parts.iter().map(|part| Smoothed::new(part.2)).collect() })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        1024
    }

    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        let summand = |(factor, &(from, to, _)): (usize, &(usize, usize, f32))| Summand { from, to, factor };
        (!self.opaque).then(|| Mixing::Sums(self.parts.iter().enumerate().map(summand).collect()))
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        let wiring = |blend: &Self| blend.parts.iter().map(|(from, to, _)| (*from, *to)).collect::<Vec<_>>();
        wiring(self) != wiring(previous)
    }
}

impl Processor for Playing<Blend, Vec<Smoothed>> {
    type Params = Blend;

    fn update(&mut self, params: &Blend) {
        self.glide(params, 100);
    }

    fn glide(&mut self, params: &Blend, over: u64) {
        for (factor, part) in self.state.iter_mut().zip(&params.parts) {
            factor.glide(part.2, over, Law::Exponential);
        }
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let (frames, input) = (io.frames(), io.inputs.port(0));
        for (output, sum) in io.main().channels().enumerate() {
            sum.fill(0.0);
            let mut first = true;
            for (&(from, to, _), factor) in self.node.parts.iter().zip(&mut self.state) {
                if to == output {
                    let ramp = factor.take(frames);
                    let products = input.channel(from).iter().enumerate().map(|(frame, x)| x * ramp.at(frame));
                    let sums = sum.iter_mut().zip(products);
                    sums.for_each(|(sum, product)| *sum = if first { product } else { *sum + product });
                    first = false;
                }
            }
        }
    }

    fn factors(&mut self) -> &mut [Smoothed] {
        &mut self.state
    }

    fn rests(&mut self, _position: Frame) -> bool {
        self.state.iter().all(Smoothed::is_steady)
    }
}
