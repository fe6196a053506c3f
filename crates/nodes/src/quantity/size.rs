//! An amount of memory or storage.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::text::{Words, number_pattern, shortest};
use super::{QuantityError, text_or_number};

const WORDS: Words = Words { quantity: "size", forms: r#""1 GiB", "100 MB" or "512 B""# };

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// A number of bytes: `kB`, `MB`, `GB`, `TB` are powers of 1000, `KiB`, `MiB`, `GiB`, `TiB` powers of 1024.
///
/// ```
/// use patchline_nodes::Size;
///
/// assert_eq!("1 GiB".parse(), Ok(Size(1 << 30)));
/// assert_eq!(Size(1 << 30).to_string(), "1 GiB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    pub(crate) const EXPECTED: &'static str = r#"a size: "1 GiB", "100 MB" or "512 B""#;

    /// The size in bytes.
    ///
    /// ```
    /// use patchline_nodes::Size;
    ///
    /// let limit: Size = "100 MB".parse()?;
    /// assert_eq!(limit.bytes(), 100_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bytes(self) -> u64 {
        self.0
    }

    fn from_number(_: f64) -> Result<Self, QuantityError> {
        Err(WORDS.no_unit())
    }
}

impl FromStr for Size {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (digits, number, unit) = WORDS.split(text)?;
        if unit.is_empty() {
            return Err(WORDS.no_unit());
        }
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(WORDS.unknown_unit(unit))?;
        let too_large = QuantityError::NotFinite { quantity: "size" };
        // Whole numbers are exact; others are rounded to a byte.
        if let Ok(whole) = digits.parse::<u64>() {
            return whole.checked_mul(*factor).map(Size).ok_or(too_large);
        }
        let bytes = WORDS.not_negative(number)? * *factor as f64;
        if *factor == 1 && bytes.fract() != 0.0 {
            return Err(QuantityError::NotWhole { unit: "bytes" });
        }
        // 2⁶⁴ itself is no u64.
        if bytes >= 18_446_744_073_709_551_616.0 { Err(too_large) } else { Ok(Size(bytes.round() as u64)) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().filter(|(_, factor)| self.0.is_multiple_of(*factor));
        f.write_str(&shortest(whole.map(|(unit, factor)| format!("{} {unit}", self.0 / factor))))
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

text_or_number!(Size, Size::from_number);

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": concat!("^\\s*", number_pattern!(), r"\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*$"),
            "x-quantity": "size",
        })
    }
}
