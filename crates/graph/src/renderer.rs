//! The audio thread's half: samples in, samples out.

mod crew;
mod device;
mod direct;
mod piece;
mod players;
mod rest;
mod tap;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use assert_no_alloc::assert_no_alloc;
use basedrop::Owned;
use rtrb::{Consumer, Producer};

use crate::bypass::Bypass;
use crate::event::{EventSink, Events, Instance};
use crate::fade::Ramp;
use crate::instructions::Supported;
use crate::message::{Change, Load, Message, NextFade, Params, Set, Turn};
use crate::plan::Plan;
use crate::profile::{Sampler, Watch};
use crate::slots::{Payload, Slab};
use crate::{EventKind, Frame, Instructions, guard, touched};
use crew::Crew;
pub(crate) use crew::crew;
use device::{Device, Looks};
use piece::Piece;
use players::{Players, silence};
use rest::Rest;

/// Which node runs.
type Running = Cell<Option<Instance>>;

/// Parameter changes that can wait for their frame.
pub(crate) const PENDING: usize = 1024;

/// What waits for its frame.
enum Due {
    Set(Set),
    /// Nothing but an end of a piece, where this processor stops.
    Boundary(Instance),
}

impl Due {
    /// Whether it leaves this processor out, or takes it back.
    fn turns(&self, instance: Instance) -> bool {
        matches!(self, Self::Set(set) if set.instance == instance && matches!(*set.change, Change::Bypass { .. }))
    }
}

/// Renders what was loaded. Lives on the audio thread.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// // On the audio thread, as its callback; any number of frames.
/// let audio = std::thread::spawn(move || {
///     let mut output = [0.0; 100];
///     renderer.render(100, &[&[1.0; 100]], &mut [&mut output]);
///     assert_eq!(output, [0.5; 100]);
///     renderer
/// });
/// let mut renderer = audio.join().unwrap();
/// assert_eq!(renderer.position(), 100);
///
/// // A change is on its way; where a run is told again, it is not taken in before its block.
/// engine.set("trim", Scale(0.25), None)?;
/// renderer.receive_until(1);
/// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
/// assert_eq!((engine.sent(), renderer.received()), (2, 1));
///
/// // Between two songs: no echo of the first.
/// renderer.reset();
/// engine.close(renderer);
/// # Ok(())
/// # }
/// ```
pub struct Renderer {
    messages: Consumer<Message>,
    events: Events,
    payloads: Producer<Payload>,
    sampler: Sampler,
    /// Who helps, if anybody may.
    crew: Option<Crew>,
    plan: Plan,
    slab: Slab,
    /// A load that waits for its frame, and with it all messages after it.
    next: Option<Owned<Load>>,
    /// The frame at which the last load took over.
    took_over: Frame,
    rest: Rest,
    /// Changes that wait for their frame, the next one last.
    pending: Vec<(Frame, Due)>,
    position: Frame,
    max_frames: usize,
    instructions: Supported,
    /// Messages taken in so far, and how many there may be.
    received: u64,
    most: u64,
}

impl Renderer {
    pub(crate) fn new(
        messages: Consumer<Message>,
        events: Events,
        payloads: Producer<Payload>,
        (sampler, crew): (Sampler, Option<Crew>),
        (max_frames, instructions): (usize, Instructions),
    ) -> Self {
        let instructions = Supported::of(instructions);
        // Each change may leave a boundary behind.
        let pending = touched::room(2 * PENDING);
        let (plan, slab) = (Plan::default(), Slab::default());
        let (position, took_over, received, most, next) = (0, 0, 0, u64::MAX, None);
        Self {
            messages,
            events,
            payloads,
            sampler,
            crew,
            plan,
            slab,
            next,
            took_over,
            rest: Rest::default(),
            pending,
            position,
            max_frames,
            instructions,
            received,
            most,
        }
    }

    /// Frames rendered so far.
    #[must_use]
    pub fn position(&self) -> Frame {
        self.position
    }

