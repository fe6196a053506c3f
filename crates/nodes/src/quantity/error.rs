//! What can be wrong with a quantity, and what would be right.

use thiserror::Error;

/// Why a text or a number is not the quantity that was asked for. The message says what would be right.
///
/// ```
/// use patchline_nodes::{QuantityError, Time};
///
/// let error = "350".parse::<Time>().unwrap_err();
/// assert!(matches!(error, QuantityError::NoUnit { quantity: "time", .. }));
/// assert!(error.to_string().starts_with("a time needs a unit"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// A number stands alone where only a unit gives it a meaning.
    #[error("a {quantity} needs a unit: {forms}")]
    NoUnit {
        /// What was asked for, as in "time".
        quantity: &'static str,
        /// The forms that would be right.
        forms: &'static str,
    },
    /// The text does not start with a number.
    #[error("`{text}` is not a {quantity}: write {forms}")]
    NoNumber {
        /// What was asked for, as in "time".
        quantity: &'static str,
        /// The text, cut short.
        text: String,
        /// The forms that would be right.
        forms: &'static str,
    },
    /// The unit does not belong to the quantity.
    #[error("`{unit}` is not a unit of a {quantity}: write {forms}")]
    UnknownUnit {
        /// What was asked for, as in "time".
        quantity: &'static str,
        /// The unit, cut short.
        unit: String,
        /// The forms that would be right.
        forms: &'static str,
    },
    /// A comma stands in the number.
    #[error("`{number}` has a comma: decimals follow a point, as in 0.5, and thousands are not divided")]
    Comma {
        /// The number, cut short.
        number: String,
    },
    /// The number is below zero where that means nothing.
    #[error("a {quantity} is not negative")]
    Negative {
        /// What was asked for, as in "time".
        quantity: &'static str,
    },
    /// The number is NaN, infinite, or too large to be held.
    #[error("a {quantity} is a finite number")]
    NotFinite {
        /// What was asked for, as in "time".
        quantity: &'static str,
    },
    /// A count of samples or bytes with a fraction.
    #[error("a number of {unit} is whole")]
    NotWhole {
        /// What is counted, as in "samples".
        unit: &'static str,
    },
}
