//! Whatever a file holds: no panic, and all that is said fits on a screen.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Diagnostics, EngineSettings, Options, Registry, Style, read, render};
use proptest::prelude::*;

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::standard);

fn examples() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/patches");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn stream(settings: &EngineSettings, _: &Graph) -> StreamSpec {
    StreamSpec { outputs: None, ..StreamSpec::new(settings.rate().unwrap_or(48_000), 64, 8, 0) }
}

/// Reads and checks; what is said of mistakes is short, printable and in place.
fn survives(bytes: &[u8]) -> Option<Diagnostics> {
    let checked = read(bytes, "patch.toml").and_then(|patch| patch.check(&REGISTRY, &Options::default(), stream));
    let mistakes = checked.err()?;
    assert!(!mistakes.is_empty());
    let text = render(&mistakes, Style::Plain);
    assert!(text.len() < 4096, "{} bytes", text.len());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    Some(mistakes)
}

#[test]
fn an_example_may_end_at_any_byte() {
    for example in examples() {
        for end in 0..example.len() {
            survives(&example[..end]);
        }
    }
}

#[test]
fn monstrous_patches_are_refused_in_words() {
    let most = 1 << 20;
    for unit in
        ["=", "[", "]", "{", "\"", "'''", ",", "a=1,", "\n=", "[a]\n", "[[a]]\n", "a.", "x=[1,,", "\u{feff}", "é = 1\n"]
    {
        let text = unit.repeat(most / unit.len());
        assert!(survives(text.as_bytes()).is_some(), "{unit}");
        let text = format!("links = [{text}");
        assert!(survives(&text.as_bytes()[..most]).is_some(), "{unit}");
    }
    let arrows = format!("links = [\"{}b\"]\n[nodes.a]\ntype = \"gain\"\n", "a -> ".repeat(100_000));
    assert!(survives(arrows.as_bytes()).is_some());
}

/// What a chain of links costs grows as the chain does: eight times as long, about eight times the time, where looking at
/// the whole text for each link would take 64 times.
#[test]
fn the_time_for_a_chain_grows_as_the_chain_does() {
    let time = |links: usize| {
        let text = format!("links = [\"{}a\"]\n[nodes.a]\ntype = \"gain\"\n", "a -> ".repeat(links));
        let patch = read(text.as_bytes(), "patch.toml").unwrap();
        let once = || {
            let began = Instant::now();
            assert!(patch.load(&REGISTRY, &Options::default()).is_ok());
            began.elapsed()
        };
        (0..5).map(|_| once()).min().unwrap().as_secs_f64()
    };
    let ratio = time(160_000) / time(20_000);
    assert!(ratio < 24.0, "{ratio:.0} times the time for 8 times the links");
}

/// A piece of text that patches are made of, or nearly.
fn piece() -> impl Strategy<Value = &'static str> {
    let pieces = [
        "[",
        "]",
        "=",
        "\"",
        "'''",
        "->",
        "~>",
        ".",
        "nan",
        "-",
        "#",
        "\n",
        "{",
        "}",
        ",",
        "[nodes.x]\n",
        "type = \"gain\"\n",
        "type = \"matrix\"\n",
        "links = [\"mic -> out\"]\n",
        "time = \"1e99 s\"\n",
        "channels = [-1, \"silence\"]\n",
        "gains = [{ from = 9, to = [0, 99] }]\n",
        "\\u0000",
        "é",
        "[engine]\n",
        "feedback = \"0 smp\"\n",
        "1e308",
        "[0..2]",
        "[macros.m]\n",
        "[macros.m.nodes.x]\ntype = \"gain\"\n",
        "[[macros.m.use]]\nmacro = \"m\"\nname = \"u\"\n",
        "[[use]]\nmacro = \"m\"\nname = \"u\"\n",
        "params = { g = 1 }\n",
        "inputs = { in = \"x\" }\n",
        "\"$g$name\"",
        "links = [\"u -> u/x -> u.in\"]\n",
        "include = [\"a.toml\"]\n",
        "[scenes.s]\n",
        "u.x.gain = \"-6 dB\"\n",
        "[[map]]\ncc = 7\nto = \"x.gain\"\n",
        "[control]\nosc = 9000\n",
    ];
    prop::sample::select(pieces.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Examples with pieces put in, and stretches taken out, anywhere.
    #[test]
    fn a_mutated_example_does_no_harm(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, piece()), 1..6),
    ) {
        let examples = examples();
        let mut bytes = which.get(&examples).clone();
        for (at, removed, put) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, put.bytes());
        }
        survives(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn any_heap_of_pieces_does_no_harm(pieces in prop::collection::vec(piece(), 0..40)) {
        survives(pieces.concat().as_bytes());
    }
}
