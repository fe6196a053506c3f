//! When a recorder begins a new file.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Size, Time};

/// When a recorder begins a new file.
///
/// ```
/// use patchline_nodes::{Split, Time};
///
/// assert_eq!("10 min".parse(), Ok(Split::Every(Time::Seconds(600.0))));
/// assert_eq!("per_trigger".parse(), Ok(Split::PerTrigger));
/// assert_eq!("1 GiB".parse::<Split>().map(|split| split.to_string()), Ok("1 GiB".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Split {
    /// Never: one file holds the whole run.
    Never,
    /// Whenever `record` goes up: one file a take.
    PerTrigger,
    /// As soon as a file is this long.
    Every(Time),
    /// Before a file, its header included, is larger than this.
    Size(Size),
}

const EXPECTED: &str = r#""never", "per_trigger", a time such as "10 min" or a size such as "1 GiB""#;

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => return Ok(Self::Never),
            "per_trigger" => return Ok(Self::PerTrigger),
            _ => {}
        }
        let time = text.parse().map(Self::Every);
        time.or_else(|_| text.parse().map(Self::Size)).map_err(|_| format!("expected {EXPECTED}"))
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::PerTrigger => f.write_str("per_trigger"),
            Self::Every(time) => time.fmt(f),
            Self::Size(size) => size.fmt(f),
        }
    }
}

impl Serialize for Split {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Split {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Split;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Split, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Split {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Split".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = r"^(never|per_trigger|\s*[+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*(ms|s|smp|min|us|µs|B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*)$";
        json_schema!({ "type": "string", "pattern": pattern })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_written() {
        for text in ["never", "per_trigger", "600 s", "1 GiB", "48000 smp"] {
            assert_eq!(text.parse::<Split>().unwrap().to_string(), text);
        }
        assert!("sometimes".parse::<Split>().unwrap_err().contains("per_trigger"));
    }
}
