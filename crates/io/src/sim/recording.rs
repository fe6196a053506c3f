//! What a simulated device has called and heard.

use crate::Block;
use crate::channels::Planar;

/// The blocks of a run and what the callback made of them.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::sim::{Recording, Sim, SimConfig};
/// use patchline_io::{Backend, Block, FnCallback};
///
/// let mut device = Sim::open(SimConfig { outputs: 1, frames: Some(512), ..SimConfig::default() })?.recording();
/// device.start(FnCallback(|block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| outputs[0].fill(block.position as f32)))?;
/// device.run(Duration::from_secs(1));
/// let Recording { blocks, channels, .. } = device.take_recording();
/// assert_eq!((blocks.len(), channels[0][0], channels[0][511]), (2, 0.0, 256.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Every block, in order.
    pub blocks: Vec<Block>,
    /// Device outputs × frames, block after block: lost frames are not in it. Where a channel was not there, it is
    /// silent.
    pub channels: Vec<Vec<f32>>,
    /// Frames of each channel.
    frames: usize,
}

impl Recording {
    pub(super) fn new(channels: usize) -> Self {
        Self { blocks: Vec::new(), channels: vec![Vec::new(); channels], frames: 0 }
    }

    pub(super) fn add(&mut self, block: Block, outputs: &Planar) {
        self.blocks.push(block);
        if self.channels.len() < outputs.channels() {
            self.channels.resize(outputs.channels(), vec![0.0; self.frames]);
        }
        self.channels.iter_mut().zip(outputs.iter(block.frames)).for_each(|(to, from)| to.extend_from_slice(from));
        self.frames += block.frames;
        self.channels.iter_mut().for_each(|channel| channel.resize(self.frames, 0.0));
    }
}
