//! What becomes of a change of a parameter while its node plays.

use std::fmt;

use serde_json::Value;

/// How a parameter gets to a new value while its node plays. Declared beside the field, as in
/// `#[schemars(extend("x-change" = "exponential 20 ms"))]`; its `Display` says so in words.
///
/// ```
/// use patchline_nodes::Gain;
/// use patchline_nodes::declaration::{Change, Declaration};
///
/// let gain = Declaration::of::<Gain>();
/// let change = &gain.param("gain").unwrap().change;
/// // It glides for as long as the parameter `smooth` says.
/// assert_eq!((change.law(), change.time()), ("exponential", Some("smooth")));
/// assert_eq!(change.to_string(), "glides by equal ratios over `smooth`");
/// assert_eq!(Change::Now.to_string(), "takes effect at once");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// The node starts anew with it: a fresh instance, which fades in. So it is where nothing is declared.
    #[default]
    Rebuilds,
    /// It holds from its frame on: `"now"`. For what is not heard by itself.
    Now,
    /// In a straight line, within a time (`"20 ms"`) or one that another parameter gives (its name).
    Linear(String),
    /// By equal ratios, as decibels and octaves are heard; in a straight line from and to 0, and where the sign changes.
    Exponential(String),
    /// What was and what will be are crossfaded.
    Crossfade(String),
}

impl Change {
    /// The declaration in a field's schema.
    pub(super) fn of(schema: &Value) -> Self {
        let text = schema.get("x-change").and_then(Value::as_str).unwrap_or_default();
        match text.split_once(' ') {
            Some(("linear", time)) => Self::Linear(time.to_owned()),
            Some(("exponential", time)) => Self::Exponential(time.to_owned()),
            Some(("crossfade", time)) => Self::Crossfade(time.to_owned()),
            _ if text == "now" => Self::Now,
            _ => Self::Rebuilds,
        }
    }

    /// The law by one word: `linear`, `exponential`, `crossfade`, `now` or `rebuilds`.
    #[must_use]
    pub fn law(&self) -> &'static str {
        match self {
            Self::Rebuilds => "rebuilds",
            Self::Now => "now",
            Self::Linear(_) => "linear",
            Self::Exponential(_) => "exponential",
            Self::Crossfade(_) => "crossfade",
        }
    }

    /// How long it takes unless whoever changes it says otherwise: a time, or the name of the parameter that gives it.
    #[must_use]
    pub fn time(&self) -> Option<&str> {
        match self {
            Self::Rebuilds | Self::Now => None,
            Self::Linear(time) | Self::Exponential(time) | Self::Crossfade(time) => Some(time),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self {
            Self::Rebuilds => "starts the node anew",
            Self::Now => "takes effect at once",
            Self::Linear(_) => "glides in a straight line",
            Self::Exponential(_) => "glides by equal ratios",
            Self::Crossfade(_) => "is crossfaded",
        };
        f.write_str(how)?;
        match self.time() {
            Some(time) if time.starts_with(|c: char| c.is_ascii_digit()) => write!(f, " over {time}"),
            Some(parameter) => write!(f, " over `{parameter}`"),
            None => Ok(()),
        }
    }
}
