//! A macro's text with the values of a use in place of its parameters: `"$gain"`, `"takes/$name.wav"`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic};

/// The parameter that every macro has: the name of the use.
pub(crate) const NAME: &str = "name";

/// A piece of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Parameter(&'a str),
}

/// The values of a use.
pub(super) struct Substitution<'a, 'i> {
    pub(super) values: &'a HashMap<String, Spanned<DeValue<'i>>>,
    /// Where a parameter's value was put, by the place of the value.
    pub(super) places: HashMap<(usize, usize), Range<usize>>,
    /// Bytes that may still be made.
    pub(super) left: usize,
    pub(super) mistakes: Vec<Diagnostic>,
}

impl<'i> Substitution<'_, 'i> {
    pub(super) fn table(&mut self, table: &DeTable<'i>) -> DeTable<'i> {
        let mut made = DeTable::new();
        for (key, value) in table {
            made.insert(key.clone(), self.value(value));
        }
        made
    }

    pub(super) fn value(&mut self, value: &Spanned<DeValue<'i>>) -> Spanned<DeValue<'i>> {
        self.left = self.left.saturating_sub(16);
        if self.left == 0 {
            return Spanned::new(value.span(), DeValue::Boolean(false));
        }
        let inner = match value.get_ref() {
            DeValue::String(text) if text.contains('$') => return self.text(text, value),
            DeValue::String(text) => {
                self.left = self.left.saturating_sub(text.len());
                DeValue::String(text.clone())
            }
            DeValue::Array(list) => DeValue::Array(list.iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => DeValue::Table(self.table(table)),
            plain => plain.clone(),
        };
        Spanned::new(value.span(), inner)
    }

    fn text(&mut self, text: &str, whole: &Spanned<DeValue<'i>>) -> Spanned<DeValue<'i>> {
        let pieces = pieces(text);
        if let [Piece::Parameter(name)] = pieces[..]
            && let Some(value) = self.values.get(name)
        {
            self.left = self.left.saturating_sub(value.span().len());
            self.places.insert((value.span().start, value.span().end), whole.span());
            return value.clone();
        }
        let mut made = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => made.push_str(text),
                Piece::Parameter(name) => self.put(name, &mut made),
            }
        }
        self.left = self.left.saturating_sub(made.len());
        Spanned::new(whole.span(), DeValue::String(Cow::Owned(made)))
    }

    /// Writes a parameter's value into a text.
    fn put(&mut self, name: &str, made: &mut String) {
        // What is not declared was reported where the macro is.
        let Some(value) = self.values.get(name) else { return };
        match value.get_ref() {
            DeValue::String(text) => made.push_str(text),
            DeValue::Integer(number) => made.push_str(number.as_str()),
            DeValue::Float(number) => made.push_str(number.as_str()),
            DeValue::Boolean(true) => made.push_str("true"),
            DeValue::Boolean(false) => made.push_str("false"),
            _ => {
                let message = format!("`{name}` stands within a text of the macro, and this is none");
                self.mistakes.push(Diagnostic::new(Code::Value, value.span(), message));
            }
        }
    }
}

/// The pieces of a text: `$gain` and `${gain}` are parameters, `$$` is a `$`.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        let after = &rest[at + 1..];
        let (piece, length) = match after.strip_prefix('{').map(|inner| (inner, inner.find('}'))) {
            _ if after.starts_with('$') => (Piece::Text("$"), 1),
            Some((inner, Some(end))) if name_length(inner) == end && end > 0 => {
                (Piece::Parameter(&inner[..end]), end + 2)
            }
            _ => match name_length(after) {
                0 => (Piece::Text("$"), 0),
                length => (Piece::Parameter(&after[..length]), length),
            },
        };
        pieces.push(piece);
        rest = &after[length..];
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Bytes of a parameter's name at the start of `text`: a letter or `_`, then letters, digits, `_`.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_in_texts() {
        use Piece::{Parameter, Text};
        let check = |text: &str, expected: &[Piece<'_>]| assert_eq!(pieces(text), expected, "{text}");
        check("", &[Text("")]);
        check("plain", &[Text("plain")]);
        check("$gain", &[Parameter("gain")]);
        check("${gain}", &[Parameter("gain")]);
        check("a/$name-{seq:04}", &[Text("a/"), Parameter("name"), Text("-{seq:04}")]);
        check("${a}b$c_1.", &[Parameter("a"), Text("b"), Parameter("c_1"), Text(".")]);
        check("$$5 $5 $", &[Text("$"), Text("5 "), Text("$"), Text("5 "), Text("$")]);
        check("${", &[Text("$"), Text("{")]);
        check("${}é$é", &[Text("$"), Text("{}é"), Text("$"), Text("é")]);
    }
}
