//! The MIDI input: one port of ours, and whom it listens to.

use jack::{Client, MidiIn, Port, PortFlags, ProcessScope};
use patchline_io::{Callback, IoError, Midi};

use crate::host::refused;

/// Its name.
const PORT: &str = "midi_in";
/// More messages than this in one block are too many for anybody: the rest of them is not heard.
const MOST: usize = 256;

/// Who is listened to.
pub(crate) struct Listening {
    /// The full name of our port.
    ours: String,
    /// Texts that names hold, in small letters; none for the hardware.
    wanted: Vec<String>,
}

/// Gives the client a MIDI input.
pub(crate) fn register(client: &Client, wanted: &[String]) -> Result<(Port<MidiIn>, Listening), IoError> {
    let port = client.register_port(PORT, MidiIn::default()).map_err(refused)?;
    let ours = port.name().map_err(refused)?;
    Ok((port, Listening { ours, wanted: wanted.iter().map(|text| text.to_lowercase()).collect() }))
}

impl Listening {
    /// The connections that there could be now, by full names: from, to.
    pub(crate) fn pairs(&self, client: &Client) -> Vec<(String, String)> {
        let physical = if self.wanted.is_empty() { PortFlags::IS_PHYSICAL } else { PortFlags::empty() };
        let ports = client.ports(None, Some(jack::jack_sys::RAW_MIDI_TYPE), PortFlags::IS_OUTPUT | physical);
        let heard = ports.into_iter().filter(|name| self.hears(name));
        heard.map(|name| (name, self.ours.clone())).collect()
    }

    fn hears(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| name.contains(wanted))
    }

    /// What is said of those who are not there.
    pub(crate) fn note(&self, pairs: &[(String, String)]) -> Option<String> {
        let missing = |wanted: &&String| !pairs.iter().any(|(name, _)| name.to_lowercase().contains(wanted.as_str()));
        let missing: Vec<&str> = self.wanted.iter().filter(missing).map(String::as_str).collect();
        let port = &self.ours;
        match (self.wanted.is_empty(), missing.is_empty()) {
            (true, _) if pairs.is_empty() => {
                Some(format!("there is no MIDI hardware; connect something to `{port}`, or name it in `control.midi`"))
            }
            (false, false) => {
                let names = missing.join("`, `");
                Some(format!("no MIDI output is called `{names}` yet; it is connected to `{port}` when it comes"))
            }
            _ => None,
        }
    }
}

/// Hands the messages of a block on.
pub(crate) fn hand_on<C: Callback>(port: &Port<MidiIn>, scope: &ProcessScope, callback: &mut C) {
    let messages = port.iter(scope).take(MOST);
    messages.filter_map(|raw| Midi::new(raw.time as usize, raw.bytes)).for_each(|message| callback.midi(message));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_is_heard_and_missed() {
        let listening = |wanted: &[&str]| Listening {
            ours: "panel:midi_in".to_owned(),
            wanted: wanted.iter().map(|text| text.to_lowercase()).collect(),
        };
        let [all, keys] = [listening(&[]), listening(&["Keys", "pads"])];
        assert!(all.hears("system:midi_capture_1") && keys.hears("USB KEYS:out") && !keys.hears("system:midi_1"));
        let pair = ("USB KEYS:out".to_owned(), "panel:midi_in".to_owned());
        assert_eq!(all.note(std::slice::from_ref(&pair)), None);
        assert!(all.note(&[]).unwrap().contains("no MIDI hardware"));
        assert!(keys.note(&[pair]).unwrap().contains("called `pads` yet"));
    }
}
