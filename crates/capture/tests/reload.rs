//! Loads that fade, captured: what had ended when a load came is part of the run.

mod common;

use std::path::Path;

use common::{noise, replay, rewrite};
use patchline_capture::{Capture, Config, Recording, Source, Stretch, Tapped};
use patchline_graph::{StreamSpec, engine};
use patchline_io::channels::Planar;
use patchline_io::{Block, Callback};
use patchline_patch::{Options, Registry};

const FRAMES: usize = 64;
/// More than a fade of 20 ms, and the tail of the echo.
const BLOCKS: u64 = 200;

/// An echo before a gain, beside it, and behind it.
const LINKS: [&str; 3] = [
    r#""mic -> echo -> trim -> out""#,
    r#""mic -> echo -> out", "mic -> trim -> out""#,
    r#""mic -> trim -> echo -> out""#,
];

fn patch(links: &str) -> String {
    format!(
        "links = [{links}]\n[nodes.mic]\ntype = \"input\"\n[nodes.echo]\ntype = \"delay\"\ntime = \"5 ms\"\n\
         mix = 0.5\nfeedback = 0.5\n[nodes.trim]\ntype = \"gain\"\ngain = 0.7\n[nodes.out]\ntype = \"output\"\n"
    )
}

/// Plays the three patches one after the other, each for so long that what was before it has ended.
fn captured(path: &Path, fade: u64) {
    let registry = Registry::standard();
    let (mut engine, renderer) = engine(StreamSpec { fade, ..StreamSpec::new(48_000, FRAMES, 1, 1) });
    let capture = Capture::create(path, Config::default()).unwrap();
    let tap = capture.begin(&mut engine, &registry, Stretch { device: "test".to_owned(), outputs: 1 });
    let mut tapped = Tapped::new(renderer, tap);
    let mut output = Planar::new(1, FRAMES);
    for (number, links) in LINKS.iter().enumerate() {
        let source = Source::new("song.toml", patch(links), &Options::default());
        let graph = source.load(&registry).unwrap().graph;
        capture.announce(source, &graph);
        engine.load(graph).unwrap();
        for block in 0..BLOCKS {
            let position = (number as u64 * BLOCKS + block) * FRAMES as u64;
            let input: Vec<f32> = (position..position + FRAMES as u64).map(|frame| noise(frame, 0)).collect();
            let mut outputs: Vec<&mut [f32]> = output.iter_mut(FRAMES).collect();
            let block = Block { frames: FRAMES, position, discontinuity: false };
            tapped.process(block, &[&input], &mut outputs);
            engine.collect();
        }
    }
    capture.end(&engine);
    engine.close(tapped.into_inner());
    assert!(capture.finish().is_complete());
}

/// What stands in a record from a key up to the next comma, and the rest of it.
fn without_swept(text: &str, instead: &str) -> String {
    let at = text.find("\"swept\":").expect("every record of what was told has it");
    let end = at + text[at..].find(',').expect("and more after it") + 1;
    format!("{}{instead}{}", &text[..at], &text[end..])
}

#[test]
fn by_what_had_ended_a_load_makes_the_same_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.cap");
    captured(&path, 960);
    let verdict = replay(&path).unwrap();
    assert!(verdict.is_identical() && verdict.blocks == LINKS.len() as u64 * BLOCKS, "{verdict:?}");
    let calls = &Recording::open(&path).unwrap().takes[0].calls;
    let swept: Vec<u64> = calls.iter().map(|call| call.swept).collect();
    assert_eq!(swept, [0, BLOCKS * FRAMES as u64, 2 * BLOCKS * FRAMES as u64]);

    // With the first link still on its way out, the last load would make a loop, and replace both nodes.
    rewrite(&path, |kind, bytes| {
        let text = String::from_utf8_lossy(bytes);
        (kind == 3).then(|| without_swept(&text, "\"swept\":0,").into_bytes())
    });
    let first = replay(&path).unwrap().first.expect("it is heard");
    assert_eq!(first.block, 2 * BLOCKS);
}

/// As the first version of the format was written: loads cut, and nothing is said of what had ended.
#[test]
fn captures_of_the_first_version_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.cap");
    captured(&path, 0);
    rewrite(&path, |kind, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let first = match kind {
            2 => text.replace(",\"fade\":0", ""),
            3 => without_swept(&text, ""),
            _ => return None,
        };
        assert_ne!(first, text);
        Some(first.into_bytes())
    });
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes[8], 2);
    bytes[8] = 1;
    std::fs::write(&path, bytes).unwrap();
    let verdict = replay(&path).unwrap();
    assert!(verdict.is_identical() && verdict.blocks == LINKS.len() as u64 * BLOCKS, "{verdict:?}");
}
