//! From a MIDI value to a parameter's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The largest MIDI value.
const MOST: u8 = 127;

/// How values lie between the ends of a range.
///
/// ```
/// use patchline_patch::{Curve, Scale};
///
/// // Halfway between 100 Hz and 10 kHz, for the ear.
/// let scale = Scale { from: 100.0, to: 10_000.0, curve: Curve::Exponential, unit: Some("Hz"), whole: false };
/// assert!((900.0..1_100.0).contains(&scale.number(64)));
/// assert!((5_000.0..5_200.0).contains(&Scale { curve: Curve::Linear, ..scale }.number(64)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Curve {
    /// In even steps.
    Linear,
    /// In even ratios: octaves of a frequency.
    Exponential,
    /// In even steps of a level in dB.
    Db,
}

/// Which value of a parameter belongs to which MIDI value.
///
/// ```
/// use patchline_patch::{Curve, Scale};
///
/// let scale = Scale { from: 0.0, to: 0.5, curve: Curve::Linear, unit: None, whole: false };
/// assert_eq!(scale.number(127), 0.5);
/// assert_eq!(scale.value(0), serde_json::json!(0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scale {
    /// The parameter at 0: a factor, or in `unit`.
    pub from: f64,
    /// The parameter at 127.
    pub to: f64,
    /// How the values between lie.
    pub curve: Curve,
    /// The parameter's unit: `s`, `Hz`; none for factors and plain numbers.
    pub unit: Option<&'static str>,
    /// Whether only whole numbers will do.
    pub whole: bool,
}

impl Scale {
    /// The parameter's value at a MIDI value from 0 to 127; greater ones count as 127.
    #[must_use]
    pub fn number(&self, midi: u8) -> f64 {
        let Self { from, to, .. } = *self;
        let part = f64::from(midi.min(MOST)) / f64::from(MOST);
        let number = match (midi, self.curve) {
            (0, _) => from,
            (MOST.., _) => to,
            (_, Curve::Linear) => from + (to - from) * part,
            // A level in dB is its logarithm: even steps of one are even ratios of the other.
            (_, Curve::Exponential | Curve::Db) => from * libm::pow(to / from, part),
        };
        if self.whole { number.round() } else { number }
    }

    /// The same as [`Changes::set`](crate::Changes::set) takes it.
    #[must_use]
    pub fn value(&self, midi: u8) -> Value {
        let number = self.number(midi);
        match self.unit {
            Some("s") => format!("{number} s").into(),
            _ if self.whole => (number as i64).into(),
            _ => number.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(from: f64, to: f64, curve: Curve) -> Scale {
        Scale { from, to, curve, unit: None, whole: false }
    }

    #[test]
    fn the_ends_are_exact_and_the_way_is_monotonic() {
        for curve in [Curve::Linear, Curve::Exponential, Curve::Db] {
            for (from, to) in [(0.001, 1.0), (1.0, 0.001), (20.0, 20_000.0), (0.1, 0.7)] {
                let scale = scale(from, to, curve);
                assert_eq!((scale.number(0), scale.number(127), scale.number(200)), (from, to, to));
                let rises = (0..127).all(|midi| (scale.number(midi + 1) > scale.number(midi)) == (to > from));
                assert!(rises, "{curve:?} {from} {to}");
            }
        }
    }

    #[test]
    fn steps_are_even_in_what_the_curve_says() {
        let db = |number: f64| 20.0 * libm::log10(number);
        let level = scale(libm::pow(10.0, -63.5 / 20.0), 1.0, Curve::Db);
        for midi in 0..127 {
            // 63.5 dB in 127 steps; f64 keeps 15 digits.
            assert!((db(level.number(midi + 1)) - db(level.number(midi)) - 0.5).abs() < 1e-9, "{midi}");
        }
        let linear = scale(-1.0, 126.0, Curve::Linear);
        assert!((0..=127).all(|midi| (linear.number(midi) - (f64::from(midi) - 1.0)).abs() < 1e-12));
    }

    #[test]
    fn values_are_written_as_patches_write_them() {
        let linear = scale(0.0, 127.0, Curve::Linear);
        assert_eq!(Scale { unit: Some("s"), ..linear }.value(2), "2 s");
        assert_eq!(Scale { whole: true, to: 10.0, ..linear }.value(64), 5);
        assert_eq!(Scale { unit: Some("Hz"), ..linear }.value(3), 3.0);
    }
}
