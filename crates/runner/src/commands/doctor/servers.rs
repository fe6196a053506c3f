//! Sound servers: which are there, and how long their blocks are.

use std::path::{Path, PathBuf};

use super::Check;
use super::machine::Machine;
use crate::units::ms;

/// The folders that programs' libraries are in; those for an architecture are within.
const LIBRARIES: [&str; 5] = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64"];
/// PipeWire's own, in frames, where nobody sets another.
const USUAL_QUANTUM: u64 = 1024;
/// Above this, PipeWire is what most of the latency comes from.
const LONG_QUANTUM: u64 = 256;
/// What a quantum is counted at, in Hz.
const RATE: u32 = 48_000;

/// JACK: its library, and a server.
pub(super) fn jack(machine: &Machine) -> Option<Check> {
    let name = "JACK";
    let install = || machine.install("jackd2", "jack-audio-connection-kit", "jack2");
    let start = "jackd -R -d alsa -r 48000 -p 128  # or your interface: -d alsa -d hw:1".to_owned();
    let bridged = "/pipewire-0.3/jack/";
    Some(match (library(machine), machine.running(&["jackd", "jackdbus"])) {
        (Some(_), Some(server)) if machine.is_of_others(server) => {
            let finding = format!("{server} runs for another user, and only that user's programs reach it");
            Check::warn(name, finding, vec!["# start runner as that user, or a server as this one".to_owned(), start])
        }
        (Some(_), Some(server)) => Check::ok(name, format!("{server} runs")),
        (Some(path), None) if machine.running(&["pipewire"]).is_some() => {
            if path.to_string_lossy().contains(bridged) {
                let fix = vec!["pw-jack runner run PATCH".to_owned()];
                Check::warn(name, "PipeWire plays JACK's part, for programs that are started by pw-jack", fix)
            } else {
                let finding = "the library is there, and no server; PipeWire may play its part";
                Check::warn(name, finding, vec![machine.install("pipewire-jack", "pipewire-jack", "pipewire-jack")])
            }
        }
        (Some(_), None) => Check::warn(name, "the library is there, and no server runs", vec![start]),
        (None, Some(server)) => {
            Check::missing(name, format!("{server} runs, and libjack.so.0 is not where libraries are"), vec![install()])
        }
        (None, None) => Check::missing(name, "is not installed; nothing else is as quick", vec![install(), start]),
    })
}

/// Where libjack is: directly, in an architecture's folder, or as PipeWire's.
fn library(machine: &Machine) -> Option<PathBuf> {
    let there = |folder: &Path| {
        let plain = folder.join("libjack.so.0");
        let bridged = folder.join("pipewire-0.3/jack/libjack.so.0");
        [plain, bridged].into_iter().find(|path| machine.path(path).exists())
    };
    LIBRARIES.iter().find_map(|folder| {
        let within = machine.names(folder).into_iter().filter(|name| name.contains("-linux-"));
        let folders = [PathBuf::from(folder)].into_iter().chain(within.map(|name| Path::new(folder).join(name)));
        folders.into_iter().find_map(|folder| there(&folder))
    })
}

/// PulseAudio or PipeWire, which desktops have.
pub(super) fn desktop(machine: &Machine) -> Option<Check> {
    let name = "sound server";
    let runs = |program| machine.running(&[program]).is_some();
    Some(if runs("pipewire") && runs("pipewire-pulse") {
        Check::ok(name, "PipeWire runs, for PulseAudio's programs, too")
    } else if runs("pipewire") {
        let finding = "PipeWire runs, without pipewire-pulse: only its own programs play";
        let package = machine.install("pipewire-pulse", "pipewire-pulseaudio", "pipewire-pulse");
        Check::warn(name, finding, vec![package, "systemctl --user enable --now pipewire-pulse".to_owned()])
    } else if runs("pulseaudio") {
        Check::ok(name, "PulseAudio runs; its latency is tens of milliseconds, JACK or ALSA directly are quicker")
    } else {
        Check::ok(name, "neither PulseAudio nor PipeWire runs; sound goes to ALSA directly, or through JACK")
    })
}

/// How long PipeWire's blocks are.
pub(super) fn quantum(machine: &Machine) -> Option<Check> {
    machine.running(&["pipewire"])?;
    let name = "PipeWire quantum";
    let quantum = configured_quantum(machine).unwrap_or(USUAL_QUANTUM);
    let finding = format!("{quantum} frames, {:.1} ms at 48 kHz", ms(quantum, RATE));
    if quantum <= LONG_QUANTUM {
        return Some(Check::ok(name, finding));
    }
    let fix = [
        "mkdir -p ~/.config/pipewire/pipewire.conf.d",
        "printf 'context.properties = { default.clock.quantum = 128 default.clock.min-quantum = 32 }\\n' \
         > ~/.config/pipewire/pipewire.conf.d/10-quantum.conf",
        "systemctl --user restart pipewire wireplumber",
        "# or for now only: pw-metadata -n settings 0 clock.force-quantum 128",
    ];
    Some(Check::warn(name, format!("{finding}: that comes on top of the graph's own"), fix.map(str::to_owned).into()))
}

/// What its configuration says; what is read later wins.
fn configured_quantum(machine: &Machine) -> Option<u64> {
    let own = machine.home().map(|home| home.join(".config/pipewire"));
    let folders = [PathBuf::from("/usr/share/pipewire"), PathBuf::from("/etc/pipewire")].into_iter().chain(own);
    let mut files = Vec::new();
    for folder in folders {
        files.push(folder.join("pipewire.conf"));
        let drop_ins = folder.join("pipewire.conf.d");
        let names = machine.names(&drop_ins).into_iter().filter(|name| name.ends_with(".conf"));
        files.extend(names.map(|name| drop_ins.join(name)));
    }
    files.iter().filter_map(|file| quantum_in(&machine.text(file)?)).next_back()
}

/// The value of `default.clock.quantum` in PipeWire's relaxed JSON, where `#` begins a comment.
fn quantum_in(text: &str) -> Option<u64> {
    let key = "default.clock.quantum";
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut values = lines.filter_map(|line| {
        let (_, after) = line.split_once(key)?;
        let after = after.trim_start_matches('"').trim_start();
        let value = after.strip_prefix(['=', ':']).unwrap_or(after).trim_start();
        let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    });
    values.next_back()
}
