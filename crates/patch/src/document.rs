//! From bytes to tables: what a patch's file holds, before anybody asks what it means.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_parser::lexer::TokenKind;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::include::IncludedText;
use crate::merge::merged;
use crate::overrides::Setting;
use crate::source::Source;
use crate::syntax::explained;

/// The most bytes a patch may have.
pub const MOST_BYTES: usize = 1 << 20;
/// What is said of a sound file in the place of a patch.
const SOUND: &str = "this looks like a sound file: a patch is a text file. `runner play FILE` plays sound, `-i FILE` gives it to \
                     a patch that is rendered";
/// The most dots in one key, each of which puts a table into a table.
const MOST_DOTS: usize = 32;

/// A patch as it was written: text that is fit to be parsed. Made by [`read`], turned into nodes and links by
/// [`Patch::load`].
///
/// ```
/// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
/// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
/// use std::path::Path;
///
/// use patchline_graph::StreamSpec;
/// use patchline_patch::{Options, Registry, read};
///
/// // `TRIM` is the text of `mic -> trim -> out`, where `trim` is a gain of -20 dB.
/// let mut patch = read(TRIM, "trim.toml")?;
/// assert_eq!((patch.path(), patch.text().as_bytes()), (Path::new("trim.toml"), TRIM));
///
/// // As on a command line: `--set trim.gain=-6dB`.
/// patch.set("trim", "gain", "-6dB");
/// assert_eq!(patch.settings().collect::<Vec<_>>(), [("trim", "gain", "-6dB")]);
/// let loaded = patch.load(&Registry::standard(), &Options::default())?;
/// assert_eq!((loaded.name.as_str(), loaded.graph.nodes().len()), ("trim", 3));
///
/// // On a device of one channel in and two out:
/// let stream = StreamSpec::new(48_000, 64, 1, 2);
/// let checked = patch.check(&Registry::standard(), &Options::default(), |_settings, _graph| stream)?;
/// assert_eq!(checked.schedule.latency, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Patch {
    /// The file's text and the settings.
    pub(crate) source: Source,
    pub(crate) settings: Vec<Setting>,
    /// The scene that it starts with: its place in the text.
    pub(crate) scene: Option<Range<usize>>,
    /// What is wrong with the files it includes; `None` as long as they have not been looked for.
    pub(crate) gathered: Option<Vec<Diagnostic>>,
    /// What it includes, where that is known without reading it.
    pub(crate) given: Option<Arc<[IncludedText]>>,
    /// Whether it lies in no folder, so that what it includes has to be in an allowed one.
    pub(crate) homeless: bool,
}

/// What the text of a patch holds.
pub(crate) struct Document<'i> {
    pub(crate) table: DeTable<'i>,
    /// Mistakes of syntax. The rest of the text could be read all the same, and its mistakes are reported with these.
    pub(crate) syntax: Vec<Diagnostic>,
    /// Files that cannot be included, and what stands in two of them.
    pub(crate) misplaced: Vec<Diagnostic>,
}

/// Reads a patch's bytes. `path` is where they come from: it is shown in messages, relative paths in the patch start
/// from its folder, and its name without the extension is the patch's if it gives none. It is not opened.
///
/// ```
/// use patchline_patch::{Code, read};
///
/// let patch = read(b"links = []\n", "patches/silence.toml")?;
/// assert_eq!(patch.text(), "links = []\n");
/// // No text at all; what is wrong in a text is told when it is loaded.
/// let mistakes = read(b"\xff\xfe", "patches/broken.toml").unwrap_err();
/// assert_eq!(mistakes.iter().next().unwrap().code, Code::Unreadable);
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
///
/// # Errors
/// Bytes that cannot be a patch at all: too many, or no UTF-8. All other mistakes, those of syntax included, are
/// reported together by [`Patch::load`].
pub fn read(bytes: &[u8], path: impl AsRef<Path>) -> Result<Patch, Diagnostics> {
    let path = path.as_ref();
    if bytes.len() > MOST_BYTES {
        // Who reads a patch need not have read all of it.
        let message = "this file has more than 1 MiB, and a patch has at most that".to_owned();
        let help = is_sound(bytes).then_some(SOUND);
        return Err(unreadable(Source::new(path, ""), None, message, help));
    }
    let text = str::from_utf8(bytes).map_err(|error| no_utf8(bytes, error.valid_up_to(), path))?;
    let source = Source::new(path, text);
    if let Some(place) = too_deep(text) {
        let message = "tables lie in tables too deeply here".to_owned();
        return Err(unreadable(source, Some(place), message, Some("a patch needs no more than `[nodes.NAME]`")));
    }
    Ok(Patch { source, settings: Vec::new(), scene: None, gathered: None, given: None, homeless: false })
}

