//! Least squares without negative costs.

use std::collections::{BTreeMap, BTreeSet};

use super::Feature;

/// Passes over all features; far more than it takes for a handful of them.
const PASSES: usize = 20_000;
/// A pass that changes no cost by more than this part of it is the last.
const STILL: f64 = 1e-9;

/// Costs for which the relative errors Σ ((cost − took) / took)² are the least, none below 0: one cost after the other is
/// put where the error is the least, until all stand still (coordinate descent on a convex function).
pub(super) fn least_squares(cases: &[(BTreeMap<Feature, f64>, f64)]) -> BTreeMap<Feature, f64> {
    let features: BTreeSet<Feature> = cases.iter().flat_map(|(features, _)| features.keys().copied()).collect();
    let features: Vec<Feature> = features.into_iter().collect();
    // Relative: a case that takes long counts no more than others.
    let row = |(counts, took): &(BTreeMap<Feature, f64>, f64)| -> Vec<f64> {
        features.iter().map(|feature| counts.get(feature).copied().unwrap_or(0.0) / took).collect()
    };
    let rows: Vec<Vec<f64>> = cases.iter().map(row).collect();
    let mut costs = vec![0.0; features.len()];
    // What is left to explain of each case.
    let mut left = vec![1.0; rows.len()];
    for _ in 0..PASSES {
        let mut moved = 0.0_f64;
        for (index, cost) in costs.iter_mut().enumerate() {
            let squares: f64 = rows.iter().map(|row| row[index] * row[index]).sum();
            if squares == 0.0 {
                continue;
            }
            let gain: f64 = rows.iter().zip(&left).map(|(row, left)| row[index] * left).sum();
            let next = (*cost + gain / squares).max(0.0);
            rows.iter().zip(&mut left).for_each(|(row, left)| *left -= row[index] * (next - *cost));
            moved = moved.max((next - *cost).abs() / next.max(1.0));
            *cost = next;
        }
        if moved < STILL {
            break;
        }
    }
    features.into_iter().zip(costs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(counts: &[(Feature, f64)], took: f64) -> (BTreeMap<Feature, f64>, f64) {
        (counts.iter().copied().collect(), took)
    }

    #[test]
    fn costs_that_add_up_are_found() {
        use Feature::{Call, Run, Term};
        let truth = BTreeMap::from([(Call, 40.0), (Term, 7.0), (Run(0), 130.0), (Run(1), 900.0)]);
        let counts = [
            [1.0, 0.0, 0.0, 0.0],
            [1.0, 8.0, 0.0, 0.0],
            [1.0, 1.0, 4.0, 0.0],
            [1.0, 2.0, 0.0, 4.0],
            [1.0, 9.0, 2.0, 1.0],
        ];
        let cases: Vec<_> = counts
            .iter()
            .map(|row| {
                let counts: Vec<_> = truth.keys().copied().zip(*row).collect();
                let took = counts.iter().map(|(feature, count)| truth[feature] * count).sum();
                case(&counts, took)
            })
            .collect();
        for (feature, cost) in least_squares(&cases) {
            assert!((cost - truth[&feature]).abs() < 1e-3 * truth[&feature], "{feature:?}: {cost}");
        }
    }

    #[test]
    fn no_cost_is_negative() {
        use Feature::{Call, Term};
        let cases = [case(&[(Call, 1.0)], 100.0), case(&[(Call, 1.0), (Term, 5.0)], 90.0)];
        let costs = least_squares(&cases);
        assert_eq!(costs[&Term], 0.0);
        assert!((90.0..100.0).contains(&costs[&Call]), "{costs:?}");
    }
}
