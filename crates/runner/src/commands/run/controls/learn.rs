//! `--learn`: what a MIDI controller sends, as a `[[map]]` to be put into the patch.

use patchline_control::Name;
use patchline_graph::Graph;
use patchline_patch::{Registry, Trigger};
use serde_json::Value;
use tracing::info;

use crate::exit::{Exit, Failure};
use crate::load::USUAL_RATE;
use crate::style;

/// Waits for controllers and keys.
pub(super) struct Learn {
    /// What the first one is to change, if that was said: the lines of its map that say so.
    target: Option<String>,
    /// What was told already.
    told: Vec<(u8, Trigger)>,
}

impl Learn {
    /// For the text of the command line: a parameter of the patch, or nothing.
    ///
    /// # Errors
    /// A text that names no parameter which a controller may move.
    pub(super) fn new(target: &str, registry: &Registry, graph: &Graph) -> Result<Self, Failure> {
        let target = (!target.is_empty()).then(|| lines(target, registry, graph)).transpose()?;
        Ok(Self { target, told: Vec::new() })
    }

    /// Tells of a message that is new: of the first one with what it is to change.
    pub(super) fn take(&mut self, message: &[u8]) {
        if let Some(words) = self.words(message) {
            info!("{words}");
        }
    }

    fn words(&mut self, message: &[u8]) -> Option<String> {
        let (channel, trigger) = trigger(message)?;
        if self.told.contains(&(channel, trigger)) {
            return None;
        }
        self.told.push((channel, trigger));
        let to = match trigger {
            Trigger::Program(_) => "scene = \"SCENE\"".to_owned(),
            _ => self.target.take().unwrap_or_else(|| "to = \"NODE.PARAMETER\"".to_owned()),
        };
        Some(snippet(channel, trigger, &to))
    }
}

/// The channel from 1 and the sort of a message that a map may have.
fn trigger(message: &[u8]) -> Option<(u8, Trigger)> {
    let channel = (message.first()? & 0x0f) + 1;
    let trigger = match (message[0] >> 4, &message[1..]) {
        (0xb, &[controller, _]) => Trigger::Cc(controller),
        (0x9, &[key, velocity]) if velocity > 0 => Trigger::Note(key),
        (0xc, &[program]) => Trigger::Program(program),
        _ => return None,
    };
    Some((channel, trigger))
}

/// As it is put into a patch.
fn snippet(channel: u8, trigger: Trigger, to: &str) -> String {
    let what = match trigger {
        Trigger::Cc(number) => format!("cc = {number}"),
        Trigger::Note(number) => format!("note = {number}"),
        Trigger::Program(number) => format!("program = {number}"),
    };
    format!("heard on MIDI channel {channel}; for the patch:\n[[map]]\n{what}\nchannel = {channel}\n{to}")
}

/// What a map says of a parameter: its name, and over which values it is moved, where it has no ends of its own.
fn lines(target: &str, registry: &Registry, graph: &Graph) -> Result<String, Failure> {
    let refused = |why: String| Failure::new(Exit::Usage, format!("--learn {}: {why}", style::safe(target, 100)));
    let name =
        Name::parse(target).ok_or_else(|| refused("a parameter is written NODE.PARAM, as in trim.gain".to_owned()))?;
    let parameters = registry.parameters_in(graph, &name.node, USUAL_RATE);
    let parameters = parameters.ok_or_else(|| refused(format!("there is no node `{}`", name.node)))?;
    let Some(parameter) = parameters.iter().find(|parameter| parameter.path == name.parameter) else {
        let all: Vec<&str> = parameters.iter().map(|parameter| parameter.path.as_str()).collect();
        return Err(refused(format!("`{}` has no such parameter; it has {}", name.node, all.join(", "))));
    };
    let to = format!("to = \"{target}\"");
    let switch = matches!(parameter.value, Some(Value::Bool(_)));
    Ok(match (parameter.kind.as_str(), parameter.number, parameter.min.zip(parameter.max)) {
        ("level", ..) => format!("{to}\nrange = [\"-60 dB\", \"0 dB\"]"),
        (_, None, _) if !switch => {
            return Err(refused("no controller moves it: it is no number, and not on or off".to_owned()));
        }
        (_, Some(_), None) => format!("{to}\nrange = [LOWEST, HIGHEST]"),
        _ => to,
    })
}

#[cfg(test)]
mod tests {
    use patchline_patch::Options;

    use super::*;

    const PATCH: &str = "links = [\"trim -> echo\"]\n[nodes.trim]\ntype = \"gain\"\n[nodes.echo]\ntype = \"delay\"\n\
                         time = \"1 s\"\n[nodes.wave]\ntype = \"oscillator\"\n";

    /// What is learned of these messages, for a target.
    fn learned(target: &str, messages: &[&[u8]]) -> Result<Vec<Option<String>>, String> {
        let registry = Registry::standard();
        let loaded = patchline_patch::read(PATCH.as_bytes(), "p.toml").unwrap().load(&registry, &Options::default());
        let learn = Learn::new(target, &registry, &loaded.unwrap().graph);
        let mut learn = learn.map_err(|failure| failure.message)?;
        Ok(messages.iter().map(|message| learn.words(message)).collect())
    }

    #[test]
    fn each_controller_is_told_once_and_the_first_one_with_its_target() {
        let messages: [&[u8]; 5] = [&[0x80, 60, 0], &[0xc0, 5], &[0xb2, 7, 64], &[0xb2, 7, 65], &[0x90, 60, 1]];
        let said = learned("trim.gain", &messages).unwrap();
        assert_eq!(said[0], None, "a key that is let go");
        assert!(said[1].as_ref().unwrap().ends_with("program = 5\nchannel = 1\nscene = \"SCENE\""), "{said:?}");
        let range = "range = [\"-60 dB\", \"0 dB\"]";
        let map = format!("[[map]]\ncc = 7\nchannel = 3\nto = \"trim.gain\"\n{range}");
        assert!(said[2].as_ref().unwrap().ends_with(&map), "{said:?}");
        assert_eq!(said[3], None);
        assert!(said[4].as_ref().unwrap().contains("note = 60\nchannel = 1\nto = \"NODE.PARAMETER\""), "{said:?}");
    }

    #[test]
    fn what_is_learned_fits_the_patch() {
        let registry = Registry::standard();
        for target in ["trim.gain", "trim.mute", "echo.mix", "echo.bypass", "wave.frequency"] {
            let said = learned(target, &[&[0xb0, 7, 64]]).unwrap().remove(0).unwrap();
            let map = said.split_once('\n').unwrap().1.to_owned();
            let text = format!("{PATCH}{map}\n").replace("[LOWEST, HIGHEST]", "[\"100 Hz\", \"1 kHz\"]");
            let patch = patchline_patch::read(text.as_bytes(), "p.toml").unwrap();
            assert_eq!(patch.load(&registry, &Options::default()).expect(&text).maps.len(), 1);
        }
        for (target, why) in [
            ("trim", "NODE.PARAM"),
            ("tirm.gain", "there is no node `tirm`"),
            ("trim.gian", "it has gain, smooth, mute, invert, bypass"),
            ("wave.shape", "no controller moves it"),
        ] {
            let refused = learned(target, &[]).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
