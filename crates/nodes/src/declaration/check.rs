//! Whether a value fits what is declared, and what to say when it does not.

use std::fmt::Display;
use std::str::FromStr;

use super::{Bounds, Shape};
use crate::{Frequency, Level, QuantityError, Size, Time};

/// A value as it was written, without the lists and tables around it.
///
/// ```
/// use patchline_nodes::Gain;
/// use patchline_nodes::declaration::{Declaration, Given};
///
/// let gain = Declaration::of::<Gain>();
/// let shape = &gain.param("gain").unwrap().shape;
/// assert_eq!(shape.number(Given::Text("-20 dB"), 48_000.0), Some(0.1));
/// assert_eq!(shape.number(Given::Number(0.5), 48_000.0), Some(0.5));
/// assert!(shape.check(Given::Bool(true), 48_000.0).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given<'a> {
    /// Text in quotes.
    Text(&'a str),
    /// A number with a fraction or an exponent, or one that is not finite.
    Number(f64),
    /// A whole number.
    Integer(i128),
    /// `true` or `false`.
    Bool(bool),
    /// Anything else, by its name (`"date"`, `"list"`, `"table"`).
    Other(&'static str),
}

/// Why a value does not fit.
///
/// ```
/// use patchline_nodes::Delay;
/// use patchline_nodes::declaration::{Declaration, Given, ValueError};
///
/// let delay = Declaration::of::<Delay>();
/// let check = |name: &str, given| delay.param(name).unwrap().shape.check(given, 48_000.0);
/// let error: ValueError = check("time", Given::Integer(350)).unwrap_err();
/// assert!(error.message.starts_with("a time needs a unit") && !error.out_of_range);
/// // Beyond 1, a mix would be something else.
/// assert!(check("mix", Given::Number(1.5)).unwrap_err().out_of_range);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// What is wrong with it.
    pub message: String,
    /// Whether it was the right kind of value, but not within its range.
    pub out_of_range: bool,
}

impl Shape {
    /// Checks a value that is neither list nor table. `rate`, in Hz, relates times in frames to ranges in seconds.
    ///
    /// # Errors
    /// What is wrong: the kind of value, the unit, the choice or the range.
    pub fn check(&self, given: Given<'_>, rate: f64) -> Result<(), ValueError> {
        match (self, given) {
            (Self::Any, _) | (Self::Bool, Given::Bool(_)) | (Self::Text, Given::Text(_)) => Ok(()),
            (Self::Either(shapes), given) => self.either(shapes, given, rate),
            (Self::Choice(choices), Given::Text(text)) if choices.iter().any(|choice| choice.name == text) => Ok(()),
            (Self::Choice(_), Given::Text(text)) => Err(wrong(format!("\"{}\" is not a choice here", short(text)))),
            (Self::Time(bounds), given) => {
                quantity(given, bounds, "", |time: &Time| time.seconds(rate)).unwrap_or_else(|| self.kind(given))
            }
            (Self::Level(bounds), given) => {
                quantity(given, bounds, DB, |level: &Level| level.linear_f64()).unwrap_or_else(|| self.kind(given))
            }
            (Self::Frequency(bounds), given) => quantity(given, bounds, " Hz", |frequency: &Frequency| frequency.hz())
                .unwrap_or_else(|| self.kind(given)),
            (Self::Size(bounds), given) => {
                quantity(given, bounds, " bytes", |size: &Size| size.bytes() as f64).unwrap_or_else(|| self.kind(given))
            }
            (Self::Number(bounds), Given::Number(number)) => plain(number, bounds, given),
            (Self::Number(bounds) | Self::Integer(bounds), Given::Integer(number)) => {
                plain(number as f64, bounds, given)
            }
            (Self::Integer(_), Given::Number(number)) if number.is_finite() => {
                Err(wrong(format!("{number} is not a whole number")))
            }
            _ => self.kind(given),
        }
    }

    /// The value as a number in the shape's [unit](Self::unit), if it is one: times in seconds, levels as factors,
    /// frequencies in Hz, sizes in bytes. `rate`, in Hz, relates times in frames to seconds.
    #[must_use]
    pub fn number(&self, given: Given<'_>, rate: f64) -> Option<f64> {
        match self {
            Self::Time(_) => read(given).map(|time: Time| time.seconds(rate)),
            Self::Level(_) => read(given).map(Level::linear_f64),
            Self::Frequency(_) => read(given).map(Frequency::hz),
            Self::Size(_) => read(given).map(|size: Size| size.bytes() as f64),
            Self::Number(_) | Self::Integer(_) => match given {
                Given::Number(number) => Some(number),
                Given::Integer(number) => Some(number as f64),
                _ => None,
            },
            _ => None,
        }
    }

