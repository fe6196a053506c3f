//! The patch on a real device, for what only one can tell: its latency, and whether blocks come late.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::ValueEnum;
use serde_json::Value;

use crate::cli::{BackendChoice, BenchArgs};
use crate::exit::{Exit, Failure};
use crate::style;

/// What `runner run --json` reports of as many seconds: this program once more, so that all is as it would be.
pub(super) fn run(args: &BenchArgs, patch: &Path, backend: BackendChoice) -> Result<Value, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(Exit::Broken, format!("this program cannot find itself: {error}")))?;
    let mut command = Command::new(program);
    let name = backend.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    command.arg("run").arg(patch).args(["--json", "--quiet", "--backend", &name]);
    command.args(["--duration", &format!("{}s", args.seconds)]);
    let mut option = |name: &str, value: Option<String>| {
        value.iter().for_each(|value| _ = command.arg(name).arg(value));
    };
    option("--block", args.device.block.map(|block| block.to_string()));
    option("--sample-rate", args.device.rate.map(|rate| rate.to_string()));
    option("--channels", args.channels.map(|channels| channels.to_string()));
    option("--scene", args.patch_args.scene.clone());
    args.patch_args.set.iter().for_each(|setting| option("--set", Some(setting.to_string())));
    args.patch_args.allow_path.iter().for_each(|folder| _ = command.arg("--allow-path").arg(folder));
    let ran = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let ran = ran.map_err(|error| Failure::new(Exit::Broken, format!("this program cannot be started: {error}")))?;
    let report: Value = serde_json::from_slice(&ran.stdout)
        .map_err(|error| Failure::new(Exit::Broken, format!("the live run gave no report: {error}")))?;
    match report["error"]["message"].as_str() {
        Some(message) => {
            let exit = if report["exit"] == Exit::Device as u8 { Exit::Device } else { Exit::Usage };
            Err(Failure::new(exit, format!("the live run: {}", style::safe(message, 600))))
        }
        None => Ok(report),
    }
}