impl Patch {
    /// Where it comes from, as [`read`] was told.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The file's text, without what was [set](Patch::set).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text[..self.source.length]
    }

    /// The patch as text that lies in no folder, as from a pipe: the files that it includes have to be in allowed folders.
    ///
    /// ```
    /// use patchline_patch::{Options, Registry, read};
    ///
    /// // From a pipe: there is no folder that `common.toml` could be in.
    /// let patch = read(b"include = ['common.toml']\nlinks = []\n", "stdin")?.without_folder();
    /// let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
    /// assert!(mistakes.to_string().contains("common.toml"));
    /// # Ok::<(), patchline_patch::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn without_folder(mut self) -> Self {
        self.homeless = true;
        self
    }

    /// Parses the texts of all files.
    pub(crate) fn document(&self) -> Document<'_> {
        let mut syntax = Vec::new();
        let mut tables = vec![self.table(0..self.source.length, &mut syntax)];
        tables.extend(self.source.included.iter().map(|file| self.table(file.range.clone(), &mut syntax)));
        let mut misplaced = self.gathered.clone().unwrap_or_default();
        let table = merged(tables, &self.source.included, &mut misplaced);
        Document { table, syntax, misplaced }
    }

    /// The table of one file, with its places among all texts.
    fn table(&self, range: Range<usize>, syntax: &mut Vec<Diagnostic>) -> DeTable<'_> {
        let (table, errors) = DeTable::parse_recoverable(&self.source.text[range.clone()]);
        syntax.extend(first_per_line(&self.source, range.start, errors));
        match range.start {
            0 => table.into_inner(),
            start => shifted(table.into_inner(), start),
        }
    }
}

/// A table whose places are counted from `start`.
fn shifted(table: DeTable<'_>, start: usize) -> DeTable<'_> {
    let mut moved = DeTable::new();
    for (key, value) in table {
        let span = start + key.span().start..start + key.span().end;
        moved.insert(Spanned::new(span, key.into_inner()), shifted_value(value, start));
    }
    moved
}

fn shifted_value(value: Spanned<DeValue<'_>>, start: usize) -> Spanned<DeValue<'_>> {
    let span = start + value.span().start..start + value.span().end;
    let inner = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(shifted(table, start)),
        DeValue::Array(list) => DeValue::Array(list.into_iter().map(|item| shifted_value(item, start)).collect()),
        plain => plain,
    };
    Spanned::new(span, inner)
}

fn unreadable(source: Source, span: Option<Range<usize>>, message: String, help: Option<&str>) -> Diagnostics {
    let diagnostic = Diagnostic::new(Code::Unreadable, span, message);
    let diagnostic = match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    };
    Diagnostics::new(source, vec![diagnostic])
}

fn no_utf8(bytes: &[u8], at: usize, path: &Path) -> Diagnostics {
    let source = Source::new(path, String::from_utf8_lossy(bytes));
    let message = format!("byte 0x{:02x} is not UTF-8 text", bytes[at]);
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this looks like UTF-16: save the file as UTF-8",
        _ if is_sound(bytes) => SOUND,
        _ => "a patch is a TOML text file in UTF-8",
    };
    unreadable(source, Some(at..at + char::REPLACEMENT_CHARACTER.len_utf8()), message, Some(help))
}