    /// The unit of [`number`](Self::number); none for factors and plain numbers.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Time(_) => Some("s"),
            Self::Frequency(_) => Some("Hz"),
            Self::Size(_) => Some("bytes"),
            _ => None,
        }
    }

    /// The smallest and the largest value, in the shape's [unit](Self::unit).
    #[must_use]
    pub fn range(&self, rate: f64) -> [Option<f64>; 2] {
        let end = |text: &Option<String>| {
            let text = text.as_deref()?;
            text.parse().ok().or_else(|| self.number(Given::Text(text), rate))
        };
        self.bounds().map_or([None; 2], |bounds| [end(&bounds.min), end(&bounds.max)])
    }

    fn kind(&self, given: Given<'_>) -> Result<(), ValueError> {
        let what = match self {
            Self::Bool | Self::Choice(_) | Self::Text => self.word(),
            Self::List(_) => "a list".to_owned(),
            Self::Either(_) => return Err(wrong(format!("{given} does not fit here"))),
            other => format!("a {}", other.word()),
        };
        Err(wrong(format!("{given} is not {what}")))
    }

    /// Fits any of several; if none, the error of the one that came closest.
    fn either(&self, shapes: &[Shape], given: Given<'_>, rate: f64) -> Result<(), ValueError> {
        let mut closest: Option<ValueError> = None;
        // A number too large for any use is whole, and nothing else about it is worth a word.
        let numeric = matches!(given, Given::Integer(_)) || matches!(given, Given::Number(n) if n.fract() != 0.0);
        for shape in shapes {
            let takes_numbers = !matches!(shape, Self::Bool | Self::Text | Self::Choice(_) | Self::List(_));
            match shape.check(given, rate) {
                Ok(()) => return Ok(()),
                Err(error) if error.out_of_range => closest = Some(error),
                Err(error) if numeric && takes_numbers => _ = closest.get_or_insert(error),
                Err(_) => {}
            }
        }
        closest.map_or_else(|| self.kind(given), Err)
    }
}

/// The unit of a bound that is a level: a factor, which is shown in dB, too.
const DB: &str = "dB";

/// Checks a quantity written as text or as a bare number; `None` if it is neither.
fn quantity<Q>(
    given: Given<'_>,
    bounds: &Bounds,
    unit: &str,
    size: impl Fn(&Q) -> f64,
) -> Option<Result<(), ValueError>>
where
    Q: FromStr<Err = QuantityError> + Display,
{
    let text = text(given)?;
    if matches!(given, Given::Number(number) if !number.is_finite()) {
        return Some(Err(wrong(format!("{text} is not a finite number"))));
    }
    let value: Q = match text.parse() {
        Ok(value) => value,
        Err(error) => return Some(Err(wrong(error.to_string()))),
    };
    // A bound that does not read is a mistake in a declaration; the declaration's own tests find it.
    let end = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<Q>().ok()).map(|bound| size(&bound));
    Some(within(size(&value), end(&bounds.min), end(&bounds.max), bounds, unit, given))
}

/// What a quantity is read from; `None` for what is neither text nor number.
fn text(given: Given<'_>) -> Option<String> {
    match given {
        Given::Text(text) => Some(text.to_owned()),
        Given::Number(number) => Some(number.to_string()),
        Given::Integer(number) => Some(number.to_string()),
        Given::Bool(_) | Given::Other(_) => None,
    }
}

fn read<Q: FromStr>(given: Given<'_>) -> Option<Q> {
    text(given)?.parse().ok()
}

fn plain(number: f64, bounds: &Bounds, given: Given<'_>) -> Result<(), ValueError> {
    if !number.is_finite() {
        return Err(wrong(format!("{number} is not a finite number")));
    }
    let end = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    within(number, end(&bounds.min), end(&bounds.max), bounds, "", given)
}

fn within(
    value: f64,
    min: Option<f64>,
    max: Option<f64>,
    bounds: &Bounds,
    unit: &str,
    given: Given<'_>,
) -> Result<(), ValueError> {
    let out_of_range = |message| Err(ValueError { message, out_of_range: true });
    let bound = |text: &Option<String>| with_unit(text.as_deref().unwrap_or_default(), unit);
    if min.is_some_and(|min| value < min) {
        return out_of_range(format!("{given} is out of range: at least {}", bound(&bounds.min)));
    }
    if max.is_some_and(|max| value > max) {
        return out_of_range(format!("{given} is out of range: at most {}", bound(&bounds.max)));
    }
    // Samples are f32; what overflows there would be infinite.
    if value.abs() > f64::from(f32::MAX) {
        return out_of_range(format!("{given} is too large"));
    }
    Ok(())
}

/// A bound as people read it: `1000 (+60 dB)`, `768000 Hz`; one that has a unit of its own has it already.
fn with_unit(bound: &str, unit: &str) -> String {
    match bound.parse::<f64>() {
        Ok(factor) if unit == DB && factor > 0.0 => format!("{bound} ({:+.0} dB)", 20.0 * libm::log10(factor)),
        Ok(_) if unit != DB => format!("{bound}{unit}"),
        _ => bound.to_owned(),
    }
}

impl Display for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{}\"", short(text)),
            Self::Number(number) if number.abs() >= 1e15 => write!(f, "{number:e}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Other(name) => write!(f, "a {name}"),
        }
    }
}

fn wrong(message: String) -> ValueError {
    ValueError { message, out_of_range: false }
}

/// What a message may repeat of a stranger's text.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        short.push_str("...");
    }
    short
}
