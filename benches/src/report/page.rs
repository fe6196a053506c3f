//! `docs/performance.md` and its figures, from the results that lie beside it.

use std::fmt::Write;

use super::figures::{Figure, figures};
use super::{number, quartiles, time};
use crate::goals::Goal;
use crate::results::{Measurement, Results};

/// A generated file: where it is, below the repository's root, and what it should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The page, its figures, and the results themselves: the same from results just measured and from those read back.
///
/// # Panics
/// Never: what is written can be read.
#[must_use]
pub fn documents(results: &Results) -> Vec<Document> {
    let json = crate::to_json(results);
    let results: Results = serde_json::from_str(&json).expect("it has just been written");
    let figures = figures(&results);
    let page = Document { path: "docs/performance.md".to_owned(), text: page(&results, &figures) };
    let data = Document { path: crate::RESULTS.to_owned(), text: json };
    let figure = |figure: Figure| Document { path: format!("docs/figures/{}", figure.file), text: figure.svg };
    [page, data].into_iter().chain(figures.into_iter().map(figure)).collect()
}

fn page(results: &Results, figures: &[Figure]) -> String {
    let mut text = INTRODUCTION.to_owned();
    machine(&mut text, results);
    goals(&mut text, &results.goals);
    text.push_str("\n## Figures\n");
    for figure in figures {
        let _ = write!(text, "\n![{}](figures/{})\n", figure.caption, figure.file);
    }
    shortfalls(&mut text, &results.goals);
    peers(&mut text, results);
    measurements(&mut text, &results.measurements);
    others(&mut text, results);
    growth(&mut text, results);
    text
}

const INTRODUCTION: &str = r#"<!-- Generated from performance.json by `./x bench --figures`; do not edit. -->
# Performance

What Patchline costs, beside a loop written by hand for exactly the same graph and beside other engines. Measured by
`./x bench`, which anybody can run; this page, its figures and its tables are generated from
[performance.json](performance.json), the result of one run.

## How it is measured

- **Everybody computes the same.** The engine gives the same bits as the hand-written loop, from the first frame on, for
  seconds of sound; other engines are within a stated tolerance of it (1e-5 of the loudest sample unless they say
  otherwise). Who is not is left out, and said to be. Parameters are read anew in each block; nobody knows them when it is compiled.
- **The limit** is a loop that does the whole graph in one pass, in registers, written for that one graph and compiled for
  SSE2, AVX2 and AVX-512; of those that the machine has, the fastest counts. It looks for no NaN, takes
  no parameter changes and no other block size. It is as fast as we could make it, not as fast as the engine happens to be.
- **Only ratios mean anything.** All who take part in a case run in one process and take turns, round by round, each for a
  quarter of a millisecond at least, in an order that turns. A ratio is taken in each round; shown is the median, with the quartiles as its
  spread. The machine's mood hits all of them: times of two runs differ by half, ratios by a few per cent. On Linux it is the
  processor's time that counts, of all threads; what a process waits while others have the processor does not.
- **Caches are warm**: each contestant runs unmeasured before its sample, to undo what the one before did. What does not
  fit into the caches (a hundred delays of half a second) stays cold for all.
- **The worst case decides.** A promise over several sizes is kept when the median of each of them keeps it.

```sh
./x bench                                  # everything: tables of ratios with their spread
./x bench --quick --only delay             # a quick look at some
./x bench --json --output new.json         # one JSON object
./x bench --compare docs/performance.json new.json
./x bench --figures                        # measure, and write this page anew
```
"#;

fn machine(text: &mut String, results: &Results) {
    let machine = &results.machine;
    let _ = write!(
        text,
        "\n## Where\n\n| | |\n|---|---|\n| Processor | {} ({}), {} cores{} |\n| Instruction sets | {} |\n| Governor | {} |\n| \
         System | {} |\n| Compiler | {} |\n| Commit | {} |\n| Date | {} |\n| Load when it began | {} |\n",
        machine.cpu,
        machine.cpu_model,
        machine.cores,
        if machine.virtual_machine { ", a virtual machine" } else { "" },
        machine.instruction_sets.join(", "),
        machine.governor,
        machine.system,
        machine.rustc,
        machine.commit,
        machine.date,
        machine.load,
    );
    if results.quick {
        text.push_str("\n**This was a quick look, with a tenth of the rounds.**\n");
    }
}

fn goals(text: &mut String, goals: &[Goal]) {
    text.push_str("\n## What was promised\n\n| What | Measured | Quartiles | Promised | |\n|---|---|---|---|---|\n");
    for goal in goals {
        let measured = goal.ratio.map_or("–".to_owned(), |ratio| format!("{} {}", number(ratio), goal.unit));
        let worst = goal.cases.iter().find(|case| Some(&case.case) == goal.worst.as_ref());
        let spread = worst.map_or(String::new(), |case| quartiles(case.ratio));
        let direction = if goal.direction == "at most" { "≤" } else { "≥" };
        let verdict = match (goal.ratio, goal.met) {
            (None, _) => "not measured",
            (_, true) => "kept",
            (_, false) => "**falls short**",
        };
        let (name, bound, unit) = (&goal.name, number(goal.bound), &goal.unit);
        let _ = writeln!(text, "| {name} | {measured} | {spread} | {direction} {bound} {unit} | {verdict} |");
    }
    text.push_str(
        "\n\"Best peer\" and named engines: their time by ours, so more is better. \"Limit\": ours by the loop's, so less is \
         better.\n",
    );
}

