//! What was counted before, and what has become of it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::callgrind::Count;

/// How far a count may be from the baseline's, as a share of it: with the same compiler, and with another.
const TOLERANCE: f64 = 0.03;
const OTHER_COMPILER: f64 = 0.10;
/// Instructions per block that are never too many.
const NOTHING: f64 = 4.0;
/// What AVX2 may take of the baseline's instructions where a kernel is to be vectorised; without inlining it is 1. A gate
/// that decides every 60 frames gets no further than 0.91.
const VECTORISED: f64 = 0.95;

/// Counts, and the compiler that made what was counted.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    rustc: String,
    /// Instructions per block, by scenario and instruction set.
    counts: BTreeMap<String, BTreeMap<String, f64>>,
}

/// What a comparison came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) faults: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Verdict {
    pub(crate) fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Baseline {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        let head = "# Instructions per block, as `./x counts --update` counted them.\n";
        std::fs::write(path, format!("{head}{text}")).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// These counts, and the ones of other scenarios as they were.
    pub(crate) fn with(mut self, counts: &[Count], rustc: String) -> Self {
        self.rustc = rustc;
        for count in counts {
            let per_block = (count.per_block() * 10.0).round() / 10.0;
            self.counts.entry(count.scenario.clone()).or_default().insert(count.set.clone(), per_block);
        }
        self
    }

    pub(crate) fn get(&self, scenario: &str, set: &str) -> Option<f64> {
        self.counts.get(scenario)?.get(set).copied()
    }

    /// Judges the counts of the scenarios whose names contain `only`.
    pub(crate) fn compare(&self, counts: &[Count], rustc: &str, only: &str) -> Verdict {
        let mut verdict = Verdict::default();
        let tolerance = if rustc == self.rustc { TOLERANCE } else { OTHER_COMPILER };
        if rustc != self.rustc {
            let percent = 100.0 * OTHER_COMPILER;
            let why = "another compiler makes other instructions of the same code";
            verdict.notes.push(format!(
                "counted with {rustc}, the baseline with {}: up to {percent} % more are accepted, since {why}",
                self.rustc
            ));
        }
        let mut fewer = 0;
        for count in counts {
            match self.get(&count.scenario, &count.set) {
                None => verdict.faults.push(format!("{count}: not in the baseline; `./x counts --update` adds it")),
                Some(before) => {
                    verdict.faults.extend(growth(count, before, tolerance));
                    fewer += usize::from(count.per_block() < before * (1.0 - TOLERANCE) - NOTHING);
                }
            }
        }
        if fewer > 0 {
            let more = "`./x counts --update` sees to it that it stays so";
            verdict.notes.push(format!("{fewer} counts are more than 3 % below the baseline: {more}"));
        }
        verdict.faults.extend(self.gone(counts, only));
        verdict.faults.extend(not_vectorised(counts));
        verdict
    }

    /// Scenarios that are no longer counted at all: a guard that is gone is not to go unnoticed.
    fn gone(&self, counts: &[Count], only: &str) -> Vec<String> {
        let there = |name: &str| counts.iter().any(|count| count.scenario == name);
        let missing = self.counts.keys().filter(|name| name.contains(only) && !there(name));
        missing.map(|name| format!("{name}: in the baseline, but no longer counted")).collect()
    }
}

fn growth(count: &Count, before: f64, tolerance: f64) -> Option<String> {
    let now = count.per_block();
    let grown = now > before * (1.0 + tolerance) && now > before + NOTHING;
    let percent = 100.0 * (now / before - 1.0);
    grown.then(|| format!("{count}: {now:.0} instructions per block instead of {before:.0}, {percent:+.1} %"))
}

/// Kernels that AVX2 makes no shorter: something in their loops is not inlined into what is compiled for it.
fn not_vectorised(counts: &[Count]) -> Vec<String> {
    let of = |scenario: &str, set: &str| counts.iter().find(|count| count.scenario == scenario && count.set == set);
    let alone =
        |count: &Count, set: &str| Some(of(&count.scenario, set)?.per_block() - of(&count.beside, set)?.per_block());
    let mut faults = Vec::new();
    for count in counts.iter().filter(|count| !count.beside.is_empty() && count.set == "avx2") {
        let (Some(wide), Some(baseline)) = (alone(count, "avx2"), alone(count, "baseline")) else { continue };
        let ratio = wide / baseline;
        if ratio > VECTORISED {
            let why = "is all that its loop calls #[inline(always)]?";
            faults.push(format!("{count}: {ratio:.2} of the instructions that the baseline takes; {why}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(scenario: &str, set: &str, instructions: u64) -> Count {
        let (scenario, set) = (scenario.to_owned(), set.to_owned());
        Count { scenario, set, blocks: 10, frames: 64, beside: String::new(), instructions, limit: None }
    }

    fn faults(before: u64, now: u64, rustc: &str) -> Vec<String> {
        let baseline = Baseline::default().with(&[count("delay", "avx2", before)], "rustc 1".to_owned());
        baseline.compare(&[count("delay", "avx2", now)], rustc, "").faults
    }

    #[test]
    fn what_has_grown_is_named_with_by_how_much() {
        assert_eq!(faults(10_000, 10_290, "rustc 1"), [""; 0]);
        let grown = ["delay, avx2: 1040 instructions per block instead of 1000, +4.0 %"];
        assert_eq!(faults(10_000, 10_400, "rustc 1"), grown);
        assert_eq!(faults(10_000, 5_000, "rustc 1"), [""; 0]);
        // Of 100 instructions a few more are nothing.
        assert_eq!(faults(1_000, 1_040, "rustc 1"), [""; 0]);
    }

    #[test]
    fn another_compiler_is_said_and_compared_loosely() {
        assert_eq!(faults(10_000, 10_900, "rustc 2"), [""; 0]);
        assert_eq!(faults(10_000, 11_100, "rustc 2").len(), 1);
        let baseline = Baseline::default().with(&[], "rustc 1".to_owned());
        assert!(baseline.compare(&[], "rustc 2", "").notes[0].contains("the baseline with rustc 1"));
    }

    #[test]
    fn no_guard_goes_or_comes_unnoticed() {
        let baseline = Baseline::default().with(&[count("delay", "avx2", 100)], String::new());
        let gone = baseline.compare(&[], "", "").faults;
        assert_eq!(gone, ["delay: in the baseline, but no longer counted"]);
        assert!(baseline.compare(&[], "", "meter").holds(), "what was not asked for is not missed");
        let new = baseline.compare(&[count("delay", "avx2", 100), count("gate", "avx2", 1)], "", "").faults;
        assert_eq!(new, ["gate, avx2: not in the baseline; `./x counts --update` adds it"]);
    }

    #[test]
    fn a_kernel_that_is_not_inlined_is_found() {
        let gate = |set, instructions| Count { beside: "wire".to_owned(), ..count("gate", set, instructions) };
        let all = |wide| {
            let wires = [count("wire", "baseline", 900), count("wire", "avx2", 800)];
            wires.into_iter().chain([gate("baseline", 1_900), gate("avx2", wide)]).collect::<Vec<_>>()
        };
        assert_eq!(not_vectorised(&all(1_300)), [""; 0]);
        assert!(not_vectorised(&all(1_790))[0].starts_with("gate, avx2: 0.99 of the instructions"));
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.toml");
        let baseline =
            Baseline::default().with(&[count("chain of 10 gains, 64 frames", "avx2", 12_345)], "r".to_owned());
        baseline.write(&path).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), baseline);
        assert_eq!(baseline.get("chain of 10 gains, 64 frames", "avx2"), Some(1_234.5));
    }
}
