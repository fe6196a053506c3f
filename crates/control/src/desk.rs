//! What is controlled, as those who control it see it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

/// The longest refusal, in characters.
const LONGEST_MESSAGE: usize = 600;

/// What plays: its nodes, their parameters and readings, its scenes, its patch.
///
/// Whoever runs an engine implements this on its control thread; [`Control::pass`](crate::Control::pass) calls it there,
/// and nowhere else. Values are what JSON has: a number (linear, Hz), a text with a unit (`"-6 dB"`, `"500 ms"`), a
/// boolean, or a list.
pub trait Desk {
    /// A number that changes whenever [`nodes`](Self::nodes) would give other names than before.
    fn revision(&self) -> u64;

    /// All nodes with what can be set and read of them.
    fn nodes(&mut self) -> Vec<NodeInfo>;

    /// What a parameter is now.
    ///
    /// # Errors
    /// [`Code::Unknown`] if there is no such node or parameter.
    fn get(&mut self, name: &Name) -> Result<Value, Refusal>;

    /// Sets parameters, all of them or none, and all at the same frame. Returns what each is then, in the same order.
    ///
    /// # Errors
    /// What is wrong with the names or the values, or that what was sent before has not been taken in yet
    /// ([`Code::Busy`]).
    fn set(&mut self, settings: &[Setting], how: How) -> Result<Vec<Value>, Refusal>;

    /// What the nodes have measured, by node and reading; NaN is what was never measured.
    fn readings(&mut self) -> Vec<Measured>;

    /// Frames that were rendered so far.
    fn frame(&self) -> u64;

    /// The names of all scenes.
    fn scenes(&mut self) -> Vec<String>;

    /// Recalls a scene, over the given time or over its own. Returns what it sets.
    ///
    /// # Errors
    /// [`Code::Unknown`] if there is no such scene, and those of [`set`](Self::set).
    fn recall(&mut self, scene: &str, over: Option<Duration>) -> Result<Vec<Setting>, Refusal>;

    /// What has been counted: an object of numbers and texts.
    fn statistics(&mut self) -> Map<String, Value>;

    /// The text of the patch that plays.
    ///
    /// # Errors
    /// Where it has no text.
    fn patch(&mut self) -> Result<String, Refusal>;

    /// Loads another patch, given as text; what plays plays on where it has mistakes. Returns a report.
    ///
    /// # Errors
    /// [`Code::Patch`] with the mistakes as a detail, or [`Code::Refused`] where patches may not come from afar.
    fn load(&mut self, patch: &str) -> Result<Map<String, Value>, Refusal>;

    /// What [`load`](Self::load) would say and change; nothing is loaded.
    ///
    /// # Errors
    /// As those of [`load`](Self::load).
    fn check(&mut self, _patch: &str) -> Result<Map<String, Value>, Refusal> {
        Err(Refusal::new(Code::Refused, "patches cannot be checked here"))
    }

    /// The nodes with their ports, and the links between them, for pictures.
    ///
    /// # Errors
    /// Where there is no picture to be had.
    fn graph(&mut self) -> Result<Map<String, Value>, Refusal> {
        Err(Refusal::new(Code::Refused, "there is no picture of this"))
    }

    /// How long the callback took in the last seconds, and why there were xruns.
    ///
    /// # Errors
    /// Where nobody kept that.
    fn flight(&mut self) -> Result<Map<String, Value>, Refusal> {
        Err(Refusal::new(Code::Refused, "nothing is kept of the last seconds"))
    }
}

/// A parameter's or a reading's full name: `trim.gain`, `/trim/gain` in OSC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The node; it has no dot.
    pub node: String,
    /// What of it.
    pub parameter: String,
}

impl Name {
    /// The name of a node's parameter.
    #[must_use]
    pub fn new(node: &str, parameter: &str) -> Self {
        Self { node: node.to_owned(), parameter: parameter.to_owned() }
    }

    /// Reads `node.parameter`; the node ends at the first dot.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (node, parameter) = text.split_once('.')?;
        (!node.is_empty() && !parameter.is_empty()).then(|| Self::new(node, parameter))
    }

    /// As an OSC address: `/trim/gain`, and `/bus/gains/0/gain` for `bus.gains[0].gain`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/{}/{}", self.node, self.parameter.replace(['.', '['], "/").replace(']', ""))
    }

    /// The parameter that the rest of an OSC address names: `gains[0].gain` for `gains/0/gain`.
    pub(crate) fn of_address(node: &str, rest: &str) -> Self {
        let mut parameter = String::new();
        for part in rest.split('/') {
            if part.starts_with(|first: char| first.is_ascii_digit()) {
                parameter += &format!("[{part}]");
            } else {
                let dot = if parameter.is_empty() { "" } else { "." };
                parameter += &format!("{dot}{part}");
            }
        }
        Self::new(node, &parameter)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.parameter)
    }
}

/// A parameter and what it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which one.
    pub name: Name,
    /// Its value.
    pub value: Value,
}

/// How parameters are set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct How {
    /// When they begin to change.
    pub when: When,
    /// How long they take to get there; `None` is the parameter's own glide.
    pub over: Option<Duration>,
}

/// When parameters are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// As soon as possible.
    #[default]
    Now,
    /// So much later.
    In(Duration),
    /// At this frame of the run.
    Frame(u64),
}

/// A node, for those who control it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What can be set of it.
    pub parameters: Vec<ParameterInfo>,
    /// What can be read of it.
    pub readings: Vec<ReadingInfo>,
}

/// A parameter, for those who set it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ParameterInfo {
    /// Its name within the node.
    pub name: String,
    /// What it may be, in a few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What it is now.
    pub value: Value,
    /// The same as a number in `unit`, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// What it is when a patch says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The unit of `number`, `min` and `max`: `"Hz"`, `"s"`, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The least it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// The most it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// The values that it may have, where these are words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// How it gets to a new value: `linear`, `exponential`, `crossfade`, `now`, or `rebuilds`, where the node starts anew.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub law: String,
    /// How long that takes unless it is said: a time, or the name of the parameter that gives it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub time: String,
    /// What it does, in a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// A reading, for those who watch it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadingInfo {
    /// Its name within the node.
    pub name: String,
    /// Its unit: `"dBFS"`, or empty for a plain number.
    pub unit: String,
    /// How many values it has.
    pub values: usize,
}

/// What a node has measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The reading.
    pub name: Name,
    /// One value, or one for each channel.
    pub values: Vec<f64>,
}

/// Why something was not done, and what would be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
    /// More for programs.
    pub details: Map<String, Value>,
}

/// What kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The message is not one.
    Malformed,
    /// There is nothing of that name.
    Unknown,
    /// The value does not fit.
    Value,
    /// Too much at a time: try again later.
    Busy,
    /// It may not be done from here.
    Refused,
    /// A patch with mistakes.
    Patch,
}

impl Refusal {
    /// A refusal without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Map::new() }
    }

    /// That there is no such thing.
    #[must_use]
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Code::Unknown, message)
    }

    /// What is wrong, printable and short whatever was repeated in it.
    pub(crate) fn words(&self) -> String {
        let printable = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        self.message.chars().take(LONGEST_MESSAGE).map(printable).collect()
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Code::Malformed, message)
    }
}
