//! Tables for a terminal.

use std::fmt::Write;

use super::{number, quartiles, time};
use crate::goals::Goal;
use crate::results::{ExtraResult, Growth, Measurement, Quantity, Results};

/// The whole run.
pub(crate) fn table(results: &Results) -> String {
    let mut text = String::new();
    machine(&mut text, results);
    measurements(&mut text, &results.measurements);
    extras(&mut text, &results.extras);
    quantities(&mut text, &results.quantities);
    growth(&mut text, &results.growth);
    goals(&mut text, &results.goals);
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn machine(text: &mut String, results: &Results) {
    let machine = &results.machine;
    let sets = machine.instruction_sets.join(", ");
    line(text, &format!("{} ({}), {} cores, {sets}", machine.cpu, machine.cpu_model, machine.cores));
    line(text, &format!("{}, {}, commit {}, {}", machine.system, machine.rustc, machine.commit, machine.date));
    if results.quick {
        line(text, "A quick look: a tenth of the rounds.");
    }
}

fn measurements(text: &mut String, measurements: &[Measurement]) {
    if measurements.is_empty() {
        return;
    }
    line(text, "");
    line(text, "Stereo, 48 kHz; times per block; × is ours by theirs (below 1: ours is faster), quartiles in brackets");
    for found in measurements {
        line(text, &format!("{:<42} {:>11}", found.case(), time(found.ours_ns.median)));
        for versus in &found.versus {
            let ratio = format!("{}×", number(versus.ratio.median));
            let (name, theirs) = (&versus.name, time(versus.ns.median));
            line(text, &format!("    {name:<38} {theirs:>11} {ratio:>8} ({})", quartiles(versus.ratio)));
        }
        for unable in &found.cannot {
            line(text, &format!("    {:<38} cannot: {}", unable.name, unable.why));
        }
        for left in &found.left_out {
            line(text, &format!("    {:<38} left out, as it computes something else: {}", left.name, left.why));
        }
    }
}

fn extras(text: &mut String, extras: &[ExtraResult]) {
    if !extras.is_empty() {
        line(text, "");
    }
    for extra in extras {
        match (&extra.timed, &extra.why_not) {
            (Some(timed), _) => {
                let (ours, theirs) = (time(timed.ours_ns.median), time(timed.other_ns.median));
                let ratio = format!("{}×", number(timed.ratio.median));
                let spread = quartiles(timed.ratio);
                line(text, &format!("{:<60} {ours:>9} {theirs:>9} {ratio:>8} ({spread})", extra.case));
            }
            (None, why) => line(text, &format!("{:<60} {}", extra.case, why.as_deref().unwrap_or("not measured"))),
        }
    }
}

fn quantities(text: &mut String, quantities: &[Quantity]) {
    if !quantities.is_empty() {
        line(text, "");
    }
    for quantity in quantities.iter().filter(|quantity| quantity.unit != "slope") {
        let value = format!("{} {}", number(quantity.value.median), quantity.unit);
        line(text, &format!("{:<60} {value:>12} ({})", quantity.case, quartiles(quantity.value)));
    }
}

fn growth(text: &mut String, growth: &[Growth]) {
    if !growth.is_empty() {
        line(text, "");
        line(text, "Growth: the slope of the logarithms (1 is linear), and the time at each size");
    }
    for curve in growth {
        line(text, &format!("{}, growing {}: {:.2}", curve.case, curve.of, curve.slope));
        let point = |point: &crate::results::Point| format!("{}: {}", point.size, time(point.ns.median));
        line(text, &format!("    {}", curve.points.iter().map(point).collect::<Vec<_>>().join(", ")));
    }
}

fn goals(text: &mut String, goals: &[Goal]) {
    if goals.is_empty() {
        return;
    }
    line(text, "");
    let _ = writeln!(text, "{:<58} {:>10} {:>14}", "Promised (the worst of all cases decides)", "measured", "promised");
    for goal in goals {
        let measured = goal.ratio.map_or("–".to_owned(), |ratio| format!("{} {}", number(ratio), goal.unit));
        let direction = if goal.direction == "at most" { "≤" } else { "≥" };
        let promised = format!("{direction} {} {}", number(goal.bound), goal.unit);
        line(text, &format!("{:<58} {measured:>10} {promised:>14}  {}", goal.name, verdict(goal)));
        if let (false, Some(worst)) = (goal.met, &goal.worst) {
            line(text, &format!("    {worst}"));
        }
        if let Some(note) = &goal.note {
            line(text, &format!("    {note}"));
        }
    }
    let met = goals.iter().filter(|goal| goal.met).count();
    let measured = goals.iter().filter(|goal| goal.ratio.is_some()).count();
    line(text, &format!("{met} of {measured} measured goals are met; {} were not measured", goals.len() - measured));
}

fn verdict(goal: &Goal) -> &'static str {
    match (goal.ratio, goal.met) {
        (None, _) => "not measured",
        (_, true) => "met",
        (_, false) => "NOT met",
    }
}
