//! Contestants in turn, and the ratio of each round: the machine's mood hits all of them.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

/// How long one sample takes at least, about.
const SAMPLE: Duration = Duration::from_micros(250);

/// How much time to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Rounds of a comparison.
    pub rounds: usize,
    /// Whether this is for a quick look.
    pub quick: bool,
}

impl Effort {
    /// What the published figures take.
    pub const FULL: Self = Self { rounds: 101, quick: false };
    /// For a quick look.
    pub const QUICK: Self = Self { rounds: 11, quick: true };

    /// As many rounds as are worth it where one takes long: a share of them, at least five.
    #[must_use]
    pub fn share(self, part: usize) -> usize {
        (self.rounds / part).max(5)
    }
}

/// A median between its quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The lower quartile.
    #[serde(serialize_with = "rounded")]
    pub low: f64,
    /// The median.
    #[serde(serialize_with = "rounded")]
    pub median: f64,
    /// The upper quartile.
    #[serde(serialize_with = "rounded")]
    pub high: f64,
}

/// Six digits are more than are true; and they are read back as they were written.
pub(crate) fn rounded<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(six_digits(*value))
}

/// As [`rounded`], where there is a number.
pub(crate) fn rounded_if_any<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_some(&six_digits(*value)),
        None => serializer.serialize_none(),
    }
}

fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

impl Spread {
    /// Of any number of values, at least one.
    ///
    /// # Panics
    /// Without a value.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    /// Of `1/x`.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self { low: 1.0 / self.high, median: 1.0 / self.median, high: 1.0 / self.low }
    }

    /// Every value times `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { low: self.low * factor, median: self.median * factor, high: self.high * factor }
    }
}

/// Two ways to do something, measured in the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Ours, in nanoseconds.
    pub ours_ns: Spread,
    /// The other's, in nanoseconds.
    pub other_ns: Spread,
    /// Ours by the other's, round by round: below 1, ours is the faster.
    pub ratio: Spread,
    /// Rounds.
    pub samples: usize,
}

impl Timed {
    /// What two rows of [`rounds`] say.
    #[must_use]
    pub fn over(ours: &[f64], other: &[f64]) -> Self {
        Self {
            ours_ns: Spread::of(ours.iter().copied()),
            other_ns: Spread::of(other.iter().copied()),
            ratio: ratio(ours, other),
            samples: ours.len(),
        }
    }
}

/// `a` by `b`, round by round.
#[must_use]
pub fn ratio(a: &[f64], b: &[f64]) -> Spread {
    Spread::of(a.iter().zip(b).map(|(a, b)| a / b))
}

/// Lets everyone take one sample a round, in an order that turns from round to round. Each gives the nanoseconds of one
/// unit of its work. The result has one row for each of them, one value a round.
pub fn rounds(rounds: usize, contestants: &mut [&mut dyn FnMut() -> f64]) -> Vec<Vec<f64>> {
    let count = contestants.len();
    let mut rows = vec![Vec::with_capacity(rounds); count];
    for round in 0..rounds {
        for turn in 0..count {
            let who = (round + turn) % count;
            rows[who].push(contestants[who]());
        }
    }
    rows
}

/// Something to be called again and again, with as many calls a sample as its length asks for.
pub struct Repeated<'a> {
    call: Box<dyn FnMut() + 'a>,
    calls: usize,
}

impl<'a> Repeated<'a> {
    /// Finds out how many calls make a sample; a multiple of `unit`.
    pub fn new(unit: usize, call: impl FnMut() + 'a) -> Self {
        let mut repeated = Self { call: Box::new(call), calls: unit.max(1) };
        while repeated.time() * (repeated.calls as f64) < SAMPLE.as_nanos() as f64 / 2.0 {
            repeated.calls *= 2;
        }
        repeated
    }

    /// Nanoseconds of a call, over a sample. What somebody else did to the caches is made good before.
    pub fn sample(&mut self) -> f64 {
        for _ in 0..self.calls.div_ceil(16).min(32) {
            (self.call)();
        }
        self.time()
    }

    fn time(&mut self) -> f64 {
        let start = worked();
        for _ in 0..self.calls {
            (self.call)();
        }
        (worked() - start) / self.calls as f64
    }
}

/// Nanoseconds that all threads of this process have worked: what it waits for the processor while others have it, does
/// not count.
#[cfg(target_os = "linux")]
fn worked() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Nanoseconds that have passed: elsewhere this is what there is.
#[cfg(not(target_os = "linux"))]
fn worked() -> f64 {
    use std::sync::OnceLock;
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_quartiles() {
        let spread = Spread::of([5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(spread, Spread { low: 2.0, median: 3.0, high: 4.0 });
        assert_eq!(spread.inverse(), Spread { low: 0.25, median: 1.0 / 3.0, high: 0.5 });
        assert_eq!(ratio(&[2.0, 9.0, 4.0], &[1.0, 3.0, 2.0]).median, 2.0);
    }

    #[test]
    fn everybody_takes_one_turn_a_round_and_the_first_turn_goes_round() {
        let order = std::cell::RefCell::new(Vec::new());
        let turn = |who: u32| {
            let order = &order;
            move || {
                order.borrow_mut().push(who);
                f64::from(who)
            }
        };
        let (mut a, mut b, mut c) = (turn(0), turn(1), turn(2));
        let rows = rounds(3, &mut [&mut a, &mut b, &mut c]);
        assert_eq!(rows, [[0.0; 3], [1.0; 3], [2.0; 3]]);
        assert_eq!(*order.borrow(), [0, 1, 2, 1, 2, 0, 2, 0, 1]);
    }

    #[test]
    fn calls_are_counted_in_units() {
        let calls = std::cell::Cell::new(0usize);
        let repeated = Repeated::new(12, || {
            calls.set(calls.get() + 1);
            std::hint::black_box((0..100).sum::<u64>());
        });
        assert_eq!(repeated.calls % 12, 0);
        assert!(calls.get() >= repeated.calls);
    }
}
