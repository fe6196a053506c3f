//! How fast a device's clock runs and where it stands, estimated from late and early callbacks.

/// How fast the estimate follows once it is settled, in radians per second: a loop of 0.01 Hz.
const FOLLOW: f64 = 0.06;
/// The usual spread of callback times, in seconds: the unit of the covariances. It scales how much is believed at the
/// start, nothing later.
const SPREAD: f64 = 0.000_5;
/// Up to this margin, in seconds, the spread is usual. Devices that are given more are sound servers as a rule, whose
/// callbacks are early and late by turns of seconds: a device that takes that for its rate is wrong for minutes.
const PUNCTUAL: f64 = 0.004;
/// By how much a device's rate may differ from its name before anything is known, as a part of it.
const PRIOR: f64 = 0.000_5;
/// How long frames have to come at odd times before the device is believed to have lost some, in seconds, and how often.
const DOUBT: f64 = 0.2;
const DOUBTS: u32 = 4;
/// A callback is odd when it is further off than this many times the usual, within these limits in seconds.
const ODD: f64 = 4.0;
const ODD_MOST: f64 = 0.05;
const ODD_LEAST: f64 = 0.003;

/// A line through the times at which callbacks came: a Kalman filter of phase and rate (Kalman and Bucy, 1961) whose
/// gains settle at those of a second-order loop, whatever the lengths of the blocks.
///
/// Times that are far off the line are set aside. If they stay there together, frames were lost where nobody said so,
/// and the line moves over.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Frames per second, as the device says.
    rate: f64,
    /// How far callbacks are from their times as a rule, in seconds.
    spread: f64,
    /// What is no further from its time than this is not odd, in seconds.
    odd_least: f64,
    /// The last frame seen, and when the line passes it, in seconds.
    frame: u64,
    time: f64,
    /// By how much a frame takes longer than the rate says, as a part of it.
    slowness: f64,
    /// Covariances of phase and phase, phase and slowness, slowness and slowness, over the spread's square.
    covariance: [f64; 3],
    /// The usual distance of a time from the line, in seconds.
    usual: f64,
    /// When the line began.
    since: Option<f64>,
    /// How many times it has taken in.
    taken: u32,
    odd: Option<Odd>,
}

/// Odd times in a row.
#[derive(Clone, Copy, Debug)]
struct Odd {
    since: f64,
    count: u32,
    sum: f64,
    least: f64,
    most: f64,
}

impl Clock {
    /// `margin` is by how much callbacks may be early or late, in seconds.
    pub(super) fn new(rate: u32, margin: f64) -> Self {
        Self {
            rate: rate.into(),
            spread: SPREAD.max((margin - PUNCTUAL) / 2.0),
            odd_least: if margin > PUNCTUAL { margin.min(ODD_MOST) } else { ODD_LEAST },
            frame: 0,
            time: 0.0,
            slowness: 0.0,
            covariance: [0.0; 3],
            usual: 0.0,
            since: None,
            taken: 0,
            odd: None,
        }
    }

    /// A callback came at `now`, in seconds, and with it the device got to `frame`.
    pub(super) fn see(&mut self, now: f64, frame: u64) {
        if self.since.is_none() || frame <= self.frame {
            return self.begin(now, frame);
        }
        let nominal = (frame - self.frame) as f64 / self.rate;
        self.time += nominal * (1.0 + self.slowness);
        self.frame = frame;
        self.spread(nominal);
        let off = now - self.time;
        if off.abs() > self.odd_from() { self.doubt(now, off) } else { self.believe(off) }
    }

    /// When the device gets to `frame`, in seconds.
    pub(super) fn time_of(&self, frame: u64) -> f64 {
        let frames = if frame < self.frame { -((self.frame - frame) as f64) } else { (frame - self.frame) as f64 };
        self.time + frames * (1.0 + self.slowness) / self.rate
    }

    /// Which frame the device is at, with its fraction.
    pub(super) fn frame_at(&self, time: f64) -> f64 {
        self.frame as f64 + (time - self.time) * self.rate / (1.0 + self.slowness)
    }

