//! Mistakes as text for people: a title, file:line:column, the line cut short, a caret, and what would be right.

use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, is_unprintable};
use crate::source::{Position, Source};

/// The most bytes of all of a file's mistakes together.
const MOST_BYTES: usize = 4000;
/// Kept free for the line that counts the mistakes left out.
const RESERVE: usize = 80;
/// The most characters of a line shown before a mistake, and from it on.
const SHOWN_BEFORE: usize = 50;
const SHOWN: usize = 60;
/// The most characters of the file's path that are shown: its end.
const SHOWN_PATH: usize = 200;
/// The most places shown of one mistake beside its own.
const MOST_RELATED: usize = 4;

/// The place of what is set from outside.
const OUTSIDE: &str = "command line";

/// How text is written.
///
/// ```
/// use patchline_patch::{Options, Registry, Style, read, render};
///
/// let patch = read(b"links = ['mic -> out']\n", "demo.toml")?;
/// let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
/// assert!(!render(&mistakes, Style::Plain).contains('\x1b'));
/// assert!(render(&mistakes, Style::Ansi).contains('\x1b'));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Style {
    /// ASCII decoration, no escape codes: files, pipes, `NO_COLOR`.
    #[default]
    Plain,
    /// With ANSI colours, for a terminal.
    Ansi,
}

