//! What is counted.

mod loads;
mod plays;

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

use patchline_benches::{InstructionSet, Workload, limit};
use patchline_graph::Instructions;

use crate::callgrind::Count;
use plays::Input;

/// How the name of the function ends whose calls are counted.
pub(crate) const REGION: &str = "counted_region";

/// Something whose instructions are counted.
pub(crate) struct Scenario {
    name: String,
    /// How often it is done, and the frames of each time: none where it is not about blocks.
    times: usize,
    frames: usize,
    /// If AVX2 is to make it shorter: the scenario with all of it but that; empty otherwise.
    beside: String,
    work: Work,
    /// What the hand-written loop of the same is called.
    limit: Option<Workload>,
}

/// Gets ready, and gives back what is to be counted.
enum Work {
    /// By instruction set.
    Block(Box<dyn Fn(Instructions) -> Box<dyn FnMut()>>),
    /// Whatever the instructions.
    Once(Box<dyn Fn() -> Box<dyn FnMut()>>),
}

/// Runs the scenarios whose names contain `only`, and says for each call of the region what it was.
pub(crate) fn run(only: &str, with_limit: bool) {
    for scenario in plays::all().into_iter().chain(loads::all()).filter(|scenario| scenario.name.contains(only)) {
        match &scenario.work {
            Work::Block(prepare) => {
                // Callgrind knows no AVX-512.
                for set in [Instructions::Baseline, Instructions::Avx2].into_iter().filter(|set| set.is_available()) {
                    scenario.count(&set.to_string(), false, prepare(set));
                    if let (Some(workload), true) = (&scenario.limit, with_limit) {
                        scenario.count(&set.to_string(), true, by_hand(workload, scenario.frames, set));
                    }
                }
            }
            Work::Once(prepare) => scenario.count("any", false, prepare()),
        }
    }
}

fn by_hand(workload: &Workload, frames: usize, instructions: Instructions) -> Box<dyn FnMut()> {
    let narrower = Instructions::available().take_while(|other| *other != instructions).count();
    let set = InstructionSet::here()[narrower];
    let (mut contestant, input, mut output) =
        (limit(workload, set), Input::new(frames), [vec![0.0; frames], vec![0.0; frames]]);
    let mut block = move || {
        let [left, right] = &mut output;
        contestant.run(input.channels(), [left, right]);
        black_box(&mut output);
    };
    plays::warm_up(frames, &mut block);
    Box::new(block)
}

impl Scenario {
    fn count(&self, set: &str, is_limit: bool, mut work: Box<dyn FnMut()>) {
        let Self { name, times, frames, beside, .. } = self;
        let line = Line {
            is_limit,
            scenario: name.clone(),
            set: set.to_owned(),
            blocks: *times as u64,
            frames: *frames as u64,
            beside: beside.clone(),
        };
        println!("{line}");
        counted_region(*times, &mut *work);
    }
}

/// Each call of this is counted by itself.
#[inline(never)]
fn counted_region(times: usize, work: &mut dyn FnMut()) {
    for _ in 0..times {
        work();
    }
    // Not a jump into the last call, which would not come back here.
    black_box(());
}

/// What one call of the region was, as one program tells the other.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) is_limit: bool,
    scenario: String,
    set: String,
    blocks: u64,
    frames: u64,
    beside: String,
}

impl Line {
    pub(crate) fn count(self, instructions: u64) -> Count {
        let Self { scenario, set, blocks, frames, beside, .. } = self;
        Count { scenario, set, blocks, frames, beside, instructions, limit: None }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_limit, scenario, set, blocks, frames, beside } = self;
        write!(f, "{is_limit}\t{scenario}\t{set}\t{blocks}\t{frames}\t{beside}")
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("`{line}` is no scenario");
        let fields: Vec<&str> = line.split('\t').collect();
        let [is_limit, scenario, set, blocks, frames, beside] = fields[..] else { return Err(wrong()) };
        Ok(Self {
            is_limit: is_limit.parse().map_err(|_| wrong())?,
            scenario: scenario.to_owned(),
            set: set.to_owned(),
            blocks: blocks.parse().map_err(|_| wrong())?,
            frames: frames.parse().map_err(|_| wrong())?,
            beside: beside.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_told() {
        let line = Line {
            is_limit: true,
            scenario: "chain of 10 gains, blocks of 64".to_owned(),
            set: "avx2".to_owned(),
            blocks: 150,
            frames: 64,
            beside: "no nodes".to_owned(),
        };
        assert_eq!(line.to_string().parse(), Ok(line));
        assert_eq!("hello".parse::<Line>(), Err("`hello` is no scenario".to_owned()));
    }
}
