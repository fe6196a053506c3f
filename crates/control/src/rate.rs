//! How often somebody is told of readings.

use std::time::{Duration, Instant};

use crate::desk::{Code, Refusal};

/// The most often, in Hz.
pub(crate) const MOST_HZ: f64 = 30.0;
/// The least often.
const LEAST_HZ: f64 = 0.1;
/// How often, if nobody says.
const USUAL_HZ: f64 = 10.0;

/// A beat, and when it is next.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    period: Duration,
    next: Instant,
}

impl Rate {
    /// So many times a second, from now on; 10 unless told, and never more than `most`.
    pub(crate) fn new(hertz: Option<f64>, most: f64, now: Instant) -> Result<Self, Refusal> {
        let hertz = hertz.unwrap_or(USUAL_HZ);
        if !(LEAST_HZ..=MOST_HZ).contains(&hertz) {
            return Err(Refusal::new(Code::Value, format!("a rate is from {LEAST_HZ} to {MOST_HZ} Hz")));
        }
        let hertz = hertz.min(most.clamp(LEAST_HZ, MOST_HZ));
        Ok(Self { period: Duration::from_secs_f64(1.0 / hertz), next: now })
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// It was told: the next time is a period later, whatever was missed meanwhile.
    pub(crate) fn done(&mut self, now: Instant) {
        let on_the_beat = self.next + self.period;
        self.next = if on_the_beat > now { on_the_beat } else { now + self.period };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_in_a_second_whatever_was_missed() {
        let start = Instant::now();
        let mut rate = Rate::new(Some(30.0), 30.0, start).unwrap();
        let told = (0..1000).filter(|&ms| {
            let now = start + Duration::from_millis(ms);
            let due = rate.is_due(now) && !(300..600).contains(&ms);
            if due {
                rate.done(now);
            }
            due
        });
        let told = told.count();
        assert!((20..=22).contains(&told), "{told}");
        assert!(Rate::new(Some(31.0), 30.0, start).is_err() && Rate::new(Some(f64::NAN), 30.0, start).is_err());
        let slow = Rate::new(None, 2.0, start).unwrap();
        assert_eq!(slow.period, Duration::from_millis(500));
    }
}
