//! A renderer that stops on the exact frame.

use patchline_graph::Renderer;
use patchline_io::{Block, Callback};

/// Renders so many frames and no more, wherever the device's blocks end; silence follows.
pub(crate) struct Limited {
    renderer: Renderer,
    /// Frames left to render.
    left: u64,
}

impl Limited {
    /// Without a limit it goes on.
    pub(crate) fn new(renderer: Renderer, limit: Option<u64>) -> Self {
        Self { renderer, left: limit.unwrap_or(u64::MAX) }
    }

    pub(crate) fn into_renderer(self) -> Renderer {
        self.renderer
    }
}

impl Callback for Limited {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let frames = usize::try_from(self.left).unwrap_or(usize::MAX).min(block.frames);
        if frames > 0 {
            self.renderer.render(frames, inputs, outputs);
            self.left -= frames as u64;
        }
        outputs.iter_mut().for_each(|samples| samples[frames..].fill(0.0));
    }
}
