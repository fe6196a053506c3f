//! Mistakes in a patch: each with a code, a place, what is wrong and what would be right.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::render::{Style, render};
use crate::source::{Position, Source};

/// The most mistakes that are written out as data; the number of the others is given.
const MOST_IN_DATA: usize = 200;
/// The most characters of one message.
const LONGEST_MESSAGE: usize = 700;

/// What sort of mistake it is. The names are stable; the order is the one in which mistakes are reported.
///
/// ```
/// use patchline_patch::{Code, Severity};
///
/// assert_eq!(Code::UnknownKey.as_str(), "unknown-key");
/// assert_eq!(Code::Unlinked.severity(), Severity::Warning);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The file is no text that could hold a patch.
    Unreadable,
    /// The text is not TOML.
    Syntax,
    /// A key that its table does not have.
    UnknownKey,
    /// A key that belongs to another table.
    Misplaced,
    /// A key of the language that this version does not have yet.
    NotSupported,
    /// A name that breaks the rules for names.
    Name,
    /// A node type that is not registered.
    UnknownType,
    /// A value of the wrong kind, without its unit, or out of range.
    Value,
    /// A path that leads where it must not, or two nodes that would write one file.
    File,
    /// A key that is required.
    Missing,
    /// A link that cannot be read, or that names what is not there.
    Link,
    /// Nodes and links that read well but cannot run.
    Graph,
    /// Something that is asked of a device which it does not have.
    Device,
    /// A node that nothing is linked to.
    Unlinked,
    /// A feedback delay that costs much.
    ShortFeedback,
    /// A factor that looks as if decibels were meant.
    Factor,
}

/// Whether the patch can run all the same.
///
/// ```
/// use patchline_patch::{Code, Severity};
///
/// let (errors, warnings): (Vec<Code>, Vec<Code>) = Code::ALL.into_iter().partition(|code| code.severity() == Severity::Error);
/// assert!(errors.contains(&Code::Value) && warnings.contains(&Code::Unlinked));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but perhaps not as meant.
    Warning,
}

/// One mistake.
///
/// ```
/// use patchline_patch::{Code, Diagnostic, Options, Registry, read};
///
/// let text = "links = []\n[engine]\nfuel = 64\n";
/// let patch = read(text.as_bytes(), "demo.toml")?;
/// let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
/// let Diagnostic { code, span, .. } = mistakes.iter().next().unwrap();
/// assert_eq!((*code, &text[span.clone().unwrap()]), (Code::UnknownKey, "fuel"));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What sort it is.
    pub code: Code,
    /// The bytes of the patch that are at fault; `None` where the file as a whole is.
    pub span: Option<Range<usize>>,
    /// What is wrong: one line, without control characters.
    pub message: String,
    /// What would be right, where the message does not say so.
    pub help: Option<String>,
    /// Other places that belong to it: the use of a macro, the first of two that are in each other's way.
    pub related: Vec<Related>,
}

/// Another place that belongs to a mistake.
///
/// ```
/// use patchline_patch::{Options, Registry, Related, read};
///
/// let text = "links = []\n[macros.lane.nodes.trim]\ntype = 'gain'\n\
///             [[use]]\nmacro = 'lane'\nname = 'host'\n[[use]]\nmacro = 'lane'\nname = 'host'\n";
/// let mistakes = read(text.as_bytes(), "desk.toml")?.load(&Registry::standard(), &Options::default()).unwrap_err();
/// // Two uses of one name: the second is at fault, and the first is shown with it.
/// let Related { span, message } = mistakes.iter().flat_map(|mistake| &mistake.related).next().unwrap();
/// assert_eq!((message.as_str(), text[span.clone()].trim_matches('\'')), ("the first one", "host"));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The bytes of the patch.
    pub span: Range<usize>,
    /// What they have to do with it, in a few words.
    pub message: String,
}

/// Mistakes in one patch, in the order they are reported, with the text they are in.
///
/// `Display` gives them as [`render`] does, without colours. `Serialize` gives data for programs: the file and, for
/// each mistake, code, severity, line, column, message and help.
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use patchline_patch::{Options, Position, Registry, read};
///
/// let mut patch = read(b"links = []\n[engine]\nblok = 64\n", "demo.toml")?;
/// patch.set("trim", "gain", "-6dB");
/// let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
/// assert!(!mistakes.is_empty());
/// assert_eq!((mistakes.len(), mistakes.path()), (2, Path::new("demo.toml")));
/// assert_eq!(mistakes.files(), [PathBuf::from("demo.toml")]);
///
/// let (inside, outside): (Vec<_>, Vec<_>) = mistakes.iter().partition(|mistake| !mistakes.is_outside(mistake));
/// assert_eq!(mistakes.position(inside[0]), Position { line: 3, column: 1 });
/// assert_eq!(mistakes.file(inside[0]), Path::new("demo.toml"));
/// // There is no `trim` to be set.
/// assert_eq!(outside.len(), 1);
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    pub(crate) source: Source,
    list: Vec<Diagnostic>,
}

