//! A factor of amplitude, linear or in decibels.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::text::{Words, number_pattern, shortest};
use super::{QuantityError, text_or_number};

const WORDS: Words = Words { quantity: "level", forms: r#"0.5 (linear) or "-6 dB""# };

/// A factor of amplitude: 1.0 leaves a signal as it is, −6 dB is 10^(−6/20) ≈ 0.501. Always finite.
///
/// ```
/// use patchline_nodes::Level;
///
/// let level: Level = "-20 dB".parse()?;
/// assert_eq!(level.linear(), 0.1);
/// assert_eq!("-inf dB".parse(), Ok(Level::SILENCE));
/// # Ok::<(), patchline_nodes::QuantityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f64);

impl Level {
    pub(crate) const EXPECTED: &'static str = r#"a level: 0.5 (linear) or "-6 dB""#;

    /// A factor of 0, −∞ dB.
    pub const SILENCE: Level = Level(0.0);
    /// A factor of 1, 0 dB.
    pub const UNITY: Level = Level(1.0);

    /// A linear factor.
    ///
    /// ```
    /// use patchline_nodes::Level;
    ///
    /// assert_eq!(Level::new(0.5).map(Level::linear), Ok(0.5));
    /// assert!(Level::new(f64::NAN).is_err());
    /// ```
    ///
    /// # Errors
    /// [`QuantityError::NotFinite`] for NaN and infinities.
    pub fn new(linear: f64) -> Result<Self, QuantityError> {
        WORDS.finite(linear).map(Level)
    }

    /// 10^(`db`/20); −∞ dB is [`SILENCE`](Level::SILENCE).
    ///
    /// ```
    /// use patchline_nodes::Level;
    ///
    /// assert_eq!(Level::from_db(-20.0), Level::new(0.1));
    /// assert_eq!(Level::from_db(f64::NEG_INFINITY), Ok(Level::SILENCE));
    /// ```
    ///
    /// # Errors
    /// [`QuantityError::NotFinite`] for NaN, +∞ and what overflows.
    pub fn from_db(db: f64) -> Result<Self, QuantityError> {
        // libm's own pow, so that the factor has the same bits on every machine.
        Level::new(libm::pow(10.0, db / 20.0))
    }

    /// The linear factor, rounded to f32.
    pub fn linear(self) -> f32 {
        self.0 as f32
    }

    /// The linear factor as it was read.
    ///
    /// ```
    /// use patchline_nodes::Level;
    ///
    /// let level: Level = "0.1".parse()?;
    /// assert_eq!((level.linear_f64(), level.linear()), (0.1, 0.1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn linear_f64(self) -> f64 {
        self.0
    }

    /// 20·log10 of the factor's magnitude; −∞ for 0.
    ///
    /// ```
    /// use patchline_nodes::Level;
    ///
    /// assert_eq!(Level::UNITY.db(), 0.0);
    /// assert_eq!(Level::SILENCE.db(), f64::NEG_INFINITY);
    /// ```
    pub fn db(self) -> f64 {
        20.0 * libm::log10(self.0.abs())
    }

    /// The form in decibels with at most 6 decimals that reads back as exactly this level, if there is one.
    fn db_text(self) -> Option<String> {
        if self.0 <= 0.0 {
            return None;
        }
        let db = self.db();
        (0..=6).find_map(|decimals| {
            let digits = format!("{db:.decimals$}");
            let same = Level::from_db(digits.parse().ok()?) == Ok(self);
            same.then(|| format!("{} dB", if digits == "-0" { "0" } else { &digits }))
        })
    }
}

impl FromStr for Level {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.trim().strip_prefix("-inf").is_some_and(|unit| unit.trim_start() == "dB") {
            return Ok(Level::SILENCE);
        }
        let (_, number, unit) = WORDS.split(text)?;
        match unit {
            "" => Level::new(number),
            "dB" => Level::from_db(number),
            _ => Err(WORDS.unknown_unit(unit)),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shortest(std::iter::once(self.0.to_string()).chain(self.db_text())))
    }
}

/// A number where the linear form is the shorter one, else the text in dB.
impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        if text.ends_with("dB") { serializer.serialize_str(&text) } else { serializer.serialize_f64(self.0) }
    }
}

text_or_number!(Level, Level::new);

impl JsonSchema for Level {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "pattern": concat!("^\\s*", number_pattern!(), r"\s*(dB)?\s*$|^\s*-inf\s*dB\s*$"),
            "x-quantity": "level",
        })
    }
}
