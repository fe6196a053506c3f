//! What a simulated device has called and heard.

use crate::Block;
use crate::channels::Planar;

/// The blocks of a run and what the callback made of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Every block, in order.
    pub blocks: Vec<Block>,
    /// Device outputs × frames, block after block: lost frames are not in it.
    pub channels: Vec<Vec<f32>>,
}

impl Recording {
    pub(super) fn new(channels: usize) -> Self {
        Self { blocks: Vec::new(), channels: vec![Vec::new(); channels] }
    }

    pub(super) fn add(&mut self, block: Block, outputs: &Planar) {
        self.blocks.push(block);
        self.channels.iter_mut().zip(outputs.iter(block.frames)).for_each(|(to, from)| to.extend_from_slice(from));
    }
}