impl Code {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::Unreadable,
        Self::Syntax,
        Self::UnknownKey,
        Self::Misplaced,
        Self::NotSupported,
        Self::Name,
        Self::UnknownType,
        Self::Value,
        Self::File,
        Self::Missing,
        Self::Link,
        Self::Graph,
        Self::Device,
        Self::Unlinked,
        Self::ShortFeedback,
        Self::Factor,
    ];

    /// The stable name, as in `unknown-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::Misplaced => "misplaced",
            Self::NotSupported => "not-supported",
            Self::Name => "name",
            Self::UnknownType => "unknown-type",
            Self::Value => "value",
            Self::File => "file",
            Self::Missing => "missing",
            Self::Link => "link",
            Self::Graph => "graph",
            Self::Device => "device",
            Self::Unlinked => "unlinked",
            Self::ShortFeedback => "short-feedback",
            Self::Factor => "factor",
        }
    }

    /// Errors keep the patch from running, warnings do not.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Unlinked | Self::ShortFeedback | Self::Factor => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Mistakes of one stage are reported together, by their place in the file.
    fn stage(self) -> u8 {
        match self {
            Self::Unreadable | Self::Syntax => 0,
            Self::UnknownKey | Self::Misplaced | Self::NotSupported => 1,
            Self::Name | Self::UnknownType | Self::Value | Self::File => 2,
            Self::Missing => 3,
            Self::Link => 4,
            Self::Graph | Self::Device => 5,
            Self::Unlinked | Self::ShortFeedback | Self::Factor => 6,
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: impl Into<Option<Range<usize>>>, message: impl Into<String>) -> Self {
        Self { code, span: span.into(), message: clean(&message.into()), help: None, related: Vec::new() }
    }

    pub(crate) fn related(mut self, span: Range<usize>, message: impl Into<String>) -> Self {
        self.related.push(Related { span, message: clean(&message.into()) });
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(clean(&help.into()));
        self
    }
}

impl Diagnostics {
    /// Sorts mistakes into the order of reporting; what is said twice of one place is said once.
    pub(crate) fn new(source: Source, mut list: Vec<Diagnostic>) -> Self {
        // In a line that cannot be read, values are not what was meant.
        let broken: HashSet<usize> = lines(&source, &list, |code| code == Code::Syntax).map(|(line, _)| line).collect();
        let follows: HashSet<usize> = lines(&source, &list, |code| code == Code::Value)
            .filter_map(|(line, index)| broken.contains(&line).then_some(index))
            .collect();
        let mut index = 0..;
        list.retain(|_| index.next().is_none_or(|index| !follows.contains(&index)));
        list.sort_by_key(|d| (d.code.stage(), d.span.as_ref().map_or(0, |span| span.start)));
        list.dedup();
        Self { source, list }
    }

    /// The patch's path, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The mistakes, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The files that the patch was read from: its own, and those it includes, also where they could not be read.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.source.files()
    }

    /// The file that a mistake is in: the patch's own, or one that it includes.
    #[must_use]
    pub fn file(&self, diagnostic: &Diagnostic) -> &Path {
        self.source.file(diagnostic.span.as_ref().map_or(0, |span| span.start)).0
    }

    /// Whether a mistake is in what was [set](crate::Patch::set) from outside, and not in the file.
    #[must_use]
    pub fn is_outside(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.span.as_ref().is_some_and(|span| self.source.is_outside(span.start))
    }

    /// Where a mistake is; line 1, column 1 if it has no place. What was set from outside stands behind the last line.
    #[must_use]
    pub fn position(&self, diagnostic: &Diagnostic) -> Position {
        self.source.position(diagnostic.span.as_ref().map_or(0, |span| span.start))
    }
}

/// The starts of the lines that mistakes of a sort are in, with the mistakes' places in the list.
fn lines<'a>(
    source: &'a Source,
    list: &'a [Diagnostic],
    sort: impl Fn(Code) -> bool + 'a,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let wanted = list.iter().enumerate().filter(move |(_, diagnostic)| sort(diagnostic.code));
    wanted.filter_map(|(index, diagnostic)| Some((source.line(diagnostic.span.as_ref()?.start).start, index)))
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self, Style::Plain))
    }
}

impl std::error::Error for Diagnostics {}

impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Located<'a> {
            code: Code,
            severity: Severity,
            file: Option<Cow<'a, str>>,
            line: Option<usize>,
            column: Option<usize>,
            on_command_line: bool,
            message: String,
            help: Option<String>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            related: Vec<Place<'a>>,
        }
        #[derive(Serialize)]
        struct Place<'a> {
            file: Option<Cow<'a, str>>,
            line: Option<usize>,
            column: Option<usize>,
            message: String,
        }
        let place = |byte: usize, message: &str| {
            let position = Some(self.source.position(byte)).filter(|_| !self.source.is_outside(byte));
            let file = position.map(|_| self.source.file(byte).0.to_string_lossy());
            let (line, column) = (position.map(|at| at.line), position.map(|at| at.column));
            Place { file, line, column, message: message.to_owned() }
        };
        let located = |diagnostic: &Diagnostic| {
            let on_command_line = self.is_outside(diagnostic);
            let Place { file, line, column, message } =
                place(diagnostic.span.as_ref().map_or(0, |span| span.start), &diagnostic.message);
            let related = diagnostic.related.iter().map(|other| place(other.span.start, &other.message)).collect();
            let (code, help) = (diagnostic.code, diagnostic.help.clone());
            Located { code, severity: code.severity(), file, line, column, on_command_line, message, help, related }
        };
        let mistakes: Vec<_> = self.iter().take(MOST_IN_DATA).map(located).collect();
        let mut data = serializer.serialize_struct("Diagnostics", 3)?;
        data.serialize_field("file", &self.path().to_string_lossy())?;
        data.serialize_field("mistakes", &mistakes)?;
        data.serialize_field("more", &self.len().saturating_sub(MOST_IN_DATA))?;
        data.end()
    }
}

/// One line of limited length without control characters: messages may repeat a stranger's text.
fn clean(message: &str) -> String {
    let mut clean = String::new();
    for (count, c) in message.trim().chars().enumerate() {
        if count == LONGEST_MESSAGE {
            clean.push_str("...");
            break;
        }
        match c {
            '\n' => clean.push_str("; "),
            c if is_unprintable(c) => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean
}

/// Control characters, and those that reorder or break the line that shows them.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
