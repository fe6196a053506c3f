//! Every patch there is: the bad ones are refused, the examples sound the same in any block size.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Ended, Folder, repository};

/// Bad patches of every sort, kept with the patch language: all are refused, shortly, and leave nothing behind.
#[test]
fn bad_patches_are_refused_shortly_and_leave_nothing() {
    let bad = repository().join("crates/patch/tests/bad");
    let before = Folder::names_in(&bad);
    let mut count = 0;
    for name in before.iter().filter(|name| name.ends_with(".toml")) {
        count += 1;
        for command in ["check", "run"] {
            let output = Folder::new()
                .command([command, name, "--channels", "2"])
                .current_dir(&bad)
                .output()
                .expect("the binary runs");
            let ended = Ended::of(output);
            assert_eq!(ended.code, Some(3), "{command} {name}:\n{}{}", ended.stdout, ended.stderr);
            assert!(ended.stdout.len() + ended.stderr.len() < 4096, "{name} has too long an answer");
            assert!(!ended.stderr.chars().any(|c| c.is_control() && c != '\n'), "{name}: control characters");
        }
    }
    assert_eq!(Folder::names_in(&bad), before, "nothing is left behind");
    assert!(count >= 60, "only {count} bad patches");
}

/// Everything a render of `patch` makes: files by name, and what its nodes read at the end. A fresh folder each time.
fn everything(patch: &Path, block: &str, duration: Option<&str>) -> BTreeMap<String, Vec<u8>> {
    let folder = Folder::new();
    // Two bursts, far enough from each other for the gates to close and the recorders to begin a second take.
    folder.bursts("in.wav", 44_100, 8, 90_000, |frame| !(8_000..75_000).contains(&frame));
    std::fs::copy(patch, folder.path().join("patch.toml")).unwrap();
    let mut args = vec!["render", "patch.toml", "--block", block, "--clock", "2026-01-01T00:00:00", "-q", "--json"];
    match duration {
        Some(duration) => args.extend(["--duration", duration]),
        None => args.extend(["-i", "in.wav"]),
    }
    let text = std::fs::read_to_string(patch).unwrap();
    if text.contains("\"output\"") {
        args.extend(["-o", "out.wav"]);
    }
    let data = folder.run(args).exits(0).json();
    let readings = BTreeMap::from([("the readings".to_owned(), data["readings"].to_string().into_bytes())]);
    let files = folder.listing().into_iter().filter(|name| !name.ends_with('/'));
    readings
        .into_iter()
        .chain(files.map(|name| (name.clone(), std::fs::read(folder.path().join(name)).unwrap())))
        .collect()
}

#[test]
fn any_block_size_gives_the_same_files() {
    let mut count = 0;
    for entry in std::fs::read_dir(repository().join("examples/patches")).expect("example patches") {
        let patch = entry.expect("a readable folder").path();
        if patch.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        count += 1;
        let has_input = std::fs::read_to_string(&patch).unwrap().contains("\"input\"");
        let duration = (!has_input).then_some("700 ms");
        let expected = everything(&patch, "1", duration);
        let made = expected.len() > 3 || expected["the readings"] != b"{}";
        assert!(made, "{} makes nothing to compare", patch.display());
        for block in ["7", "64", "333", "4096"] {
            let made = everything(&patch, block, duration);
            assert_eq!(made.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{}", patch.display());
            for (name, bytes) in &made {
                assert!(*bytes == expected[name], "{name} of {} differs at block {block}", patch.display());
            }
        }
    }
    assert!(count > 0, "there is no example patch");
}
