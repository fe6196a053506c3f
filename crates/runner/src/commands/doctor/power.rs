//! What the processors and the kernel do to deadlines.

use std::collections::BTreeSet;

use super::Check;
use super::machine::Machine;

const CPUS: &str = "/sys/devices/system/cpu";

/// Whether processors slow down between two blocks.
pub(super) fn governor(machine: &Machine) -> Option<Check> {
    let name = "CPU governor";
    let cpus = machine.names(CPUS).into_iter().filter(|name| {
        name.strip_prefix("cpu")
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let governors: BTreeSet<String> = cpus
        .filter_map(|cpu| machine.text(format!("{CPUS}/{cpu}/cpufreq/scaling_governor")))
        .map(|governor| governor.trim().to_owned())
        .collect();
    let shown = governors.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    Some(match &shown[..] {
        "" => Check::ok(name, "the processors' speed is not scaled here"),
        "performance" => Check::ok(name, shown),
        _ => Check::warn(
            name,
            format!("{shown}: processors slow down between blocks, and short blocks come late"),
            vec![format!("echo performance | sudo tee {CPUS}/cpu*/cpufreq/scaling_governor")],
        ),
    })
}

/// Whether the kernel lets itself be interrupted.
pub(super) fn kernel(machine: &Machine) -> Option<Check> {
    let name = "kernel";
    let version = machine.text("/proc/version")?;
    let release = version.split_whitespace().nth(2).unwrap_or("unknown").to_owned();
    let command = machine.text("/proc/cmdline").unwrap_or_default();
    let asked = command.split_whitespace().find_map(|word| word.strip_prefix("preempt="));
    let real_time = machine.text("/sys/kernel/realtime").is_some_and(|text| text.trim() == "1");
    let fix = || {
        [
            "# add preempt=full to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, then",
            "sudo update-grub && sudo reboot",
        ]
        .map(str::to_owned)
        .into()
    };
    Some(if real_time || version.contains("PREEMPT_RT") {
        Check::ok(name, format!("{release}, real-time (PREEMPT_RT)"))
    } else if version.contains("PREEMPT_DYNAMIC") {
        match asked {
            Some("full" | "lazy") => Check::ok(name, format!("{release}, preemptible as booted")),
            Some(mode @ ("none" | "voluntary")) => Check::warn(
                name,
                format!("{release} was booted with preempt={mode}: long system calls delay audio"),
                fix(),
            ),
            _ => Check::ok(name, format!("{release}, can be preempted (PREEMPT_DYNAMIC; preempt=full is the safest)")),
        }
    } else if version.contains("PREEMPT") {
        Check::ok(name, format!("{release}, preemptible (PREEMPT)"))
    } else {
        let finding = format!("{release} is not preemptible: blocks below some 256 frames may come late");
        let package = machine.install("linux-image-rt-amd64", "kernel-rt", "linux-rt");
        Check::warn(name, finding, vec![package])
    })
}
