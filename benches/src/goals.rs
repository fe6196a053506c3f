//! Whether what was promised holds: each cell with the worst of its cases.

use serde::{Deserialize, Serialize};

use crate::cells::{Against, Bound, Cell, cells};
use crate::measure::Spread;
use crate::results::{ExtraResult, Measurement, Quantity};

/// One promise, as measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// For people.
    pub name: String,
    /// The number of the worst case: a ratio, or in `unit`. None where nothing was measured.
    #[serde(serialize_with = "crate::measure::rounded_if_any")]
    pub ratio: Option<f64>,
    /// What it is held against.
    pub bound: f64,
    /// Whether it holds: the median of every case.
    pub met: bool,
    /// Rounds of the worst case.
    pub samples: usize,
    /// `"at most"` or `"at least"`.
    pub direction: String,
    /// `"×"`, `"ns"` or `"µs"`.
    pub unit: String,
    /// For machines: stays the same from version to version.
    pub key: String,
    /// The worst case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<String>,
    /// All cases, each with its spread.
    pub cases: Vec<GoalCase>,
    /// Why it falls short, or why it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One case of a promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoalCase {
    /// What was measured, and against whom.
    pub case: String,
    /// The number.
    pub ratio: Spread,
    /// Whether its median keeps the promise.
    pub met: bool,
    /// Rounds.
    pub samples: usize,
}

/// All goals, from what was measured.
#[must_use]
pub(crate) fn judge(measurements: &[Measurement], extras: &[ExtraResult], quantities: &[Quantity]) -> Vec<Goal> {
    cells().iter().map(|cell| goal(cell, measurements, extras, quantities)).collect()
}

fn goal(cell: &Cell, measurements: &[Measurement], extras: &[ExtraResult], quantities: &[Quantity]) -> Goal {
    let (bound, direction) = match cell.bound {
        Bound::AtMost(bound) => (bound, "at most"),
        Bound::AtLeast(bound) => (bound, "at least"),
    };
    let cases = match cell.against {
        Against::Others | Against::OursByOthers => of_extras(cell, extras),
        Against::Quantity => of_quantities(cell, quantities),
        _ => of_measurements(cell, measurements),
    };
    let worst = cases.iter().max_by(|a, b| badness(cell.bound, a).total_cmp(&badness(cell.bound, b)));
    let met = worst.is_some_and(|worst| worst.met);
    let note =
        if worst.is_none() { Some(why_not(cell, extras)) } else { cell.reason.filter(|_| !met).map(str::to_owned) };
    Goal {
        name: cell.name.to_owned(),
        ratio: worst.map(|worst| worst.ratio.median),
        bound,
        met,
        samples: worst.map_or(0, |worst| worst.samples),
        direction: direction.to_owned(),
        unit: unit(cell, quantities),
        key: cell.key.to_owned(),
        worst: worst.map(|worst| worst.case.clone()),
        cases,
        note,
    }
}

fn badness(bound: Bound, case: &GoalCase) -> f64 {
    match bound {
        Bound::AtMost(_) => case.ratio.median,
        Bound::AtLeast(_) => -case.ratio.median,
    }
}

fn keeps(bound: Bound, ratio: Spread) -> bool {
    match bound {
        Bound::AtMost(most) => ratio.median <= most,
        Bound::AtLeast(least) => ratio.median >= least,
    }
}

fn unit(cell: &Cell, quantities: &[Quantity]) -> String {
    let unit = match cell.against {
        Against::Nobody => "ns",
        Against::Quantity => quantities.iter().find(|found| found.goal == cell.key).map_or("×", |found| &found.unit),
        _ => "×",
    };
    unit.to_owned()
}

fn of_measurements(cell: &Cell, measurements: &[Measurement]) -> Vec<GoalCase> {
    let measured = |name: String| measurements.iter().find(|found| found.case() == name);
    let found = cell.cases.iter().filter_map(|case| measured(case.to_string()));
    let case = |found: &Measurement| {
        let (ratio, whom) = match cell.against {
            Against::Limit => found.limit().map(|limit| (limit.ratio, limit.name.clone()))?,
            Against::BestPeer => found.best_peer().map(|peer| (peer.ratio.inverse(), peer.name.clone()))?,
            Against::Peer(name) => {
                let named = found.peers().filter(|peer| peer.name.starts_with(name));
                let peer = named.min_by(|a, b| a.ns.median.total_cmp(&b.ns.median))?;
                (peer.ratio.inverse(), peer.name.clone())
            }
            _ => (found.ours_ns, String::new()),
        };
        let case = if whom.is_empty() { found.case() } else { format!("{} / {whom}", found.case()) };
        Some(GoalCase { case, ratio, met: keeps(cell.bound, ratio), samples: found.samples })
    };
    found.filter_map(case).collect()
}

