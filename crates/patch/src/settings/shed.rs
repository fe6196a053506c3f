//! How loaded the callback may be before optional nodes are left out.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Percent that a limit may have.
const LEAST: f64 = 10.0;
const MOST: f64 = 100.0;

/// The load above which nodes with `optional = true` are left out.
///
/// ```
/// use patchline_patch::{EngineSettings, Shed};
///
/// let settings: EngineSettings = toml::from_str("shed = '80 %'")?;
/// assert_eq!(settings.shed.limit(), Some(0.8));
/// assert_eq!(Shed::Never.limit(), None);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Shed {
    /// This part of a block's time, 0.1 to 1.
    Above(f64),
    /// They never are.
    Never,
}

impl Default for Shed {
    fn default() -> Self {
        Self::Above(0.9)
    }
}

impl Shed {
    /// The limit as a part of the time; `None` for never.
    #[must_use]
    pub fn limit(self) -> Option<f64> {
        match self {
            Self::Above(limit) => Some(limit),
            Self::Never => None,
        }
    }
}

impl TryFrom<String> for Shed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        let percent = percent.filter(|percent| (LEAST..=MOST).contains(percent));
        let error = || "it is \"never\" or a part of the time, from \"10 %\" to \"100 %\"".to_owned();
        percent.map(|percent| Self::Above(percent / 100.0)).ok_or_else(error)
    }
}

impl From<Shed> for String {
    fn from(shed: Shed) -> Self {
        shed.to_string()
    }
}

impl fmt::Display for Shed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Rounded, so that what was read as 90 is written as 90.
            Self::Above(limit) => write!(f, "{} %", (limit * 1e8).round() / 1e6),
            Self::Never => f.write_str("never"),
        }
    }
}

impl JsonSchema for Shed {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Shed".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^(never|[0-9]+(\.[0-9]+)? ?%)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_its_unit_and_its_range() {
        for (text, limit) in [("90 %", 0.9), ("12.5%", 0.125), ("100 %", 1.0)] {
            let shed = Shed::try_from(text.to_owned()).unwrap();
            assert!((shed.limit().unwrap() - limit).abs() < 1e-12, "{text}");
            assert_eq!(Shed::try_from(shed.to_string()), Ok(shed));
        }
        assert_eq!(Shed::try_from("never".to_owned()).unwrap().limit(), None);
        for text in ["90", "0.9", "9 %", "101 %", "NaN %", "-50 %", "%", ""] {
            assert!(Shed::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
