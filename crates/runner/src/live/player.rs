//! What a device calls: a renderer that stops on the exact frame, notices whether anything comes in, and is timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use patchline_capture::Tap;
use patchline_graph::{Renderer, TimeSource};
use patchline_io::flight::FlightWriter;
use patchline_io::load::{LoadMeter, Measured};
use patchline_io::{Block, Callback, Midi, MidiSender, TimedMidi};

/// What a device calls.
pub(crate) type Player = Measured<Limited, TimeSource>;

/// Renders so many frames and no more, wherever the device's blocks end; silence follows.
pub(crate) struct Limited {
    renderer: Renderer,
    /// What notes each block, where the run is captured.
    tap: Option<Tap>,
    /// Frames rendered, and frames left to render.
    rendered: u64,
    left: u64,
    /// Calls so far, the frames of the shortest one and of the longest.
    calls: u64,
    shortest: u64,
    longest: u64,
    heard: Heard,
    midi: MidiSender,
}

/// What the callback tells of the device's calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    /// For each input channel whether the graph listens to it.
    used: Vec<AtomicBool>,
    /// MIDI messages that nobody took in time.
    midi_lost: AtomicU64,
    frame: AtomicU64,
    calls: AtomicU64,
    shortest: AtomicU64,
    longest: AtomicU64,
}

/// The blocks that were played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) count: u64,
    /// Frames of the shortest and of the longest one; 0 where there were none.
    pub(crate) shortest: u64,
    pub(crate) longest: u64,
}

impl Heard {
    /// The frame up to which the input was last not all zeros.
    pub(crate) fn frame(&self) -> u64 {
        self.0.frame.load(Ordering::Relaxed)
    }

    /// The graph listens to other input channels from now on.
    pub(crate) fn listens_to(&self, used: &[bool]) {
        self.0.used.iter().zip(used).for_each(|(cell, &used)| cell.store(used, Ordering::Relaxed));
    }

    /// MIDI messages that were lost.
    pub(crate) fn midi_lost(&self) -> u64 {
        self.0.midi_lost.load(Ordering::Relaxed)
    }

    /// Exact when the device has stopped.
    pub(crate) fn blocks(&self) -> Blocks {
        let Cells { calls, shortest, longest, .. } = &*self.0;
        let [count, shortest, longest] = [calls, shortest, longest].map(|cell| cell.load(Ordering::Relaxed));
        Blocks { count, shortest, longest }
    }
}

impl Limited {
    /// Without a limit it goes on. MIDI messages go to `midi`, with the frame of what is rendered. `used` says for each input channel whether the graph listens to it.
    pub(crate) fn new(renderer: Renderer, limit: Option<u64>, used: &[bool], midi: MidiSender) -> Self {
        let left = limit.unwrap_or(u64::MAX);
        let used = used.iter().map(|&used| AtomicBool::new(used)).collect();
        let heard = Heard(Arc::new(Cells { used, ..Cells::default() }));
        Self { renderer, tap: None, rendered: 0, left, calls: 0, shortest: u64::MAX, longest: 0, heard, midi }
    }

    /// With each block noted.
    pub(crate) fn tapped(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
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

impl Limited {
    /// Only the last block may hold frames beyond the limit.
    fn count(&mut self, frames: u64) {
        self.calls += 1;
        self.shortest = self.shortest.min(frames);
        self.longest = self.longest.max(frames);
        let Cells { calls, shortest, longest, .. } = &*self.heard.0;
        calls.store(self.calls, Ordering::Relaxed);
        shortest.store(self.shortest, Ordering::Relaxed);
        longest.store(self.longest, Ordering::Relaxed);
    }
}

impl Callback for Limited {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let frames = usize::try_from(self.left).unwrap_or(usize::MAX).min(block.frames);
        if frames > 0 {
            self.count(block.frames as u64);
            match &mut self.tap {
                None => self.renderer.render(frames, inputs, outputs),
                Some(tap) => tap.render(&mut self.renderer, Block { frames, ..block }, inputs, outputs),
            }
            self.left -= frames as u64;
            self.rendered += frames as u64;
        }
        outputs.iter_mut().for_each(|samples| samples[frames..].fill(0.0));
        // Where there is sound, the first samples tell.
        let used = self.heard.0.used.iter().zip(inputs).filter(|(used, _)| used.load(Ordering::Relaxed));
        if used.map(|(_, samples)| samples).any(|samples| samples.iter().any(|&sample| sample != 0.0)) {
            self.heard.0.frame.store(self.rendered, Ordering::Relaxed);
        }
    }

    fn midi(&mut self, message: Midi) {
        self.midi.send(TimedMidi { frame: self.rendered + message.offset as u64, message });
        self.heard.0.midi_lost.store(self.midi.lost(), Ordering::Relaxed);
    }
}