fn of_extras(cell: &Cell, extras: &[ExtraResult]) -> Vec<GoalCase> {
    let mine = extras.iter().filter(|extra| extra.goal == cell.key);
    let case = |extra: &ExtraResult| {
        let timed = extra.timed.as_ref()?;
        let ratio = if cell.against == Against::Others { timed.ratio.inverse() } else { timed.ratio };
        Some(GoalCase { case: extra.case.clone(), ratio, met: keeps(cell.bound, ratio), samples: timed.samples })
    };
    mine.filter_map(case).collect()
}

fn of_quantities(cell: &Cell, quantities: &[Quantity]) -> Vec<GoalCase> {
    let mine = quantities.iter().filter(|quantity| quantity.goal == cell.key);
    let case = |quantity: &Quantity| GoalCase {
        case: quantity.case.clone(),
        ratio: quantity.value,
        met: keeps(cell.bound, quantity.value),
        samples: quantity.samples,
    };
    mine.map(case).collect()
}

fn why_not(cell: &Cell, extras: &[ExtraResult]) -> String {
    let said = extras.iter().filter(|extra| extra.goal == cell.key).find_map(|extra| extra.why_not.clone());
    let default = match cell.against {
        Against::BestPeer | Against::Peer(_) => "no other engine took part",
        _ => "not measured in this run",
    };
    said.unwrap_or_else(|| default.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One cell, two cases: `limit` and `peer` are the times of the loop and of the only peer, where ours is 1.
    fn judged(against: Against, bound: Bound, times: [(f64, f64); 2]) -> Goal {
        let even = |value: f64| Spread { low: value, median: value, high: value };
        let workload = crate::Workload::Through;
        let case = |block: usize| crate::Case { workload: workload.clone(), block };
        let versus = |name: &str, is_limit: bool, time: f64| crate::Versus {
            name: name.to_owned(),
            is_limit,
            ns: even(time),
            ratio: even(1.0 / time),
        };
        let measurement = |block: usize, (limit, peer): (f64, f64)| Measurement {
            workload: workload.to_string(),
            block,
            ours_ns: even(1.0),
            versus: vec![versus("loop", true, limit), versus("peer", false, peer), versus("slow", false, 100.0)],
            samples: 5,
            left_out: vec![],
            cannot: vec![],
        };
        let measurements = [measurement(64, times[0]), measurement(128, times[1])];
        let cell =
            Cell { key: "key", name: "name", against, cases: vec![case(64), case(128)], bound, reason: Some("reason") };
        goal(&cell, &measurements, &[], &[])
    }

    #[test]
    fn the_worst_case_decides() {
        let goal = judged(Against::Limit, Bound::AtMost(1.5), [(0.5, 4.0), (0.8, 2.0)]);
        assert_eq!((goal.ratio, goal.met, goal.note.as_deref()), (Some(2.0), false, Some("reason")));
        assert_eq!(goal.worst.as_deref(), Some("input to output, blocks of 64 / loop"));
        assert_eq!(goal.cases.iter().map(|case| case.met).collect::<Vec<_>>(), [false, true]);
        let goal = judged(Against::BestPeer, Bound::AtLeast(2.0), [(0.5, 4.0), (0.8, 2.0)]);
        assert_eq!((goal.ratio, goal.met, goal.note), (Some(2.0), true, None));
        assert_eq!(goal.worst.as_deref(), Some("input to output, blocks of 128 / peer"));
        assert_eq!(judged(Against::Nobody, Bound::AtMost(1.0), [(1.0, 1.0); 2]).ratio, Some(1.0));
    }

    #[test]
    fn what_was_not_measured_is_not_met_and_says_so() {
        let goal = judged(Against::Peer("nobody"), Bound::AtLeast(2.0), [(1.0, 1.0); 2]);
        assert_eq!((goal.ratio, goal.met, goal.samples), (None, false, 0));
        assert_eq!(goal.note.as_deref(), Some("no other engine took part"));
    }

    #[test]
    fn every_cell_has_its_own_key_and_something_to_judge() {
        let mut keys: Vec<_> = cells().iter().map(|cell| cell.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), cells().len());
        for cell in cells() {
            let (Bound::AtMost(bound) | Bound::AtLeast(bound)) = cell.bound;
            assert!(bound > 0.0, "{}", cell.key);
            let by_case =
                matches!(cell.against, Against::Limit | Against::BestPeer | Against::Peer(_) | Against::Nobody);
            assert_eq!(by_case, !cell.cases.is_empty(), "{}", cell.key);
        }
    }
}
