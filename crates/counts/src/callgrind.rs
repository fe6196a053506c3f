//! Runs this program under callgrind, and reads what it counted.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::scenarios::{Line, REGION};

/// The instructions that a scenario took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Count {
    pub(crate) scenario: String,
    /// The instruction set, or what else tells counts of one scenario apart.
    pub(crate) set: String,
    /// Blocks that were counted, and frames in each: none where a scenario is not about blocks.
    pub(crate) blocks: u64,
    pub(crate) frames: u64,
    /// If AVX2 is to make it shorter: the scenario with all of it but that; empty otherwise.
    pub(crate) beside: String,
    pub(crate) instructions: u64,
    /// Those of the hand-written loop, if it was counted as well.
    pub(crate) limit: Option<u64>,
}

impl Count {
    pub(crate) fn per_block(&self) -> f64 {
        self.instructions as f64 / self.blocks as f64
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.scenario, self.set)
    }
}

/// Counts the scenarios whose names contain `only`; with their hand-written loops, if `limit`.
///
/// # Errors
/// What keeps callgrind from counting.
pub(crate) fn count(only: &str, limit: bool) -> Result<Vec<Count>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let dump = folder.path().join("dump");
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet", &format!("--callgrind-out-file={}", dump.display())]);
    // Each call of the region is counted by itself.
    valgrind.args([format!("--zero-before=*{REGION}"), format!("--dump-after=*{REGION}")]);
    valgrind.arg(program).args(["--counted", "--only", only]).args(limit.then_some("--limit"));
    let output = valgrind.stderr(Stdio::inherit()).output().map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind ended with {}", output.status));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let lines: Result<Vec<Line>, String> = told.lines().map(str::parse).collect();
    let mut counts: Vec<Count> = Vec::new();
    for (index, line) in lines?.into_iter().enumerate() {
        let instructions = total(&folder.path().join(format!("dump.{}", index + 1)))?;
        match (line.is_limit, counts.last_mut()) {
            (true, Some(count)) => count.limit = Some(instructions),
            _ => counts.push(line.count(instructions)),
        }
    }
    if counts.is_empty() {
        return Err(format!("no scenario's name contains `{only}`"));
    }
    Ok(counts)
}

/// The sum in one of callgrind's dumps.
fn total(dump: &Path) -> Result<u64, String> {
    let text = std::fs::read_to_string(dump).map_err(|error| format!("{}: {error}", dump.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    line.and_then(|total| total.trim().parse().ok()).ok_or_else(|| format!("{}: no sum in it", dump.display()))
}

/// The compiler's name and version.
///
/// # Errors
/// If there is none.
pub(crate) fn rustc() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").output().map_err(|error| format!("rustc: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
