//! The files that a command writes: never over another one unasked, never over what it reads or writes elsewhere.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use patchline_graph::{AnyNode, Graph};
use patchline_nodes::{FileSink, PatchNode};
use patchline_patch::{Code, Key, Loaded};

use crate::exit::{Exit, Failure};
use crate::load::{shown, shown_failure};
use crate::reads::Reads;

/// Writes a file: whole, or not at all.
///
/// # Errors
/// What is there already, unless it is a regular file that may be replaced; what the system says.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    is_replaceable(path, overwrite)?;
    // Without `overwrite` the file is new and ours from the first byte on.
    let part = if overwrite { beside(path) } else { path.to_owned() };
    let written = match OpenOptions::new().write(true).create_new(true).open(&part) {
        Ok(mut file) => file.write_all(bytes).and_then(|()| place(&part, path)).inspect_err(|_| {
            let _ = fs::remove_file(&part);
        }),
        Err(error) => Err(error),
    };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists if !overwrite => exists(path),
        _ => Failure::new(Exit::File, format!("cannot write {}: {error}", shown(path))),
    })
}

/// Whether nothing is there, or a regular file that may be replaced.
fn is_replaceable(path: &Path, overwrite: bool) -> Result<(), Failure> {
    let refused = |what: &str| Err(Failure::new(Exit::File, format!("{} {what}", shown(path))));
    match path.symlink_metadata() {
        Ok(_) if !overwrite => Err(exists(path)),
        Ok(found) if found.is_symlink() => refused("is a symbolic link, which is not followed; name the file itself"),
        Ok(found) if !found.is_file() => refused("is no regular file"),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Refuses a file in a folder that is not there.
fn has_folder(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.is_dir() {
        true => Ok(()),
        false => {
            let what = format!("{}: there is no folder {}; make it first", shown(path), shown(folder));
            Err(Failure::new(Exit::File, what))
        }
    }
}

/// Whether [`write`] can write a file there, as far as can be seen before the work for it is done.
///
/// # Errors
/// A folder that is not there; as those of [`write`].
pub(crate) fn is_free(path: &Path, overwrite: bool) -> Result<(), Failure> {
    has_folder(path)?;
    is_replaceable(path, overwrite)
}

/// As [`is_free`], where folders that are not there will be made.
///
/// # Errors
/// A file in the place of a folder; as those of [`write`].
pub(crate) fn is_makeable(path: &Path, overwrite: bool) -> Result<(), Failure> {
    match blocked(path) {
        Some(what) => Err(Failure::new(Exit::File, what)),
        None => is_replaceable(path, overwrite),
    }
}

/// What on the way to a file is no folder, in words.
pub(crate) fn blocked(path: &Path) -> Option<String> {
    // The first thing on the way that is there has to be a folder.
    let way = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let blocked = way.filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    blocked.map(|file| format!("{} is no folder, so {} cannot be written", shown(file), shown(path)))
}

fn place(part: &Path, path: &Path) -> io::Result<()> {
    if part == path { Ok(()) } else { fs::rename(part, path) }
}

/// A name in the same folder, for this process alone.
fn beside(path: &Path) -> PathBuf {
    let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(50).collect();
    path.with_file_name(format!(".{name}.part-{}", std::process::id()))
}

/// The refusal to replace a file.
pub(crate) fn exists(path: &Path) -> Failure {
    Failure::new(Exit::File, format!("{} is there already; --overwrite replaces it", shown(path)))
}

/// Refuses a patch whose recorders would find files in their way, or replace what is read, with the places of all of
/// them.
pub(crate) fn free(loaded: &Loaded, reads: &Reads) -> Result<(), Failure> {
    reads.spared_by_recorders(loaded, |_| false)?;
    refuse_in_the_way(loaded, |_| false, |_| false)
}

/// As [`free`], for a patch that follows on one that plays: recorders that play on have their files, and no other one
/// may replace what is being written.
pub(crate) fn free_beside(
    loaded: &Loaded,
    reads: &Reads,
    playing: &Loaded,
    plays_on: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    reads.spared_by_recorders(loaded, &plays_on)?;
    refuse_in_the_way(loaded, |path| playing.writes.contains_key(path), plays_on)
}

fn refuse_in_the_way(
    loaded: &Loaded,
    is_written: impl Fn(&Path) -> bool,
    plays_on: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let in_the_way = loaded.writes.iter().filter(|(path, node)| {
        let overwrites =
            loaded.graph.node(node).and_then(AnyNode::downcast_ref).is_some_and(|sink: &FileSink| sink.overwrite);
        !plays_on(node) && is_in_the_way(path, overwrites, is_written(path))
    });
    let objections: Vec<_> = in_the_way
        .map(|(path, node)| {
            let (what, help) = match is_written(path) {
                true => {
                    ("is being recorded, which nothing replaces", "give it another `path`, or number it by `{seq}`")
                }
                false => (
                    "is there already",
                    "give it another `path`, number it by `{seq}`, or let `overwrite = true` replace it",
                ),
            };
            (Key::Node(node, "path"), format!("`{node}`: {} {what}", shown(path)), help.to_owned())
        })
        .collect();
    match objections.is_empty() {
        true => Ok(()),
        false => Err(shown_failure(Exit::File, &loaded.objections(Code::File, objections))),
    }
}

/// Whether a recorder that starts must not write there. Names with a number or a time are other ones each time.
fn is_in_the_way(path: &Path, overwrites: bool, is_written: bool) -> bool {
    let name = path.to_string_lossy();
    if is_written {
        return !name.contains("{time}");
    }
    !overwrites && !name.contains('{') && path.symlink_metadata().is_ok()
}

/// A recorder of the next graph that would have to begin a file anew, or replace what is read, and that file.
pub(crate) fn begun_anew(
    graph: &Graph,
    next: &Graph,
    reads: &Reads,
    plays_on: impl Fn(&str) -> bool,
) -> Option<(String, PathBuf)> {
    let recorders = |graph| -> Vec<(String, FileSink)> {
        let nodes = Graph::nodes(graph);
        nodes.filter_map(|(name, node)| Some((name.to_string(), node.downcast_ref::<FileSink>()?.clone()))).collect()
    };
    let written: Vec<PathBuf> = recorders(graph).iter().flat_map(|(_, sink)| sink.writes()).collect();
    recorders(next).into_iter().filter(|(name, _)| !plays_on(name)).find_map(|(name, sink)| {
        let found = |path: &PathBuf| {
            reads.replaced_by(path).is_some() || is_in_the_way(path, sink.overwrite, written.contains(path))
        };
        sink.writes().into_iter().find(found).map(|path| (name, path))
    })
}

/// Refuses to write, as an option of the command line says, what the patch's recorders write or anything that is read.
pub(crate) fn apart(option: &str, output: &Path, reads: &Reads, loaded: &Loaded) -> Result<(), Failure> {
    let place = real(output);
    if let Some((_, node)) = loaded.writes.iter().find(|(file, _)| real(file) == place) {
        let what = format!("would write the same file as the patch's `{node}`; give each its own");
        return Err(Failure::new(Exit::Usage, format!("`{option} {}` {what}", shown(output))));
    }
    reads.spared_by(option, output)
}

/// The place that a path leads to, without links as far as it exists, and without `..` beyond that.
pub(crate) fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut known = whole.ancestors().filter_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    let Some((folder, mut place)) = known.next() else { return whole };
    for component in whole.strip_prefix(folder).unwrap_or(Path::new("")).components() {
        match component {
            Component::ParentDir => _ = place.pop(),
            name => place.push(name),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_when_that_is_allowed_and_never_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        write(&path, b"first", false).unwrap();
        assert!(write(&path, b"second", false).unwrap_err().message.contains("--overwrite"));
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(&path, b"third", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert!(write(folder.path(), b"", true).unwrap_err().message.contains("no regular file"));
        assert!(write(&folder.path().join("no/a.svg"), b"", true).unwrap_err().message.contains("a.svg: "));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_pipes_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for overwrite in [false, true] {
            assert_eq!(write(&link, b"", overwrite).unwrap_err().exit, Exit::File);
            assert_eq!(write(Path::new("/dev/null"), b"", overwrite).unwrap_err().exit, Exit::File);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
