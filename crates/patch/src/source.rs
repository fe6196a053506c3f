//! The text of a patch, and where in it a byte stands.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A patch's path and text; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: Arc<Path>,
    /// The file's text, and behind it what is set from outside, a line for each.
    pub(crate) text: Arc<str>,
    /// Bytes of the file's text.
    pub(crate) length: usize,
}

/// A place that a person can go to: both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Source {
    pub(crate) fn new(path: &Path, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self { path: path.into(), length: text.len(), text }
    }

    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// Whether that byte was set from outside: then it has no place in the file.
    pub(crate) fn is_outside(&self, byte: usize) -> bool {
        self.text.len() > self.length && byte >= self.length
    }

    pub(crate) fn position(&self, byte: usize) -> Position {
        let line = self.line(byte);
        let number = self.text[..line.start].bytes().filter(|&b| b == b'\n').count() + 1;
        let column = self.text[line.start..self.boundary(byte)].chars().count() + 1;
        Position { line: number, column }
    }

    /// The bytes of the line that `byte` is on, without its end.
    pub(crate) fn line(&self, byte: usize) -> Range<usize> {
        let byte = self.boundary(byte);
        let start = self.text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |length| start + length);
        let end = end - usize::from(self.text[start..end].ends_with('\r'));
        start..end.max(byte)
    }

    /// `byte`, moved back into the text and to the start of its character.
    pub(crate) fn boundary(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }

    /// Where bytes `inside` of a string or key stand, given the span of the whole with its quotes: exactly, if it is
    /// written without escapes, else the whole.
    pub(crate) fn inside(&self, span: &Range<usize>, decoded: &str, inside: Range<usize>) -> Range<usize> {
        match self.begins(span, decoded) {
            Some(start) => start + inside.start..start + inside.end,
            None => span.clone(),
        }
    }

    /// Where the text of a string or key begins, given the span of the whole with its quotes, if it is written without
    /// escapes. Compares all of it.
    pub(crate) fn begins(&self, span: &Range<usize>, decoded: &str) -> Option<usize> {
        let written = self.text.get(span.clone()).unwrap_or_default();
        // No quotes, one, three, and three with a line end that does not count.
        let quotes = [0, 1, 3, 4, 5].into_iter().find(|&quotes| {
            let rest = written.get(quotes..).and_then(|written| written.strip_prefix(decoded));
            rest.is_some_and(|rest| rest.bytes().all(|b| b == b'"' || b == b'\''))
        });
        quotes.map(|quotes| span.start + quotes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let source = Source::new(Path::new("p.toml"), "a = 1\r\nbé = 2\n");
        for (byte, line, column) in [(0, 1, 1), (4, 1, 5), (7, 2, 1), (10, 2, 3), (14, 2, 7), (99, 3, 1)] {
            assert_eq!(source.position(byte), Position { line, column }, "{byte}");
        }
        assert_eq!(&source.text[source.line(2)], "a = 1");
    }

    #[test]
    fn strings_are_looked_into_unless_escaped() {
        let check = |written: &str, decoded: &str, expected: &str| {
            let source = Source::new(Path::new("p.toml"), written);
            assert_eq!(&source.text[source.inside(&(0..written.len()), decoded, 1..2)], expected, "{written}");
        };
        check("abc", "abc", "b");
        check("\"abc\"", "abc", "b");
        check("'''\nabc'''", "abc", "b");
        check("\"\\u0061bc\"", "abc", "\"\\u0061bc\"");
    }
}
