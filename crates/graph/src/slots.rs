//! Where processors live on the audio thread: a slab of seats that outlasts every plan.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::apart::Apart;
use crate::bypass::Bypass;
use crate::erase::AnyProcessor;
use crate::event::Instance;
use crate::gains::{Gains, Moving, Whose};
use crate::level::LevelMeter;
use crate::message::Params;
use crate::places::Row;
use crate::signs::Signs;
use crate::{Frame, Frames, Readings, Smoothed, guard};

/// What a panic leaves behind. Freed on the control thread.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Whether a processor runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does, and is all that is heard.
    #[default]
    Plays,
    /// It is left out, or fades.
    Bypassed,
    /// It has panicked.
    Silent,
}

/// One place of the slab.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) processor: Option<AnyProcessor>,
    /// What it listens with, if that is all it does.
    pub(crate) meter: Option<Box<LevelMeter>>,
    pub(crate) readings: Readings,
    pub(crate) instance: Instance,
    pub(crate) mode: Mode,
    /// What being left out needs, once that was asked for.
    pub(crate) bypass: Option<Box<Bypass>>,
    /// Where its factors are among all, if it is one that only mixes.
    pub(crate) places: Row,
    /// Whether it is run all the same, and takes the frames of its factors itself.
    pub(crate) is_run: bool,
    pub(crate) signs: Arc<Signs>,
}

impl Seat {
    /// Gives the processor new parameters; one that panics over them is silenced.
    pub(crate) fn update(&mut self, params: &Params) -> Result<(), Payload> {
        match self.mode {
            Mode::Silent => Ok(()),
            _ => {
                self.meter.as_mut().into_iter().for_each(|meter| meter.announce());
                self.ask(|processor| processor.update(params))
            }
        }
    }

    /// Whether nothing will change by itself from the frame `position` on.
    pub(crate) fn rests(&mut self, position: Frame) -> Result<bool, Payload> {
        match (self.mode, &self.bypass) {
            (Mode::Silent, _) => Ok(true),
            (Mode::Bypassed, bypass) => Ok(bypass.as_ref().is_some_and(|bypass| bypass.rests())),
            (Mode::Plays, _) => match &self.meter {
                Some(meter) => Ok(!meter.has_news() && meter.is_silent()),
                None => {
                    let mut rests = true;
                    self.ask(|processor| rests = processor.rests(position)).map(|()| rests)
                }
            },
        }
    }

    /// So many frames have passed at rest.
    pub(crate) fn slept(&mut self, frames: Frames) -> Result<(), Payload> {
        match self.mode {
            Mode::Plays => match &mut self.meter {
                Some(meter) => {
                    meter.pass_silence(frames);
                    Ok(())
                }
                None => self.ask(|processor| processor.slept(frames)),
            },
            Mode::Bypassed | Mode::Silent => Ok(()),
        }
    }

    /// Calls the processor, if there is one; if it panics over that, it is silenced.
    fn ask(&mut self, work: impl FnOnce(&mut AnyProcessor)) -> Result<(), Payload> {
        let Some(processor) = &mut self.processor else { return Ok(()) };
        guard::with_running(|running| running.set(Some(self.instance)));
        let done = catch_unwind(AssertUnwindSafe(|| work(processor)));
        guard::with_running(|running| running.set(None));
        done.inspect_err(|_| self.silence())
    }

    /// Leaves the processor out, or takes it back; says in how many frames it is all left out.
    pub(crate) fn turn(&mut self, on: bool, kit: &mut Option<Box<Bypass>>) -> Option<u64> {
        if self.bypass.is_none() {
            std::mem::swap(&mut self.bypass, kit);
        }
        // Without one, it was never left out.
        let out = self.bypass.as_mut().filter(|_| self.mode != Mode::Silent).and_then(|bypass| bypass.turn(on));
        self.look_at_bypass();
        self.signs.has_turned(1);
        out
    }

    /// Whether it is left out, or fades, may have changed.
    pub(crate) fn look_at_bypass(&mut self) {
        let Some(bypass) = self.bypass.as_ref().filter(|_| self.mode != Mode::Silent) else { return };
        self.mode = if bypass.is_over() { Mode::Plays } else { Mode::Bypassed };
        self.signs.turns(self.mode == Mode::Bypassed);
    }

    pub(crate) fn silence(&mut self) {
        self.mode = Mode::Silent;
        self.signs.has_panicked();
    }
}

/// All places.
#[derive(Default)]
pub(crate) struct Slab {
    seats: Apart<Seat>,
    /// The factors of those that only mix.
    gains: Gains,
}