fn is_sound(bytes: &[u8]) -> bool {
    [b"RIFF", b"RF64", b"fLaC", b"OggS", b"FORM"].iter().any(|begin| bytes.starts_with(*begin))
}

/// A key that would nest tables so deeply that the stack does not hold them. The parser bounds brackets, not dots.
pub(crate) fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut dots = 0;
    for token in toml_parser::Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Newline | TokenKind::Comment | TokenKind::Equals | TokenKind::Comma => dots = 0,
            TokenKind::LeftSquareBracket | TokenKind::RightSquareBracket => dots = 0,
            TokenKind::LeftCurlyBracket | TokenKind::RightCurlyBracket => dots = 0,
            // Names, in quotes or not, and the spaces around them.
            _ => {}
        }
        if dots > MOST_DOTS {
            return Some(token.span().start()..token.span().end());
        }
    }
    None
}

fn first_per_line(source: &Source, start: usize, errors: Vec<toml::de::Error>) -> Vec<Diagnostic> {
    let mut line = 0..0;
    let mut lines_seen = HashSet::new();
    let mut first: Vec<Diagnostic> = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let span = start + span.start..start + span.end;
        // In a list that is not closed, every later line misses a comma: one word is enough.
        let follows = |last: &Diagnostic| last.message == error.message() && last.message.starts_with("missing comma");
        // Many mistakes in one long line are passed over quickly.
        if line.contains(&span.start) {
            continue;
        }
        line = source.line(span.start);
        if lines_seen.insert(line.start) && !first.last().is_some_and(follows) {
            let rest = &source.text[span.start.min(line.end)..line.end];
            let found = rest.get(..span.len()).filter(|found| !found.is_empty()).unwrap_or(rest);
            let at = span.start.min(line.end) - line.start;
            let (message, help) = explained(error.message(), &source.text[line.clone()], at, found);
            let diagnostic = Diagnostic::new(Code::Syntax, span, message);
            first.push(help.into_iter().fold(diagnostic, Diagnostic::help));
        }
    }
    first
}

/// A key with its value.
pub(crate) type Entry<'a, 'i> = (&'a Spanned<Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// A table's entries in the order they were written.
pub(crate) fn entries<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<Entry<'a, 'i>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let errors = read(bytes, "p.toml").unwrap_err();
        assert_eq!(errors.len(), 1);
        errors.to_string()
    }

    #[test]
    fn bytes_that_are_no_text_have_a_place() {
        assert!(refused(b"a = 1\nb = \"\xff\"\n").contains("p.toml:2:6"));
        assert!(refused(b"\xff\xfea\0").contains("UTF-16"));
        assert!(refused(&vec![b' '; MOST_BYTES + 1]).contains("1 MiB"));
    }

    #[test]
    fn depth_is_bounded_before_parsing() {
        let deep = "a.".repeat(100_000);
        for text in [format!("[{deep}a]"), format!("{deep}a = 1"), format!("x = {{ {deep}a = 1 }}")] {
            assert!(refused(text.as_bytes()).contains("too deeply"));
        }
        let quoted = "\"a\".".repeat(10_000);
        assert!(refused(format!("[{quoted}a]").as_bytes()).contains("too deeply"));
        for open in ["[", "{a="] {
            let patch = read(format!("x = {}", open.repeat(100_000)).as_bytes(), "p.toml").unwrap();
            assert!(!patch.document().syntax.is_empty());
        }
    }

    #[test]
    fn every_broken_line_is_reported_once() {
        let patch = read(b"a = = 1\nb = 2\nc = [1,,2]]\nd = \"x\n", "p.toml").unwrap();
        let lines: Vec<_> =
            patch.document().syntax.iter().map(|d| patch.source.position(d.span.clone().unwrap().start).line).collect();
        assert_eq!(lines, [1, 3, 4]);
        assert!(read(b"\xef\xbb\xbfname = 'x'\r\n", "p.toml").unwrap().document().syntax.is_empty());
    }
}