    /// By how much a frame takes longer than the rate says, as a part of it.
    pub(super) fn slowness(&self) -> f64 {
        self.slowness
    }

    /// The usual distance of a callback from its time, in seconds.
    pub(super) fn usual(&self) -> f64 {
        self.usual
    }

    /// Whether the line can be relied on: it has been seen for a while, and nothing speaks against it.
    pub(super) fn is_sure(&self) -> bool {
        let old = self.since.is_some_and(|since| self.time - since >= DOUBT);
        old && self.taken >= DOUBTS && self.odd.is_none()
    }

    /// A new line; what is known of the rate stays.
    fn begin(&mut self, now: f64, frame: u64) {
        let known = if self.since.is_some() { self.covariance[2] } else { (PRIOR / self.spread).powi(2) };
        (self.frame, self.time, self.since, self.taken, self.odd) = (frame, now, Some(now), 1, None);
        self.covariance = [1.0, 0.0, known];
    }

    /// What is known gets older by `time`.
    fn spread(&mut self, time: f64) {
        let [phase, both, rate] = &mut self.covariance;
        *phase += time * (2.0 * *both + time * *rate);
        *both += time * *rate;
        // Chosen so that the gains settle at √2·FOLLOW·time and FOLLOW²·time. Not after a long absence: the rate of a
        // device that was silent is the one it had.
        *rate += FOLLOW.powi(4) * time.min(DOUBT).powi(2);
    }

    fn believe(&mut self, off: f64) {
        let [phase, both, rate] = self.covariance;
        let (to_phase, to_rate) = (phase / (phase + 1.0), both / (phase + 1.0));
        self.time += to_phase * off;
        self.slowness += to_rate * off;
        self.covariance = [phase * (1.0 - to_phase), both * (1.0 - to_phase), rate - to_rate * both];
        self.taken = self.taken.saturating_add(1);
        self.usual += (off.abs() - self.usual) / f64::from(self.taken.min(256));
        self.odd = None;
    }

    fn doubt(&mut self, now: f64, off: f64) {
        let apart = |odd: &Odd| odd.most.max(off) - odd.least.min(off) > ODD_MOST;
        let odd = match self.odd.take().filter(|odd| !apart(odd)) {
            None => Odd { since: now, count: 1, sum: off, least: off, most: off },
            Some(odd) => Odd {
                since: odd.since,
                count: odd.count + 1,
                sum: odd.sum + off,
                least: odd.least.min(off),
                most: odd.most.max(off),
            },
        };
        if odd.count < DOUBTS || now - odd.since < DOUBT {
            self.odd = Some(odd);
            return;
        }
        self.time += odd.sum / f64::from(odd.count);
        self.covariance[..2].copy_from_slice(&[1.0 / f64::from(odd.count), 0.0]);
        self.usual = self.usual.max((odd.most - odd.least) / 4.0);
        self.taken = self.taken.max(odd.count);
    }

