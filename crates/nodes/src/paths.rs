//! Where a path of a patch leads: beside the patch file, and nowhere else unless that was allowed.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use patchline_graph::NodeError;

use crate::Surroundings;
use crate::system::needs_files;

/// What file systems take as one name, in bytes.
const LONGEST_NAME: usize = 255;

/// The real place that `path`, the value of a node's `parameter`, leads to: absolute, without `..`, and without links
/// as far as it exists. Looks at folders, creates nothing.
///
/// Relative paths start from the patch's folder. What is inside that folder, or inside one of the allowed ones, may be
/// used. The answer holds for now: who opens the file still has to refuse a link put in its place later.
///
/// ```
/// use patchline_nodes::{Surroundings, resolve_path};
///
/// let folder = tempfile::tempdir()?;
/// let surroundings = Surroundings::new("rec", folder.path());
/// assert!(resolve_path(&surroundings, "path", "takes/one.wav")?.ends_with("takes/one.wav"));
/// let error = resolve_path(&surroundings, "path", "../one.wav").unwrap_err();
/// assert_eq!(error.parameter.as_deref(), Some("path"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A path that leads outside (absolute, by `..`, through a link), names nothing, has control characters, or takes a
/// file for a folder; any path where the surroundings allow none. The message names what is at fault and what would allow it.
pub fn resolve_path(surroundings: &Surroundings, parameter: &'static str, path: &str) -> Result<PathBuf, NodeError> {
    let wrong = |message| NodeError::of(parameter, message);
    needs_files(parameter)?;
    if !surroundings.files {
        return Err(wrong("no file may be named from here".to_owned()));
    }
    check_text(path).map_err(wrong)?;
    let folder = real_folder(&surroundings.folder);
    let walk = walk(&folder, Path::new(path)).map_err(wrong)?;
    let inside = |folder: &Path| walk.place.starts_with(folder);
    let allowed = surroundings.allowed.iter().map(|allowed| real_folder(&folder.join(allowed)));
    if inside(&folder) || allowed.into_iter().any(|folder| inside(&folder)) {
        return Ok(walk.place);
    }
    let through = walk.link.map(|link| format!(" (through the link `{}`)", link.escape_debug())).unwrap_or_default();
    Err(wrong(format!(
        "`{}` leads outside the patch's folder{through}: keep it inside, or allow its folder with `--allow-path` or \
         with `allow_paths` in [engine]",
        path.escape_debug()
    )))
}

fn check_text(path: &str) -> Result<(), String> {
    if path.trim().is_empty() {
        return Err("a path is missing here".to_owned());
    }
    if let Some(bad) = path.chars().find(|&c| is_unprintable(c)) {
        return Err(format!("a path has no control characters; this one has U+{:04X}", u32::from(bad)));
    }
    if path.ends_with(['/', std::path::MAIN_SEPARATOR]) {
        return Err(format!("`{path}` names a folder; a file's name is missing after the last `/`"));
    }
    Ok(())
}

/// Control characters, and those that reorder or break the line that shows them.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A folder without links; one that does not exist (yet) is taken as written.
fn real_folder(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().unwrap_or_else(|_| without_parents(&std::path::absolute(folder).unwrap_or(folder.to_owned())))
}

/// A path whose `..` are resolved as far as its text goes.
fn without_parents(path: &Path) -> PathBuf {
    let mut place = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => _ = place.pop(),
            other => place.push(other),
        }
    }
    place
}

/// Where a path led, and the last link it went through.
struct Walk {
    place: PathBuf,
    link: Option<String>,
}

/// Follows `path` from `folder`, one name after the other, as the file system would.
fn walk(folder: &Path, path: &Path) -> Result<Walk, String> {
    let mut walk = Walk { place: folder.to_owned(), link: None };
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        match component {
            Component::Prefix(_) | Component::RootDir => walk.place.push(component),
            Component::CurDir => {}
            Component::ParentDir => _ = walk.place.pop(),
            Component::Normal(name) => walk.enter(name, components.peek().is_none())?,
        }
    }
    match path.components().next_back() {
        Some(Component::Normal(_)) => Ok(walk),
        _ => Err(format!("`{}` names a folder; a file's name is missing", path.display())),
    }
}

