//! What runs in the device's callback: single samples go out, and the loudest sample until the next one is noted.

use patchline_graph::touched;
use patchline_io::{Block, Callback};
use rtrb::{Consumer, Producer};

/// Intervals before the first impulse: devices need a moment, and what they begin with is noise.
const LEAD: u64 = 1;
/// Each interval is longer than the one before by this many frames, and after as many the first comes again. So
/// impulses fall on all places of a block, and an echo of the impulse before the last one gives itself away.
const STAGGER: u64 = 37;
const ROUNDS: u64 = 11;

/// What to send.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Frames from one impulse to the next, at least.
    pub(super) interval: u64,
    /// How many.
    pub(super) count: u32,
    /// Their sample.
    pub(super) level: f32,
    /// Channels to listen to.
    pub(super) inputs: usize,
}

/// What was heard between one impulse and the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Echo {
    /// The frame at which the impulse was sent.
    pub(super) sent: u64,
    /// The frame and the channel of the loudest sample, and its magnitude.
    pub(super) heard: u64,
    pub(super) channel: usize,
    pub(super) peak: f32,
    /// The root of the mean square of that channel.
    pub(super) rms: f64,
    /// Whether the device lost frames meanwhile: then the positions mean nothing.
    pub(super) interrupted: bool,
}

/// The callback, and where its echoes arrive.
pub(super) fn probe(plan: &Plan) -> (Probe, Consumer<Echo>) {
    let (echoes, consumer) = touched::ring(plan.count as usize);
    let probe = Probe {
        plan: plan.clone(),
        now: 0,
        next: plan.interval * LEAD,
        sent: 0,
        window: None,
        ears: vec![Ear::default(); plan.inputs],
        echoes,
    };
    (probe, consumer)
}

/// Sends and listens. Counts frames by itself: what matters is where an input frame is relative to an output frame.
pub(super) struct Probe {
    plan: Plan,
    /// The frame of the next sample.
    now: u64,
    /// The frame of the next impulse.
    next: u64,
    /// Impulses so far.
    sent: u32,
    window: Option<Window>,
    /// By channel.
    ears: Vec<Ear>,
    echoes: Producer<Echo>,
}

/// The time since an impulse.
#[derive(Clone, Copy)]
struct Window {
    sent: u64,
    interrupted: bool,
}

/// What a channel has heard in a window.
#[derive(Clone, Copy, Default)]
struct Ear {
    peak: f32,
    at: u64,
    energy: f64,
}

impl Callback for Probe {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        outputs.iter_mut().for_each(|samples| samples.fill(0.0));
        if block.discontinuity
            && let Some(window) = &mut self.window
        {
            window.interrupted = true;
        }
        let mut done = 0;
        while done < block.frames {
            if self.now == self.next {
                self.close();
                self.open(done, outputs);
            }
            let length = usize::try_from(self.next - self.now).unwrap_or(usize::MAX).min(block.frames - done);
            if self.window.is_some() {
                self.listen(done, length, inputs);
            }
            self.now += length as u64;
            done += length;
        }
    }
}

impl Probe {
    /// Sends an impulse, if one is left, and begins to listen for it.
    fn open(&mut self, at: usize, outputs: &mut [&mut [f32]]) {
        self.next = self.now + self.plan.interval + u64::from(self.sent) % ROUNDS * STAGGER;
        if self.sent == self.plan.count {
            return;
        }
        self.sent += 1;
        outputs.iter_mut().for_each(|samples| samples[at] = self.plan.level);
        self.ears.fill(Ear::default());
        self.window = Some(Window { sent: self.now, interrupted: false });
    }

    fn listen(&mut self, from: usize, length: usize, inputs: &[&[f32]]) {
        for (ear, samples) in self.ears.iter_mut().zip(inputs) {
            for (index, &sample) in samples[from..from + length].iter().enumerate() {
                let magnitude = sample.abs();
                if magnitude > ear.peak {
                    (ear.peak, ear.at) = (magnitude, self.now + index as u64);
                }
                ear.energy += f64::from(sample) * f64::from(sample);
            }
        }
    }

    /// Notes what was heard since the last impulse: the first of the channels that heard the most.
    fn close(&mut self) {
        let Some(Window { sent, interrupted }) = self.window.take() else { return };
        let (mut channel, mut loudest) = (0, Ear::default());
        for (index, ear) in self.ears.iter().enumerate() {
            if ear.peak > loudest.peak {
                (channel, loudest) = (index, *ear);
            }
        }
        let rms = (loudest.energy / (self.now - sent) as f64).sqrt();
        let echo = Echo { sent, heard: loudest.at, channel, peak: loudest.peak, rms, interrupted };
        // There is room for all that are ever sent.
        let _ = self.echoes.push(echo);
    }
}
