//! `--learn`: what a MIDI controller sends, as a `[[map]]` to be put into the patch.

use patchline_patch::Trigger;
use tracing::info;

/// Waits for controllers and keys.
pub(super) struct Learn {
    /// What the first one is to change, if that was said.
    target: Option<String>,
    /// What was told already.
    told: Vec<(u8, Trigger)>,
}

impl Learn {
    /// For the text of the command line: a target, or nothing.
    pub(super) fn new(target: Option<&str>) -> Option<Self> {
        let target = target?;
        Some(Self { target: (!target.is_empty()).then(|| target.to_owned()), told: Vec::new() })
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
        Some(snippet(channel, trigger, self.target.take().as_deref().unwrap_or("NODE.PARAMETER")))
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
fn snippet(channel: u8, trigger: Trigger, target: &str) -> String {
    let (what, to) = match trigger {
        Trigger::Cc(number) => (format!("cc = {number}"), format!("to = \"{target}\"")),
        Trigger::Note(number) => (format!("note = {number}"), format!("to = \"{target}\"")),
        Trigger::Program(number) => (format!("program = {number}"), "scene = \"SCENE\"".to_owned()),
    };
    format!("heard on MIDI channel {channel}; for the patch:\n[[map]]\n{what}\nchannel = {channel}\n{to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_controller_is_told_once_and_the_first_one_with_its_target() {
        let mut learn = Learn::new(Some("trim.gain")).unwrap();
        assert_eq!(learn.words(&[0x80, 60, 0]), None, "a key that is let go");
        let first = learn.words(&[0xb2, 7, 64]).unwrap();
        assert!(first.ends_with("[[map]]\ncc = 7\nchannel = 3\nto = \"trim.gain\""), "{first}");
        assert_eq!(learn.words(&[0xb2, 7, 65]), None);
        assert!(learn.words(&[0x90, 60, 1]).unwrap().contains("note = 60\nchannel = 1\nto = \"NODE.PARAMETER\""));
        assert!(learn.words(&[0xc0, 5]).unwrap().ends_with("program = 5\nchannel = 1\nscene = \"SCENE\""));
        assert!(Learn::new(None).is_none());
    }
}
