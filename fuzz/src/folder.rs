//! The one folder that a patch may read and write in.

use std::path::Path;
use std::sync::LazyLock;

use patchline_wav::{FileReader, FileWriter, Format, Options, Subtype};
use tempfile::TempDir;

/// The sound file in the folder.
const SOUND: &str = "in.wav";

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let format = Format { rate: 44_100, channels: 2, subtype: Subtype::Pcm16 };
    let mut writer = FileWriter::create(folder.path().join(SOUND), Options::new(format)).expect("a writable folder");
    let samples: Vec<f32> = (0..600).map(|sample| (sample % 61) as f32 / 61.0 - 0.5).collect();
    writer.write_interleaved(&samples).expect("room for a short sound");
    writer.finish().expect("room for a short sound");
    folder
});

/// Where it is. It holds one short sound file.
pub(crate) fn path() -> &'static Path {
    FOLDER.path()
}

/// Insists that nothing was made in it.
pub(crate) fn is_untouched() {
    let names: Vec<_> =
        std::fs::read_dir(path()).expect("a readable folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, [SOUND], "files were made");
}

/// Removes what was recorded, each file of which must be readable.
pub(crate) fn clear() {
    let entries: Vec<_> = std::fs::read_dir(path()).expect("a readable folder").flatten().collect();
    for entry in entries.into_iter().filter(|entry| entry.file_name() != SOUND) {
        let path = entry.path();
        if path.is_dir() {
            std::fs::remove_dir_all(&path).expect("it is ours");
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "wav") {
            FileReader::open(&path).expect("what was recorded can be read");
        }
        std::fs::remove_file(&path).expect("it is ours");
    }
}
