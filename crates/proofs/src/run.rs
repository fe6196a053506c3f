//! All steps, one after the other, and the table.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use patchline_guard::{Availability, Kind};

use crate::cargo::{self, cargo};
use crate::planted::{self, NOTHING, PLANTED, Place, Planted, Tool};
use crate::row::{self, Row, Verdict};
use crate::{clippy, sanitizers};

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What is promised: a million callbacks of every node, 100,000 swaps.
    Whole,
    /// A hundredth.
    Quick,
    /// A thousandth, without what the tests do already.
    Slice,
}

impl Extent {
    pub(crate) fn of(quick: bool, slice: bool) -> Self {
        match (quick, slice) {
            (_, true) => Extent::Slice,
            (true, _) => Extent::Quick,
            _ => Extent::Whole,
        }
    }

    fn callbacks(self) -> usize {
        match self {
            Extent::Whole => 1_000_000,
            Extent::Quick => 10_000,
            Extent::Slice => 1_000,
        }
    }

    /// By several threads, which wait for each other where there are fewer processors.
    fn shared(self) -> usize {
        match self {
            Extent::Whole => 20_000,
            Extent::Quick => 1_000,
            Extent::Slice => 300,
        }
    }

    fn swaps(self) -> u64 {
        match self {
            Extent::Whole => 100_000,
            Extent::Quick | Extent::Slice => 1_000,
        }
    }

    /// Under sanitizers, which take their time.
    fn sanitized(self) -> usize {
        match self {
            Extent::Whole => 50_000,
            Extent::Quick | Extent::Slice => 1_000,
        }
    }
}

/// Runs all steps; fails if one does.
pub(crate) fn run(extent: Extent, json: bool) -> ExitCode {
    let began = Instant::now();
    let rows = rows(extent);
    let failed = rows.iter().any(|row| row.verdict == Verdict::Failed);
    let seconds = began.elapsed().as_secs();
    if json {
        let document = serde_json::json!({ "proven": !failed, "seconds": seconds, "rows": rows });
        println!("{document:#}");
    } else {
        println!("{}", row::table(&rows));
        let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
        println!(
            "{} proven, {} failed, {} left out, in {seconds} s",
            count(Verdict::Proven),
            count(Verdict::Failed),
            count(Verdict::LeftOut)
        );
    }
    ExitCode::from(u8::from(failed))
}

fn rows(extent: Extent) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut step = |title: &str, found: Vec<Row>| {
        let failed = found.iter().filter(|row| row.verdict == Verdict::Failed).count();
        eprintln!("-- {title}: {} rows, {failed} failed", found.len());
        for row in found.iter().filter(|row| row.verdict == Verdict::Failed) {
            let node = row.node.as_deref().unwrap_or("all");
            eprintln!("   FAILED: {node}: {} ({}): {}", row.what, row.by, first_lines(&row.on));
        }
        rows.extend(found);
    };
    step("every node under the guard", of_a_child(&["nodes", &extent.callbacks().to_string()]));
    step("every node under the guard in workers", of_a_child(&["shared", &extent.shared().to_string()]));
    step("swaps under the guard", of_a_child(&["swaps", &extent.swaps().to_string()]));
    for tool in [Tool::Guard, Tool::AssertNoAlloc] {
        let row = |place| planted_row(tool, place, &[], &itself());
        step("planted violations", vec![row(Place::Callback), row(Place::Worker)]);
    }
    step("RealtimeSanitizer", sanitizers::rtsan(extent.sanitized()));
    if extent != Extent::Slice {
        step("clippy", clippy::rows());
        let full = extent == Extent::Whole;
        step("assert_no_alloc", vec![release_tests()]);
        step("captures", vec![captures(full)]);
        step("recordings", vec![recordings(full)]);
        step("bad patches", vec![bad_patches()]);
        step("models", vec![models()]);
        step("ThreadSanitizer", sanitizers::tsan(extent.sanitized() as u64));
    }
    rows
}

/// This very program.
pub(crate) fn itself() -> PathBuf {
    std::env::current_exe().expect("a program knows its own file")
}

/// What a process of its own has found.
fn of_a_child(arguments: &[&str]) -> Vec<Row> {
    rows_of(Command::new(itself()).args(arguments), arguments[0])
}

