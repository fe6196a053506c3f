//! Contestants in turn, and the ratio of each round: the machine's mood hits all of them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

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
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub high: f64,
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
        let start = Instant::now();
        for _ in 0..self.calls {
            (self.call)();
        }
        start.elapsed().as_nanos() as f64 / self.calls as f64
    }
}
