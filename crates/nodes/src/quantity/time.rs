//! A duration, in seconds or in frames.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::text::{Words, number_pattern, shortest};
use super::{QuantityError, text_or_number};

const WORDS: Words = Words { quantity: "time", forms: r#""500 ms", "0.5 s" or "22050 smp""# };

/// Units of seconds, with how many of them make a second, or how many seconds they make.
const UNITS: [(&str, Scale); 6] = [
    ("s", Scale::Per(1.0)),
    ("ms", Scale::Per(1e3)),
    ("us", Scale::Per(1e6)),
    ("µs", Scale::Per(1e6)),
    ("min", Scale::Times(60.0)),
    ("h", Scale::Times(3600.0)),
];

/// A duration as a patch writes it: seconds, or frames of whatever rate the stream has.
///
/// ```
/// use patchline_nodes::Time;
///
/// let half: Time = "500 ms".parse()?;
/// assert_eq!(half, Time::Seconds(0.5));
/// assert_eq!(half.frames(44_100.0), 22_050);
/// assert_eq!("22050 smp".parse(), Ok(Time::Frames(22_050)));
/// # Ok::<(), patchline_nodes::QuantityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time {
    /// Seconds: finite, not negative.
    Seconds(f64),
    /// Frames, one sample per channel.
    Frames(u64),
}

impl Time {
    pub(crate) const EXPECTED: &'static str = r#"a time: "500 ms", "0.5 s" or "22050 smp""#;

    /// No time at all.
    pub const ZERO: Time = Time::Seconds(0.0);

    /// The nearest whole number of frames at `rate` Hz; `u64::MAX` when there are more.
    pub fn frames(self, rate: f64) -> u64 {
        match self {
            // A cast saturates.
            Time::Seconds(seconds) => (seconds * rate).round() as u64,
            Time::Frames(frames) => frames,
        }
    }

    /// The duration in seconds at `rate` Hz.
    ///
    /// ```
    /// use patchline_nodes::Time;
    ///
    /// assert_eq!(Time::Frames(22_050).seconds(44_100.0), 0.5);
    /// assert_eq!(Time::Seconds(0.5).seconds(44_100.0), 0.5);
    /// ```
    pub fn seconds(self, rate: f64) -> f64 {
        match self {
            Time::Seconds(seconds) => seconds,
            Time::Frames(frames) => frames as f64 / rate,
        }
    }

    /// Reads a number without a unit, of which only 0 is a time.
    fn from_number(number: f64) -> Result<Self, QuantityError> {
        if number == 0.0 { Ok(Time::ZERO) } else { Err(WORDS.no_unit()) }
    }

    fn from_frames(digits: &str, number: f64) -> Result<Self, QuantityError> {
        WORDS.not_negative(number)?;
        match digits.trim_start_matches('+').parse() {
            Ok(frames) => Ok(Time::Frames(frames)),
            Err(_) if number.fract() != 0.0 => Err(QuantityError::NotWhole { unit: "samples" }),
            // 2⁶⁴ itself is no u64; what a cast would saturate is too large.
            Err(_) if number >= 18_446_744_073_709_551_616.0 => Err(QuantityError::NotFinite { quantity: "time" }),
            Err(_) => Ok(Time::Frames(number as u64)),
        }
    }
}

impl FromStr for Time {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (digits, number, unit) = WORDS.split(text)?;
        match unit {
            "" => Time::from_number(number),
            "smp" => Time::from_frames(digits, number),
            _ => {
                let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(WORDS.unknown_unit(unit))?;
                Ok(Time::Seconds(WORDS.not_negative(scale.seconds(number))?))
            }
        }
    }
}

/// How a unit relates to the second. A division by 1000 is rounded once, a product with 0.001 twice.
#[derive(Clone, Copy)]
enum Scale {
    Per(f64),
    Times(f64),
}

impl Scale {
    fn seconds(self, number: f64) -> f64 {
        match self {
            Scale::Per(per) => number / per,
            Scale::Times(times) => number * times,
        }
    }

    fn number(self, seconds: f64) -> f64 {
        match self {
            Scale::Per(per) => seconds * per,
            Scale::Times(times) => seconds / times,
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = match *self {
            Time::Frames(frames) => return write!(f, "{frames} smp"),
            Time::Seconds(seconds) => seconds,
        };
        let forms = UNITS.iter().map(|(unit, scale)| (scale, format!("{} {unit}", scale.number(seconds)))).filter(
            |(scale, text)| {
                let digits = text.split(' ').next().and_then(|digits| digits.parse().ok());
                digits.is_some_and(|number| scale.seconds(number) == seconds)
            },
        );
        f.write_str(&shortest(forms.map(|(_, text)| text)))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

text_or_number!(Time, Time::from_number);

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": concat!("^\\s*", number_pattern!(), r"\s*(ms|s|smp|min|h|us|µs)\s*$|^\s*0\s*$"),
            "minimum": 0,
            "maximum": 0,
            "x-quantity": "time",
        })
    }
}
