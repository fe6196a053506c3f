//! `runner doctor`: what this machine lacks for sound in real time, and the lines that fix it.

mod machine;
mod power;
mod privileges;
mod servers;
mod sound;

use std::fmt::Write;

use patchline_graph::Renderer;
use serde_json::{Value, json};

use crate::cli::DoctorArgs;
use crate::exit::{Exit, Outcome};
use crate::units::count;
use crate::{hosts, output, style};
use machine::Machine;

const TAKES: &str = "a string takes every text";

pub(crate) fn run(args: &DoctorArgs) -> Outcome {
    let mut checks = sound::hosts(&hosts::hosts::<Renderer>());
    if cfg!(target_os = "linux") {
        checks.extend(linux(&Machine::this()));
    }
    output::print(&if args.json { format!("{:#}\n", data(&checks)) } else { text(&checks) })?;
    Ok(Exit::Ok)
}

/// Everything that Linux tells in files.
fn linux(machine: &Machine) -> Vec<Check> {
    vec![
        sound::cards(machine),
        servers::jack(machine),
        servers::desktop(machine),
        servers::quantum(machine),
        privileges::priority(machine),
        privileges::memory(machine),
        privileges::group(machine),
        privileges::broker(machine),
        power::governor(machine),
        power::kernel(machine),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Why processors are slower than they could be, if they are.
pub(crate) fn slow_processor() -> Option<String> {
    power::governor(&Machine::this()).filter(|check| check.status != Status::Ok).map(|check| check.finding)
}

/// What was looked at, how it is, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    /// Its name, for programs too.
    name: String,
    status: Status,
    /// How it is, and where it is not well, what that costs.
    finding: String,
    /// Lines for a shell, and comments for whoever reads them.
    fix: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// As it should be.
    Ok,
    /// Works, and could be better.
    Warn,
    /// Not there.
    Missing,
}

impl Check {
    fn ok(name: impl Into<String>, finding: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Ok, finding: finding.into(), fix: Vec::new() }
    }

    fn warn(name: impl Into<String>, finding: impl Into<String>, fix: Vec<String>) -> Self {
        Self { name: name.into(), status: Status::Warn, finding: finding.into(), fix }
    }

    fn missing(name: impl Into<String>, finding: impl Into<String>, fix: Vec<String>) -> Self {
        Self { name: name.into(), status: Status::Missing, finding: finding.into(), fix }
    }
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Missing => "missing",
        }
    }
}

/// A line for each check, and below it what to type.
fn text(checks: &[Check]) -> String {
    let widest = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for Check { name, status, finding, fix } in checks {
        let padded = format!("{:<7}", status.word());
        let status = match status {
            Status::Ok => style::good(padded),
            Status::Warn => style::warning(padded),
            Status::Missing => style::error(padded),
        };
        let gap = " ".repeat(widest - name.chars().count());
        writeln!(out, "{status}  {}{gap}  {finding}", style::strong(name)).expect(TAKES);
        for line in fix {
            writeln!(out, "           {line}").expect(TAKES);
        }
    }
    let wanting = checks.iter().filter(|check| check.status != Status::Ok).count();
    match wanting {
        0 => out.push_str("\nall is well\n"),
        wanting => {
            writeln!(out, "\n{} of {} could be better", wanting, count(checks.len(), "check")).expect(TAKES);
        }
    }
    out
}

fn data(checks: &[Check]) -> Value {
    let one = |check: &Check| json!({ "name": check.name, "status": check.status.word(), "finding": check.finding, "fix": check.fix });
    json!({ "exit": 0, "checks": checks.iter().map(one).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests;
