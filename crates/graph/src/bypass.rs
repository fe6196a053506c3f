//! Leaving a node out while it plays: a fade between what it makes of its input and the input itself.
//!
//! All of it is counted in frames, so that any split into blocks gives the same bits.

use crate::arena::Memory;
use crate::{BufferId, Slot, touched};

/// How long a fade takes, in milliseconds.
const FADE_MS: u64 = 20;

/// What a node that is left out, or about to be, needs. Made on the control thread; then the audio thread's.
///
/// `level` goes from 0, where only the node is heard, to `fade`, where it is not run. It waits while the delayed input,
/// or the node itself after a rest, is not yet as old as the node's latency.
pub(crate) struct Bypass {
    fade: u32,
    level: u32,
    on: bool,
    latency: usize,
    /// Whether the node did not run in the last piece.
    out: bool,
    /// Frames, up to the latency, that the line was fed, and that the node has run, without a break.
    fed: usize,
    ran: usize,
    /// The input as late as the node, channels × latency, and where the next frame goes.
    lines: Vec<Vec<f32>>,
    at: usize,
    /// The input of this piece, channels × the longest piece. Outputs beyond these channels have none.
    dry: Vec<Vec<f32>>,
    in_place: bool,
}

impl Bypass {
    /// For the node of a slot. All of it is touched.
    pub(crate) fn new(slot: &Slot, rate: u32, max_frames: usize) -> Self {
        let passes = slot.in_place || slot.widths.inputs.first() == slot.widths.outputs.first();
        let channels = if passes { slot.widths.outputs.first().copied().unwrap_or(0) } else { 0 };
        let latency = usize::try_from(slot.latency).unwrap_or(usize::MAX);
        let of = |frames: usize| (0..channels).map(|_| touched::zeros(frames)).collect();
        Self {
            fade: u32::try_from((u64::from(rate) * FADE_MS / 1_000).max(1)).unwrap_or(u32::MAX),
            level: 0,
            on: false,
            out: false,
            latency: if channels > 0 { latency } else { 0 },
            fed: 0,
            ran: latency,
            lines: of(latency),
            at: 0,
            dry: of(max_frames),
            in_place: slot.in_place,
        }
    }

    /// As [`new`](Self::new), for a node that is left out from its first frame on.
    pub(crate) fn left_out(slot: &Slot, rate: u32, max_frames: usize) -> Self {
        let new = Self::new(slot, rate, max_frames);
        Self { on: true, level: new.fade, fed: new.latency, ran: 0, ..new }
    }

    /// Turns towards being left out, or back; says in how many frames it is all left out, from where on its node may
    /// not run.
    pub(crate) fn turn(&mut self, on: bool) -> Option<u64> {
        if self.is_over() {
            (self.fed, self.ran) = (0, self.latency);
        }
        self.on = on;
        on.then(|| (self.waits() + (self.fade - self.level) as usize) as u64)
    }

    /// Whether only the node is heard, and that is to stay so.
    pub(crate) fn is_over(&self) -> bool {
        !self.on && self.level == 0
    }

    /// Whether the node has to run. Does not change within a piece.
    pub(crate) fn runs(&self) -> bool {
        !(self.on && self.level == self.fade)
    }

    /// Whether it lets its input through as it comes, and has done so already.
    pub(crate) fn rests(&self) -> bool {
        self.out && !self.runs() && self.latency == 0
    }

    /// Frames until the level begins to move.
    fn waits(&self) -> usize {
        self.latency - if self.on { self.fed } else { self.ran }
    }

    /// Takes the input, before the node runs over it.
    pub(crate) fn before(&mut self, memory: &Memory, inputs: &[BufferId], outputs: &[BufferId], frames: usize) {
        let Self { latency, lines, at, dry, .. } = self;
        let sources = if self.in_place { outputs } else { inputs };
        if self.in_place && *latency == 0 && self.on && self.level == self.fade {
            return;
        }
        for ((source, line), dry) in sources.iter().zip(lines).zip(dry) {
            let source = memory.read(*source, frames);
            if *latency == 0 {
                dry[..frames].copy_from_slice(source);
                continue;
            }
            let mut place = *at;
            for (dry, sample) in dry.iter_mut().zip(source) {
                *dry = std::mem::replace(&mut line[place], *sample);
                place = if place + 1 == *latency { 0 } else { place + 1 };
            }
        }
        if *latency > 0 {
            *at = (*at + frames) % *latency;
        }
    }

    /// Fades what the node has made, if it ran, and the input.
    pub(crate) fn after(&mut self, memory: &Memory, outputs: &[BufferId], frames: usize) {
        let (runs, crossing) = (self.runs(), self.crossing());
        let dry = self.dry.iter().map(|dry| Some(&dry[..frames])).chain(std::iter::repeat(None));
        for (wire, dry) in outputs.iter().zip(dry) {
            match dry {
                Some(_) if !runs && self.in_place && self.latency == 0 => {}
                Some(dry) if !runs => memory.write(*wire, frames).copy_from_slice(dry),
                None if !runs => memory.write(*wire, frames).fill(0.0),
                dry => crossing.cross(0, memory.write(*wire, frames), dry),
            }
        }
        self.pass(frames);
    }

    /// So many frames are over.
    pub(crate) fn pass(&mut self, frames: usize) {
        let runs = self.runs();
        self.out = !runs;
        self.level = self.crossing().level_at(frames);
        self.fed = self.latency.min(self.fed.saturating_add(frames));
        self.ran = if runs { self.latency.min(self.ran.saturating_add(frames)) } else { 0 };
    }

    /// The fade from here on.
    pub(crate) fn crossing(&self) -> Crossing {
        Crossing { fade: self.fade, level: self.level, on: self.on, waits: self.waits() }
    }
}

/// The fade of a node that is left out, or taken back, seen from one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing {
    fade: u32,
    level: u32,
    on: bool,
    waits: usize,
}

impl Crossing {
    /// Fades what the node has made, from the frame `at` on, and its input or silence.
    pub(crate) fn cross(&self, at: usize, wet: &mut [f32], dry: Option<&[f32]>) {
        for (frame, wet) in wet.iter_mut().enumerate() {
            let dry = dry.map_or(0.0, |dry| dry[frame]);
            *wet = match self.level_at(at + frame) {
                0 => *wet,
                level if level == self.fade => dry,
                level => {
                    // A cubic that is level at both ends: neither has a corner that could be heard.
                    let x = f64::from(level) / f64::from(self.fade);
                    let weight = (x * x * (3.0 - 2.0 * x)) as f32;
                    *wet + (dry - *wet) * weight
                }
            };
        }
    }

    /// The level so many frames from here.
    fn level_at(&self, frame: usize) -> u32 {
        let moved = u32::try_from(frame.saturating_sub(self.waits)).unwrap_or(u32::MAX);
        if self.on { self.level.saturating_add(moved).min(self.fade) } else { self.level.saturating_sub(moved) }
    }
}
