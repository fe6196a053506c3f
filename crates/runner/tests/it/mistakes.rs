//! What newcomers do wrong, and the words that put it right: each message says what to do, and where.

use std::fmt::Write;

use crate::support::Folder;

/// A patch that is right; mistakes are made in copies of it.
const GOOD: &str = "\
links = [\"mic -> trim -> echo -> out\"]

[nodes.mic]
type = \"input\"

[nodes.trim]
type = \"gain\"
gain = \"-6 dB\"

[nodes.echo]
type = \"delay\"
time = \"350 ms\"

[nodes.out]
type = \"output\"
";

/// A mistake in a patch: what stands in place of what, where it is told, and the words of the remedy.
struct InPatch {
    what: &'static str,
    with: &'static str,
    place: &'static str,
    remedy: &'static str,
}

const fn patch(what: &'static str, with: &'static str, place: &'static str, remedy: &'static str) -> InPatch {
    InPatch { what, with, place, remedy }
}

const IN_PATCHES: [InPatch; 44] = [
    // Names.
    patch("-> echo", "-> ecoh", "1:26", "did you mean `echo`?"),
    patch("\"gain\"", "\"gian\"", "7:8", "did you mean \"gain\"?"),
    patch("gain =", "gian =", "8:1", "did you mean `gain`?"),
    patch("links", "link", "1:1", "did you mean `links`?"),
    patch("[nodes.mic]", "[node.mic]", "3:2", "did you mean `nodes`?"),
    patch("[nodes.mic]", "[mic]", "3:2", "nodes are written [nodes.mic]"),
    patch("[nodes.echo]", "[nodes.trim]", "10:8", "rename one of the two"),
    patch("[nodes.echo]", "[nodes.\"my echo\"]", "10:11", "only letters (a-z, A-Z), digits, `_` and `-`"),
    patch("type = \"delay\"\n", "", "10:8", "as in `type = \"gain\"`"),
    // Values.
    patch("\"350 ms\"", "350", "12:8", "\"500 ms\", \"0.5 s\" or \"22050 smp\""),
    patch("\"350 ms\"", "\"350\"", "12:8", "a time needs a unit"),
    patch("\"350 ms\"", "\"350 msec\"", "12:8", "write \"500 ms\""),
    patch("\"-6 dB\"", "-6 dB", "8:8", "write \"-6 dB\""),
    patch("\"-6 dB\"", "“-6 dB”", "8:8", "write \"-6 dB\""),
    patch("\"-6 dB\"", "\"-6 db\"", "8:8", "0.5 (linear) or \"-6 dB\""),
    patch("\"-6 dB\"", "\"50 %\"", "8:8", "write 0.5 (linear) or \"-6 dB\""),
    patch("\"-6 dB\"", "-2000", "8:8", "from -1000 to 1000"),
    patch("gain = \"-6 dB\"", "mute = \"yes\"", "8:8", "`mute` takes true or false"),
    patch("gain = \"-6 dB\"", "mute = True", "8:8", "write true"),
    patch("links", "engine.sample_rate = 48\nlinks", "1:22", "at least 1000 Hz"),
    patch("links", "engine.sample_rte = 48000\nlinks", "1:8", "did you mean `sample_rate`?"),
    // TOML.
    patch("-> out\"]", "-> out]", "1:38", "with the quote that it begins with"),
    patch("-> out\"]", "-> out\"", "3:1", "a `]` stands behind the last one"),
    patch("[nodes.mic]", "[nodes.mic", "3:11", "close it: [nodes.mic]"),
    patch("type = \"input\"", "type = input", "4:8", "write \"input\""),
    patch("gain = ", "gain: ", "8:7", "as in `gain = 0.5`"),
    patch("[\"mic -> trim -> echo -> out\"]", "\"mic -> trim -> echo -> out\"", "1:9", "brackets around it: links = ["),
    patch("\"-6 dB\"", "0,5", "8:9", "decimals follow a point"),
    patch(
        "[nodes.trim]\ntype = \"gain\"\ngain = \"-6 dB\"",
        "[nodes]\ntrim = { type = \"gain\", gain = 0,5 }",
        "7:36",
        "decimals follow a point",
    ),
    patch("\"350 ms\"", "\"350,5 ms\"", "12:8", "decimals follow a point"),
    patch("\"-6 dB\"", ".5", "8:8", "a digit stands before the point"),
    patch("\"-6 dB\"", "50%", "8:8", "write 0.5"),
    patch("\"-6 dB\"", "\"-6 dB\" mute = true", "8:16", "a line of its own"),
    // Links.
    patch("mic -> trim -> echo -> out", "mic => trim", "1:11", "links are written `\"a -> b\"`"),
    patch("-> out\"", "-> out\", \"echo -> trim\"", "1:49", "as `echo ~> trim`"),
    patch("mic -> trim", "trim -> mic", "1:19", "it stands first in a chain: `mic -> …`"),
    patch("-> out\"", "-> out -> trim\"", "1:34", "it stands last in a chain: `… -> out`"),
    patch("-> out\"", "-> out\", \"trim -> echo.out\"", "1:54", "it has `in`"),
    patch("-> out\"", "-> out\", \"mic -> echo[0..3]\"", "1:48", "Choose channels as in"),
    patch("-> echo -> out", "-> out", "10:8", "name it in a link of `links`, or take it out"),
    // Files.
    patch(
        "type = \"input\"",
        "type = \"file_source\"\npath = \"../voice.wav\"",
        "5:8",
        "allow its folder with `--allow-path`",
    ),
    patch(
        "type = \"input\"",
        "type = \"file_source\"\npath = \"vioce.wav\"",
        "5:8",
        "its path starts from the patch's folder",
    ),
    patch("type = \"input\"", "type = \"file_source\"\npath = \"song.mp3\"", "5:8", "`ffmpeg -i in.mp3 out.wav`"),
    patch("\"output\"", "\"file_sink\"\npath = \"take.mp3\"", "16:8", "call it \"take.wav\""),
];

