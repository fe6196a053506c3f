//! A table of a patch against what is declared for it: unknown keys, then values, then missing keys.

use std::collections::HashSet;
use std::ops::Range;

use patchline_nodes::declaration::{Choice, Given, Param, Shape};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic};
use crate::document::entries;
use crate::mistakes::Mistakes;

/// What a table is checked against.
pub(crate) struct TableCheck<'a> {
    /// The keys it may have.
    pub(crate) params: &'a [Param],
    /// Keys that belong there, too, but are taken out and checked by others.
    pub(crate) beside: &'a [&'static str],
    /// What the table is, in messages (`` `trim` (type "gain") ``).
    pub(crate) what: &'a str,
    /// The table's own place, for keys that are missing.
    pub(crate) place: Range<usize>,
    /// Frames per second, in Hz, for times in frames.
    pub(crate) rate: f64,
    /// Whether keys may have been lost to mistakes of syntax, so that a missing one is not worth a word.
    pub(crate) broken: bool,
}

impl TableCheck<'_> {
    /// Checks every entry and takes those at fault out of the table. Returns their keys, and those of required entries
    /// that are missing.
    pub(crate) fn run(
        &self,
        table: &mut DeTable<'_>,
        mistakes: &mut Mistakes,
        explain: &mut dyn FnMut(&str, Diagnostic) -> Diagnostic,
    ) -> HashSet<String> {
        let mut faulty = HashSet::new();
        for (key, value) in entries(table) {
            let name = key.get_ref().as_ref();
            let good = match self.params.iter().find(|param| param.name == name) {
                Some(param) => self.value(param, &param.shape, value, mistakes),
                None => {
                    self.unknown(name, key.span(), mistakes, explain);
                    false
                }
            };
            if !good {
                faulty.insert(name.to_owned());
            }
        }
        for param in self.params.iter().filter(|param| param.required && !table.contains_key(param.name.as_str())) {
            if !self.broken {
                let message = format!("{} needs `{}`", self.what, param.name);
                let help = format!("`{}` takes {}", param.name, param.shape);
                mistakes.push(Diagnostic::new(Code::Missing, self.place.clone(), message).help(help));
            }
            faulty.insert(param.name.clone());
        }
        for key in &faulty {
            table.remove(key.as_str());
        }
        faulty
    }

    fn unknown(
        &self,
        name: &str,
        span: Range<usize>,
        mistakes: &mut Mistakes,
        explain: &mut dyn FnMut(&str, Diagnostic) -> Diagnostic,
    ) {
        let message = format!("{} has no `{name}`", self.what);
        let mut diagnostic = explain(name, Diagnostic::new(Code::UnknownKey, span, message));
        if diagnostic.help.is_none() {
            let names = || self.params.iter().map(|param| param.name.as_str());
            diagnostic = match mistakes.closest(name, names().chain(self.beside.iter().copied())) {
                Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
                None => diagnostic.help(format!("it has {}", listed(names()))),
            };
        }
        mistakes.push(diagnostic);
    }

    /// Checks a value and what it holds; true if all of it is good.
    fn value(&self, param: &Param, shape: &Shape, value: &Spanned<DeValue<'_>>, mistakes: &mut Mistakes) -> bool {
        match (value.get_ref(), inner(shape, value.get_ref())) {
            (DeValue::Array(items), Some(Shape::List(of))) => {
                // Every item is looked at, not only those before the first mistake.
                items.iter().filter(|item| !self.value(param, of, item, mistakes)).count() == 0
            }
            (DeValue::Table(table), Some(Shape::Table(fields))) => {
                let what = format!("an entry of `{}`", param.name);
                let check = TableCheck { params: fields, beside: &[], what: &what, place: value.span(), ..*self };
                check.run(&mut table.clone(), mistakes, &mut |_, diagnostic| diagnostic).is_empty()
            }
            (DeValue::Array(items), Some(Shape::Any)) => {
                items.iter().filter(|item| !self.value(param, &Shape::Any, item, mistakes)).count() == 0
            }
            (given, _) => self.scalar(param, shape, given, value.span(), mistakes),
        }
    }

    fn scalar(
        &self,
        param: &Param,
        shape: &Shape,
        value: &DeValue<'_>,
        span: Range<usize>,
        mistakes: &mut Mistakes,
    ) -> bool {
        let given = given(value);
        let finite = !matches!(given, Given::Number(number) if !number.is_finite());
        let message = match shape.check(given, self.rate) {
            Ok(()) if finite => return true,
            Ok(()) => format!("{given} is not a finite number"),
            Err(error) => error.message,
        };
        let takes = format!("`{}` takes {}", param.name, param.shape);
        let choices = shape.choices().into_iter().map(|Choice { name, .. }| name.as_str());
        let close = match given {
            Given::Text(text) => mistakes.closest(text, choices),
            _ => None,
        };
        let help = match close {
            Some(close) => format!("did you mean \"{close}\"? {takes}"),
            None => takes,
        };
        mistakes.push(Diagnostic::new(Code::Value, span, message).help(help));
        false
    }
}

/// The alternative of a shape that a list or table could be.
fn inner<'a>(shape: &'a Shape, value: &DeValue<'_>) -> Option<&'a Shape> {
    let fits = |shape: &&Shape| match value {
        DeValue::Array(_) => matches!(shape, Shape::List(_) | Shape::Any),
        DeValue::Table(_) => matches!(shape, Shape::Table(_) | Shape::Any),
        _ => false,
    };
    match shape {
        Shape::Either(shapes) => shapes.iter().find(fits),
        shape => Some(shape).filter(fits),
    }
}

pub(crate) fn given<'a>(value: &'a DeValue<'_>) -> Given<'a> {
    match value {
        DeValue::String(text) => Given::Text(text),
        DeValue::Boolean(value) => Given::Bool(*value),
        DeValue::Float(float) => Given::Number(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Given::Integer(number),
            // Too large for any use here; as a number it is out of every range.
            Err(_) => Given::Number(integer.as_str().parse().unwrap_or(f64::INFINITY)),
        },
        DeValue::Datetime(_) => Given::Other("date"),
        DeValue::Array(_) => Given::Other("list"),
        DeValue::Table(_) => Given::Other("table"),
    }
}

/// Names in backquotes: `` `a`, `b` and `c` ``.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.pop() {
        None => "nothing".to_owned(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}
