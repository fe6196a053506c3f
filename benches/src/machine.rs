//! Where and when something was measured: ratios from another machine are other ratios.

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::limit::InstructionSet;

/// The machine's fingerprint. What could not be found out is `"unknown"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Family, model and stepping, which a virtual machine's name may hide.
    pub cpu_model: String,
    /// Processors that threads can run on.
    pub cores: usize,
    /// Instruction sets that there are loops for.
    pub instruction_sets: Vec<String>,
    /// Whether it runs under a hypervisor, where its clocks are not its own.
    pub virtual_machine: bool,
    /// What decides the clock's speed (`"performance"`).
    pub governor: String,
    /// The operating system and its version.
    pub system: String,
    /// The compiler.
    pub rustc: String,
    /// The commit, with `+` where files were changed since.
    pub commit: String,
    /// When it began, in UTC.
    pub date: String,
    /// Processes that wanted to run when it began, on average over a minute.
    pub load: String,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn here() -> Self {
        let field = |name: &str| cpuinfo(name).unwrap_or_else(unknown);
        let (family, model, stepping) = (field("cpu family"), field("model"), field("stepping"));
        Self {
            cpu: field("model name"),
            cpu_model: format!("family {family}, model {model}, stepping {stepping}"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            instruction_sets: InstructionSet::here().iter().map(|set| set.name().to_owned()).collect(),
            virtual_machine: cpuinfo("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").unwrap_or_else(unknown),
            system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").unwrap_or_else(unknown)),
            rustc: said("rustc", &["-V"]).unwrap_or_else(unknown),
            commit: commit().unwrap_or_else(unknown),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            load: read("/proc/loadavg")
                .and_then(|load| Some(load.split(' ').next()?.to_owned()))
                .unwrap_or_else(unknown),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn read(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

fn cpuinfo(name: &str) -> Option<String> {
    let all = read("/proc/cpuinfo")?;
    let line = all.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a program prints, run in the repository.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(crate::root()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn commit() -> Option<String> {
    let commit = said("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}+") })
}
