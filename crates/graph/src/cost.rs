//! What the nodes cost: counted on the audio thread where [`profile`](crate::profile) says, told on the control thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::stats::Counter;

/// What a node costs, as sampled since [`Engine::profile`](crate::Engine::profile).
///
/// ```
/// use patchline_graph::NodeCost;
///
/// let cost = NodeCost { node: "reverb".to_owned(), nanoseconds: 250.0, share: 0.8, samples: 100 };
/// // At 48 kHz there are some 20,833 ns for a frame.
/// assert_eq!(cost.load(48_000), 0.012);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NodeCost {
    /// The node's name.
    pub node: String,
    /// Nanoseconds a frame, by the clock: that of the node, and of gathering what it reads.
    pub nanoseconds: f64,
    /// Its part of all time in `render`, 0 to 1.
    pub share: f64,
    /// How often it was timed.
    pub samples: u64,
}

impl NodeCost {
    /// The part of a frame's time that it takes, on a device of `rate` Hz: 1.0 is all of it.
    #[must_use]
    pub fn load(&self, rate: u32) -> f64 {
        self.nanoseconds * f64::from(rate) / 1e9
    }
}

/// The time that something took in all, written by the audio thread.
#[derive(Debug, Default)]
pub(crate) struct CostCells {
    nanos: Counter,
    frames: Counter,
    laps: Counter,
    longest: AtomicU64,
    second: AtomicU64,
}

impl CostCells {
    /// One lap over `frames` frames.
    pub(crate) fn add(&self, time: Duration, frames: usize) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.add(nanos);
        self.frames.add(frames as u64);
        self.laps.add(1);
        // There is one writer; a restart between these two costs one lap its rank.
        let longest = self.longest.load(Ordering::Relaxed);
        if nanos > longest {
            self.second.store(longest, Ordering::Relaxed);
            self.longest.store(nanos, Ordering::Relaxed);
        } else {
            self.second.fetch_max(nanos, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Cost {
        let [longest, second] = [&self.longest, &self.second].map(|cell| cell.load(Ordering::Relaxed));
        Cost { nanos: self.nanos.get(), frames: self.frames.get(), laps: self.laps.get(), longest, second }
    }

    /// What is there now, and looks for the longest laps anew. For the control thread.
    pub(crate) fn restart(&self) -> Cost {
        [&self.longest, &self.second].into_iter().for_each(|cell| cell.store(0, Ordering::Relaxed));
        self.read()
    }
}

/// What cells held at some moment, or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) nanos: u64,
    pub(crate) frames: u64,
    pub(crate) laps: u64,
    /// Nanoseconds of the longest lap, and of the next.
    pub(crate) longest: u64,
    pub(crate) second: u64,
}

impl Cost {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            nanos: self.nanos.saturating_sub(before.nanos),
            frames: self.frames.saturating_sub(before.frames),
            laps: self.laps.saturating_sub(before.laps),
            longest: self.longest,
            second: self.second,
        }
    }

    /// Nanoseconds a frame, without what taking the time took: `lap` nanoseconds a lap.
    ///
    /// The longest lap counts as the second longest: where the system let another thread run for some milliseconds, that
    /// was it, and the lightest node would look like the heaviest. Work that comes now and then is met more than once.
    pub(crate) fn per_frame(self, lap: f64) -> f64 {
        let beyond = if self.laps > 1 { self.longest.saturating_sub(self.second) } else { 0 };
        let nanos = self.nanos.saturating_sub(beyond) as f64 - self.laps as f64 * lap;
        nanos.max(0.0) / self.frames.max(1) as f64
    }
}

