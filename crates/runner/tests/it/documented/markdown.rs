//! A page's blocks, its commands, and its prose.

use std::path::Path;

use super::shell;
use crate::support::repository;

/// A page of the documentation.
#[derive(Debug)]
pub(super) struct Page {
    /// Where it stands in the repository.
    pub(super) name: String,
    pub(super) blocks: Vec<Block>,
    /// What stands between backticks in the prose, with its line.
    pub(super) spans: Vec<(usize, String)>,
}

/// What stands between two fences.
#[derive(Debug)]
pub(super) struct Block {
    /// The line of the first fence.
    pub(super) line: usize,
    /// `sh`, `toml`, …
    pub(super) language: String,
    /// What follows the language, if anything: `sh slurm`.
    pub(super) mark: String,
    pub(super) text: String,
    /// "Save this as `echo.toml`", right before it.
    pub(super) saved_as: Option<String>,
}

/// A command of a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) text: String,
    /// How it ends: with 0, or as its comment says (`# exits with 3`).
    pub(super) exits: i32,
}

/// Every page there is.
pub(super) fn pages() -> Vec<Page> {
    let root = repository();
    let patterns = ["*.md", "docs/*.md", "crates/*/README.md", "examples/**/*.md", "fuzz/*.md", "benches/**/*.md"];
    let found = patterns.iter().flat_map(|pattern| {
        let pattern = root.join(pattern);
        let found = glob::glob(pattern.to_str().expect("a path of UTF-8")).expect("a pattern");
        found.map(|path| path.expect("a readable folder")).collect::<Vec<_>>()
    });
    // What is told of earlier versions held then.
    let pages = found.filter(|path| !path.ends_with("CHANGELOG.md"));
    pages.map(|path| Page::open(&root, &path)).collect()
}

impl Page {
    fn open(root: &Path, path: &Path) -> Self {
        let name = path.strip_prefix(root).expect("it lies there").to_str().expect("UTF-8");
        Self::read(name, &std::fs::read_to_string(path).expect("a readable page"))
    }

    pub(super) fn read(name: &str, text: &str) -> Self {
        let mut page = Self { name: name.to_owned(), blocks: Vec::new(), spans: Vec::new() };
        let mut prose = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let Some(fence) = line.trim_start().strip_prefix("```") else {
                prose.push((index + 1, line));
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let (language, mark) = fence.trim().split_once(' ').unwrap_or((fence.trim(), ""));
            let inner = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
            let text = inner.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect();
            let saved_as = saved_as(&prose);
            page.spans.extend(spans(&prose));
            prose.clear();
            let (language, mark) = (language.to_owned(), mark.trim().to_owned());
            page.blocks.push(Block { line: index + 1, language, mark, text, saved_as });
        }
        page.spans.extend(spans(&prose));
        page
    }

    pub(super) fn blocks_of<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.language == language)
    }
}

impl Block {
    /// The commands: each a line, or several where one goes on.
    pub(super) fn commands(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut lines = self.text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let mut text = line.to_owned();
            while !is_whole(&text)
                && let Some((_, next)) = lines.next()
            {
                text = text + "\n" + next;
            }
            let read = shell::read(&text);
            if !read.calls.is_empty() {
                let exits = read.comments.iter().find_map(|comment| exit_code(comment)).unwrap_or(0);
                commands.push(Command { line: self.line + 1 + index, text, exits });
            }
        }
        commands
    }
}

/// The text between single backticks.
fn spans(prose: &[(usize, &str)]) -> Vec<(usize, String)> {
    // A span may go on in the next line; a paragraph ends it.
    let mut spans = Vec::new();
    for paragraph in prose.split(|(_, line)| line.trim().is_empty()) {
        let Some((first, _)) = paragraph.first() else { continue };
        let text = paragraph.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
        let mut line = *first;
        for (index, part) in text.split('`').enumerate() {
            if index % 2 == 1 {
                spans.push((line, part.replace('\n', " ")));
            }
            line += part.matches('\n').count();
        }
    }
    spans
}

/// The name in "Save this as `NAME`", where that is said in the last paragraph.
fn saved_as(prose: &[(usize, &str)]) -> Option<String> {
    let mut paragraphs = prose.rsplit(|(_, line)| line.trim().is_empty()).filter(|lines| !lines.is_empty());
    let paragraph = paragraphs.next()?.iter().map(|(_, line)| line.trim()).collect::<Vec<_>>().join(" ");
    let words = paragraph.replace("Save", "save");
    let (_, after) = words.rsplit_once("save ")?;
    let (what, rest) = after.split_once(" as `")?;
    let name = rest.split_once('`')?.0;
    (what.split(' ').count() <= 3).then(|| name.to_owned())
}

/// Whether the shell has what it needs.
fn is_whole(text: &str) -> bool {
    !shell::read(text).is_open && shell_takes(text)
}

/// Whether the shell can read it.
pub(super) fn shell_takes(text: &str) -> bool {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-n", "-c", text]).stderr(std::process::Stdio::null());
    shell.status().expect("a shell").success()
}

/// The code in "exits with 3".
fn exit_code(comment: &str) -> Option<i32> {
    let (_, after) = comment.split_once("exits with ")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

mod tests {
    use super::*;

    const PAGE: &str = "# Title\n\nIt has `runner a` and `b\nc`.\n\nSave this as `x.toml`:\n\n```toml\nlinks = []\n```\n\n\
                        1. Then:\n\n   ```sh\n   runner x.toml # exits with 3\n   # nothing\n   a \\\n     b\n   for i in 1 2\n\
                        \x20  do echo '#' $i\n   done\n   ```\n\nAnd:\n\n```text\nrunner --no\n```\n";

    #[test]
    fn blocks_and_commands_are_found_where_they_stand() {
        let page = Page::read("p.md", PAGE);
        let blocks: Vec<_> =
            page.blocks.iter().map(|block| (block.line, block.language.as_str(), block.saved_as.as_deref())).collect();
        assert_eq!(blocks, [(8, "toml", Some("x.toml")), (14, "sh", None), (26, "text", None)]);
        assert_eq!(page.blocks[0].text, "links = []\n");
        let commands = page.blocks[1].commands();
        let places: Vec<_> =
            commands.iter().map(|command| (command.line, command.text.as_str(), command.exits)).collect();
        let expected = [
            (15, "runner x.toml # exits with 3", 3),
            (17, "a \\\n  b", 0),
            (19, "for i in 1 2\ndo echo '#' $i\ndone", 0),
        ];
        assert_eq!(places, expected);
        assert_eq!(page.spans, [(3, "runner a".to_owned()), (3, "b c".to_owned()), (6, "x.toml".to_owned())]);
    }

    #[test]
    fn only_what_is_said_right_before_names_a_file() {
        let saved = |text: &str| Page::read("p.md", &format!("{text}\n\n```toml\n```\n")).blocks[0].saved_as.clone();
        assert_eq!(saved("Long ago. Save it as `a.toml`, and play it:").as_deref(), Some("a.toml"));
        assert_eq!(saved("Save this as `a.toml`.\n\nAnother one:"), None);
        assert_eq!(saved("To save memory it is taken as `f32`:"), None);
    }
}
