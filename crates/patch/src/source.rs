//! The text of a patch, and where in it a byte stands.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The texts of a patch: its own file's, those of the files it includes, and what is set from outside, one behind the
/// other, so that a byte's place says which it is in. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The patch's own file.
    pub(crate) path: Arc<Path>,
    /// All texts. An end of line is put behind each.
    pub(crate) text: Arc<str>,
    /// Bytes of the own file's text.
    pub(crate) length: usize,
    /// The included files with their places in the text, in this order.
    pub(crate) included: Arc<[Included]>,
    /// The real places of all files that were to be included.
    pub(crate) wanted: Arc<[PathBuf]>,
}

/// A file that a patch includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Included {
    /// How it is shown in messages.
    pub(crate) path: Arc<Path>,
    /// How the file that includes it calls it.
    pub(crate) written: Arc<str>,
    /// Its place in the text.
    pub(crate) range: Range<usize>,
    /// Which file includes it: 0 is the patch's own, 1 the first included.
    pub(crate) by: usize,
}

/// A place that a person can go to: both counted from 1, columns in characters.
///
/// ```
/// use patchline_patch::{Position, Registry, Options, read};
///
/// let patch = read("# à gauche\n[engine]\nblok = 64\n".as_bytes(), "demo.toml")?;
/// let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
/// let places: Vec<Position> = mistakes.iter().map(|mistake| mistakes.position(mistake)).collect();
/// assert!(places.contains(&Position { line: 3, column: 1 }));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
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
        Self { path: path.into(), length: text.len(), text, included: Arc::default(), wanted: Arc::default() }
    }

    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> PathBuf {
        folder_of(&self.path)
    }

    /// The patch's own file and those it includes, whether or not they could be read.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        std::iter::once(self.path.to_path_buf()).chain(self.wanted.iter().cloned()).collect()
    }

    /// Puts a text behind the others, and says where.
    pub(crate) fn append(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len() + 1;
        self.text = format!("{}\n{text}", self.text).into();
        start..self.text.len()
    }

    /// Where the texts of files end.
    fn end(&self) -> usize {
        self.included.last().map_or(self.length, |last| last.range.end)
    }

    /// Whether that byte was set from outside: then it has no place in a file.
    pub(crate) fn is_outside(&self, byte: usize) -> bool {
        byte > self.end() && self.text.len() > self.end()
    }

    /// The file that a byte is in, with its text's place.
    pub(crate) fn file(&self, byte: usize) -> (&Path, Range<usize>) {
        let index = self.included.partition_point(|file| file.range.end < byte);
        match self.included.get(index).or(self.included.last()).filter(|_| byte > self.length) {
            Some(file) => (&file.path, file.range.clone()),
            None => (&self.path, 0..self.length),
        }
    }

    pub(crate) fn position(&self, byte: usize) -> Position {
        let line = self.line(byte);
        let start = self.file(byte).1.start.min(line.start);
        let number = self.text[start..line.start].bytes().filter(|&b| b == b'\n').count() + 1;
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

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
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
    fn a_byte_belongs_to_one_file() {
        let mut source = Source::new(Path::new("p.toml"), "a = 1\n");
        let range = source.append("b = 2\nc = 3");
        source.included = Arc::new([Included {
            path: Path::new("q.toml").into(),
            written: "q.toml".into(),
            range: range.clone(),
            by: 0,
        }]);
        let set = source.append("--set");
        let place = |byte: usize| (source.file(byte).0.to_str().unwrap(), source.position(byte).line);
        assert_eq!([place(0), place(6)], [("p.toml", 1), ("p.toml", 2)]);
        assert_eq!([place(range.start), place(range.end)], [("q.toml", 1), ("q.toml", 2)]);
        assert_eq!(
            [0, 6, range.end, set.start, set.end].map(|b| source.is_outside(b)),
            [false, false, false, true, true]
        );
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
