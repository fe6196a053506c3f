//! `./x prove` and `./x soak`: what is promised of the audio callback, tried, and shown to be able to fail.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::planted::{Place, Tool};
use crate::{nodes, planted, row, run, sanitizers, soak, swaps};

/// Proves what is promised of the audio callback.
#[derive(Parser)]
#[command(name = "proofs")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything, with a table at the end. Exits with 1 if something fails or a planted violation is not flagged.
    Run {
        /// A hundredth of the callbacks and swaps.
        #[arg(long)]
        quick: bool,
        /// The slice that every change is tested with: a thousandth, and nothing that the tests do already.
        #[arg(long, conflicts_with = "quick")]
        slice: bool,
        /// Prints one JSON document on stdout and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Random graphs, changes and loads for hours, until the first violation.
    Soak {
        /// How long, in hours.
        #[arg(default_value_t = 1.0, value_parser = hours)]
        hours: f64,
        /// The first seed; a seed that was printed at a violation reproduces it.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// One step of `run`, in a process of its own: every node under the guard.
    #[command(hide = true)]
    Nodes { callbacks: usize },
    /// One step of `run`: every node under the guard, shared by several threads.
    #[command(hide = true)]
    Shared { callbacks: usize },
    /// One step of `run`: every node under RealtimeSanitizer.
    #[command(hide = true)]
    Sanitized { callbacks: usize },
    /// One step of `run`: loads that replace each other.
    #[command(hide = true)]
    Swaps {
        swaps: u64,
        #[arg(long)]
        unguarded: bool,
    },
    /// One step of `run`: planted violations under one tool; those that it is there to see, or these.
    #[command(hide = true)]
    Flagged {
        tool: Tool,
        names: Vec<String>,
        /// In the task of a worker.
        #[arg(long)]
        in_worker: bool,
    },
    /// One planted violation under one tool.
    #[command(hide = true)]
    Planted {
        name: String,
        tool: Tool,
        #[arg(long)]
        in_worker: bool,
    },
    /// A planted data race, for ThreadSanitizer.
    #[command(hide = true)]
    Race,
}

/// From one round to a year.
fn hours(text: &str) -> Result<f64, String> {
    let hours = text.parse().ok().filter(|hours| (0.0..=8_760.0).contains(hours));
    hours.ok_or_else(|| format!("`{text}` is no number of hours between 0 and 8760"))
}

/// What `proofs` does with its arguments. Its global allocator is the one that [`allocator`](crate::allocator) makes.
pub fn main() -> ExitCode {
    match Args::parse().command {
        Command::Run { quick, slice, json } => return run::run(run::Extent::of(quick, slice), json),
        Command::Soak { hours, seed } => return soak::soak(hours, seed),
        Command::Nodes { callbacks } => nodes::guarded(callbacks),
        Command::Shared { callbacks } => nodes::shared(callbacks),
        Command::Sanitized { callbacks } => nodes::sanitized(callbacks),
        Command::Swaps { swaps, unguarded } => row::tell(&swaps::swaps(swaps, !unguarded)),
        Command::Flagged { tool, names, in_worker } => {
            row::tell(&run::planted_row(tool, Place::of(in_worker), &names, &run::itself()));
        }
        Command::Planted { name, tool, in_worker } => return planted::run(&name, tool, Place::of(in_worker)),
        Command::Race => sanitizers::race(),
    }
    ExitCode::SUCCESS
}