/// A mistake on the command line: how it ends, and the words of the remedy.
const ON_COMMAND_LINES: [(&str, i32, &str); 42] = [
    ("paly voice.wav", 2, "'play'"),
    ("play voice.wav --backnd sim", 2, "'--backend'"),
    ("good.toml --backend simm", 2, "'sim'"),
    ("good", 2, "`runner good.toml` plays the patch"),
    ("folder", 2, "a patch is a file in it"),
    ("run folder", 5, "name a file in it, as in folder/inner.toml"),
    ("godo.toml", 5, "did you mean `good.toml`?"),
    ("check godo.toml", 5, "did you mean `good.toml`?"),
    ("voice.wav", 3, "`runner play FILE` plays sound"),
    ("run long.wav", 3, "`runner play FILE` plays sound"),
    ("play good.toml", 5, "a patch is played by `runner good.toml`"),
    ("play vioce.wav", 5, "did you mean `voice.wav`?"),
    ("play song.mp3", 5, "`ffmpeg -i in.mp3 out.wav`"),
    ("play text.wav", 5, "no WAV file"),
    ("play voice.wav", 4, "`runner devices` lists what there is"),
    ("play voice.wav --backend null --device Scarlett", 4, "there is null"),
    ("good.toml", 4, "`--backend null` plays silently"),
    ("good.toml --backend sim -d 5", 2, "a time needs a unit"),
    ("good.toml --backend sim -d 5sec", 2, "h, min, s, ms, us and smp"),
    ("good.toml --backend sim --sample-rate 48k", 2, "as in 48000"),
    ("good.toml --backend sim --block 100000", 2, "1 to 65536"),
    ("good.toml --backend sim -d 1s --osc 99999", 2, "a port from 0 to 65535"),
    ("good.toml --backend sim -d 1s --osc 0.0.0.0:0", 2, "--allow-remote"),
    ("render good.toml -i vioce.wav -o new.wav", 5, "did you mean `voice.wav`?"),
    ("render good.toml -i song.mp3 -o new.wav", 5, "`ffmpeg -i in.mp3 out.wav`"),
    ("render good.toml -i voice.wav", 2, "say where it goes with `-o out.wav`"),
    ("render good.toml -o new.wav", 2, "`-i in.wav`"),
    ("render good.toml -i voice.wav -o text.wav", 5, "--overwrite replaces it"),
    ("render good.toml -i voice.wav -o new.mp3", 2, "call it new.wav"),
    ("render good.toml -i folder -o new.wav", 5, "renders the files in it one by one"),
    ("render good.toml -i voice.wav long.wav -o new.wav", 2, "name a folder (`-o out/`)"),
    ("render sink.toml -i voice.wav -o new.wav", 2, "leave `-o` away"),
    ("record -d 1s --backend sim", 2, "--output <FILE>"),
    ("record -d 1s --backend sim -o no/such/x.wav", 5, "`mkdir -p no/such`"),
    ("record -d 1s --backend sim -o new.wav --subtype pcm16", 2, "PCM_16"),
    ("check good.toml --set trim.gian=0.5", 3, "did you mean `gain`?"),
    ("check good.toml --set trmi.gain=0.5", 3, "did you mean `trim`?"),
    ("check good.toml --set trim.gain", 2, "as in trim.gain=-6dB"),
    ("nodes dealy", 2, "did you mean `delay`?"),
    ("explain vlaue", 2, "did you mean `value`?"),
    ("init good.toml --yes", 5, "--overwrite replaces it"),
    ("replay good.toml", 5, "`runner run PATCH --capture FILE` makes one"),
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("good.toml", GOOD);
    folder.write("sink.toml", &GOOD.replace("\"output\"", "\"file_sink\"\npath = \"take.wav\""));
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    folder.write("folder/inner.toml", GOOD);
    folder.wav("voice.wav", 48_000, 2, 100);
    folder.wav("long.wav", 48_000, 2, 200_000);
    folder.write("text.wav", "no sound");
    folder.write("song.mp3", "ID3\u{3} and so on");
    folder
}

