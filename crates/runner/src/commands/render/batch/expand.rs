//! Files out of names and patterns.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::cli::is_pattern;
use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::style;

/// Hidden files are not found, as in a shell: those on their way are some. Names are compared one by one, by glob's
/// patterns; its walk through folders ends with a panic at names that are no text.
const AS_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A file to be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) file: PathBuf,
    /// The folders that wildcards found: for `a/**/*.wav` what lies between `a` and the file.
    pub(super) folder: PathBuf,
}

/// All files, in the order of the names; those of a pattern by alphabet. Each of them once.
pub(super) fn expand<'a>(names: impl Iterator<Item = &'a Path>) -> Result<Vec<Found>, Failure> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for name in names {
        let of_name = match is_pattern(name) {
            true => matching(name)?,
            false => vec![Found { file: name.to_owned(), folder: PathBuf::new() }],
        };
        let new = of_name.into_iter().filter(|found| seen.insert(real(&found.file)));
        found.extend(new);
    }
    Ok(found)
}

fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

fn matching(pattern: &Path) -> Result<Vec<Found>, Failure> {
    let base = fixed(pattern);
    let rest: Vec<&OsStr> = pattern.strip_prefix(&base).unwrap_or(pattern).iter().collect();
    let parts = rest.into_iter().map(part).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    walk(&base, Path::new(""), &parts, &mut found).map_err(|(folder, why)| {
        let (pattern, folder) = (shown(pattern), shown(&folder));
        Failure::new(Exit::File, format!("`{pattern}`: cannot look into {folder}: {why}"))
    })?;
    // `**/**` leads to one file by many ways.
    found.sort_by(|a: &Found, b: &Found| a.file.cmp(&b.file));
    found.dedup();
    match found.is_empty() {
        true => Err(Failure::new(Exit::File, format!("no file is called like `{}`", shown(pattern)))),
        false => Ok(found),
    }
}

/// A part of a pattern, between two separators.
enum Part {
    /// `**`: any number of folders.
    Folders,
    Name(Pattern),
}

fn part(name: &OsStr) -> Result<Part, Failure> {
    let text = name.to_string_lossy();
    if text == "**" {
        return Ok(Part::Folders);
    }
    let usage = |why: &str| Failure::new(Exit::Usage, style::safe(&format!("the pattern `{text}`: {why}"), 600));
    match Pattern::new(&text) {
        Ok(pattern) => Ok(Part::Name(pattern)),
        Err(error) => Err(usage(error.msg)),
    }
}

/// Adds what is called like `parts` in `folder`, which is `below` the pattern's fixed part.
fn walk(folder: &Path, below: &Path, parts: &[Part], found: &mut Vec<Found>) -> Result<(), (PathBuf, io::Error)> {
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    if let Part::Folders = first {
        walk(folder, below, rest, found)?;
    }
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = match fs::read_dir(here).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        // What is no folder has nothing in it; a folder that may not be read could have had something.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err((here.to_owned(), error)),
        Err(_) => return Ok(()),
    };
    for entry in entries {
        let (name, path) = (entry.file_name(), folder.join(entry.file_name()));
        let text = name.to_string_lossy();
        match first {
            // Links to folders are not followed here: they may lead in a circle.
            Part::Folders if !text.starts_with('.') && entry.file_type().is_ok_and(|kind| kind.is_dir()) => {
                walk(&path, &below.join(&name), parts, found)?;
            }
            Part::Name(pattern) if pattern.matches_with(&text, AS_A_SHELL) => match rest {
                [] if !path.is_dir() => found.push(Found { file: path, folder: below.to_owned() }),
                [] => {}
                rest => walk(&path, &below.join(&name), rest, found)?,
            },
            _ => {}
        }
    }
    Ok(())
}

/// What stands before the first wildcard: folders.
fn fixed(pattern: &Path) -> PathBuf {
    let plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    pattern.components().take_while(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.wav", "a.wav", "c.txt", ".hidden.wav", "x/a.wav", "x/y/z.wav", "[odd].wav"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let names: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        let found = expand(names.iter().map(PathBuf::as_path)).unwrap();
        let of = |path: &Path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().replace('\\', "/");
        let found: Vec<_> = found.iter().map(|found| (of(&found.file), found.folder.to_str().unwrap())).collect();
        assert_eq!(found.iter().map(|(file, folder)| (file.as_str(), *folder)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn patterns_are_those_of_a_shell() {
        check(&["?.wav"], &[("a.wav", ""), ("b.wav", "")]);
        check(&["b.wav", "*.wav"], &[("b.wav", ""), ("[odd].wav", ""), ("a.wav", "")]);
        check(&["[odd].wav"], &[("[odd].wav", "")]);
        check(&["*/*.wav"], &[("x/a.wav", "x")]);
        check(&["x/**/*.wav"], &[("x/a.wav", ""), ("x/y/z.wav", "y")]);
        check(&["**/a.wav"], &[("a.wav", ""), ("x/a.wav", "x")]);
        check(&["**/**/z.wav"], &[("x/y/z.wav", "x/y")]);
    }

    #[test]
    fn patterns_without_a_file_are_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let expand = |name: &str| expand([folder.path().join(name).as_path()].into_iter()).unwrap_err();
        assert_eq!(expand("*.wav").exit, Exit::File);
        assert_eq!(expand("[.wav").exit, Exit::Usage);
        assert_eq!(expand("a**.wav").exit, Exit::Usage);
    }
}
