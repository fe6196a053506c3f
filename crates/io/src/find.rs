//! Which device is meant: the one rule for all hosts.

use std::cmp::Reverse;

use crate::{DeviceInfo, IoError, Side};

/// Names that are offered when none matches.
const NEAREST: usize = 3;

/// The one device of this side that `wanted` names; the default one of it when nothing is wanted.
///
/// Tried in this order, the first that gives anything decides: the id, with its host or without; the whole name; words of
/// the name in order, as in `"scarlett 2i2"`; words of the id in order; letters of the name in order, as in `"fs2i2"`. Id
/// and name are told apart by case, words and letters are not. A wish may begin with the host, as in `jack:system`.
///
/// ```
/// use patchline_io::{DeviceInfo, IoError, Side, find_device};
///
/// let device = |id: &str, name: &str, default_output| DeviceInfo {
///     id: id.to_owned(),
///     name: name.to_owned(),
///     outputs: 2,
///     default_output,
///     ..DeviceInfo::default()
/// };
/// let devices = [device("alsa:hw:CARD=PCH", "HDA Intel PCH", true), device("alsa:hw:CARD=Scarlett", "Scarlett 2i2 USB", false)];
/// assert_eq!(find_device(&devices, Some("scarlett 2i2"), Side::Output)?.name, "Scarlett 2i2 USB");
/// assert_eq!(find_device(&devices, None, Side::Output)?.name, "HDA Intel PCH");
/// assert!(matches!(find_device(&devices, Some("motu"), Side::Output), Err(IoError::NotFound { .. })));
/// # Ok::<(), IoError>(())
/// ```
///
/// # Errors
/// [`IoError::Ambiguous`] if two are named at the same level, [`IoError::NotFound`] with the nearest names if none is.
pub fn find_device<'a>(devices: &'a [DeviceInfo], wanted: Option<&str>, side: Side) -> Result<&'a DeviceInfo, IoError> {
    let usable: Vec<&DeviceInfo> = devices.iter().filter(|device| has_side(device, side)).collect();
    let Some(wanted) = wanted else {
        let default = usable.iter().find(|device| is_default(device, side)).or(usable.first());
        return default.copied().ok_or_else(|| not_found("", side, &usable));
    };
    for level in [is_id, is_name, has_words, id_has_words, has_letters] {
        let found: Vec<&DeviceInfo> = usable.iter().copied().filter(|device| level(device, wanted)).collect();
        match found[..] {
            [] => {}
            [device] => return Ok(device),
            _ => {
                let candidates = found.iter().map(|device| shown(device)).collect();
                return Err(IoError::Ambiguous { wanted: wanted.to_owned(), side, candidates });
            }
        }
    }
    Err(not_found(wanted, side, &usable))
}

fn has_side(device: &DeviceInfo, side: Side) -> bool {
    match side {
        Side::Input => device.inputs > 0,
        Side::Output => device.outputs > 0,
        Side::Both => device.inputs > 0 && device.outputs > 0,
    }
}

fn is_default(device: &DeviceInfo, side: Side) -> bool {
    match side {
        Side::Input => device.default_input,
        Side::Output => device.default_output,
        Side::Both => device.default_input && device.default_output,
    }
}

fn is_id(device: &DeviceInfo, wanted: &str) -> bool {
    device.id == wanted || bare_id(device) == wanted
}

/// The id without its host.
fn bare_id(device: &DeviceInfo) -> &str {
    is_named(device, &device.id).unwrap_or(&device.id)
}

fn is_name(device: &DeviceInfo, wanted: &str) -> bool {
    device.name == wanted || is_named(device, wanted).is_some_and(|name| device.name == name)
}

fn has_words(device: &DeviceInfo, wanted: &str) -> bool {
    words_are_in(&device.name, is_named(device, wanted).unwrap_or(wanted))
}

fn id_has_words(device: &DeviceInfo, wanted: &str) -> bool {
    words_are_in(bare_id(device), is_named(device, wanted).unwrap_or(wanted))
}

/// Whether all words are there in this order, in any case.
fn words_are_in(text: &str, words: &str) -> bool {
    let (text, words) = (text.to_lowercase(), words.to_lowercase());
    let mut rest = text.as_str();
    let mut words = words.split_whitespace().peekable();
    words.peek().is_some()
        && words.all(|word| match rest.find(word) {
            Some(at) => {
                rest = &rest[at + word.len()..];
                true
            }
            None => false,
        })
}

