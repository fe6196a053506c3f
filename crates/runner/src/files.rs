//! Small files that a command writes: whole or not at all, never over another one unasked.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

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
