//! Any bytes as a patch.

use std::sync::LazyLock;

use jiff::civil::date;
use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Checked, Diagnostics, EngineSettings, Options, Patch, Registry, Style, read, render};

use crate::folder;

/// Every node type.
pub(crate) static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::standard);

/// Reads, loads and compiles. What is said of mistakes is short, printable and in place; what is accepted is sound; and
/// nothing is created.
///
/// # Panics
/// Where one of these does not hold.
pub fn reads(bytes: &[u8]) {
    match parse(bytes).map(|patch| check(&patch, bytes, stream)) {
        Err(mistakes) | Ok(Some(Err(mistakes))) => is_well_said(&mistakes),
        Ok(Some(Ok(checked))) => {
            checked.schedule.verify().expect("an accepted schedule is sound");
            assert_eq!(checked.loaded.compile(&checked.stream).as_ref(), Ok(&checked.schedule));
            if !checked.loaded.warnings.is_empty() {
                is_well_said(&checked.loaded.warnings);
            }
        }
        Ok(None) => {}
    }
    folder::is_untouched();
}

/// Bytes as a patch in the folder.
pub(crate) fn parse(bytes: &[u8]) -> Result<Patch, Diagnostics> {
    read(bytes, folder::path().join("patch.toml"))
}

/// Checks a patch with all its nodes, unless it asks for files outside of the folder.
pub(crate) fn check(
    patch: &Patch,
    bytes: &[u8],
    stream: impl Fn(&EngineSettings, &Graph) -> StreamSpec,
) -> Option<Result<Checked, Diagnostics>> {
    let options = Options { allowed: Vec::new(), start: date(2026, 1, 31).at(23, 59, 58, 0), ..Options::default() };
    let asks = may_ask(bytes) && asks(patch, &options, &stream);
    (!asks).then(|| patch.check(&REGISTRY, &options, stream))
}

/// Whether a patch could ask for other folders: by the key, or by one that is spelled with escapes.
fn may_ask(bytes: &[u8]) -> bool {
    bytes.contains(&b'\\') || bytes.windows(11).any(|word| word == b"allow_paths")
}

/// Whether it does. Without node types no file is looked at.
fn asks(patch: &Patch, options: &Options, stream: impl Fn(&EngineSettings, &Graph) -> StreamSpec) -> bool {
    let mut asks = true;
    let checked = patch.check(&Registry::empty(), options, |settings, graph| {
        asks = !settings.allow_paths.is_empty();
        stream(settings, graph)
    });
    if let Err(mistakes) = checked {
        is_well_said(&mistakes);
    }
    asks
}

/// Insists on what every answer to a bad patch must be.
pub(crate) fn is_well_said(mistakes: &Diagnostics) {
    assert!(!mistakes.is_empty(), "a refusal without a reason");
    let text = render(mistakes, Style::Plain);
    assert!(text.len() <= 4096, "{} bytes are said", text.len());
    assert!(text.contains(" --> "), "no place: {text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "control characters: {text:?}");
    assert!(render(mistakes, Style::Ansi).len() <= 8192);
    let data = serde_json::to_value(mistakes).expect("mistakes are data");
    assert!(data["mistakes"].as_array().is_some_and(|list| !list.is_empty()));
}

fn stream(settings: &EngineSettings, _: &Graph) -> StreamSpec {
    StreamSpec { outputs: None, ..StreamSpec::new(settings.rate().unwrap_or(48_000), 64, 8, 0) }
}
