//! A callback whose frames go on counting from where another device ended.

use crate::{Block, Callback, Midi};

/// A callback as a [`Supervised`](super::Supervised) device runs it.
///
/// Programs name it where they choose a host for a [`Supervised`](super::Supervised) device:
///
/// ```
/// use patchline_graph::Renderer;
/// use patchline_io::{Host, Placed};
///
/// fn find(hosts: Vec<Box<dyn Host<Placed<Renderer>>>>, wanted: &str) -> Option<Box<dyn Host<Placed<Renderer>>>> {
///     hosts.into_iter().find(|host| host.name() == wanted)
/// }
/// assert!(find(vec![], "jack").is_none());
/// ```
pub struct Placed<C> {
    pub(super) callback: C,
    /// Where the device's frame 0 stands.
    pub(super) origin: u64,
    /// Whether the next block does not follow the one before, since the device was away between them.
    pub(super) gap: bool,
}

impl<C: Callback> Callback for Placed<C> {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let position = block.position.saturating_add(self.origin);
        let discontinuity = std::mem::take(&mut self.gap) | block.discontinuity;
        self.callback.process(Block { position, discontinuity, ..block }, inputs, outputs);
    }

    fn midi(&mut self, message: Midi) {
        self.callback.midi(message);
    }
}
