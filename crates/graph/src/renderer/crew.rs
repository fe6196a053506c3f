//! A piece of a block by several threads: the audio thread, and its workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use assert_no_alloc::assert_no_alloc;

use super::device::{Device, Looks};
use super::piece::Steps;
use super::players::{Players, silence};
use super::{Renderer, Running};
use crate::event::Events;
use crate::instructions::{Lanes, Supported};
use crate::kernels::Vector;
use crate::kit::Kit;
use crate::plan::{Plan, Share};
use crate::profile::Watch;
use crate::slots::Slab;
use crate::team::{Call, Calls, Conductor, Job, team, workers};
use crate::{EventKind, Frame, Need, Worker, guard};

/// Looks for work in vain until a renderer that may lets another thread have the processor.
const LOOKS: u32 = 200;

/// The audio thread's side of its workers.
pub(crate) struct Crew {
    conductor: Conductor<Kit>,
    calls: Arc<Calls>,
    yields: bool,
}

/// For so many threads, the audio thread among them.
pub(crate) fn crew(threads: usize) -> (Crew, Vec<Worker>) {
    let (conductor, helpers) = team((0..threads).map(|_| Kit::new()));
    let calls = Arc::<Calls>::default();
    let workers = workers(helpers, &calls);
    (Crew { conductor, calls, yields: false }, workers)
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.calls.close();
    }
}

impl Renderer {
    /// Lets other threads have the processor while it waits for a worker. Not for the callback, which makes no system calls: for files,
    /// and wherever there are more threads than processors.
    ///
    /// ```
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 1, 1) });
    /// // Nobody waits for this sound: it goes into a file.
    /// renderer.yield_while_waiting(true);
    /// let helpers: Vec<_> = engine.workers().into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
    /// renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
    /// assert_eq!(renderer.position(), 64);
    /// engine.close(renderer);
    /// helpers.into_iter().for_each(|helper| helper.join().unwrap());
    /// ```
    pub fn yield_while_waiting(&mut self, yields: bool) {
        self.crew.iter_mut().for_each(|crew| crew.yields = yields);
    }

    /// Lets workers know that a call of so many frames has begun, if that is for them, and that it has ended.
    #[cold]
    pub(super) fn call_helpers(&self, frames: usize) -> Option<Call> {
        let crew = self.crew.as_ref().filter(|_| frames >= self.plan.least_frames)?;
        Some(Calls::call(&crew.calls))
    }

    /// Runs all steps with those who help. Says whether it did: it does not where the piece is too short, or nobody is there.
    #[cold]
    #[inline(never)]
    pub(super) fn run_together(&mut self, watch: &mut impl Watch, device: &mut Device<'_, '_, '_>) -> bool {
        let Self { plan, slab, events, crew, position, instructions, .. } = self;
        let frames = device.piece.len();
        let Some(crew) = crew.as_mut().filter(|crew| frames >= plan.least_frames && crew.calls.has_helpers()) else {
            return false;
        };
        instructions.run_lanes(Lend { plan: &mut *plan, device: &mut *device, events });
        plan.follow(slab.gains());
        watch.rest();
        if let Some(time) = watch.time() {
            (0..plan.lanes.len()).for_each(|lane| crew.conductor.kit(lane, |kit| kit.watch.time = Some(time.clone())));
        }
        let (position, instructions) = (*position, *instructions);
        crew.perform(&Together { plan, slab, position, frames, instructions });
        watch.skip();
        instructions.run_lanes(Check { plan, device, events });
        self.gather(watch);
        true
    }

    /// Takes in what the steps of all lanes had to say.
    fn gather(&mut self, watch: &mut impl Watch) {
        let Self { plan, events, payloads, crew: Some(crew), position, .. } = self else { return };
        for lane in 0..plan.lanes.len() {
            let (times, instance) = crew.conductor.kit(lane, |kit| {
                while let Ok(event) = kit.told.pop() {
                    events.stats.events_lost.add(u64::from(events.ring.push(event).is_err()));
                }
                while let Some(payload) = kit.payloads.pop() {
                    payloads.push(payload).unwrap_or_else(|rtrb::PushError::Full(payload)| std::mem::forget(payload));
                }
                kit.watch.spans.drain(..).for_each(|span| watch.note(span));
                watch.lose(std::mem::take(&mut kit.watch.lost));
                kit.watch.time = None;
                events.stats.take_in(&kit.events.stats);
                std::mem::take(&mut kit.violations)
            });
            if times > 0 {
                events.stats.allocations.add(u64::from(times));
                events.sink(*position, instance).push(0, EventKind::Allocated { times });
            }
        }
    }
}