    /// Messages of the [engine](crate::Engine::sent) taken in so far: loads, and changes that took effect or wait for
    /// their frame. What only clears away nodes that have rung out does not count: no sample changes by it.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Takes in no more messages than `count` in all, until this is called again. What is told again block by block takes
    /// effect in the same blocks, whatever else was sent already.
    pub fn receive_until(&mut self, count: u64) {
        self.most = count;
    }

    /// Renders `frames` frames, any number: device channels × frames in, device channels × frames out.
    ///
    /// An input channel that is missing or too short is silent from there on; an output channel that the graph does
    /// not reach is filled with silence. Any split of the same input into calls gives the same bits.
    ///
    /// # Real-time
    /// Never allocates, frees, locks, waits or enters the kernel; `assert_no_alloc` is armed around it. A node that
    /// panics is silent from then on, and an event says so.
    pub fn render(&mut self, frames: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        if self.mixes_only(frames, inputs, outputs) {
            return;
        }
        self.render_any(frames, inputs, outputs);
    }

    #[inline(never)]
    fn render_any(&mut self, frames: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let start = self.position;
        let (times, instance) =
            guard::visit(|running| assert_no_alloc(|| self.render_pieces(running, frames, inputs, outputs)));
        if times > 0 {
            self.events.stats.allocations.add(u64::from(times));
            self.say_at(start, instance, EventKind::Allocated { times });
        }
    }

    /// Forgets all signal state; parameters, changes that wait for their frame and the position stay. Not for the
    /// callback: its cost grows with the memory of all nodes.
    pub fn reset(&mut self) {
        self.rest = Rest::default();
        self.slab.reset();
        self.plan.lines.iter_mut().for_each(crate::feedback::FeedbackLine::reset);
    }

    #[inline(always)]
    fn render_pieces(&mut self, running: &Running, frames: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.receive();
        let calls = if self.plan.lanes.is_empty() { None } else { self.call_helpers(frames) };
        let mut device = Device { piece: 0..0, inputs, outputs, looks: Looks::default() };
        if self.sampler.due() {
            self.render_timed(running, frames, &mut device);
        } else {
            self.render_watched(&mut (), running, frames, &mut device);
        }
        self.events.stats.frames.add(frames as u64);
        self.events.stats.renders.add(1);
        drop(calls);
    }

    #[cold]
    fn render_timed(&mut self, running: &Running, frames: usize, device: &mut Device<'_, '_, '_>) {
        let mut watch = self.sampler.stopwatch(self.events.stats.renders.get());
        self.render_watched(&mut watch, running, frames, device);
        self.sampler.stop(watch, frames);
    }

    #[inline(always)]
    fn render_watched(
        &mut self,
        watch: &mut impl Watch,
        running: &Running,
        frames: usize,
        device: &mut Device<'_, '_, '_>,
    ) {
        while device.piece.end < frames {
            if self.next.is_some() {
                self.receive();
            }
            self.apply_due();
            let length = self.piece(frames - device.piece.end);
            device.piece = device.piece.end..device.piece.end + length;
            let sleeps = self.sleeps(device);
            if !sleeps {
                if self.plan.lanes.is_empty() || !self.run_together(watch, device) {
                    self.run_piece(watch, running, device);
                }
                if self.slab.gains().moving() > 0 {
                    self.slab.pass(length);
                }
            }
            self.position += length as Frame;
            if !sleeps {
                self.settle(device);
            }
        }
    }

    // Messages.

    /// Takes in what has arrived, if anything has.
    #[inline(always)]
    fn receive(&mut self) {
        if self.next.is_some() || !self.messages.is_empty() {
            self.take_in();
        }
    }

