//! Rest: what is silent, and stays so until something comes in, is not computed.
//!
//! While the device gives silence, the processors are asked one after the other, in the order in which they run, whether
//! they [rest](crate::Processor::rests). Who rests writes the same sample over and over, so the next one's input stays as it
//! is; when the last one rests, all outputs stay as they are. From there on they are filled with their last samples, until
//! a sample that is not 0 comes in, or a message takes effect. All bits are those that running would have given.

use super::Renderer;
use super::device::Device;
use crate::Frames;
use crate::instructions::Work;
use crate::plan::{Op, Plan};

/// Processors that are asked after one piece, at most.
const ASKED: usize = 8;

/// How far a plan is from rest.
#[derive(Default)]
pub(super) struct Rest {
    /// Whether nothing moved in the last piece that does not belong to a processor.
    calm: bool,
    /// The steps before this one rest.
    settled: usize,
    /// Whether everything rests.
    asleep: bool,
    /// Frames that have passed since then.
    slept: Frames,
}

impl Rest {
    #[inline(always)]
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// There was sound.
    #[inline(always)]
    pub(super) fn stir(&mut self) {
        self.calm = false;
    }
}

impl Renderer {
    /// Goes on being at rest for a piece, if nothing comes in. Whoever calls has looked whether it is.
    #[inline(always)]
    pub(super) fn sleeps(&mut self, device: &mut Device<'_, '_, '_>) -> bool {
        self.rest.asleep && self.sleep(device)
    }

    #[cold]
    #[inline(never)]
    fn sleep(&mut self, device: &mut Device<'_, '_, '_>) -> bool {
        let asleep = self.instructions.run(Hold { device: &mut *device, plan: &self.plan });
        if asleep {
            self.rest.slept += device.piece.len() as Frames;
            self.events.stats.slept.add(device.piece.len() as u64);
        } else {
            self.wake();
        }
        asleep
    }

    /// Something comes in, or changes: nobody rests any more.
    pub(super) fn wake(&mut self) {
        let Rest { slept, .. } = std::mem::take(&mut self.rest);
        if slept == 0 {
            return;
        }
        for op in 0..self.plan.ops.len() {
            let Op::Run(run) = &self.plan.ops[op] else { continue };
            let seat = self.slab.seat(run.seat as usize);
            let instance = seat.instance;
            if let Err(payload) = seat.slept(slept) {
                self.bury(instance, payload);
            }
        }
    }

    /// A piece has been rendered: comes closer to rest if it began and ends in silence.
    #[inline(always)]
    pub(super) fn settle(&mut self, device: &Device<'_, '_, '_>) {
        if device.looks.sounds {
            self.rest.stir();
        } else {
            self.ask(device);
        }
    }

    #[cold]
    #[inline(never)]
    fn ask(&mut self, device: &Device<'_, '_, '_>) {
        let was_calm = self.rest.calm;
        self.rest.calm = device.gave_silence(&self.plan) && !self.is_astir();
        if !(was_calm && self.rest.calm) {
            self.rest.settled = 0;
            return;
        }
        let mut left = ASKED;
        while self.rest.settled < self.plan.ops.len() {
            if matches!(self.plan.ops[self.rest.settled], Op::Run(_)) {
                if left == 0 || !self.rests(self.rest.settled) {
                    return;
                }
                left -= 1;
            }
            self.rest.settled += 1;
        }
        self.rest.asleep = device.keep(&mut self.plan);
    }

    /// Whether something moves by itself, or is about to.
    fn is_astir(&mut self) -> bool {
        let position = self.position;
        self.slab.gains().moving() > 0
            || self.next.is_some()
            || !self.pending.is_empty()
            || !self.plan.ramps.iter().all(|fade| fade.is_over(position))
            || !self.plan.lines.iter_mut().all(|line| line.is_silent(position))
    }

    fn rests(&mut self, op: usize) -> bool {
        let Op::Run(run) = &self.plan.ops[op] else { return true };
        let seat = self.slab.seat(run.seat as usize);
        let instance = seat.instance;
        let rests = seat.rests(self.position);
        rests.unwrap_or_else(|payload| {
            self.bury(instance, payload);
            false
        })
    }
}

/// A piece at rest: says whether it is one.
struct Hold<'a, 'b, 'i, 'o> {
    device: &'a mut Device<'b, 'i, 'o>,
    plan: &'a Plan,
}

impl Work for Hold<'_, '_, '_, '_> {
    type Output = bool;

    #[inline(always)]
    fn work(self) -> bool {
        let silence = self.device.gives_silence(self.plan);
        if silence {
            self.device.hold(self.plan);
        }
        silence
    }
}
