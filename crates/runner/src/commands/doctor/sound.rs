//! Whether there is anything to play on.

use patchline_io::{Callback, Host};

use super::Check;
use super::machine::Machine;
use crate::hosts::JACK;
use crate::style;
use crate::units::count;

/// What this build has, and what each of it answers.
pub(super) fn hosts<C: Callback>(hosts: &[Box<dyn Host<C>>]) -> Vec<Check> {
    let mut checks: Vec<Check> = hosts.iter().map(|host| answer(host.as_ref())).collect();
    let has = |jack: bool| hosts.iter().any(|host| (host.name() == JACK) == jack);
    if !has(true) {
        checks.push(absent("backend jack", "this build cannot play through JACK", "jack"));
    }
    if !has(false) {
        checks.push(absent("backend cpal", "this build cannot play through the system's own devices", "cpal"));
    }
    checks
}

fn answer<C: Callback>(host: &dyn Host<C>) -> Check {
    let name = format!("host {}", host.name());
    match host.devices() {
        Ok(devices) if devices.is_empty() => Check::warn(
            name,
            "answers, and has no devices",
            vec!["runner devices --watch  # and plug one in".to_owned()],
        ),
        Ok(devices) => Check::ok(name, format!("answers, with {}", count(devices.len(), "device"))),
        Err(error) => Check::warn(name, style::safe(&error.to_string(), 600), Vec::new()),
    }
}

fn absent(name: &str, finding: &str, feature: &str) -> Check {
    let mut fix = vec![format!("cargo install --path crates/runner --features {feature}  # in Patchline's folder")];
    if feature == "cpal" && cfg!(target_os = "linux") {
        fix.insert(0, "./x setup  # as root; brings ALSA's headers".to_owned());
    }
    Check::missing(name, finding, fix)
}

/// The sound cards that the kernel knows.
pub(super) fn cards(machine: &Machine) -> Option<Check> {
    let name = "sound cards";
    let list = machine.text("/proc/asound/cards").unwrap_or_default();
    // ` 0 [PCH            ]: USB-Audio - Mixer One`
    let cards: Vec<String> = list
        .lines()
        .filter_map(|line| line.split_once("]:"))
        .map(|(_, card)| style::safe(card.split_once(" - ").map_or(card, |(_, name)| name).trim(), 60))
        .collect();
    Some(if cards.is_empty() {
        let fix = vec!["jackd -r -d dummy  # plays to nowhere, for trying things out".to_owned()];
        Check::warn(name, "the kernel knows none; a sound server may still have some on another machine", fix)
    } else {
        Check::ok(name, cards.join(", "))
    })
}
