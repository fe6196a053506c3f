//! Cycles per second.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::text::{Words, number_pattern, shortest};
use super::{QuantityError, text_or_number};

const WORDS: Words = Words { quantity: "frequency", forms: r#"440, "440 Hz" or "1 kHz""# };

/// Cycles per second: finite, not negative.
///
/// ```
/// use patchline_nodes::Frequency;
///
/// assert_eq!("1.5 kHz".parse::<Frequency>()?.hz(), 1500.0);
/// # Ok::<(), patchline_nodes::QuantityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Frequency(f64);

impl Frequency {
    pub(crate) const EXPECTED: &'static str = r#"a frequency: 440, "440 Hz" or "1 kHz""#;

    /// A frequency in Hz.
    ///
    /// ```
    /// use patchline_nodes::{Frequency, QuantityError};
    ///
    /// assert_eq!(Frequency::new(440.0).map(Frequency::hz), Ok(440.0));
    /// assert!(matches!(Frequency::new(-1.0), Err(QuantityError::Negative { .. })));
    /// ```
    ///
    /// # Errors
    /// [`QuantityError::NotFinite`] for NaN and infinities, [`QuantityError::Negative`] below 0.
    pub fn new(hz: f64) -> Result<Self, QuantityError> {
        WORDS.not_negative(hz).map(Frequency)
    }

    /// The frequency in Hz.
    pub fn hz(self) -> f64 {
        self.0
    }
}

impl FromStr for Frequency {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (_, number, unit) = WORDS.split(text)?;
        match unit {
            "" | "Hz" => Frequency::new(number),
            "kHz" => Frequency::new(number * 1e3),
            _ => Err(WORDS.unknown_unit(unit)),
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilo = self.0 / 1e3;
        let in_kilo = (kilo * 1e3 == self.0).then(|| format!("{kilo} kHz"));
        f.write_str(&shortest(std::iter::once(format!("{} Hz", self.0)).chain(in_kilo)))
    }
}

impl Serialize for Frequency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

text_or_number!(Frequency, Frequency::new);

impl JsonSchema for Frequency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Frequency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "pattern": concat!("^\\s*", number_pattern!(), r"\s*(Hz|kHz)?\s*$"),
            "x-quantity": "frequency",
        })
    }
}