impl Slab {
    pub(crate) fn new(seats: usize, places: usize) -> Self {
        Self { seats: (0..seats).map(|_| Seat::default()).collect(), gains: Gains::with_places(places) }
    }

    #[inline(always)]
    pub(crate) fn seat(&mut self, seat: usize) -> &mut Seat {
        self.seats.at(seat)
    }

    /// The place of a processor, for the one step that runs it.
    #[inline(always)]
    pub(crate) fn of_step(&self, seat: u32) -> &mut Seat {
        self.seats.of_step(seat as usize)
    }

    pub(crate) fn gains(&self) -> &Gains {
        &self.gains
    }

    /// The place of this very instance, unless another has taken it since.
    pub(crate) fn instance(&mut self, instance: Instance) -> Option<&mut Seat> {
        self.seats.get_mut(instance.seat as usize).filter(|seat| seat.instance == instance)
    }

    /// Forgets all signal state.
    pub(crate) fn reset(&mut self) {
        self.seats.iter_mut().filter_map(|seat| seat.processor.as_mut()).for_each(AnyProcessor::reset);
        self.seats.iter_mut().filter_map(|seat| seat.meter.as_mut()).for_each(|meter| meter.reset());
        (0..self.seats.len()).for_each(|seat| self.note(seat));
    }

    /// Moves everybody into a bigger slab; the old one comes back in its place.
    pub(crate) fn move_into(&mut self, bigger: &mut Slab) {
        for (old, new) in self.seats.iter_mut().zip(bigger.seats.iter_mut()) {
            std::mem::swap(old, new);
        }
        bigger.gains.adopt(&self.gains);
        std::mem::swap(self, bigger);
    }

    /// Somebody takes a seat, or leaves it; who sat there before comes back.
    pub(crate) fn exchange(&mut self, seat: usize, arrives: &mut Seat) {
        std::mem::swap(self.seats.at(seat), arrives);
        self.settle(arrives.places.clone());
        self.note(seat);
    }

    /// Whoever sits here, and only mixes, is run all the same from here on, or no more.
    pub(crate) fn run(&mut self, seat: usize, is_run: bool) {
        let Seat { is_run: was, places, .. } = self.seats.at(seat);
        *was = is_run;
        let places = places.clone();
        match is_run {
            true => self.settle(places),
            false => self.note(seat),
        }
    }

    /// Nobody reads these factors.
    fn settle(&mut self, places: Row) {
        places.for_each(|place| self.gains.settle(place as usize, 0.0));
    }

    /// Whoever sits here has changed: notes the factors, if mixes read them.
    pub(crate) fn note(&mut self, seat: usize) {
        let Self { seats, gains } = self;
        let Seat { processor: Some(processor), mode, bypass, places, is_run: false, .. } = seats.at(seat) else {
            return;
        };
        for (place, factor) in places.clone().zip(processor.factors()) {
            note(gains, Whose { place: place as usize, seat }, factor, (*mode, bypass.as_deref()));
        }
    }

    /// The factors that move have moved for so many frames.
    #[cold]
    pub(crate) fn pass(&mut self, frames: usize) {
        for index in (0..self.gains.moving()).rev() {
            let whose = self.gains.whose(index);
            let seat = self.seats.at(whose.seat);
            // One that scales: of those that sum up, none is left out while it is not run.
            if let (Mode::Bypassed, Some(bypass)) = (seat.mode, &mut seat.bypass) {
                bypass.pass(frames);
                seat.look_at_bypass();
            }
            let Seat { processor, mode, bypass, places, .. } = seat;
            let factors = processor.as_mut().map_or(&mut [][..], AnyProcessor::factors);
            let Some(factor) = factors.get_mut(whose.place - places.start as usize) else { continue };
            factor.pass(frames);
            if !(*mode == Mode::Plays && !factor.is_steady() && self.gains.glides_on(index, frames)) {
                note(&mut self.gains, whose, factor, (*mode, bypass.as_deref()));
            }
        }
    }
}

/// Notes a factor.
fn note(gains: &mut Gains, whose: Whose, factor: &Smoothed, (mode, bypass): (Mode, Option<&Bypass>)) {
    match (mode, bypass) {
        (Mode::Silent, _) => gains.stir(whose, Moving::Silent),
        (Mode::Bypassed, Some(bypass)) if !bypass.runs() => gains.settle(whose.place, 1.0),
        (Mode::Bypassed, Some(bypass)) => gains.stir(whose, Moving::Crosses(factor.ahead(), bypass.crossing())),
        _ if factor.is_steady() => gains.settle(whose.place, factor.target()),
        _ => gains.stir(whose, Moving::Glides(factor.ahead())),
    }
}
