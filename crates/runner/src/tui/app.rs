//! What the screen is at: which node and parameter are chosen, what was heard of late, what is typed.

mod keys;
mod typing;

use std::collections::{HashMap, VecDeque};

use patchline_control::Name;
use patchline_patch::Parameter;
use serde_json::Value;

use super::ballistics::Needle;
use super::snapshot::{Answer, Measured, Snapshot};
pub(super) use keys::KEYS;
pub(super) use typing::{Typing, shown};

/// Seconds that the history goes back.
const MOST_PAST: usize = 600;
/// Messages that are kept to be scrolled through.
const MOST_MESSAGES: usize = 1000;

/// What a key asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wish {
    /// The parameters of this node are to be shown.
    LookAt(String),
    /// A parameter shall have another value.
    Set(Name, Value),
    /// A scene is recalled.
    Recall(String),
    /// The patch is read again.
    Reload,
    /// It ends.
    Stop,
}

/// What keys go to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Mode {
    /// The nodes.
    #[default]
    Nodes,
    /// The parameters of the node that is chosen.
    Parameters,
    /// A value that is typed for the parameter that is chosen.
    Typing(Typing),
    /// The scenes, and which of them is chosen.
    Scenes(usize),
    /// The help.
    Help,
    /// Whether it is to end.
    Leaving,
}

/// One second of the past.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Past {
    /// The share of its time that the worst block took.
    pub(super) load: f64,
    pub(super) xruns: u64,
}

/// A line that was said, without its severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) severity: Severity,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
    Info,
}

impl Message {
    /// Reads a log line: `warning: ...`.
    pub(super) fn read(line: &str) -> Self {
        let (severity, text) = match line.split_once(": ") {
            Some(("error", text)) => (Severity::Error, text),
            Some(("warning", text)) => (Severity::Warning, text),
            Some(("info", text)) => (Severity::Info, text),
            _ => (Severity::Info, line),
        };
        Self { severity, text: text.trim_end().to_owned() }
    }
}

/// The state of the screen.
#[derive(Debug, Default)]
pub(super) struct App {
    pub(super) now: Snapshot,
    pub(super) mode: Mode,
    /// Which node is chosen, of the rows; and which of its parameters.
    pub(super) node: usize,
    pub(super) parameter: usize,
    /// The first line of the flow that is shown.
    pub(super) scroll: usize,
    /// The meters of each node by its name, a needle for each channel.
    needles: HashMap<String, Vec<Needle>>,
    /// The seconds of the stream that are over, and the one that is not.
    pub(super) past: VecDeque<Past>,
    second: u64,
    pub(super) messages: VecDeque<Message>,
    /// What became of the last wish.
    pub(super) answer: Option<Answer>,
    answered: u64,
}

impl App {
    /// Takes a moment in.
    pub(super) fn take(&mut self, mut now: Snapshot) -> Option<Wish> {
        let frames = now.frames.saturating_sub(self.now.frames);
        let seconds = frames as f64 / f64::from(now.rate.max(1));
        let xruns = now.xruns.saturating_sub(self.now.xruns);
        self.remember(
            Past { load: now.load.map_or(0.0, |load| load.1), xruns },
            now.frames / u64::from(now.rate.max(1)),
        );
        self.move_needles(&now, seconds);
        if let Some((number, answer)) = now.answer.take().filter(|(number, _)| *number != self.answered) {
            if let Answer::Refused(words) = &answer {
                self.hear(&format!("warning: {words}"));
            }
            (self.answered, self.answer) = (number, Some(answer));
        }
        let chosen = self.chosen().map(str::to_owned);
        self.now = now;
        self.keep_chosen(chosen.as_deref());
        let looked_at = self.now.looked_at.as_ref().map(|(node, _)| node.as_str());
        self.chosen().filter(|&chosen| looked_at != Some(chosen)).map(|node| Wish::LookAt(node.to_owned()))
    }

    /// Takes a line in that was logged.
    pub(super) fn hear(&mut self, line: &str) {
        self.messages.push_back(Message::read(line));
        if self.messages.len() > MOST_MESSAGES {
            self.messages.pop_front();
        }
    }

    /// The name of the node that is chosen.
    pub(super) fn chosen(&self) -> Option<&str> {
        self.now.rows.get(self.node).map(|row| row.name.as_str())
    }

    /// The parameters of the node that is chosen, as far as they are here.
    pub(super) fn parameters(&self) -> &[Parameter] {
        match &self.now.looked_at {
            Some((node, parameters)) if self.chosen() == Some(node) => parameters,
            _ => &[],
        }
    }

    /// The parameter that is chosen.
    pub(super) fn chosen_parameter(&self) -> Option<&Parameter> {
        self.parameters().get(self.parameter)
    }

    /// The meters of a node.
    pub(super) fn needles(&self, node: &str) -> &[Needle] {
        self.needles.get(node).map_or(&[], Vec::as_slice)
    }

    /// What a node has measured beside levels of channels.
    pub(super) fn measured(&self, row: usize) -> &[Measured] {
        self.now.measured.get(row).map_or(&[], Vec::as_slice)
    }

    /// Adds to the history what was in this second of the stream.
    fn remember(&mut self, moment: Past, second: u64) {
        if self.past.is_empty() || second != self.second {
            (self.second, _) = (second, self.past.push_back(Past::default()));
        }
        if let Some(last) = self.past.back_mut() {
            *last = Past { load: last.load.max(moment.load), xruns: last.xruns + moment.xruns };
        }
        if self.past.len() > MOST_PAST {
            self.past.pop_front();
        }
    }

    /// A node that is gone leaves its place to the one that is there now.
    fn keep_chosen(&mut self, name: Option<&str>) {
        let rows = &self.now.rows;
        if let Some(place) = rows.iter().position(|row| Some(row.name.as_str()) == name) {
            self.node = place;
        }
        self.node = self.node.min(rows.len().saturating_sub(1));
        if self.now.looked_at.as_ref().map(|(node, _)| node.as_str()) == self.chosen() {
            self.parameter = self.parameter.min(self.parameters().len().saturating_sub(1));
        }
    }

    fn move_needles(&mut self, now: &Snapshot, seconds: f64) {
        let mut needles = std::mem::take(&mut self.needles);
        for (row, measured) in now.rows.iter().zip(&now.measured) {
            let of = |name: &str| measured.iter().find(|m| m.name == name && m.unit == "dBFS" && m.per_channel);
            let (Some(peaks), Some(rms)) = (of("peak"), of("rms")) else { continue };
            let mut channels = needles.remove(&row.name).unwrap_or_default();
            channels.resize(peaks.values.len(), Needle::default());
            for (needle, (&peak, &rms)) in channels.iter_mut().zip(peaks.values.iter().zip(&rms.values)) {
                needle.take(peak, rms, seconds);
            }
            self.needles.insert(row.name.clone(), channels);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
