//! What the names of sound files promise.

use std::path::{Path, PathBuf};

/// Endings of sound files that are no WAV files.
const OTHERS: [&str; 11] = ["aac", "aif", "aifc", "aiff", "caf", "flac", "m4a", "mp3", "ogg", "opus", "wma"];

/// What a WAV file would rather be called that `path` names as one of another format; `None` for every other name, whatever it
/// ends in.
///
/// ```
/// use std::path::Path;
///
/// use patchline_wav::wav_name;
///
/// assert_eq!(wav_name(Path::new("takes/a.MP3")), Some("takes/a.wav".into()));
/// assert_eq!(wav_name(Path::new("takes/a.part")), None);
/// ```
#[must_use]
pub fn wav_name(path: &Path) -> Option<PathBuf> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    OTHERS.contains(&ending.as_str()).then(|| path.with_extension("wav"))
}
