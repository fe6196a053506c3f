//! The files that a command writes: never over another one unasked, never over what it reads or writes elsewhere.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use patchline_patch::Loaded;

use crate::exit::{Exit, Failure};
use crate::load::shown;

/// Writes a file.
///
/// # Errors
/// One that is there already, unless it may be replaced; what the system says.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    match overwrite {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options.open(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Failure::new(Exit::File, format!("cannot write {}: {error}", shown(path))),
    })
}

/// The refusal to replace a file.
pub(crate) fn exists(path: &Path) -> Failure {
    Failure::new(Exit::File, format!("{} is there already; --overwrite replaces it", shown(path)))
}

/// Refuses to write to the patch itself, or to a file that one of its nodes writes.
pub(crate) fn apart(output: &Path, patch: &Path, loaded: &Loaded) -> Result<(), Failure> {
    let place = real(output);
    let refused = |what: String| Err(Failure::new(Exit::Usage, format!("`-o {}` {what}", shown(output))));
    match loaded.writes.iter().find(|(file, _)| real(file) == place) {
        Some((_, node)) => refused(format!("would write the same file as the patch's `{node}`; give each its own")),
        None if place == real(patch) => refused("would replace the patch itself; name another file".to_owned()),
        None => Ok(()),
    }
}

/// The place that a path leads to, without links as far as it exists, and without `..` beyond that.
fn real(path: &Path) -> PathBuf {
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