    /// The engine sends no more changes than can wait.
    #[cold]
    #[inline(never)]
    fn take_in(&mut self) {
        loop {
            if let Some(mut load) = self.next.take_if(|load| load.at.is_none_or(|at| at <= self.position)) {
                self.take_over(&mut load);
            }
            if self.next.is_some() || self.received >= self.most {
                break;
            }
            let Ok(message) = self.messages.pop() else { break };
            match message {
                Message::Load(mut load) => {
                    if load.after > 0 {
                        load.at = Some(self.took_over.saturating_add(load.after));
                    }
                    self.received += u64::from(load.told);
                    self.next = Some(load);
                }
                Message::Sets(mut sets) => {
                    self.received += 1;
                    sets.drain(..).for_each(|set| self.enqueue(set));
                }
            }
        }
    }

    /// Swaps everything that changes; afterwards the message holds what is no longer needed and goes back whole.
    fn take_over(&mut self, load: &mut Load) {
        self.wake();
        if load.told {
            self.overtake();
        }
        if let Some(bigger) = &mut load.bigger {
            self.slab.move_into(bigger);
        }
        for (seat, arrives) in &mut load.exchange {
            self.slab.exchange(*seat, arrives);
        }
        for &(seat, is_run) in &load.runs {
            self.slab.run(seat, is_run);
        }
        for (seat, params) in &load.updates {
            let instance = self.slab.seat(*seat).instance;
            self.update(instance, params);
        }
        for Turn { instance, on, kit } in &mut load.turns {
            // What was asked for before is overridden.
            let before = self.pending.len();
            self.pending.retain(|(_, due)| !due.turns(*instance));
            let overridden = before - self.pending.len();
            self.events.stats.sets_done.add(overridden as u64);
            self.slab.seat(instance.seat as usize).signs.has_turned(overridden as u32);
            self.turn(*instance, *on, kit);
        }
        load.moment.is(self.position);
        self.took_over = self.position;
        for fade in &load.fades {
            let ramp = match *fade {
                NextFade::Starts(fade) => Ramp::new(fade, self.position),
                NextFade::GoesOn(index) => self.plan.ramps[index],
            };
            load.plan.ramps.push(ramp);
        }
        for &(old, new) in &load.lines {
            std::mem::swap(self.plan.lines.at(old), load.plan.lines.at(new));
        }
        std::mem::swap(&mut self.plan, &mut load.plan);
        if load.told {
            self.say(None, EventKind::Loaded);
        }
    }

    /// A new graph has what was set before it, so older changes are overtaken.
    fn overtake(&mut self) {
        let before = self.pending.len();
        self.pending.retain(|(_, due)| !matches!(due, Due::Set(set) if matches!(*set.change, Change::Params(_))));
        let overtaken = (before - self.pending.len()) as u64;
        self.events.stats.stale_sets.add(overtaken);
        self.events.stats.sets_done.add(overtaken);
    }

    /// Sorted by frame, first come first served among equals.
    fn enqueue(&mut self, set: Set) {
        self.wait(set.at.unwrap_or(self.position), Due::Set(set));
    }

    fn wait(&mut self, at: Frame, due: Due) {
        let place = self.pending.partition_point(|(frame, _)| *frame > at);
        self.pending.insert(place, (at, due));
    }

    /// Sees to it that a piece ends at this frame, where a processor stops. It has one such frame, the last one asked for.
    fn end_piece(&mut self, instance: Instance, at: Frame) {
        self.pending.retain(|(_, due)| !matches!(due, Due::Boundary(other) if *other == instance));
        if self.pending.len() < self.pending.capacity() {
            self.wait(at, Due::Boundary(instance));
        }
    }

    #[inline(always)]
    fn apply_due(&mut self) {
        if !self.pending.is_empty() {
            self.apply_pending();
        }
    }

    #[cold]
    #[inline(never)]
    fn apply_pending(&mut self) {
        while self.pending.last().is_some_and(|(frame, _)| *frame <= self.position) {
            let Some((at, due)) = self.pending.pop() else { return };
            if let Due::Set(set) = due {
                self.apply(at, set);
            }
        }
    }

