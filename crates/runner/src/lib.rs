//! The `runner` program as a library: a program with node types of its own hands them to [`main_with`] and has
//! everything the `runner` has.
//!
//! ```no_run
//! #[global_allocator]
//! static ALLOCATOR: runner::Watch = runner::Watch;
//!
//! fn main() -> std::process::ExitCode {
//!     // Register node types of your own on top of these.
//!     let registry = runner::standard_registry();
//!     runner::main_with(registry, std::env::args_os())
//! }
//! ```

mod advice;
mod allocator;
mod changes;
mod cli;
mod commands;
mod cpu;
mod document;
mod edits;
mod exit;
mod figures;
mod files;
mod flight;
mod helpers;
mod hosts;
mod latency;
mod live;
mod load;
mod log;
mod memory;
mod meter;
mod near;
mod output;
mod overview;
mod page;
mod picture;
mod reads;
mod report;
mod rights;
mod signals;
mod style;
mod terminal;
#[cfg(feature = "tui")]
mod tui;
mod units;
mod wanted;
mod watch;

use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};
use patchline_graph::guard;
use patchline_patch::Registry;

pub use allocator::{OnViolation, Watch};
pub use exit::{Exit, Failure};

use cli::{Cli, Command};
use exit::Outcome;

/// Every node type that comes with Patchline.
#[must_use]
pub fn standard_registry() -> Registry {
    Registry::standard()
}

/// The whole program: parses `args` (the first is the program's name), does what they say, explains what went wrong.
///
/// Patches may use the node types of `registry`. The program must install [`Watch`] as its global allocator, or the
/// first panic of a node ends the process.
pub fn main_with(registry: Registry, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    document::want(document::of_unreadable(&args));
    let cli = match Cli::try_parse_from(cli::with_default_command(args)) {
        Ok(cli) => cli,
        Err(error) => return explain_usage(&error).into(),
    };
    document::want(cli.command.form());
    guard::quiet_panics();
    if cli.quiet {
        output::hush();
    }
    log::start(if cli.quiet { -1 } else { i8::try_from(cli.verbose).unwrap_or(i8::MAX) });
    let outcome = catch_unwind(AssertUnwindSafe(|| dispatch(&registry, &cli.command)));
    let outcome = outcome.unwrap_or_else(|_| Err(Failure::new(Exit::Broken, "this is a bug in the runner")));
    hosts::speak_freely();
    conclude(outcome).into()
}

fn dispatch(registry: &Registry, command: &Command) -> Outcome {
    match command {
        Command::Check(args) => commands::check::run(registry, args),
        Command::Diff(args) => commands::diff::run(registry, args),
        Command::Graph(args) => commands::graph::run(registry, args),
        Command::Render(args) => commands::render::run(registry, args),
        Command::Replay(args) => commands::replay::run(registry, args),
        Command::Run(args) => commands::run::run(registry, args),
        Command::Record(args) => commands::record::run(args),
        Command::Play(args) => commands::play::run(args),
        Command::Meter(args) => commands::meter::run(args),
        Command::Repair(args) => commands::repair::run(args),
        Command::Nodes(args) => commands::nodes::run(registry, args),
        Command::Bench(args) => commands::bench::run(registry, args),
        Command::Devices(args) => commands::devices::run(args),
        Command::Explain(args) => commands::explain::run(args),
        Command::Init(args) => commands::init::run(registry, args),
        Command::Doctor(args) => commands::doctor::run(args),
        Command::Schema => commands::schema::run(registry),
        Command::Demo(args) => commands::demo::run(registry, args),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}

/// Says what went wrong, if anything did: to people, and to programs that want it.
fn conclude(outcome: Outcome) -> Exit {
    let Err(failure) = outcome else { return outcome.unwrap_or(Exit::Ok) };
    if let Some(message) = failure.unsaid() {
        output::tell(&format!("{}: {message}", style::error("error")));
    }
    document::fail(&failure);
    failure.exit
}

/// What clap cannot know of a word that is no command: a patch without its ending, a folder.
fn advise(error: &clap::Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return };
    let (path, patch) = (Path::new(word), Path::new(word).with_extension("toml"));
    if path.is_dir() {
        output::tell(&format!("`{word}` is a folder; a patch is a file in it, as in `runner {word}/patch.toml`"));
    } else if patch.is_file() {
        output::tell(&format!("`runner {}` plays the patch of that name", load::shown(&patch)));
    }
}

/// Help and version are results; anything else is a mistake in the command line.
fn explain_usage(error: &clap::Error) -> Exit {
    match (error.print(), error.use_stderr()) {
        (_, true) => {
            advise(error);
            let words = error.to_string();
            let words = words.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
            conclude(Err(Failure::new(Exit::Usage, words).said()))
        }
        // A closed pipe has nobody left to read it.
        (Err(unsaid), false) if unsaid.kind() != io::ErrorKind::BrokenPipe => {
            conclude(Err(Failure::new(Exit::File, format!("cannot write to stdout: {unsaid}"))))
        }
        _ => Exit::Ok,
    }
}
