//! A number and its unit, taken apart; the spelling that a quantity's own parser builds on.

use super::QuantityError;

/// The pattern of a number in a JSON schema: an optional sign, decimals, an optional exponent.
macro_rules! number_pattern {
    () => {
        r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    };
}
pub(super) use number_pattern;

/// What a quantity calls itself in errors.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) quantity: &'static str,
    pub(super) forms: &'static str,
}

impl Words {
    pub(super) fn no_unit(self) -> QuantityError {
        QuantityError::NoUnit { quantity: self.quantity, forms: self.forms }
    }

    pub(super) fn unknown_unit(self, unit: &str) -> QuantityError {
        QuantityError::UnknownUnit { quantity: self.quantity, unit: excerpt(unit), forms: self.forms }
    }

    pub(super) fn finite(self, number: f64) -> Result<f64, QuantityError> {
        // Adding zero turns -0 into 0.
        if number.is_finite() { Ok(number + 0.0) } else { Err(QuantityError::NotFinite { quantity: self.quantity }) }
    }

    pub(super) fn not_negative(self, number: f64) -> Result<f64, QuantityError> {
        if number < 0.0 { Err(QuantityError::Negative { quantity: self.quantity }) } else { self.finite(number) }
    }

    /// Takes `text` apart: the number's own text, the finite number, and the unit without spaces around it.
    pub(super) fn split(self, text: &str) -> Result<(&str, f64, &str), QuantityError> {
        let trimmed = text.trim();
        let (digits, unit) = trimmed.split_at(number_length(trimmed));
        let number: f64 = digits.parse().map_err(|_| QuantityError::NoNumber {
            quantity: self.quantity,
            text: excerpt(trimmed),
            forms: self.forms,
        })?;
        if unit.strip_prefix(',').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            let end = trimmed.find(|c: char| c.is_whitespace() || c.is_alphabetic()).unwrap_or(trimmed.len());
            return Err(QuantityError::Comma { number: excerpt(&trimmed[..end]) });
        }
        Ok((digits, self.finite(number)?, unit.trim_start()))
    }
}

/// How many bytes at the start of `text` spell a number. An `e` belongs to it only if an exponent follows.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = |at: usize| usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));

    let mut end = digits(sign(0));
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let first = end + 1 + sign(end + 1);
        if digits(first.min(bytes.len())) > first {
            end = digits(first);
        }
    }
    end
}

/// At most 24 characters, without control characters: what an error may repeat of a stranger's text.
fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(24).flat_map(char::escape_debug).collect();
    if text.chars().nth(24).is_some() {
        short.push('…');
    }
    short
}

/// The shortest of `candidates`, the first among equals.
pub(super) fn shortest(candidates: impl IntoIterator<Item = String>) -> String {
    candidates.into_iter().min_by_key(|text| text.chars().count()).expect("a quantity has at least one form")
}
