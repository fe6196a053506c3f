//! The tables of a patch and of the files it includes, made one.

use std::borrow::Cow;
use std::collections::hash_map::{Entry, HashMap};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic};
use crate::nodes::short;
use crate::source::Included;

/// Lists, which are joined: those of included files come first, as if they stood where the `include` does.
const LISTS: [&str; 3] = ["links", "use", "map"];
/// Tables of things with names, each of which stands in one file.
const NAMED: [&str; 3] = ["nodes", "macros", "scenes"];
/// Tables of settings, where the including file has the last word.
const SETTINGS: [&str; 2] = ["engine", "control"];

/// One table of a patch's own (the first) and those of the files it includes. What is in the way of something else is
/// reported with both places.
pub(crate) fn merged<'i>(
    tables: Vec<DeTable<'i>>,
    included: &[Included],
    mistakes: &mut Vec<Diagnostic>,
) -> DeTable<'i> {
    let mut tables: Vec<Option<DeTable<'i>>> = tables.into_iter().map(Some).collect();
    if included.is_empty() {
        return tables.swap_remove(0).unwrap_or_default();
    }
    let mut of: HashMap<usize, Vec<usize>> = HashMap::new();
    included.iter().enumerate().for_each(|(index, file)| of.entry(file.by).or_default().push(index + 1));
    whole(0, &mut tables, &of, mistakes)
}

/// A file with all that it includes. As deep as files include files.
fn whole<'i>(
    file: usize,
    tables: &mut [Option<DeTable<'i>>],
    of: &HashMap<usize, Vec<usize>>,
    mistakes: &mut Vec<Diagnostic>,
) -> DeTable<'i> {
    let mut all = DeTable::new();
    for &inner in of.get(&file).into_iter().flatten() {
        let mut inner = whole(inner, tables, of, mistakes);
        // A file may be a patch of its own, with a name that is not this one's.
        inner.remove("name");
        join(&mut all, inner, false, mistakes);
    }
    let own = tables[file].take().unwrap_or_default();
    join(&mut all, own, true, mistakes);
    all
}

/// Puts a file's table to those before it; `over` them if it includes them, beside them if not.
fn join<'i>(all: &mut DeTable<'i>, file: DeTable<'i>, over: bool, mistakes: &mut Vec<Diagnostic>) {
    for (key, value) in file {
        let name = key.get_ref().to_string();
        let Some(before) = all.get_mut(name.as_str()) else {
            all.insert(key, value);
            continue;
        };
        let span = value.span();
        match (before.get_mut(), value.into_inner()) {
            (DeValue::Array(before), DeValue::Array(items)) if LISTS.contains(&name.as_str()) => {
                items.into_iter().for_each(|item| before.push(item));
            }
            (DeValue::Table(before), DeValue::Table(table)) if NAMED.contains(&name.as_str()) => {
                join_named(&name, before, table, mistakes);
            }
            (DeValue::Table(before), DeValue::Table(table)) if SETTINGS.contains(&name.as_str()) => {
                join_settings(&name, before, table, over, mistakes);
            }
            (_, value) => {
                let known = LISTS.contains(&name.as_str()) || NAMED.contains(&name.as_str());
                if known || SETTINGS.contains(&name.as_str()) {
                    let message = format!("`{name}` is a list in one file and a table in the other, or neither");
                    let other = before.span();
                    let wrong = Diagnostic::new(Code::Value, span.clone(), message);
                    mistakes.push(wrong.related(other, "the other one"));
                }
                *before = Spanned::new(span, value);
            }
        }
    }
}

fn join_named<'i>(what: &str, all: &mut DeTable<'i>, table: DeTable<'i>, mistakes: &mut Vec<Diagnostic>) {
    // The keys of a table cannot be asked for their places one by one in no time.
    let mut places: HashMap<String, _> = all.keys().map(|key| (key.get_ref().to_string(), key.span())).collect();
    for (key, value) in table {
        match places.entry(key.get_ref().to_string()) {
            Entry::Occupied(first) => {
                let message = format!("there are two `{}` in [{what}]", short(first.key()));
                let twice = Diagnostic::new(Code::Name, key.span(), message).help("give one of them another name");
                mistakes.push(twice.related(first.get().clone(), "the first one"));
            }
            Entry::Vacant(free) => {
                free.insert(key.span());
                all.insert(key, value);
            }
        }
    }
}

fn join_settings<'i>(
    what: &str,
    all: &mut DeTable<'i>,
    table: DeTable<'i>,
    over: bool,
    mistakes: &mut Vec<Diagnostic>,
) {
    for (key, value) in table {
        let name: Cow<'i, str> = key.get_ref().clone();
        match all.get(name.as_ref()) {
            Some(before) if !over && !same(before.get_ref(), value.get_ref()) => {
                let message = format!("two included files give `{name}` of [{what}] different values");
                let help = format!("give `{name}` in the file that includes both: it has the last word");
                let two = Diagnostic::new(Code::Value, value.span(), message).help(help);
                mistakes.push(two.related(before.span(), "the other value"));
            }
            _ => {
                all.remove(name.as_ref());
                all.insert(key, value);
            }
        }
    }
}

/// Whether two values are written alike.
fn same(a: &DeValue<'_>, b: &DeValue<'_>) -> bool {
    match (a, b) {
        (DeValue::String(a), DeValue::String(b)) => a == b,
        (DeValue::Integer(a), DeValue::Integer(b)) => a.as_str() == b.as_str() && a.radix() == b.radix(),
        (DeValue::Float(a), DeValue::Float(b)) => a.as_str() == b.as_str(),
        (DeValue::Boolean(a), DeValue::Boolean(b)) => a == b,
        (DeValue::Array(a), DeValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a.get_ref(), b.get_ref()))
        }
        _ => false,
    }
}
