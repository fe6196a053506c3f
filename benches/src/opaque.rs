//! A node of the bench's own, as an embedding program would write one.

use patchline_graph::{Io, Node, NodeError, Ports, PrepareSpec, Processor};

/// Multiplies by a factor, and tells nobody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Opaque(pub(crate) f32);

impl Node for Opaque {
    const KIND: &'static str = "opaque";
    type Processor = Factor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Factor, NodeError> {
        Ok(Factor(self.0))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<Factor>()
    }
}

/// The processor of [`Opaque`].
pub(crate) struct Factor(f32);

impl Processor for Factor {
    type Params = Opaque;

    fn update(&mut self, params: &Opaque) {
        self.0 = params.0;
    }

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let factor = self.0;
        for channel in io.main().channels() {
            channel.iter_mut().for_each(|sample| *sample *= factor);
        }
    }
}
