//! What comes and goes.

use std::time::{Duration, Instant};

use patchline_io::DeviceInfo;
use serde_json::{Value, json};

use super::{AnyHost, Found, data, is_wanted, look, text};
use crate::cli::DevicesArgs;
use crate::exit::Failure;
use crate::{output, signals, style};

/// How often hosts are asked; some open every device for the answer.
const PERIOD: Duration = Duration::from_secs(1);
/// How long Ctrl-C may take.
const NAP: Duration = Duration::from_millis(50);

/// Says every change until Ctrl-C.
pub(super) fn watch(hosts: &[AnyHost], args: &DevicesArgs, mut before: Vec<Found>) -> Result<(), Failure> {
    signals::listen();
    if !args.json {
        output::status("watching; Ctrl-C ends it");
    }
    while pause(PERIOD) {
        let now = look(hosts);
        for change in changes(&before, &now, args) {
            let line = if args.json { change.data().to_string() } else { change.text() };
            output::print(&format!("{line}\n"))?;
        }
        before = now;
    }
    Ok(())
}

/// Whether to go on.
fn pause(time: Duration) -> bool {
    let end = Instant::now() + time;
    while Instant::now() < end && !signals::stopping() {
        std::thread::sleep(NAP);
    }
    !signals::stopping()
}

/// What is different from one look to the next.
#[derive(Debug, PartialEq)]
pub(super) enum Change<'a> {
    /// A device is there.
    Came(&'a DeviceInfo),
    /// A device is no longer there.
    Went(&'a DeviceInfo),
    /// A device is something else now: another default, other channels.
    Became(&'a DeviceInfo),
    /// A host answers.
    HostCame(&'static str),
    /// A host no longer answers: why.
    HostWent(&'static str, String),
}

pub(super) fn changes<'a>(before: &'a [Found], now: &'a [Found], args: &DevicesArgs) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for (before, now) in before.iter().zip(now) {
        match (&before.devices, &now.devices) {
            (Ok(_), Err(error)) => changes.push(Change::HostWent(now.host, error.to_string())),
            (Err(_), Ok(_)) => changes.push(Change::HostCame(now.host)),
            _ => {}
        }
        let (old, new) = (devices(before, args), devices(now, args));
        let same = |one: &DeviceInfo, all: &[&'a DeviceInfo]| all.iter().find(|other| other.id == one.id).copied();
        changes.extend(old.iter().filter(|device| same(device, &new).is_none()).map(|device| Change::Went(device)));
        changes.extend(new.iter().filter_map(|device| match same(device, &old) {
            None => Some(Change::Came(device)),
            Some(old) if old != *device => Some(Change::Became(device)),
            Some(_) => None,
        }));
    }
    changes
}

fn devices<'a>(found: &'a Found, args: &DevicesArgs) -> Vec<&'a DeviceInfo> {
    found.devices.iter().flatten().filter(|device| is_wanted(device, args)).collect()
}

impl Change<'_> {
    pub(super) fn text(&self) -> String {
        let default = |device: &DeviceInfo| match (device.default_input, device.default_output) {
            (true, true) => ", default",
            (true, false) => ", default input",
            (false, true) => ", default output",
            (false, false) => "",
        };
        match self {
            Self::Came(device) => format!("{} {}{}", style::good("+"), text::line(device), default(device)),
            Self::Went(device) => format!("{} {}", style::error("-"), text::line(device)),
            Self::Became(device) => format!("{} {}{}", style::warning("="), text::line(device), default(device)),
            Self::HostCame(host) => format!("{} {host} answers", style::good("+")),
            Self::HostWent(_, error) => format!("{} {}", style::error("-"), style::safe(error, 600)),
        }
    }

    pub(super) fn data(&self) -> Value {
        match self {
            Self::Came(device) => json!({ "event": "added", "device": data::device(device) }),
            Self::Went(device) => json!({ "event": "removed", "device": data::device(device) }),
            Self::Became(device) => json!({ "event": "changed", "device": data::device(device) }),
            Self::HostCame(host) => json!({ "event": "host_added", "host": host }),
            Self::HostWent(host, error) => json!({ "event": "host_removed", "host": host, "message": error }),
        }
    }
}
