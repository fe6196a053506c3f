//! What keys do.

use patchline_control::Name;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;

use super::super::snapshot::Answer;
use super::super::steps::{Reach, stepped};
use super::{App, Mode, Typing, Wish};

/// Keys and what they do, for the help.
pub(in super::super) const KEYS: &[(&str, &str)] = &[
    ("↑ ↓ PgUp PgDn", "choose a node, or a parameter"),
    ("Tab, Enter", "to the node's parameters; Esc goes back"),
    ("← →", "change the parameter; with Shift further"),
    ("Enter", "type its value, with its unit: -6 dB, 440 Hz, 20 ms"),
    ("d", "what it is in a patch that says nothing"),
    ("m", "mute, where the node can be muted"),
    ("b", "bypass: leave the node out, or take it back"),
    ("s", "scenes"),
    ("r", "read the patch again"),
    ("c", "clear overs and held peaks"),
    ("? or h", "this help"),
    ("q", "end; Ctrl-C ends at once"),
];

/// Rows that a page key goes.
const PAGE: usize = 10;

impl App {
    /// Does what a key says that is its own, and returns what is to be done by others.
    pub(in super::super) fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'd')) {
            return Some(Wish::Stop);
        }
        self.answer = None;
        match std::mem::take(&mut self.mode) {
            Mode::Nodes => self.at_nodes(key),
            Mode::Parameters => self.at_parameters(key),
            Mode::Typing(typing) => self.at_typing(typing, key.code),
            Mode::Scenes(scene) => self.at_scenes(scene, key.code),
            // Any key leads back.
            Mode::Help => None,
            Mode::Leaving => matches!(key.code, KeyCode::Char('q' | 'y') | KeyCode::Enter).then_some(Wish::Stop),
        }
    }

    fn at_nodes(&mut self, key: KeyEvent) -> Option<Wish> {
        if let Some(to) = moved(self.node, self.now.rows.len(), key.code) {
            (self.node, self.parameter) = (to, 0);
            return self.chosen().map(|node| Wish::LookAt(node.to_owned()));
        }
        match key.code {
            KeyCode::Tab | KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => self.mode = Mode::Parameters,
            code => return self.anywhere(code),
        }
        None
    }

    fn at_parameters(&mut self, key: KeyEvent) -> Option<Wish> {
        self.mode = Mode::Parameters;
        if let Some(to) = moved(self.parameter, self.parameters().len(), key.code) {
            self.parameter = to;
            return None;
        }
        let reach = if key.modifiers.contains(KeyModifiers::SHIFT) { Reach::Far } else { Reach::Near };
        match key.code {
            KeyCode::Left | KeyCode::Char('-') => self.step(false, reach),
            KeyCode::Right | KeyCode::Char('+' | '=' | ' ') => self.step(true, reach),
            KeyCode::Char('<' | 'H') => self.step(false, Reach::Far),
            KeyCode::Char('>' | 'L') => self.step(true, Reach::Far),
            KeyCode::Enter => {
                let value = self.chosen_parameter()?.value.clone().unwrap_or(Value::Null);
                self.mode = Mode::Typing(Typing::from(&value));
                None
            }
            KeyCode::Char('d') => self.reset(),
            KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab => {
                self.mode = Mode::Nodes;
                None
            }
            code => self.anywhere(code),
        }
    }

    /// Keys that do the same at nodes and at parameters.
    fn anywhere(&mut self, code: KeyCode) -> Option<Wish> {
        match code {
            KeyCode::Char('m') => return self.turn("mute"),
            KeyCode::Char('b') => return self.turn("bypass"),
            KeyCode::Char('r') => return Some(Wish::Reload),
            KeyCode::Char('c') => self.needles.values_mut().flatten().for_each(|needle| needle.clear()),
            KeyCode::Char('s') if self.now.scenes.is_empty() => {
                self.refuse("the patch has no scenes: [scenes.NAME] makes one")
            }
            KeyCode::Char('s') => self.mode = Mode::Scenes(0),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Char('q') => self.mode = Mode::Leaving,
            _ => {}
        }
        None
    }

    fn at_typing(&mut self, mut typing: Typing, code: KeyCode) -> Option<Wish> {
        match code {
            KeyCode::Char(c) => typing.push(c),
            KeyCode::Backspace => typing.pop(),
            KeyCode::Delete => typing.clear(),
            KeyCode::Enter | KeyCode::Esc => {
                self.mode = Mode::Parameters;
                return if code == KeyCode::Enter { self.set(typing.value()) } else { None };
            }
            _ => {}
        }
        self.mode = Mode::Typing(typing);
        None
    }

    fn at_scenes(&mut self, scene: usize, code: KeyCode) -> Option<Wish> {
        if let Some(to) = moved(scene, self.now.scenes.len(), code) {
            self.mode = Mode::Scenes(to);
            return None;
        }
        match code {
            KeyCode::Enter | KeyCode::Char(' ') => self.now.scenes.get(scene).cloned().map(Wish::Recall),
            KeyCode::Char(digit @ '1'..='9') => {
                self.now.scenes.get(digit as usize - '1' as usize).cloned().map(Wish::Recall)
            }
            _ => None,
        }
    }

    fn step(&mut self, up: bool, reach: Reach) -> Option<Wish> {
        let parameter = self.chosen_parameter()?;
        match stepped(parameter, up, reach) {
            Some(value) => self.set(value),
            None => {
                let words = format!("`{}` has no steps: Enter to type its value", parameter.path);
                self.refuse(&words);
                None
            }
        }
    }

    fn reset(&mut self) -> Option<Wish> {
        let parameter = self.chosen_parameter()?;
        match parameter.default_value() {
            Some(value) => self.set(value),
            None => {
                let words = format!("`{}` has no default", parameter.path);
                self.refuse(&words);
                None
            }
        }
    }

    /// Sets the parameter that is chosen.
    fn set(&self, value: Value) -> Option<Wish> {
        Some(Wish::Set(Name::new(self.chosen()?, &self.chosen_parameter()?.path), value))
    }

    /// Turns what is true or false.
    fn turn(&mut self, what: &str) -> Option<Wish> {
        let node = self.chosen()?.to_owned();
        let parameter = self.parameters().iter().find(|parameter| parameter.path == what);
        match parameter.and_then(|parameter| parameter.value.as_ref()?.as_bool()) {
            Some(on) => Some(Wish::Set(Name::new(&node, what), (!on).into())),
            None => {
                self.refuse(&format!("`{node}` has no `{what}`"));
                None
            }
        }
    }

    fn refuse(&mut self, words: &str) {
        self.answer = Some(Answer::Refused(words.to_owned()));
    }
}

/// Where a key leads in a list of `count`; `None` if it does not move.
fn moved(at: usize, count: usize, code: KeyCode) -> Option<usize> {
    let to = match code {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at + 1,
        KeyCode::PageUp => at.saturating_sub(PAGE),
        KeyCode::PageDown => at + PAGE,
        KeyCode::Home => 0,
        KeyCode::End => count,
        _ => return None,
    };
    Some(to.min(count.saturating_sub(1)))
}
