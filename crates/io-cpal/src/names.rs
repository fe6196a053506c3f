//! What devices are called.

use std::collections::HashMap;

use patchline_io::DeviceInfo;

use crate::adapter::{Found, Kind};
use crate::caps::{Caps, Format};

/// Channels of a device that somebody else has, so that nobody can tell.
const UNKNOWN_CHANNELS: usize = 2;

/// What there is to say of each device, in their order.
pub(crate) fn describe(found: &[Found], kind: Kind) -> Vec<DeviceInfo> {
    let names = if kind.is_alsa() { alsa_names(found) } else { plain_names(found) };
    found.iter().zip(names).map(|(device, name)| info(device, name, found, kind)).collect()
}

fn info(device: &Found, name: String, all: &[Found], kind: Kind) -> DeviceInfo {
    let channels = |caps: &Caps, busy: bool| if busy { UNKNOWN_CHANNELS } else { caps.channels() };
    let both = [&device.input, &device.output];
    let mut rates: Vec<u32> = both.iter().flat_map(|caps| caps.rates()).collect();
    rates.sort_unstable();
    rates.dedup();
    let mut formats: Vec<Format> = both.iter().flat_map(|caps| caps.formats()).collect();
    formats.sort_unstable();
    formats.dedup();
    DeviceInfo {
        id: device.id.clone(),
        name,
        host: kind.name(),
        inputs: channels(&device.input, device.busy[0]),
        outputs: channels(&device.output, device.busy[1]),
        rates,
        default_rate: device.output.default_rate().or_else(|| device.input.default_rate()),
        formats: formats.into_iter().map(|format| format.name().to_owned()).collect(),
        blocks: device.output.blocks().or_else(|| device.input.blocks()),
        default_input: device.default_input,
        default_output: device.default_output,
        loopback_of: monitored(device, all, kind),
    }
}

/// The output whose sound an input of a sound server delivers: it has its name.
fn monitored(device: &Found, all: &[Found], kind: Kind) -> Option<String> {
    let of = device.id.strip_suffix(".monitor").filter(|_| kind.is_server())?;
    all.iter().find(|other| other.id == of && !other.output.modes.is_empty()).map(|other| other.id.clone())
}

fn plain_names(found: &[Found]) -> Vec<String> {
    found.iter().map(|device| device.name.clone()).collect()
}

/// ALSA has many ways to one device, all described by the same words. These go to the direct one; the others are called
/// what ALSA calls them.
fn alsa_names(found: &[Found]) -> Vec<String> {
    let mut direct: HashMap<&str, &str> = HashMap::new();
    for device in found {
        let of = direct.entry(&device.name).or_insert(&device.id);
        if is_direct(&device.id) && !is_direct(of) {
            *of = &device.id;
        }
    }
    let name = |device: &Found| match direct.get(device.name.as_str()) {
        Some(id) if *id == device.id => device.name.clone(),
        _ => device.id.strip_prefix("alsa:").unwrap_or(&device.id).to_owned(),
    };
    found.iter().map(name).collect()
}

/// Whether nothing is between this device of ALSA and the hardware.
pub(crate) fn is_direct(id: &str) -> bool {
    id.starts_with("alsa:hw:")
}

/// Whether this is a way to one piece of hardware, whose input and output have one clock.
pub(crate) fn is_hardware(id: &str) -> bool {
    id.contains("CARD=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caps::Mode;

    fn device(id: &str, name: &str) -> Found {
        let mode = Mode { format: Format::F32, channels: 2, rates: (48_000, 48_000), blocks: None };
        let caps = Caps { modes: vec![mode], default: None, converts: false };
        Found { id: id.to_owned(), name: name.to_owned(), output: caps, ..Found::default() }
    }

    #[test]
    fn the_direct_device_of_alsa_has_the_friendly_name() {
        let found = [
            device("alsa:sysdefault:CARD=USB", "Scarlett 2i2 USB, USB Audio"),
            device("alsa:hw:CARD=USB,DEV=0", "Scarlett 2i2 USB, USB Audio"),
            device("alsa:default", "Default Audio Device"),
            device("alsa:psink", "psink"),
        ];
        let names = ["sysdefault:CARD=USB", "Scarlett 2i2 USB, USB Audio", "Default Audio Device", "psink"];
        assert_eq!(alsa_names(&found), names);
    }
}
