//! Quantities as people write them: times, levels, frequencies and sizes.
//!
//! Each type reads the text of a patch or a command line (`FromStr`), reads the value of a patch (`Deserialize`),
//! writes the shortest form that reads back (`Display`) and describes itself to editors (`JsonSchema`).
//!
//! | type | texts | a bare number is |
//! |---|---|---|
//! | [`Time`] | `"500 ms"`, `"0.5 s"`, `"2 min"`, `"50 us"`, `"22050 smp"` | an error, except 0 |
//! | [`Level`] | `"-6 dB"`, `"0.5"`, `"-inf dB"` | linear |
//! | [`Frequency`] | `"440 Hz"`, `"1 kHz"` | Hz |
//! | [`Size`] | `"1 GiB"`, `"100 MB"`, `"512 B"` | an error |
//!
//! The space before the unit is optional. Numbers are finite.

mod error;
mod frequency;
mod level;
mod size;
mod text;
mod time;

pub use error::QuantityError;
pub use frequency::Frequency;
pub use level::Level;
pub use size::Size;
pub use time::Time;

/// Implements serde's two traits for a quantity that is a text or a number.
///
/// `$from_number` is a function `f64 -> Result<Self, QuantityError>`; errors are raised while the value itself is
/// visited, so that a format with positions points at the value.
macro_rules! text_or_number {
    ($type:ident, $from_number:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($type::EXPECTED)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<$type, E> {
                        $from_number(number).map_err(E::custom)
                    }
                    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<$type, E> {
                        self.visit_f64(number as f64)
                    }
                    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<$type, E> {
                        self.visit_f64(number as f64)
                    }
                }
                deserializer.deserialize_any(Visitor)
            }
        }
    };
}
use text_or_number;

#[cfg(test)]
mod tests;
