//! What a device calls: a renderer that stops on the exact frame, notices whether anything comes in, and is timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use patchline_graph::{Renderer, TimeSource};
use patchline_io::flight::FlightWriter;
use patchline_io::load::{LoadMeter, Measured};
use patchline_io::{Block, Callback};

/// What a device calls.
pub(crate) type Player = Measured<Limited, TimeSource>;

/// Renders so many frames and no more, wherever the device's blocks end; silence follows.
pub(crate) struct Limited {
    renderer: Renderer,
    /// Frames rendered, and frames left to render.
    rendered: u64,
    left: u64,
    /// The input channels that the graph listens to.
    used: Vec<usize>,
    heard: Heard,
}

/// The frame up to which the input was last not all zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<AtomicU64>);

impl Heard {
    pub(crate) fn frame(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Limited {
    /// Without a limit it goes on. `used` are the input channels that matter.
    pub(crate) fn new(renderer: Renderer, limit: Option<u64>, used: Vec<usize>) -> Self {
        Self { renderer, rendered: 0, left: limit.unwrap_or(u64::MAX), used, heard: Heard::default() }
    }

    /// Timed by this clock on a device of `rate` Hz, each call noted.
    pub(crate) fn timed(self, rate: u32, time: TimeSource, flight: FlightWriter) -> (Player, Heard, LoadMeter) {
        let heard = self.heard.clone();
        let (player, load) = Measured::with_clock(self, rate, time);
        (player.recorded(flight), heard, load)
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
            self.rendered += frames as u64;
        }
        outputs.iter_mut().for_each(|samples| samples[frames..].fill(0.0));
        // Where there is sound, the first samples tell.
        let mut used = self.used.iter().filter_map(|&channel| inputs.get(channel));
        if used.any(|samples| samples.iter().any(|&sample| sample != 0.0)) {
            self.heard.0.store(self.rendered, Ordering::Relaxed);
        }
    }
}
