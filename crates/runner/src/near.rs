//! What was probably meant by the name of something that is not there.

use std::io;
use std::path::{Path, PathBuf};

use patchline_patch::closest;

use crate::load::shown;

/// The most files of a folder that a name is compared with.
const MOST_FILES: usize = 2000;

/// The file of the same folder that has nearly the same name.
pub(crate) fn file(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = folder.read_dir().ok()?.take(MOST_FILES).filter_map(Result::ok);
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let close = closest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(path.with_file_name(close))
}

/// Why a file could not be opened, and what would help.
pub(crate) fn unopened(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{error}{}", did_you_mean(path)),
        io::ErrorKind::IsADirectory => format!("it is a folder; name a file in it, as in {}", shown(&inside(path))),
        _ => error.to_string(),
    }
}

/// `; did you mean NAME?`, if there is a file of nearly that name.
pub(crate) fn did_you_mean(path: &Path) -> String {
    file(path).map_or_else(String::new, |close| format!("; did you mean `{}`?", shown(&close)))
}

/// As [`did_you_mean`], for a word of a list.
pub(crate) fn or_one_of(word: &str, words: &[&str]) -> String {
    match closest(word, words.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("there are {}", words.join(", ")),
    }
}

/// A patch in a folder.
fn inside(folder: &Path) -> PathBuf {
    let entries = folder.read_dir().into_iter().flatten().take(MOST_FILES).filter_map(Result::ok);
    let is_patch = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    entries.map(|entry| entry.path()).filter(is_patch).min().unwrap_or_else(|| folder.join("patch.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_nearly_that_name_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("voice.wav"), "").unwrap();
        assert_eq!(file(&folder.path().join("voise.wav")), Some(folder.path().join("voice.wav")));
        assert_eq!(file(&folder.path().join("drums.wav")), None);
        assert_eq!(file(&folder.path().join("none/voice.wav")), None);
    }
}