fn has_letters(device: &DeviceInfo, wanted: &str) -> bool {
    let name = device.name.to_lowercase();
    let wanted = is_named(device, wanted).unwrap_or(wanted).to_lowercase();
    let mut rest = name.chars();
    let mut letters = wanted.chars().filter(|letter| !letter.is_whitespace()).peekable();
    letters.peek().is_some() && letters.all(|letter| rest.any(|other| other == letter))
}

/// What follows the host's name in front, if that is this device's host.
fn is_named<'a>(device: &DeviceInfo, wanted: &'a str) -> Option<&'a str> {
    wanted.strip_prefix(device.host)?.strip_prefix(':')
}

fn shown(device: &DeviceInfo) -> String {
    if device.id == device.name { device.name.clone() } else { format!("{} ({})", device.name, device.id) }
}

fn not_found(wanted: &str, side: Side, usable: &[&DeviceInfo]) -> IoError {
    let near = |device: &&DeviceInfo| {
        let likeness = strsim::jaro_winkler(&device.name.to_lowercase(), &wanted.to_lowercase());
        Reverse((likeness * 1e6) as u32)
    };
    let mut devices = usable.to_vec();
    devices.sort_by_key(near);
    let nearest = devices.into_iter().take(NEAREST).map(shown).collect();
    IoError::NotFound { wanted: wanted.to_owned(), side, nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<DeviceInfo> {
        let device = |id: &str, name: &str| DeviceInfo {
            id: id.to_owned(),
            name: name.to_owned(),
            host: "alsa",
            inputs: 2,
            outputs: 2,
            ..DeviceInfo::default()
        };
        vec![
            device("alsa:hw:0", "HDA Intel PCH"),
            device("alsa:hw:1", "Focusrite Scarlett 2i2"),
            device("alsa:hw:2", "Focusrite Scarlett 18i20"),
            DeviceInfo {
                default_input: true, outputs: 0, ..device("alsa:hw:3", "Mikrofon für Böse Ölçüm 日本")
            },
            device("alsa:hw:4", "Focusrite Scarlett 2i2 USB"),
        ]
    }

    #[track_caller]
    fn found(wanted: &str, id: &str) {
        let devices = devices();
        assert_eq!(find_device(&devices, Some(wanted), Side::Input).map(|device| device.id.as_str()).ok(), Some(id));
    }

    #[test]
    fn an_id_outranks_a_name_and_a_name_a_part_of_it() {
        found("alsa:hw:1", "alsa:hw:1");
        found("hw:2", "alsa:hw:2");
        found("HW:2", "alsa:hw:2");
        found("alsa:w:3", "alsa:hw:3");
        found("Focusrite Scarlett 2i2", "alsa:hw:1");
        found("alsa:Focusrite Scarlett 2i2", "alsa:hw:1");
        found("scarlett 18", "alsa:hw:2");
        found("2i2 usb", "alsa:hw:4");
        found("FS18", "alsa:hw:2");
        found("ölçüm 日本", "alsa:hw:3");
        found("intl", "alsa:hw:0");
    }

    #[test]
    fn two_at_one_level_are_listed() {
        let devices = devices();
        let error = find_device(&devices, Some("scarlett 2i2"), Side::Output).unwrap_err();
        assert!(matches!(&error, IoError::Ambiguous { candidates, .. } if candidates.len() == 2), "{error}");
    }

    #[test]
    fn what_is_not_there_brings_the_nearest_names_of_that_side() {
        let devices = devices();
        for wanted in ["Skarlett", "", " ", "jack:system"] {
            let error = find_device(&devices, Some(wanted), Side::Output).unwrap_err();
            let IoError::NotFound { nearest, .. } = &error else { panic!("{error}") };
            assert!(nearest.len() == 3 && !nearest.iter().any(|name| name.contains("Mikrofon")), "{error}");
        }
    }

    #[test]
    fn without_a_wish_it_is_the_default() {
        let devices = devices();
        assert_eq!(find_device(&devices, None, Side::Input).unwrap().id, "alsa:hw:3");
        assert_eq!(find_device(&devices, None, Side::Output).unwrap().id, "alsa:hw:0");
        assert!(find_device(&[], None, Side::Output).is_err());
    }
}
