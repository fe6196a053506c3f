//! Names of takes: a path with places for the date, the time and a number.

use std::path::{Component, Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// A path with placeholders, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Date,
    Time,
    /// A number with at least this many digits.
    Number(usize),
}

impl Template {
    /// Takes `path` apart.
    ///
    /// # Errors
    /// The placeholder that is none, and those that there are.
    pub(super) fn new(path: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = path;
        while let Some(open) = rest.find(['{', '}']) {
            let close = rest[open..].find('}').filter(|_| rest[open..].starts_with('{'));
            let close = open + close.ok_or_else(|| unknown(&rest[open..]))?;
            parts.push(Part::Text(rest[..open].to_owned()));
            parts.push(placeholder(&rest[open + 1..close]).ok_or_else(|| unknown(&rest[open..=close]))?);
            rest = &rest[close + 1..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Whether every take can have a name of its own.
    pub(super) fn numbered(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Number(_)))
    }

    /// The path of the take that begins at `moment`.
    pub(super) fn path(&self, moment: DateTime, number: u32) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Date => moment.strftime("%Y-%m-%d").to_string(),
            Part::Time => moment.strftime("%H-%M-%S").to_string(),
            Part::Number(digits) => format!("{number:0digits$}"),
        };
        self.0.iter().map(part).collect()
    }
}

/// Takes the place that the path `written` leads to apart: the folder, which is taken as it is, and the rest, from the
/// first name with a placeholder on; at least the file's name.
pub(super) fn fixed_folder(place: &Path, written: &str) -> (PathBuf, String) {
    let names: Vec<Component> = Path::new(written).components().collect();
    let last = names.iter().rev().take_while(|name| matches!(name, Component::Normal(_)));
    let braced = |name: &Component| name.as_os_str().to_string_lossy().contains(['{', '}']);
    let count = last.enumerate().filter(|(_, name)| braced(name)).map(|(index, _)| index + 1).max().unwrap_or(1);
    let folder = place.ancestors().nth(count).unwrap_or(Path::new(""));
    let rest = place.strip_prefix(folder).unwrap_or(place);
    (folder.to_owned(), rest.to_string_lossy().into_owned())
}

fn placeholder(inner: &str) -> Option<Part> {
    match inner {
        "date" => Some(Part::Date),
        "time" => Some(Part::Time),
        "seq" => Some(Part::Number(1)),
        _ => {
            let digits = inner.strip_prefix("seq:0")?;
            let one_digit = digits.len() == 1 && digits != "0";
            one_digit.then(|| digits.parse().ok().map(Part::Number)).flatten()
        }
    }
}

fn unknown(text: &str) -> String {
    let short: String = text.chars().take(16).flat_map(char::escape_debug).collect();
    format!("`{short}` is no placeholder; there are {{date}}, {{time}} and {{seq}} or {{seq:04}}")
}

/// `frames` frames at `rate` Hz after `start`; `start` itself where the calendar ends.
pub(super) fn moment(start: DateTime, frames: u64, rate: u32) -> DateTime {
    let rate = u64::from(rate);
    let nanos = frames % rate * 1_000_000_000 / rate;
    let seconds = i64::try_from(frames / rate).unwrap_or(i64::MAX);
    start.checked_add(SignedDuration::new(seconds, nanos as i32)).unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn placeholders_are_filled() {
        let start = date(2026, 1, 31).at(23, 59, 58, 0);
        let template = Template::new("takes/{date}/{time}-{seq:04}.wav").unwrap();
        assert!(template.numbered());
        assert_eq!(template.path(moment(start, 0, 48_000), 7), "takes/2026-01-31/23-59-58-0007.wav");
        assert_eq!(template.path(moment(start, 95_999, 48_000), 12_345), "takes/2026-01-31/23-59-59-12345.wav");
        assert_eq!(template.path(moment(start, 96_000, 48_000), 8), "takes/2026-02-01/00-00-00-0008.wav");
        assert_eq!(Template::new("{seq}.wav").unwrap().path(start, 7), "7.wav");
        assert!(!Template::new("plain.wav").unwrap().numbered());
    }

    #[test]
    fn only_what_was_written_has_placeholders() {
        let check = |place: &str, written: &str, folder: &str, rest: &str| {
            assert_eq!(fixed_folder(Path::new(place), written), (PathBuf::from(folder), rest.to_owned()), "{written}");
        };
        check("/my{date}/x.wav", "x.wav", "/my{date}", "x.wav");
        check("/my{date}/takes/x{seq}.wav", "takes/x{seq}.wav", "/my{date}/takes", "x{seq}.wav");
        check("/a/takes/{date}/b/x.wav", "takes/{date}/./b/x.wav", "/a/takes", "{date}/b/x.wav");
        check("/a{b}/x.wav", "{date}/../x.wav", "/a{b}", "x.wav");
        check("x.wav", "x.wav", "", "x.wav");
    }

    #[test]
    fn what_is_no_placeholder_is_named() {
        for (path, found) in [("a{b}.wav", "`{b}`"), ("{seq:4}", "`{seq:4}`"), ("a{seq", "`{seq`"), ("a}b", "`}b`")] {
            let error = Template::new(path).unwrap_err();
            assert!(error.starts_with(found), "{error}");
        }
    }
}
