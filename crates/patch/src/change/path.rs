//! Where in a node's parameters a value stands: `gain`, `gains[1].gain`.

use toml::{Table, Value};

/// The way to a parameter: a key, then entries of lists and keys of tables.
pub(super) struct Path<'a> {
    pub(super) key: &'a str,
    steps: Vec<Step<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Entry(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// Reads a path; what is wrong with it is said in words.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
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

    /// Puts a value in its place; `None` takes it out.
    pub(super) fn put(&self, table: &mut Table, value: Option<Value>) -> Result<(), String> {
        let Some((last, before)) = self.steps.split_last() else {
            match value {
                Some(value) => _ = table.insert(self.key.to_owned(), value),
                None => _ = table.remove(self.key),
            }
            return Ok(());
        };
        let mut name = self.key.to_owned();
        let mut at = table.get_mut(self.key).ok_or_else(|| format!("`{name}` has no entries now"))?;
        for step in before {
            at = entered(at, *step, &name)?;
            name = step.after(&name);
        }
        match (last, value, at) {
            (Step::Key(key), Some(value), Value::Table(table)) => _ = table.insert((*key).to_owned(), value),
            (Step::Key(key), None, Value::Table(table)) => _ = table.remove(*key),
            (step, Some(value), at) => *entered(at, *step, &name)? = value,
            (_, None, _) => return Err("an entry of a list cannot be taken out alone: set the whole list".to_owned()),
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

fn entered<'v>(value: &'v mut Value, step: Step<'_>, name: &str) -> Result<&'v mut Value, String> {
    match (step, value) {
        (Step::Entry(index), Value::Array(list)) => {
            let count = list.len();
            let entries = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
            list.get_mut(index).ok_or_else(|| format!("`{name}` has {entries}, counted from 0"))
        }
        (Step::Entry(_), _) => Err(format!("`{name}` is no list")),
        (Step::Key(key), Value::Table(table)) => table.get_mut(key).ok_or_else(|| format!("`{name}` has no `{key}`")),
        (Step::Key(_), _) => Err(format!("`{name}` is a value of its own: nothing comes after it")),
    }
}