/// The rows that a process told; one more if it came to a bad end.
pub(crate) fn rows_of(command: &mut Command, what: &str) -> Vec<Row> {
    let failed = |found: String| Row::judge(format!("{what}: comes to its end"), "its process", Err(found));
    match cargo::capture(command) {
        Ok((Some(0), said, _)) => row::read(&said),
        Ok((code, said, errors)) => {
            let mut rows = row::read(&said);
            rows.push(failed(format!("exit code {code:?}\n{}", first_lines(&errors))));
            rows
        }
        Err(error) => vec![failed(error)],
    }
}

fn first_lines(text: &str) -> String {
    text.lines().take(30).collect::<Vec<_>>().join("\n")
}

/// One row for planted violations: those of these names, or all that the tool is there to see. Flagged, every one, by a
/// process of its own each; and one that does nothing wrong is not.
pub(crate) fn planted_row(tool: Tool, place: Place, names: &[String], program: &Path) -> Row {
    let by = match tool {
        Tool::Guard => "guard",
        Tool::Rtsan => "rtsan",
        Tool::AssertNoAlloc => "assert_no_alloc",
    };
    let what = match place {
        Place::Callback => "planted violations are flagged",
        Place::Worker => "planted violations are flagged in a worker",
    };
    if place == Place::Worker && std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        return Row::left_out(what, by, "there is no second processor");
    }
    if let (Tool::Guard, Availability::Unavailable(reason)) = (tool, Kind::Syscalls.availability()) {
        return Row::left_out(what, by, reason);
    }
    let is_asked = |planted: &&Planted| match names {
        [] => planted.is_for(tool),
        names => names.iter().any(|name| name == planted.name),
    };
    let names: Vec<&str> = PLANTED.iter().filter(is_asked).map(|planted| planted.name).collect();
    let mut wrong: Vec<String> = names.iter().filter_map(|name| missed(name, tool, place, program)).collect();
    wrong.extend(
        missed(NOTHING, tool, place, program)
            .is_none()
            .then(|| "flagged: a callback that does nothing wrong".to_owned()),
    );
    Row::judge(
        what,
        by,
        match wrong[..] {
            [] => Ok(format!("{} of {}: {}", names.len(), names.len(), names.join(", "))),
            _ => Err(wrong.join("; ")),
        },
    )
}

/// What the tool says of a planted violation that it does not flag.
fn missed(name: &str, tool: Tool, place: Place, program: &Path) -> Option<String> {
    use clap::ValueEnum;
    let tool_name = tool.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let in_worker = (place == Place::Worker).then_some("--in-worker");
    match cargo::capture(Command::new(program).args(["planted", name, &tool_name]).args(in_worker)) {
        Ok((code, ..)) if planted::is_flagged(tool, code) => None,
        Ok((code, _, said)) => Some(format!("not flagged: {name} (exit code {code:?}: {})", first_lines(&said))),
        Err(error) => Some(format!("not flagged: {name} ({error})")),
    }
}

/// Tests that prove something by themselves, optimised, all in one command of cargo's.
fn suite(what: &str, by: &str, tests: &[&str], full: bool) -> Row {
    let mut command = cargo(&["test", "--quiet", "--release"]);
    command.args(tests);
    if full {
        command.env("PATCHLINE_FULL", "1");
    }
    let found = cargo::run(&mut command);
    let full = if full { "PATCHLINE_FULL=1 " } else { "" };
    Row::judge(what, by, found.map(|()| format!("{full}cargo test --release {}", tests.join(" "))))
}

/// assert_no_alloc ends the process where a callback allocates.
fn release_tests() -> Row {
    let tests = ["-p", "patchline-graph", "-p", "patchline-nodes", "--tests"];
    suite("0 allocations and frees in all tests, optimised", "assert_no_alloc", &tests, false)
}

fn models() -> Row {
    suite("hand-over protocols, in every order of their steps", "loom", &["-p", "patchline-models"], false)
}

/// A million blocks each, with and without their output, while graphs change and the disk stands still for a third.
fn captures(full: bool) -> Row {
    let (what, by) = ("0 system calls, allocations, faults, waits while a run is captured", "guard");
    if let Availability::Unavailable(reason) = Kind::Syscalls.availability() {
        return Row::left_out(what, by, reason);
    }
    suite(what, by, &["-p", "patchline-capture", "--test", "guard"], full)
}

fn recordings(full: bool) -> Row {
    let tests = ["-p", "patchline-nodes", "--test", "faults", "--", "--test-threads", "1"];
    suite("recordings survive kill -9, full and frozen disks", "two readers", &tests, full)
}

fn bad_patches() -> Row {
    let what = "bad patches are refused, unheard, and leave no file";
    suite(what, "corpus", &["-p", "patchline-patch", "--test", "reload", "--test", "robust"], false)
}
