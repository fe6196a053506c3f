//! Where in a node's parameters a value stands: `gain`, `gains[1].gain`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// The way to a parameter: a key, then entries of lists and keys of tables.
pub(crate) struct Path<'a> {
    pub(crate) key: &'a str,
    steps: Vec<Step<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Entry(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// Reads a path; what is wrong with it is said in words.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        let mut parts = text.split('.');
        let (key, entries) = part(parts.next().unwrap_or_default())?;
        let mut steps = entries;
        for text in parts {
            let (key, entries) = part(text)?;
            steps.push(Step::Key(key));
            steps.extend(entries);
        }
        Ok(Self { key, steps })
    }

    /// Puts a value in its place, which its table may lack only at the path's end; `None` takes it out.
    pub(crate) fn put<T: Tables<'a>>(&self, table: &mut T, value: Option<T::Value>) -> Result<(), String> {
        let Some((last, before)) = self.steps.split_last() else {
            table.set(self.key, value);
            return Ok(());
        };
        let mut name = self.key.to_owned();
        let mut at = table.value(self.key).ok_or_else(|| format!("`{name}` has no entries now"))?;
        for step in before {
            at = entered::<T>(at, *step, &name)?;
            name = step.after(&name);
        }
        match (last, value) {
            (Step::Key(key), value) if T::table(at).is_some() => {
                T::table(at).expect("it was just asked").set(key, value);
            }
            (step, Some(value)) => *entered::<T>(at, *step, &name)? = value,
            (_, None) => return Err("an entry of a list cannot be taken out alone: set the whole list".to_owned()),
        }
        Ok(())
    }
}

impl Step<'_> {
    fn after(self, name: &str) -> String {
        match self {
            Self::Entry(index) => format!("{name}[{index}]"),
            Self::Key(key) => format!("{name}.{key}"),
        }
    }
}

/// A key and the numbers in brackets behind it.
fn part(text: &str) -> Result<(&str, Vec<Step<'_>>), String> {
    let wrong = || "a parameter is written `gain`, an entry of a list `gains[0].gain`".to_owned();
    let end = text.find('[').unwrap_or(text.len());
    let (key, brackets) = text.split_at(end);
    if key.is_empty() {
        return Err(wrong());
    }
    let Some(inside) = brackets.strip_prefix('[') else { return Ok((key, Vec::new())) };
    let inside = inside.strip_suffix(']').ok_or_else(wrong)?;
    let entry = |number: &str| number.parse().map(Step::Entry).map_err(|_| wrong());
    Ok((key, inside.split("][").map(entry).collect::<Result<_, _>>()?))
}

fn entered<'v, 'a, T: Tables<'a> + 'v>(
    value: &'v mut T::Value,
    step: Step<'a>,
    name: &str,
) -> Result<&'v mut T::Value, String> {
    match step {
        Step::Entry(index) => {
            let list = T::list(value).ok_or_else(|| format!("`{name}` is no list"))?;
            let entries = if list.len() == 1 { "1 entry".to_owned() } else { format!("{} entries", list.len()) };
            list.get_mut(index).ok_or_else(|| format!("`{name}` has {entries}, counted from 0"))
        }
        Step::Key(key) => {
            let own = || format!("`{name}` is a value of its own: nothing comes after it");
            T::table(value).ok_or_else(own)?.value(key).ok_or_else(|| format!("`{name}` has no `{key}`"))
        }
    }
}

/// Tables that hold values, among them lists and tables: of values alone, or of values with their places.
pub(crate) trait Tables<'a>: Sized {
    /// What they hold.
    type Value;

    fn value(&mut self, key: &str) -> Option<&mut Self::Value>;
    fn set(&mut self, key: &'a str, value: Option<Self::Value>);
    fn table(value: &mut Self::Value) -> Option<&mut Self>;
    fn list(value: &mut Self::Value) -> Option<&mut [Self::Value]>;
}

impl<'a> Tables<'a> for Table {
    type Value = Value;

    fn value(&mut self, key: &str) -> Option<&mut Value> {
        self.get_mut(key)
    }

    fn set(&mut self, key: &'a str, value: Option<Value>) {
        match value {
            Some(value) => _ = self.insert(key.to_owned(), value),
            None => _ = self.remove(key),
        }
    }

    fn table(value: &mut Value) -> Option<&mut Self> {
        value.as_table_mut()
    }

    fn list(value: &mut Value) -> Option<&mut [Value]> {
        value.as_array_mut().map(Vec::as_mut_slice)
    }
}

impl<'a> Tables<'a> for DeTable<'a> {
    type Value = Spanned<DeValue<'a>>;

    fn value(&mut self, key: &str) -> Option<&mut Self::Value> {
        self.get_mut(key)
    }

    fn set(&mut self, key: &'a str, value: Option<Self::Value>) {
        self.remove(key);
        if let Some(value) = value {
            self.insert(Spanned::new(value.span(), Cow::Borrowed(key)), value);
        }
    }

    fn table(value: &mut Self::Value) -> Option<&mut Self> {
        match value.get_mut() {
            DeValue::Table(table) => Some(table),
            _ => None,
        }
    }

    fn list(value: &mut Self::Value) -> Option<&mut [Self::Value]> {
        match value.get_mut() {
            DeValue::Array(list) => Some(list),
            _ => None,
        }
    }
}

/// Where the values of a table stand, by their paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(BTreeMap<String, Range<usize>>);

impl Spans {
    pub(crate) fn of(table: &DeTable<'_>) -> Self {
        let mut spans = Self::default();
        for (key, value) in table {
            spans.add(key.get_ref().to_string(), value);
        }
        spans
    }

    fn add(&mut self, path: String, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Array(list) => {
                let each = list.iter().enumerate();
                each.for_each(|(index, value)| self.add(Step::Entry(index).after(&path), value));
            }
            DeValue::Table(table) => {
                table.iter().for_each(|(key, value)| self.add(Step::Key(key.get_ref()).after(&path), value));
            }
            _ => {}
        }
        self.0.insert(path, value.span());
    }

    /// All paths, and where their values stand.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        self.0.iter().map(|(path, place)| (path.as_str(), place))
    }

    /// Where the value at `path` stands, or the innermost around it that is there.
    pub(crate) fn nearest(&self, mut path: &str) -> Option<&Range<usize>> {
        loop {
            match self.0.get(path) {
                Some(span) => return Some(span),
                None => path = &path[..path.rfind(['.', '['])?],
            }
        }
    }
}
