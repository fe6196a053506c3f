//! Bad patches: what is said of each stands beside it. `PATCHLINE_BLESS=1` writes it anew, to be read before it is kept.

#[allow(dead_code, reason = "only the kept ones here")]
mod hostile;

use std::path::Path;

use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Diagnostics, EngineSettings, Options, Registry, Style, read, render};

fn stream(settings: &EngineSettings, _: &Graph) -> StreamSpec {
    StreamSpec::new(settings.rate().unwrap_or(48_000), 512, 2, 2)
}

/// What is wrong with a patch, which is copied into an otherwise empty folder before.
fn mistakes(path: &Path, folder: &Path) -> Diagnostics {
    let name = path.file_name().unwrap();
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(folder.join(name), &bytes).unwrap();
    let checked = read(&bytes, folder.join(name))
        .and_then(|patch| patch.check(&Registry::standard(), &Options::default(), stream));
    checked.expect_err(&format!("{} is accepted", path.display()))
}

#[test]
fn every_mistake_is_located_and_explained() {
    let bless = std::env::var_os("PATCHLINE_BLESS").is_some();
    let mut different = Vec::new();
    assert!(hostile::kept().len() >= 60);
    // Texts are cut at so many bytes, paths among them: here these are as long wherever temporary folders are.
    let place = tempfile::tempdir().unwrap();
    std::env::set_current_dir(place.path()).unwrap();
    let root = format!("{}/", std::env::current_dir().unwrap().display());
    let folder = Path::new("bad");
    for path in hostile::kept() {
        std::fs::create_dir(folder).unwrap();
        let mistakes = mistakes(&path, folder);
        assert!(!mistakes.is_empty());
        let text = render(&mistakes, Style::Plain).replace(&root, "").replace("bad/", "");
        assert!(text.len() < 4096, "{}: {} bytes", path.display(), text.len());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{}", path.display());
        assert!(text.contains(" --> "), "{}", path.display());
        assert!(render(&mistakes, Style::Ansi).len() < 8192);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1, "{} created something", path.display());
        std::fs::remove_dir_all(folder).unwrap();
        let expected = path.with_extension("txt");
        if bless {
            std::fs::write(&expected, &text).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            different.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn mistakes_are_data_too() {
    let patch = read(b"links = []\n[engine]\nblok = 1\nfeedback = 3\n", "p.toml").unwrap();
    let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
    let data = serde_json::to_value(&mistakes).unwrap();
    assert_eq!(data["file"], "p.toml");
    assert_eq!(data["more"], 0);
    let first = &data["mistakes"][0];
    assert_eq!((first["code"].as_str(), first["severity"].as_str()), (Some("unknown-key"), Some("error")));
    assert_eq!((first["line"].as_u64(), first["column"].as_u64()), (Some(3), Some(1)));
    assert_eq!(data["mistakes"][1]["code"], "value");
    assert_eq!(first["on_command_line"], false);
}

#[test]
fn what_the_command_line_sets_has_no_line_in_the_file() {
    let mut patch = read(b"links = []\n", "p.toml").unwrap();
    patch.set("nope", "x", "1");
    let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
    assert!(mistakes.to_string().contains("--> command line\n  |\n1 | --set nope.x=1\n"), "{mistakes}");
    let data = &serde_json::to_value(&mistakes).unwrap()["mistakes"][0];
    assert_eq!((data["line"].as_u64(), data["on_command_line"].as_bool()), (None, Some(true)));
}
