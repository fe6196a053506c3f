//! Every bad patch there is: those of the folder `bad`, and those that are too large or too odd to be kept as files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The most bytes that a patch may have.
const MOST_BYTES: usize = 1 << 20;

/// The kept ones: `bad/*.toml`.
pub(crate) fn kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../patch/tests/bad");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut patches: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    patches.sort();
    patches
}

/// Puts all of them into `folder`, and beside them what they are after: a folder `takes`, a file, links that lead out of
/// `folder` to `outside`. The names of the patches.
pub(crate) fn put(folder: &Path, outside: &Path) -> Vec<String> {
    std::fs::create_dir(folder.join("takes")).unwrap();
    std::fs::write(folder.join("text.wav"), "no sound at all").unwrap();
    std::fs::write(outside.join("secret.wav"), "not yours").unwrap();
    link(outside, &folder.join("out"));
    link(&outside.join("secret.wav"), &folder.join("secret.wav"));
    link(&folder.join("takes"), &folder.join("also-takes"));
    let mut names = Vec::new();
    for path in kept() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        std::fs::copy(&path, folder.join(&name)).unwrap();
        names.push(name);
    }
    for (name, bytes) in made() {
        let name = format!("made-{name}.toml");
        std::fs::write(folder.join(&name), bytes).unwrap();
        names.push(name);
    }
    names
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

/// Without links a patch that goes through one finds nothing there, which is a mistake as well.
#[cfg(not(unix))]
fn link(_to: &Path, _at: &Path) {}

fn recorder(path: &str) -> String {
    format!("links = [\"a -> b\"]\n[nodes.a]\ntype = \"input\"\n[nodes.b]\ntype = \"file_sink\"\npath = {path:?}\n")
}

fn player(path: &str) -> String {
    format!("links = [\"a -> b\"]\n[nodes.a]\ntype = \"file_source\"\npath = {path:?}\n[nodes.b]\ntype = \"output\"\n")
}

/// A patch of a generator and an output, with one line for the generator.
fn tone(line: &str) -> String {
    format!("links = [\"a -> b\"]\n[nodes.a]\ntype = \"oscillator\"\n{line}\n[nodes.b]\ntype = \"output\"\n")
}

fn made() -> Vec<(&'static str, Vec<u8>)> {
    let text = |name, text: String| (name, text.into_bytes());
    vec![
        text("record-through-a-link", recorder("out/x.wav")),
        text("record-over-a-link", recorder("secret.wav")),
        text("record-over-a-patch-folder", recorder("takes")),
        text("record-absolute", recorder("/tmp/patchline-escaped.wav")),
        text("record-in-parents", recorder("takes/../../x.wav")),
        text("record-escape-codes", recorder("a\u{1b}[2Jb.wav")),
        text("record-backwards", recorder("a\u{202e}vaw.exe")),
        text("record-unknown-placeholder", recorder("{user}.wav")),
        text("play-through-a-link", player("secret.wav")),
        text("play-what-is-no-sound", player("text.wav")),
        text("play-a-device", player("/dev/zero")),
        text("one-file-by-two-ways", two_recorders()),
        text("escape-codes-in-a-key", tone("\"\\u001b[31mkey\" = 1")),
        text("escape-codes-in-a-value", tone("shape = \"\\u001b]0;title\\u0007\"")),
        text("escape-codes-in-a-name", "links = []\n[nodes.\"a\\u001b[31m\"]\ntype = \"gain\"\n".to_owned()),
        text("a-huge-frequency", tone("frequency = 1e308")),
        text("no-number", tone("level = nan")),
        text("no-number-with-a-unit", tone("level = \"nan dB\"")),
        text("an-infinite-number", tone("level = inf")),
        text("a-number-of-a-million-digits", tone(&format!("level = {}", "9".repeat(MOST_BYTES - 200)))),
        text("huge-channels", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.a.channels = 65536\nnodes.b.type = \"delay\"\nnodes.b.time = \"10 s\"\n".to_owned()),
        text("deep-lists", format!("links = {}", "[".repeat(MOST_BYTES - 10))),
        text("deep-tables", format!("x = {}", "{a=".repeat(300_000))),
        text("deep-keys", format!("{}a = 1", "a.".repeat(400_000))),
        text("one-long-line", format!("links = [\"{}", "x".repeat(MOST_BYTES - 20))),
        text("a-chain-of-links", format!("links = [\"{}a\"]\n[nodes.a]\ntype = \"gain\"\n", "a -> ".repeat(150_000))),
        text("as-many-nodes-as-fit", nodes(30_000)),
        text("200000-nodes", nodes(200_000)),
        text("one-byte-too-many", " ".repeat(MOST_BYTES + 1)),
        ("utf-16-big-end-first", [&[0xfe, 0xff][..], &[0, b'a'].repeat(20)].concat()),
        ("utf-32", [&[0xff, 0xfe, 0, 0][..], &[b'a', 0, 0, 0].repeat(20)].concat()),
        ("half-a-character", b"name = \"\xe2\x82".to_vec()),
        ("a-surrogate", b"name = \"\xed\xa0\x80\"".to_vec()),
        ("a-sound", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec()),
        ("only-zeros", vec![0; 4096]),
    ]
}

/// One file under two names: once by its folder, once by a link to that.
fn two_recorders() -> String {
    let way = if cfg!(unix) { "also-takes" } else { "takes/../takes" };
    recorder("takes/a.wav").replace("a -> b", "a -> b\", \"a -> c")
        + &format!("[nodes.c]\ntype = \"file_sink\"\npath = \"{way}/a.wav\"\n")
}

fn nodes(count: usize) -> String {
    (0..count).fold("links = []\n".to_owned(), |mut text, node| {
        let _ = writeln!(text, "[nodes.n{node}]\ntype = \"gone\"");
        text
    })
}
