//! Other programs, cargo before all: what they print goes to stderr, so that stdout is the proof's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where cargo builds, and proofs keep what they need.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo, in the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(arguments).stdin(Stdio::null());
    cargo
}

/// Runs it; its output goes to stderr. Says how it ended if not well.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.stdout(std::io::stderr()).status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{status}: {command:?}")) }
}

/// Runs it and gives back how it ended, with all that it printed.
pub(crate) fn capture(command: &mut Command) -> Result<(Option<i32>, String, String), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{error}: {command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
}