    fn apply(&mut self, at: Frame, mut set: Set) {
        self.wake();
        let instance = set.instance;
        self.events.stats.sets_done.add(1);
        if self.slab.instance(instance).is_none() {
            return self.events.stats.stale_sets.add(1);
        }
        let late = self.position - at;
        self.events.stats.late_sets.add(u64::from(late > 0));
        match &mut *set.change {
            Change::Params(params) => {
                self.update(instance, params);
                self.say(Some(instance), EventKind::Set { late });
            }
            Change::Bypass { on, kit } => self.turn(instance, *on, kit),
        }
    }

    /// Gives a processor new parameters.
    fn update(&mut self, instance: Instance, params: &Params) {
        let seat = instance.seat as usize;
        if let Err(payload) = self.slab.seat(seat).update(params) {
            self.bury(instance, payload);
        }
        self.slab.note(seat);
    }

    /// Leaves a processor out, or takes it back.
    fn turn(&mut self, instance: Instance, on: bool, kit: &mut Option<Box<Bypass>>) {
        let Some(seat) = self.slab.instance(instance) else { return };
        let all_out = seat.turn(on, kit);
        self.slab.note(instance.seat as usize);
        if let Some(frames) = all_out {
            self.end_piece(instance, self.position.saturating_add(frames));
        }
        self.say(Some(instance), EventKind::Bypassed { on });
    }

    fn say(&mut self, instance: Option<Instance>, kind: EventKind) {
        self.say_at(self.position, instance, kind);
    }

    fn say_at(&mut self, position: Frame, instance: Option<Instance>, kind: EventKind) {
        EventSink { events: &mut self.events, position, instance }.push(0, kind);
    }

    // Pieces.

    /// How far we can go at once: to the block's end, the arena's, the next change's frame, the feedback grid's line.
    fn piece(&self, left: usize) -> usize {
        let mut length = left.min(self.max_frames);
        if let Some(at) = self.next.as_ref().and_then(|load| load.at) {
            length = length.min(usize::try_from(at - self.position).unwrap_or(usize::MAX));
        }
        if let Some((next, _)) = self.pending.last() {
            length = length.min(usize::try_from(next - self.position).unwrap_or(usize::MAX));
        }
        if !self.plan.lines.is_empty() {
            let to_grid = self.plan.feedback - self.position % self.plan.feedback;
            length = length.min(usize::try_from(to_grid).unwrap_or(usize::MAX));
        }
        length
    }

    /// Runs all steps; a step that panics is silenced, and the rest goes on behind it.
    #[inline(always)]
    fn run_piece(&mut self, watch: &mut impl Watch, running: &Running, device: &mut Device<'_, '_, '_>) {
        let (mut current, instructions, position) = (0, self.instructions, self.position);
        loop {
            let Self { plan, slab, events, .. } = self;
            let (watch, device) = (&mut *watch, &mut *device);
            let players = Players { slab, events, position, running };
            let mut piece = Piece { plan, players, watch, device, current, instructions };
            let ran = catch_unwind(AssertUnwindSafe(|| instructions.run_lanes(&mut piece)));
            let Err(payload) = ran else { break };
            current = piece.current + 1;
            match silence(&self.plan, &self.slab, current - 1, device.piece.len()) {
                Some(instance) => self.bury(instance, payload),
                None => std::mem::forget(payload),
            }
            watch.rest();
        }
        running.set(None);
    }

    /// Counts and reports a panic. Its payload cannot be freed here: it is sent away, or forgotten where there is no
    /// room.
    fn bury(&mut self, instance: Instance, payload: Payload) {
        if let Err(rtrb::PushError::Full(payload)) = self.payloads.push(payload) {
            std::mem::forget(payload);
        }
        self.events.stats.panics.add(1);
        self.say(Some(instance), EventKind::Panicked);
    }
}

impl Drop for Renderer {
    /// What was sent and never taken over goes back, too: the ring itself lives as long as its other end.
    fn drop(&mut self) {
        while self.messages.pop().is_ok() {}
    }
}
