//! What this process may do so that its audio thread is never kept waiting.

use super::Check;
use super::machine::{Capability, Machine};
use crate::units::bytes;

/// Priorities that a sound server hands out lie below this.
const ENOUGH_PRIORITY: u64 = 70;

/// Who makes use of it in this build.
const USED: &str =
    if cfg!(feature = "realtime-dbus") { "" } else { "; JACK gives it, PulseAudio and ALSA do not here" };

/// The lines that let everybody of the group `audio` have what it takes.
fn limits() -> Vec<String> {
    [
        "printf '@audio - rtprio 95\\n@audio - memlock unlimited\\n' | sudo tee /etc/security/limits.d/95-audio.conf",
        "sudo usermod -aG audio \"$USER\"",
        "# then log out and in again",
    ]
    .map(str::to_owned)
    .into()
}

/// How high a priority it may ask for.
pub(super) fn priority(machine: &Machine) -> Option<Check> {
    let name = "real-time priority";
    if machine.has(Capability::Priority) {
        return Some(Check::ok(name, format!("any (CAP_SYS_NICE){USED}")));
    }
    let (soft, hard) = machine.limit("Max realtime priority")?;
    let (soft, hard) = (soft.unwrap_or(99), hard.unwrap_or(99));
    let ulimit = format!("ulimit -r {hard}  # in the shell that starts the runner");
    Some(match (soft, hard) {
        (ENOUGH_PRIORITY.., _) => Check::ok(name, format!("up to {soft}{USED}")),
        (0, 0) => Check::missing(name, "none allowed: the audio thread waits its turn like any other", limits()),
        (0, _) => Check::missing(name, format!("none until it is asked for; up to {hard} is allowed"), vec![ulimit]),
        (_, ENOUGH_PRIORITY..) => Check::warn(name, format!("only up to {soft}; {hard} is allowed"), vec![ulimit]),
        _ => Check::warn(name, format!("only up to {soft}: a sound server's own threads may be above"), limits()),
    })
}

/// Whether it may keep all its memory in memory.
pub(super) fn memory(machine: &Machine) -> Option<Check> {
    let name = "locked memory";
    if machine.has(Capability::LockMemory) {
        return Some(Check::ok(name, "as much as there is (CAP_IPC_LOCK)"));
    }
    let (soft, hard) = machine.limit("Max locked memory")?;
    let most = |limit: u64| bytes(usize::try_from(limit).unwrap_or(usize::MAX));
    Some(match (soft, hard) {
        (None, _) => Check::ok(name, "without limit"),
        (Some(soft), None) => {
            let fix = vec!["ulimit -l unlimited  # in the shell that starts the runner".to_owned()];
            Check::missing(name, format!("at most {} until more is asked for; there is no limit", most(soft)), fix)
        }
        (Some(soft), Some(_)) => {
            let finding =
                format!("at most {}: nothing is locked, so the audio thread may wait for the disk", most(soft));
            Check::missing(name, finding, limits())
        }
    })
}

/// Whether the user is of the group that owns sound devices.
pub(super) fn group(machine: &Machine) -> Option<Check> {
    let name = "group audio";
    if machine.is_root() {
        return Some(Check::ok(name, "root needs no group"));
    }
    let groups = machine.text("/etc/group")?;
    let Some(number) = groups.lines().find_map(|line| line.strip_prefix("audio:")?.split(':').nth(1)) else {
        return Some(Check::ok(name, "this system has none"));
    };
    let mine = machine.status("Groups")?;
    if mine.split_whitespace().any(|group| group == number) {
        return Some(Check::ok(name, "you are in it"));
    }
    let finding = "you are not in it: limits for it do not count for you, and ALSA's devices may be closed to you";
    let fix = ["sudo usermod -aG audio \"$USER\"", "# then log out and in again"].map(str::to_owned);
    Some(Check::warn(name, finding, fix.into()))
}

/// Whether somebody hands out priorities to programs without rights.
pub(super) fn broker(machine: &Machine) -> Option<Check> {
    let name = "rtkit";
    if machine.running(&["rtkit-daemon"]).is_some() {
        return Some(Check::ok(name, "runs: sound servers get real-time priority from it"));
    }
    let rights = machine.has(Capability::Priority)
        || machine.limit("Max realtime priority").is_some_and(|(soft, _)| soft.is_none_or(|soft| soft > 0));
    if rights {
        return Some(Check::ok(name, "does not run, and is not needed with a real-time priority of your own"));
    }
    let finding = "does not run: PipeWire and PulseAudio have no real-time priority either";
    Some(Check::warn(name, finding, vec![machine.install("rtkit", "rtkit", "rtkit")]))
}