impl Crew {
    fn perform(&mut self, together: &Together<'_>) {
        let (mut looks, yields) = (0_u32, self.yields);
        self.conductor.conduct(together, || {
            looks += 1;
            match yields && looks.is_multiple_of(LOOKS) {
                true => give_way(),
                false => std::hint::spin_loop(),
            }
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "only where it was asked for, and not for a callback")]
fn give_way() {
    std::thread::yield_now();
}

/// A piece, as all who render it see it.
struct Together<'a> {
    plan: &'a Plan,
    slab: &'a Slab,
    position: Frame,
    frames: usize,
    instructions: Supported,
}

impl Job<Kit> for Together<'_> {
    fn lanes(&self) -> usize {
        self.plan.lanes.len()
    }

    fn tasks(&self, lane: usize) -> usize {
        self.plan.lanes[lane].len()
    }

    fn needs(&self, lane: usize, task: usize) -> &[Need] {
        &self.plan.lanes[lane][task].needs
    }

    fn run(&self, kit: &mut Kit, lane: usize, task: usize, by_helper: bool) {
        let share = &self.plan.lanes[lane][task];
        match by_helper {
            false => guard::with_running(|running| self.share((lane, kit), share, running)),
            true => {
                let found = guard::visit(|running| assert_no_alloc(|| self.share((lane, kit), share, running)));
                kit.note(found);
            }
        }
    }
}

impl Together<'_> {
    /// Runs the steps of a task; one that panics is silenced, and the rest goes on behind it.
    fn share(&self, (lane, kit): (usize, &mut Kit), share: &Share, running: &Running) {
        let mut current = share.ops.start;
        kit.watch.rest();
        while current < share.ops.end {
            let ran = catch_unwind(AssertUnwindSafe(|| match kit.watch.time.is_some() {
                false => self.steps(&mut kit.events, &mut (), (lane, &mut current, share.ops.end), running),
                true => self.steps(&mut kit.events, &mut kit.watch, (lane, &mut current, share.ops.end), running),
            }));
            let Err(payload) = ran else { break };
            match silence(self.plan, self.slab, current, self.frames) {
                Some(instance) => kit.bury(self.position, instance, payload),
                None => std::mem::forget(payload),
            }
            current += 1;
            kit.watch.rest();
        }
        running.set(None);
    }

    fn steps<W: Watch>(
        &self,
        events: &mut Events,
        watch: &mut W,
        (lane, current, end): (usize, &mut usize, usize),
        running: &Running,
    ) {
        let Self { plan, slab, position, frames, instructions } = *self;
        let players = &mut Players { slab, events, position, running };
        // The device's samples are looked at apart.
        let looks = &mut Looks::default();
        instructions.run_lanes(Steps { plan, players, looks, watch, current, end, lane, frames, instructions });
    }
}

/// What the device has, before all steps.
struct Lend<'a, 'd, 'i, 'o> {
    plan: &'a mut Plan,
    device: &'a mut Device<'d, 'i, 'o>,
    events: &'a Events,
}

impl Lanes for Lend<'_, '_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn work<V: Vector>(self) {
        self.device.lend::<V>(self.plan, &self.events.stats);
    }
}

/// What the device gets, after all steps.
struct Check<'a, 'd, 'i, 'o> {
    plan: &'a Plan,
    device: &'a mut Device<'d, 'i, 'o>,
    events: &'a Events,
}

impl Lanes for Check<'_, '_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn work<V: Vector>(self) {
        self.device.check::<V>(self.plan, &self.events.stats);
    }
}