    fn odd_from(&self) -> f64 {
        (ODD * self.usual).clamp(self.odd_least, ODD_MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callbacks of varying length from a clock that is 400 ppm slow, late by up to 2 ms; whatever `disturb` makes of
    /// time and frame.
    fn run(seconds: f64, mut disturb: impl FnMut(f64, u64) -> Option<(f64, u64)>) -> Clock {
        let mut clock = Clock::new(48_000, 0.0);
        let (mut frame, mut chance) = (0_u64, 1_u32);
        loop {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            frame += 24 + u64::from(chance >> 22);
            let due = frame as f64 / (48_000.0 * (1.0 - 400e-6));
            if due > seconds {
                return clock;
            }
            let late = f64::from(chance & 0xFFFF) / 65_536.0 * 0.002;
            if let Some((time, frame)) = disturb(due + late, frame) {
                clock.see(time, frame);
            }
        }
    }

    fn check(clock: &Clock, ppm: f64, frame: f64, at: f64) {
        let slowness = clock.slowness() * 1e6;
        assert!((slowness - ppm).abs() < 5.0, "{slowness} ppm");
        let off = (clock.frame_at(at) - frame) / 48_000.0;
        assert!((off + 0.001).abs() < 0.000_3, "{off} s");
    }

    /// Frames of the slow clock at a time.
    fn true_frame(at: f64) -> f64 {
        at * 48_000.0 * (1.0 - 400e-6)
    }

    #[test]
    fn rate_and_phase_are_found_among_late_and_uneven_callbacks() {
        let clock = run(60.0, |time, frame| Some((time, frame)));
        check(&clock, 400.16, true_frame(60.0), 60.0);
        assert!(clock.is_sure() && (0.000_3..0.000_8).contains(&clock.usual()));
        let frame = clock.frame_at(61.0);
        assert!((clock.time_of(frame as u64) - 61.0).abs() < 1.0 / 48_000.0);
    }

    #[test]
    fn nothing_is_sure_before_it_has_been_seen_for_a_while() {
        assert!(!run(0.15, |time, frame| Some((time, frame))).is_sure());
        assert!(run(0.35, |time, frame| Some((time, frame))).is_sure());
    }

    #[test]
    fn late_callbacks_that_catch_up_move_nothing() {
        let clock = run(60.0, |time, frame| Some((if (50.0..51.5).contains(&time) { 51.5 } else { time }, frame)));
        check(&clock, 400.16, true_frame(60.0), 60.0);
    }

    #[test]
    fn lost_frames_move_the_line_and_leave_the_rate() {
        let lost = 4_321;
        let gone = |time: f64, frame: u64| Some((time, if time < 50.0 { frame } else { frame - lost }));
        let clock = run(50.15, |time, frame| gone(time, frame).filter(|_| !(49.9..50.0).contains(&time)));
        assert!(!clock.is_sure());
        let clock = run(50.5, |time, frame| gone(time, frame).filter(|_| !(49.9..50.0).contains(&time)));
        assert!(clock.is_sure());
        check(&clock, 400.16, true_frame(50.5) - lost as f64, 50.5);
        let clock = run(60.0, gone);
        check(&clock, 400.16, true_frame(60.0) - lost as f64, 60.0);
    }

    /// A sound server's: blocks of 14 ms that come earlier and earlier for 3.5 s, by 8 ms in all, and then on time again.
    /// `see` gets how long it has run, and the clock.
    fn run_server(seconds: f64, lost: impl Fn(f64) -> u64, mut see: impl FnMut(f64, &Clock)) -> Clock {
        let mut clock = Clock::new(48_000, 0.012);
        for block in 1_u32.. {
            let due = f64::from(block) * 682.0 / 48_000.0;
            if due > seconds {
                break;
            }
            let early = 0.008 * (due % 3.5) / 3.5;
            clock.see(due - early, u64::from(block) * 682 - lost(due));
            see(due, &clock);
        }
        clock
    }

    #[test]
    fn a_server_that_is_unpunctual_by_turns_is_neither_doubted_nor_taken_to_be_fast() {
        let see = |time: f64, clock: &Clock| {
            let slowness = clock.slowness() * 1e6;
            assert!(time < 1.0 || clock.is_sure(), "{time} s");
            assert!(time < 8.0 || slowness.abs() < 300.0, "{slowness} ppm after {time} s");
        };
        let clock = run_server(120.0, |_| 0, see);
        assert!(clock.slowness().abs() < 20e-6);
        let off = clock.frame_at(120.0) / 48_000.0 - 120.0;
        assert!((0.0..0.008).contains(&off), "{off} s");
        // It does lose more than that at times.
        let clock = run_server(61.0, |time| if time < 60.0 { 0 } else { 2_000 }, |_, _| {});
        let off = clock.frame_at(61.0) / 48_000.0 - 61.0 + 2_000.0 / 48_000.0;
        assert!(clock.is_sure() && (-0.004..0.012).contains(&off), "{off} s");
    }

    #[test]
    fn frames_that_start_over_start_a_line_of_the_same_rate() {
        let clock = run(50.5, |time, frame| Some((time, if time < 50.0 { frame } else { frame - 2_390_000 })));
        assert!(clock.is_sure());
        check(&clock, 400.16, true_frame(50.5) - 2_390_000.0, 50.5);
    }
}