#[test]
fn mistakes_in_a_patch_are_answered_with_the_remedy_and_the_place() {
    let folder = folder();
    folder.run(["check", "good.toml"]).exits(0);
    let before = folder.listing().len() + 1;
    let mut missed = String::new();
    for InPatch { what, with, place, remedy } in IN_PATCHES {
        assert!(GOOD.contains(what), "{what}");
        folder.write("p.toml", &GOOD.replacen(what, with, 1));
        let ended = folder.run(["check", "p.toml"]);
        let (said, place) = (&ended.stderr, format!("p.toml:{place}\n"));
        let is_warned = said.starts_with("warning") && ended.code == Some(0);
        if !(is_warned || ended.code == Some(3)) || !said.contains(&place) || !said.contains(remedy) {
            writeln!(missed, "{with}: {:?}, {place}{remedy}\n{said}", ended.code).unwrap();
        }
    }
    assert!(missed.is_empty(), "{missed}");
    assert_eq!(folder.listing().len(), before);
}

#[test]
fn mistakes_on_the_command_line_are_answered_with_the_remedy() {
    let folder = folder();
    let before = folder.listing();
    let mut missed = String::new();
    for (line, code, remedy) in ON_COMMAND_LINES {
        let ended = folder.run(line.split(' '));
        if ended.code != Some(code) || !ended.stderr.contains(remedy) || ended.stderr.contains("panicked") {
            writeln!(missed, "runner {line}: {:?} instead of {code}, {remedy}\n{}", ended.code, ended.stderr).unwrap();
        }
    }
    assert!(missed.is_empty(), "{missed}");
    assert_eq!(folder.listing(), before, "a mistake leaves nothing behind");
}
