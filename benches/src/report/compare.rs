//! Two runs beside each other: what became faster or slower by more than the spread explains.

use super::{number, quartiles};
use crate::measure::Spread;
use crate::results::Results;

/// A ratio that both runs have.
struct Pair {
    what: String,
    old: Spread,
    new: Spread,
}

/// What changed, as a table. Only ratios are compared, each of contestants of one run: times of two runs say nothing.
pub(crate) fn compare(old: &Results, new: &Results) -> String {
    let mut pairs = pairs(old, new);
    let mut text = String::new();
    for warning in warnings(old, new) {
        text.push_str(&format!("note: {warning}\n"));
    }
    let all = pairs.len();
    pairs.retain(|pair| differs(pair.old, pair.new));
    pairs.sort_by(|a, b| change(b).ln().abs().total_cmp(&change(a).ln().abs()));
    for pair in &pairs {
        let word = if change(pair) > 1.0 { "slower" } else { "faster" };
        let (old, new) = (number(pair.old.median), number(pair.new.median));
        let spreads = format!("({} -> {})", quartiles(pair.old), quartiles(pair.new));
        text.push_str(&format!("{:<72} {old:>8} -> {new:>8}  {word} by {:.0} % {spreads}\n", pair.what, percent(pair)));
    }
    let same = all - pairs.len();
    text.push_str(&format!("{} of {all} ratios differ by more than their spread; {same} do not\n", pairs.len()));
    text
}

/// By how much the new median is larger, as a factor.
fn change(pair: &Pair) -> f64 {
    pair.new.median / pair.old.median
}

fn percent(pair: &Pair) -> f64 {
    (change(pair) - 1.0).abs() * 100.0
}

/// Whether the quartiles do not touch, and the medians are 3 % apart.
fn differs(old: Spread, new: Spread) -> bool {
    let apart = new.low > old.high || new.high < old.low;
    apart && (new.median / old.median - 1.0).abs() > 0.03
}

fn pairs(old: &Results, new: &Results) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for was in &old.measurements {
        let Some(is) = new.measurements.iter().find(|is| is.case() == was.case()) else { continue };
        for before in &was.versus {
            // The loop is the limit whichever instruction set was the fastest.
            let same = |now: &&crate::Versus| now.name == before.name || (now.is_limit && before.is_limit);
            if let Some(now) = is.versus.iter().find(same) {
                let what = format!("{} / {}", was.case(), now.name);
                pairs.push(Pair { what, old: before.ratio, new: now.ratio });
            }
        }
    }
    for was in &old.extras {
        let found = new.extras.iter().find(|is| is.case == was.case).and_then(|is| is.timed.as_ref());
        if let (Some(before), Some(now)) = (&was.timed, found) {
            pairs.push(Pair { what: was.case.clone(), old: before.ratio, new: now.ratio });
        }
    }
    for was in old.quantities.iter().filter(|was| was.unit == "×") {
        if let Some(is) = new.quantities.iter().find(|is| is.case == was.case) {
            pairs.push(Pair { what: was.case.clone(), old: was.value, new: is.value });
        }
    }
    pairs
}

fn warnings(old: &Results, new: &Results) -> Vec<String> {
    let mut warnings = Vec::new();
    let same = |what: &str, old: &str, new: &str, warnings: &mut Vec<String>| {
        if old != new {
            warnings.push(format!("{what}: {old}, then {new}: ratios of two machines are not alike"));
        }
    };
    same("processor", &old.machine.cpu_model, &new.machine.cpu_model, &mut warnings);
    same("compiler", &old.machine.rustc, &new.machine.rustc, &mut warnings);
    if old.quick || new.quick {
        warnings.push("a quick run is a quick look: what differs may be chance".to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(low: f64, median: f64, high: f64) -> Spread {
        Spread { low, median, high }
    }

    #[test]
    fn only_what_the_spread_does_not_explain_differs() {
        let old = spread(0.98, 1.0, 1.02);
        assert!(differs(old, spread(1.2, 1.3, 1.4)));
        assert!(differs(old, spread(0.7, 0.8, 0.9)));
        assert!(!differs(old, spread(1.01, 1.1, 1.2)), "the quartiles overlap");
        assert!(!differs(spread(1.0, 1.0, 1.0), spread(1.02, 1.02, 1.02)), "2 % is nothing");
    }

    #[test]
    fn a_run_differs_from_a_slower_one_and_not_from_itself() {
        let old = crate::testing::results();
        let mut new = old.clone();
        assert!(compare(&old, &new).contains("0 of"), "{}", compare(&old, &new));
        new.measurements[0].versus[0].ratio = new.measurements[0].versus[0].ratio.times(2.0);
        let text = compare(&old, &new);
        assert!(text.contains("slower by 100 %") && text.contains(&old.measurements[0].workload), "{text}");
        new.machine.rustc = "another".to_owned();
        assert!(compare(&old, &new).contains("note: compiler"));
    }
}