fn shortfalls(text: &mut String, goals: &[Goal]) {
    text.push_str("\n## What falls short, and why\n\n");
    let mut any = false;
    for goal in goals.iter().filter(|goal| !goal.met) {
        any = true;
        let worst = goal.worst.as_ref().map_or(String::new(), |worst| format!(" (worst: {worst})"));
        let why = goal.note.as_deref().unwrap_or("The reason is not known yet.");
        let short: Vec<String> = goal
            .cases
            .iter()
            .filter(|case| !case.met && Some(&case.case) != goal.worst.as_ref())
            .map(|case| format!("{}: {}", case.case, number(case.ratio.median)))
            .collect();
        let others = if short.is_empty() { String::new() } else { format!(" Also: {}.", short.join("; ")) };
        let _ = writeln!(text, "- **{}**{worst}: {why}{others}", goal.name);
    }
    if !any {
        text.push_str("Nothing.\n");
    }
}

fn peers(text: &mut String, results: &Results) {
    text.push_str("\n## Who else took part\n\n");
    if results.peers.is_empty() {
        text.push_str("Nobody: in this run the engine was measured against the hand-written loops alone.\n");
        return;
    }
    text.push_str("| Engine | Version | What differs |\n|---|---|---|\n");
    for peer in &results.peers {
        let _ = writeln!(text, "| {} | {} | {} |", peer.name, peer.version, peer.differs);
    }
}

fn measurements(text: &mut String, measurements: &[Measurement]) {
    text.push_str(
        "\n## All workloads\n\nTime for a block of stereo at 48 kHz; the loop: ours by its time; others: their time by ours.\n\n\
         | Workload | Block | Patchline | Loop | Others |\n|---|---|---|---|---|\n",
    );
    for found in measurements {
        let limit = found.limit().map_or(String::new(), |limit| {
            let set = limit.name.trim_start_matches("loop ");
            format!("{}× ({}) {set}", number(limit.ratio.median), quartiles(limit.ratio))
        });
        let peer = |peer: &crate::Versus| format!("{} {}×", peer.name, number(peer.ratio.inverse().median));
        let mut others: Vec<String> = found.peers().map(peer).collect();
        others.extend(found.cannot.iter().map(|unable| format!("{} cannot: {}", unable.name, unable.why)));
        others.extend(found.left_out.iter().map(|left| format!("{} left out: {}", left.name, left.why)));
        let (workload, block, ours) = (&found.workload, found.block, time(found.ours_ns.median));
        let _ = writeln!(text, "| {workload} | {block} | {ours} | {limit} | {} |", others.join(", "));
    }
}

fn others(text: &mut String, results: &Results) {
    if !results.extras.is_empty() {
        text.push_str("\n## Files, edits, other languages\n\n| What | Patchline | The other | Ours by theirs |\n|---|---|---|---|\n");
    }
    for extra in &results.extras {
        let _ = match &extra.timed {
            Some(timed) => {
                let (ours, other) = (time(timed.ours_ns.median), time(timed.other_ns.median));
                let (ratio, spread) = (number(timed.ratio.median), quartiles(timed.ratio));
                writeln!(text, "| {} | {ours} | {other} | {ratio}× ({spread}) |", extra.case)
            }
            None => {
                writeln!(text, "| {} | – | – | {} |", extra.case, extra.why_not.as_deref().unwrap_or("not measured"))
            }
        };
    }
    let quantities = results.quantities.iter().filter(|quantity| quantity.unit != "slope");
    text.push_str("\n## This engine alone\n\n| What | Median | Quartiles |\n|---|---|---|\n");
    for quantity in quantities {
        let (value, spread) = (number(quantity.value.median), quartiles(quantity.value));
        let _ = writeln!(text, "| {} | {value} {} | {spread} |", quantity.case, quantity.unit);
    }
}

fn growth(text: &mut String, results: &Results) {
    text.push_str(
        "\n## Growth\n\nThe slope of the logarithms over the upper half of the sizes: 1 is linear, 2 would be quadratic; below 1, a \
         fixed cost is still to be seen.\n\n| Graph | Growing | Slope | Smallest | Largest |\n|---|---|---|---|---|\n",
    );
    for curve in &results.growth {
        let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else { continue };
        let point = |point: &crate::results::Point| format!("{}: {}", point.size, time(point.ns.median));
        let (case, of, slope) = (&curve.case, &curve.of, curve.slope);
        let _ = writeln!(text, "| {case} | {of} | {slope:.2} | {} | {} |", point(first), point(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_every_goal_and_every_figure_that_is_written() {
        let results = crate::testing::results();
        let documents = documents(&results);
        let page = &documents[0].text;
        assert!(results.goals.iter().all(|goal| page.contains(&goal.name)));
        let figures: Vec<_> = documents.iter().filter(|document| document.path.ends_with(".svg")).collect();
        assert!(!figures.is_empty());
        for figure in figures {
            let file = figure.path.trim_start_matches("docs/");
            assert!(page.contains(&format!("]({file})")), "{file}");
            assert!(figure.text.starts_with("<svg ") && figure.text.ends_with("</svg>\n"));
            assert!(!figure.text.contains("NaN") && !figure.text.contains("inf"), "{}", figure.text);
        }
    }

    #[test]
    fn documents_are_the_same_from_results_that_were_read_back() {
        let results = documents(&crate::testing::results());
        let read: Results = serde_json::from_str(&results[1].text).unwrap();
        assert!(documents(&read) == results);
    }

    /// The page, the figures and the results that are committed belong together.
    #[test]
    fn the_page_is_made_of_the_results_beside_it() {
        let json = std::fs::read_to_string(crate::root().join(crate::RESULTS)).expect("the results are committed");
        let read: Results = serde_json::from_str(&json).expect("docs/performance.json holds results");
        for document in documents(&read) {
            let found = std::fs::read_to_string(crate::root().join(&document.path)).unwrap_or_default();
            let same = found.replace("\r\n", "\n") == document.text;
            assert!(same, "{} is out of date: ./x docs", document.path);
        }
    }
}
