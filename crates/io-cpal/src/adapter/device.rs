//! Hosts and devices.

use std::collections::HashSet;

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host, SampleFormat, SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange};

use super::line::Line;
use super::{Fault, Kind, Problem};
use crate::caps::{Caps, Format, Mode};

/// A device, and what it can do now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) id: String,
    /// Its name, for people.
    pub(crate) name: String,
    pub(crate) input: Caps,
    pub(crate) output: Caps,
    pub(crate) default_input: bool,
    pub(crate) default_output: bool,
    /// Whether somebody else has its input and its output, so that nothing is known of what they can do.
    pub(crate) busy: [bool; 2],
}

/// The devices of a host, asked anew.
pub(crate) fn devices(kind: Kind) -> Result<Vec<Found>, Problem> {
    Line::with(kind, |host| list(host, kind)).map(|(found, _)| found)
}

/// The device of this id, on a connection of its own.
pub(super) fn find(kind: Kind, id: &str) -> Result<(Device, Line), Problem> {
    let same = |device: &Device| device.id().is_ok_and(|its| its.to_string() == id);
    let (found, line) = Line::with(kind, |host| {
        let listed = host.devices()?.find(same);
        Ok(listed.or_else(|| defaults(host).into_iter().flatten().find(same)))
    })?;
    let gone = || Problem { fault: Fault::Gone, words: "it is not there any more".to_owned() };
    found.map(|device| (device, line)).ok_or_else(gone)
}

fn defaults(host: &Host) -> [Option<Device>; 2] {
    [host.default_input_device(), host.default_output_device()]
}

fn list(host: &Host, kind: Kind) -> Result<Vec<Found>, Problem> {
    let listed: Vec<Device> = host.devices()?.collect();
    let defaults = defaults(host);
    let ids = defaults.each_ref().map(|device| device.as_ref().and_then(id_of));
    let all = listed.into_iter().chain(defaults.into_iter().flatten());
    let known: Vec<(String, Device)> = all.filter_map(|device| id_of(&device).map(|id| (id, device))).collect();
    let once = once(&known);
    Ok(known
        .into_iter()
        .zip(once)
        .filter(|(_, once)| *once)
        .filter_map(|((id, device), _)| look(&device, id, &ids, kind))
        .collect())
}

/// Which devices are neither repeated nor useless.
fn once(known: &[(String, Device)]) -> Vec<bool> {
    let name = |device: &Device| device.description().map(|words| words.name().to_owned()).unwrap_or_default();
    let mut seen = HashSet::new();
    let named: HashSet<_> =
        known.iter().filter_map(|(id, device)| Some((card_of(id).filter(|card| !card.1)?.0, name(device)))).collect();
    let is_new = |(id, device): &(String, Device)| {
        // ALSA lists each card by its number again, and a null device, which has no clock and calls as fast as it can.
        let again = card_of(id).is_some_and(|(way, by_number)| by_number && named.contains(&(way, name(device))));
        id != "alsa:null" && !again && seen.insert(id.clone())
    };
    known.iter().map(is_new).collect()
}

/// The way to a card of ALSA, and whether the card is called by its number.
fn card_of(id: &str) -> Option<(&str, bool)> {
    let (way, card) = id.split_once(":CARD=")?;
    let card = card.split(',').next().unwrap_or_default();
    Some((way, card.bytes().all(|byte| byte.is_ascii_digit())))
}

fn id_of(device: &Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

/// What a device can do; `None` for what cannot be opened at all.
fn look(device: &Device, id: String, defaults: &[Option<String>; 2], kind: Kind) -> Option<Found> {
    let described = device.description().ok();
    let name = described.as_ref().map_or_else(|| id.clone(), |words| words.name().to_owned());
    let default = |at: usize| defaults[at].as_deref() == Some(id.as_str());
    let (default_input, default_output) = (default(0), default(1));
    let mut found = Found { name, default_input, default_output, ..Found::default() };
    // On ALSA each look opens the device; only that shows whether it is there.
    let said = (device.supports_input(), device.supports_output());
    let unknown = !said.0 && !said.1;
    if said.0 || unknown {
        match device.supported_input_configs() {
            Ok(modes) => found.input = caps(modes, kind, || device.default_input_config().ok()),
            Err(error) => found.busy[0] = Fault::from(&error) == Fault::Busy,
        }
    }
    if said.1 || unknown {
        match device.supported_output_configs() {
            Ok(modes) => found.output = caps(modes, kind, || device.default_output_config().ok()),
            Err(error) => found.busy[1] = Fault::from(&error) == Fault::Busy,
        }
    }
    found.id = id;
    let there = found.busy.contains(&true) || !found.input.modes.is_empty() || !found.output.modes.is_empty();
    there.then_some(found)
}

fn caps(
    modes: impl Iterator<Item = SupportedStreamConfigRange>,
    kind: Kind,
    default: impl FnOnce() -> Option<SupportedStreamConfig>,
) -> Caps {
    let modes: Vec<Mode> = modes.filter_map(|range| mode(&range)).collect();
    // ALSA has no default of its own, and asking would open the device once more.
    let default = if kind.is_alsa() || modes.is_empty() { None } else { default() };
    let default = default.map(|config| (config.sample_rate(), usize::from(config.channels())));
    Caps { modes, default, converts: kind.is_server() }
}

fn mode(range: &SupportedStreamConfigRange) -> Option<Mode> {
    let blocks = match *range.buffer_size() {
        SupportedBufferSize::Range { min, max } => Some((min, max)),
        SupportedBufferSize::Unknown => None,
    };
    let rates = (range.min_sample_rate(), range.max_sample_rate());
    Some(Mode { format: format(range.sample_format())?, channels: range.channels().into(), rates, blocks })
}

/// `None` for what is no sound in samples, such as DSD.
fn format(format: SampleFormat) -> Option<Format> {
    Some(match format {
        SampleFormat::F32 => Format::F32,
        SampleFormat::I32 => Format::I32,
        SampleFormat::I24 => Format::I24,
        SampleFormat::I16 => Format::I16,
        SampleFormat::F64 => Format::F64,
        SampleFormat::I64 => Format::I64,
        SampleFormat::U32 => Format::U32,
        SampleFormat::U24 => Format::U24,
        SampleFormat::U16 => Format::U16,
        SampleFormat::U64 => Format::U64,
        SampleFormat::I8 => Format::I8,
        SampleFormat::U8 => Format::U8,
        _ => return None,
    })
}