/// Nodes that were timed, the heaviest first. `rest` is the time in `render` outside of them, `lap` what it takes to
/// time one, in nanoseconds.
pub(crate) fn costs(nodes: impl Iterator<Item = (String, Cost)>, rest: Cost, lap: f64) -> Vec<NodeCost> {
    let timed = nodes.filter(|(_, cost)| cost.frames > 0);
    let mut costs: Vec<NodeCost> = timed
        .map(|(node, cost)| NodeCost { node, nanoseconds: cost.per_frame(lap), share: 0.0, samples: cost.laps })
        .collect();
    // From what plays now, not from the sum of all calls: those before a load were of other nodes.
    let whole = costs.iter().map(|cost| cost.nanoseconds).sum::<f64>() + rest.per_frame(lap);
    if whole > 0.0 {
        costs.iter_mut().for_each(|cost| cost.share = cost.nanoseconds / whole);
    }
    costs.sort_by(|a, b| b.nanoseconds.total_cmp(&a.nanoseconds));
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Laps of these nanoseconds, together over `frames` frames.
    fn cost(laps: &[u64], frames: u64) -> Cost {
        let mut sorted = laps.to_vec();
        sorted.sort_by(|a, b| b.cmp(a));
        let rank = |index: usize| sorted.get(index).copied().unwrap_or(0);
        Cost { nanos: laps.iter().sum(), frames, laps: laps.len() as u64, longest: rank(0), second: rank(1) }
    }

    fn check(nodes: &[(&str, Cost)], rest: Cost, lap: f64, expected: &[(&str, f64, f64)]) {
        let costs = costs(nodes.iter().map(|&(name, cost)| (name.to_owned(), cost)), rest, lap);
        assert_eq!(costs.len(), expected.len(), "{costs:?}");
        for (cost, &(node, nanoseconds, share)) in costs.iter().zip(expected) {
            assert_eq!(cost.node, node);
            assert!((cost.nanoseconds - nanoseconds).abs() < 1e-9 && (cost.share - share).abs() < 1e-9, "{cost:?}");
        }
    }

    #[test]
    fn the_heaviest_comes_first_and_the_clock_itself_costs_nothing() {
        let nodes = [("light", cost(&[50; 10], 100)), ("never", Cost::default()), ("heavy", cost(&[170; 10], 100))];
        check(&nodes, cost(&[90; 10], 100), 20.0, &[("heavy", 15.0, 0.6), ("light", 3.0, 0.12)]);
    }

    /// A node that arrived by a load has been timed over fewer frames than the others.
    #[test]
    fn what_was_timed_for_longer_weighs_no_more() {
        let nodes = [("old", cost(&[1_000; 100], 10_000)), ("new", cost(&[300], 10))];
        check(&nodes, Cost::default(), 0.0, &[("new", 30.0, 0.75), ("old", 10.0, 0.25)]);
    }

    /// The system ran something else for 4 ms.
    #[test]
    fn an_interruption_makes_no_node_heavy() {
        let mut laps = [640; 100];
        laps[30] = 4_000_000;
        check(&[("light", cost(&laps, 6_400))], Cost::default(), 0.0, &[("light", 10.0, 1.0)]);
    }

    #[test]
    fn work_that_comes_now_and_then_counts() {
        let laps = [0, 6_400, 0, 0, 6_400, 0, 0, 0, 0, 0];
        check(&[("hops", cost(&laps, 640))], Cost::default(), 0.0, &[("hops", 20.0, 1.0)]);
    }

    #[test]
    fn less_than_the_clock_itself_is_nothing() {
        check(&[("light", cost(&[10], 64))], Cost::default(), 40.0, &[("light", 0.0, 0.0)]);
    }

    #[test]
    fn costs_can_be_counted_from_any_moment() {
        let cells = CostCells::default();
        cells.add(Duration::from_nanos(900), 64);
        for laps in [&[30, 20][..], &[20, 30], &[30, 30, 10], &[10, 20, 40, 30], &[5]] {
            let before = cells.restart();
            laps.iter().for_each(|&nanos| cells.add(Duration::from_nanos(nanos), 10));
            assert_eq!(cells.read().since(before), cost(laps, 10 * laps.len() as u64));
        }
    }

    #[test]
    fn a_load_is_the_part_of_a_frame() {
        let cost = NodeCost { node: "n".to_owned(), nanoseconds: 12_500.0, share: 0.5, samples: 1 };
        assert!((cost.load(48_000) - 0.6).abs() < 1e-12);
    }
}
