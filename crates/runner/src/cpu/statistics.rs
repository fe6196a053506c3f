//! Many times in a few numbers.

use serde_json::{Value, json};

/// How times are spread; in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spread {
    /// From the shortest to the longest; at least one.
    times: Vec<u64>,
    mean: f64,
}

/// The ones that are told: name and part of the times that are no longer.
const TOLD: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

impl Spread {
    /// `None` of no times.
    pub(crate) fn new(mut times: Vec<u64>) -> Option<Self> {
        let mean = times.iter().map(|&time| time as f64).sum::<f64>() / times.len() as f64;
        times.sort_unstable();
        (!times.is_empty()).then_some(Self { times, mean })
    }

    /// The least time that a part (0 to 1) of all times does not exceed.
    pub(crate) fn quantile(&self, part: f64) -> u64 {
        let rank = (part * self.times.len() as f64).ceil() as usize;
        self.times[rank.clamp(1, self.times.len()) - 1]
    }

    pub(crate) fn mean(&self) -> f64 {
        self.mean
    }

    pub(crate) fn max(&self) -> u64 {
        self.quantile(1.0)
    }

    pub(crate) fn times(&self) -> &[u64] {
        &self.times
    }

    /// p50, p90, p99, p99.9 and the longest.
    pub(crate) fn told(&self) -> [u64; 5] {
        let [a, b, c, d] = TOLD.map(|(_, part)| self.quantile(part));
        [a, b, c, d, self.max()]
    }

    /// For programs, in microseconds.
    pub(crate) fn data(&self) -> Value {
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let told = TOLD.map(|(name, part)| (name.to_owned(), json!(micros(self.quantile(part)))));
        let mut data = Value::Object(told.into_iter().collect());
        data["max"] = json!(micros(self.max()));
        data["mean"] = json!(self.mean / 1e3);
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let spread = Spread::new((1..=1000).rev().collect()).unwrap();
        assert_eq!(spread.told(), [500, 900, 990, 999, 1000]);
        assert!((spread.mean() - 500.5).abs() < 1e-9);
        assert_eq!((spread.quantile(0.0), spread.times().len()), (1, 1000));
        assert_eq!(Spread::new(vec![7]).unwrap().told(), [7; 5]);
        assert_eq!(Spread::new(vec![]), None);
    }
}