/// Writes out mistakes, at most 4 KiB of them, and counts those left out.
///
/// ```
/// use patchline_patch::{Options, Registry, Style, read, render};
///
/// let patch = read(b"links = []\n[engine]\nblock = 'much'\n", "demo.toml")?;
/// let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
/// let text = render(&mistakes, Style::Plain);
/// assert!(text.starts_with("error[value]: ") && text.contains("--> demo.toml:3:9"));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[must_use]
pub fn render(diagnostics: &Diagnostics, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Ansi => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for (done, diagnostic) in diagnostics.iter().enumerate() {
        let one = render_one(&renderer, &diagnostics.source, diagnostic);
        if text.len() + one.len() + RESERVE > MOST_BYTES && done > 0 {
            text.push_str(&format!("... and {} more\n", diagnostics.len() - done));
            break;
        }
        text.push_str(&one);
        text.push_str("\n\n");
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn render_one(renderer: &Renderer, source: &Source, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let help = diagnostic.help.as_deref().map(|help| Level::HELP.message(help));
    let Some(span) = &diagnostic.span else {
        let path = shown_path(&source.path);
        return renderer.render(&[title.element(Origin::path(path)).elements(help)]);
    };
    let mut places = vec![Shown::new(source, span, None)];
    let related = diagnostic.related.iter().take(MOST_RELATED);
    places.extend(related.map(|other| Shown::new(source, &other.span, Some(&other.message))));
    let report = title.elements(places.iter().map(Shown::snippet)).elements(help);
    // The renderer counts columns in what it is shown, which may begin in the middle of the line.
    let mut text = renderer.render(&[report]);
    places.iter().fold(0, |from, place| place.put_right(&mut text, from));
    text
}

/// A place as it is shown.
struct Shown<'a> {
    line: Line,
    path: String,
    number: usize,
    /// Where it really is.
    place: String,
    label: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn new(source: &Source, span: &std::ops::Range<usize>, label: Option<&'a str>) -> Self {
        let Position { line: number, column } = source.position(span.start);
        let path = shown_path(source.file(span.start).0);
        let (number, place) = match source.is_outside(span.start) {
            true => (1, OUTSIDE.to_owned()),
            false => (number, format!("{path}:{number}:{column}")),
        };
        Self { line: Line::cut(source, span), path, number, place, label }
    }

    fn snippet(&self) -> Snippet<'_, Annotation<'_>> {
        let kind = if self.label.is_some() { AnnotationKind::Context } else { AnnotationKind::Primary };
        let snippet = Snippet::source(self.line.text.as_str()).path(&self.path).line_start(self.number);
        snippet.annotation(kind.span(self.line.mark.clone()).label(self.label))
    }

    /// Writes the real place where the renderer put that of what it was shown, behind byte `from`; returns where it ends.
    fn put_right(&self, text: &mut String, from: usize) -> usize {
        let shown = format!("{}:{}:{}", self.path, self.number, self.line.column());
        let Some(at) = text[from..].find(&shown).map(|at| from + at) else { return from };
        text.replace_range(at..at + shown.len(), &self.place);
        at + self.place.len()
    }
}

fn shown_path(path: &Path) -> String {
    let path: Vec<char> = path.to_string_lossy().chars().map(printable).collect();
    match path.len() > SHOWN_PATH {
        true => format!("...{}", path[path.len() - SHOWN_PATH..].iter().collect::<String>()),
        false => path.into_iter().collect(),
    }
}

/// The part of a line around a mistake, and the bytes to mark in it.
struct Line {
    text: String,
    mark: std::ops::Range<usize>,
}

impl Line {
    fn cut(source: &Source, span: &std::ops::Range<usize>) -> Self {
        let line = source.line(span.start);
        let start = source.boundary(span.start).min(line.end);
        let end = source.boundary(span.end).clamp(start, line.end);
        let before = &source.text[line.start..start];
        let from = before.char_indices().rev().nth(SHOWN_BEFORE).map_or(0, |(at, _)| at);
        let mut text = String::from(if from > 0 { "..." } else { "" });
        text.extend(before[from..].chars().map(printable));
        let mut mark = text.len()..text.len();
        for (shown, (at, c)) in source.text[start..line.end].char_indices().enumerate() {
            if shown == SHOWN {
                text.push_str("...");
                break;
            }
            text.push(printable(c));
            if start + at < end {
                mark.end = text.len();
            }
        }
        Self { text, mark }
    }

    /// The column at which the mark begins in what is shown, from 1.
    fn column(&self) -> usize {
        self.text[..self.mark.start].chars().count() + 1
    }
}

/// One character for each, so that carets stay below what they mark.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if is_unprintable(c) => '?',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::Code;

    fn rendered(text: &str, marks: &[std::ops::Range<usize>]) -> String {
        let source = Source::new(Path::new("a/p.toml"), text);
        let list = marks.iter().map(|mark| Diagnostic::new(Code::Value, mark.clone(), "wrong").help("be right"));
        render(&Diagnostics::new(source, list.collect()), Style::Plain)
    }

    #[test]
    fn a_mistake_is_shown_under_its_line() {
        let expected = "error[value]: wrong\n --> a/p.toml:2:5\n  |\n2 | b = 22\n  |     ^^\n  |\n  = help: be right\n";
        assert_eq!(rendered("a = 1\nb = 22\n", std::slice::from_ref(&(10..12))), expected);
    }

    #[test]
    fn a_long_line_is_cut_and_the_caret_follows() {
        let text = format!("{}=1", "k".repeat(100_000));
        let shown = rendered(&text, std::slice::from_ref(&(100_001..100_002)));
        assert!(shown.len() < 400 && shown.contains("p.toml:1:100002"), "{shown}");
        let column = |needle: char| shown.lines().find_map(|line| line.find(needle));
        let marked = shown.lines().find(|line| line.contains("=1")).and_then(|line| line.find("=1")).unwrap() + 1;
        assert_eq!(column('^'), Some(marked), "{shown}");
    }

    #[test]
    fn control_characters_are_never_echoed() {
        let shown = rendered("a = \"\u{1b}[31m\u{202e}\"", std::slice::from_ref(&(4..8)));
        assert!(shown.chars().all(|c| c == '\n' || !is_unprintable(c)), "{shown:?}");
    }

    #[test]
    fn thousands_of_mistakes_fit_in_4_kib() {
        let text = "a = 1\n".repeat(5000);
        let marks: Vec<_> = (0..5000).map(|n| n * 6..n * 6 + 1).collect();
        let shown = rendered(&text, &marks);
        assert!(shown.len() <= 4096 && shown.contains("more"), "{}", shown.len());
    }

    #[test]
    fn ends_of_files_and_empty_files_have_a_caret() {
        for (text, mark) in [("", 0..0), ("a", 1..1), ("a\n", 2..2), ("é", 1..9)] {
            assert!(rendered(text, std::slice::from_ref(&mark)).contains('^'), "{text:?}");
        }
    }
}
