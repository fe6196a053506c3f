//! The example patches are right, and an editor's schema agrees.

use std::path::{Path, PathBuf};

use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{EngineSettings, Options, Registry, read};

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/patches");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut patches: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    patches.sort();
    patches
}

fn stream(settings: &EngineSettings, _: &Graph) -> StreamSpec {
    let rate = settings.rate().unwrap_or(48_000);
    StreamSpec { outputs: None, ..StreamSpec::new(rate, 512, 8, 0) }
}

#[test]
fn every_example_is_accepted() {
    assert!(examples().len() >= 8);
    for path in examples() {
        let patch = read(&std::fs::read(&path).unwrap(), &path).unwrap();
        let checked = patch.check(&Registry::standard(), &Options::default(), stream);
        let checked = checked.unwrap_or_else(|errors| panic!("{errors}"));
        assert!(checked.loaded.warnings.is_empty(), "{}", checked.loaded.warnings);
        assert_eq!(checked.loaded.name, path.file_stem().unwrap().to_str().unwrap());
    }
}