impl Walk {
    fn enter(&mut self, name: &OsStr, last: bool) -> Result<(), String> {
        let shown = name.to_string_lossy().into_owned();
        if name.len() > LONGEST_NAME {
            return Err(format!("a file's name has at most {LONGEST_NAME} bytes; this one has {}", name.len()));
        }
        self.place.push(name);
        let found = match self.place.symlink_metadata() {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(()),
            found => found.map_err(|why| format!("cannot look at `{shown}`: {why}"))?,
        };
        let found = if found.is_symlink() { self.follow(shown.clone())? } else { found };
        match found.is_dir() {
            true if last => Err(format!("`{shown}` is a folder, not a file")),
            false if !last => Err(format!("`{shown}` is a file, not a folder")),
            _ => Ok(()),
        }
    }

    fn follow(&mut self, link: String) -> Result<std::fs::Metadata, String> {
        let lost = |why| format!("`{link}` is a link that leads nowhere: {why}");
        self.place = self.place.canonicalize().map_err(lost)?;
        let found = self.place.metadata().map_err(lost)?;
        self.link = Some(link);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `patch` beside a folder `other`, with the file `patch/a.wav` and the folder `patch/takes`.
    fn folders() -> (tempfile::TempDir, Surroundings) {
        let root = tempfile::tempdir().unwrap();
        let patch = root.path().join("patch");
        std::fs::create_dir_all(patch.join("takes")).unwrap();
        std::fs::create_dir_all(root.path().join("other")).unwrap();
        std::fs::write(patch.join("a.wav"), b"x").unwrap();
        let surroundings = Surroundings::new("rec", &patch);
        (root, surroundings)
    }

    fn check(surroundings: &Surroundings, path: &str, expected: Result<&str, &str>) {
        let real = surroundings.folder.canonicalize().unwrap();
        match (resolve_path(surroundings, "path", path), expected) {
            (Ok(place), Ok(expected)) => assert_eq!(place, real.join(expected), "{path}"),
            (Err(error), Err(part)) => {
                assert_eq!(error.parameter.as_deref(), Some("path"));
                assert!(error.message.contains(part), "{path}: {}", error.message);
                assert!(!error.message.contains(char::is_control), "{path}");
            }
            (got, _) => panic!("{path}: {got:?}"),
        }
    }

    #[test]
    fn paths_inside_lead_beside_the_patch() {
        let (_root, surroundings) = folders();
        for (path, place) in [
            ("new.wav", "new.wav"),
            ("./takes/{date}/x-{seq:04}.wav", "takes/{date}/x-{seq:04}.wav"),
            ("takes/../b.wav", "b.wav"),
            ("a.wav", "a.wav"),
        ] {
            check(&surroundings, path, Ok(place));
        }
        assert!(!surroundings.folder.join("takes/{date}").exists(), "nothing is created");
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let (_root, surroundings) = folders();
        let long = "n".repeat(256);
        for (path, part) in [
            ("", "missing"),
            ("../other/x.wav", "outside the patch's folder"),
            ("nowhere/../../x.wav", "outside the patch's folder"),
            ("/etc/passwd", "outside the patch's folder"),
            ("takes", "is a folder"),
            ("takes/", "names a folder"),
            ("..", "names a folder"),
            ("a.wav/b.wav", "is a file"),
            ("a\u{7}.wav", "U+0007"),
            ("a\u{202e}vaw.exe", "U+202E"),
            (long.as_str(), "at most 255 bytes"),
        ] {
            check(&surroundings, path, Err(part));
        }
    }

    #[test]
    fn allowed_folders_are_inside() {
        let (root, mut surroundings) = folders();
        for allowed in [root.path().join("other"), PathBuf::from("../other")] {
            surroundings.allowed = vec![allowed];
            let place = resolve_path(&surroundings, "path", "../other/x.wav").unwrap();
            assert_eq!(place, root.path().canonicalize().unwrap().join("other/x.wav"));
            assert!(resolve_path(&surroundings, "path", "../x.wav").is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_count_by_where_they_lead() {
        let (root, mut surroundings) = folders();
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, surroundings.folder.join(name)).unwrap();
        link(&root.path().join("other"), "out");
        link(&surroundings.folder.join("takes"), "in");
        link(Path::new("nothing"), "lost.wav");
        check(&surroundings, "out/x.wav", Err("through the link `out`"));
        check(&surroundings, "in/x.wav", Ok("takes/x.wav"));
        check(&surroundings, "lost.wav", Err("leads nowhere"));
        surroundings.allowed = vec![root.path().join("other")];
        assert!(resolve_path(&surroundings, "path", "out/x.wav").is_ok());
    }
}
