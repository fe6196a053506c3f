//! Counts the instructions that the engine takes, and fails where they have grown.
//!
//! Unlike time, they are the same in every run: callgrind runs this program again as a processor of its own would, and
//! counts. `./x counts` compares with `baseline.toml`; `./x counts --update` writes it anew.

mod baseline;
mod callgrind;
mod scenarios;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use baseline::{Baseline, Verdict};
use clap::Parser;

/// Counts the instructions that the engine takes, and compares them with the baseline.
#[derive(Parser)]
struct Arguments {
    /// Writes the baseline anew instead.
    #[arg(long)]
    update: bool,
    /// Only scenarios whose names contain this; what is not counted is not compared either.
    #[arg(long, default_value = "", value_name = "TEXT")]
    only: String,
    /// Counts the hand-written loops as well, where there are any, and prints the ratio.
    #[arg(long)]
    limit: bool,
    /// Runs the scenarios, to be counted.
    #[arg(long, hide = true)]
    counted: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.counted {
        scenarios::run(&arguments.only, arguments.limit);
        return ExitCode::SUCCESS;
    }
    match counted(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("counts: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is as it was.
fn counted(arguments: &Arguments) -> Result<bool, String> {
    let counts = callgrind::count(&arguments.only, arguments.limit)?;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("baseline.toml");
    let rustc = callgrind::rustc()?;
    if arguments.update {
        let kept = if arguments.only.is_empty() { Baseline::default() } else { Baseline::read(&path)? };
        kept.with(&counts, rustc).write(&path)?;
        println!("{}", table::counts(&counts, &Baseline::default()));
        return Ok(true);
    }
    let baseline = Baseline::read(&path)?;
    let verdict = baseline.compare(&counts, &rustc, &arguments.only);
    println!("{}", table::counts(&counts, &baseline));
    tell(&verdict);
    Ok(verdict.holds())
}

fn tell(verdict: &Verdict) {
    verdict.notes.iter().for_each(|note| println!("{note}"));
    verdict.faults.iter().for_each(|fault| println!("FAILED: {fault}"));
}
