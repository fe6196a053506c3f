//! Every patch there is: the bad ones are refused, the examples sound the same in any block size.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::hostile;
use crate::support::{Folder, repository};

/// Bad patches of every sort, kept with the patch language, or too large for that: every command refuses all, shortly,
/// with a place, and leaves nothing behind.
#[test]
fn bad_patches_are_refused_shortly_and_leave_nothing() {
    let (folder, outside) = (Folder::new(), Folder::new());
    let names = hostile::put(folder.path(), outside.path());
    folder.wav("sound.wav", 48_000, 2, 100);
    let before = [folder.listing(), outside.listing()];
    let starts: [&[&str]; 4] = [
        &["check", "--channels", "2"],
        &["run", "--channels", "2"],
        &["render", "-i", "sound.wav", "-o", "made.wav"],
        &["render", "-i", "sound.wav"],
    ];
    let next = AtomicUsize::new(0);
    let judge = || {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let refused = starts.iter().filter(|start| is_refused(&folder, name, start)).count();
            assert!(refused >= 3, "{name} is only refused with `-o`, or without");
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| _ = scope.spawn(judge)));
    assert_eq!([folder.listing(), outside.listing()], before, "something is left behind");
    assert!(names.len() >= 130, "only {} bad patches", names.len());
}

/// Insists that it is, with a place. `false` where all that is told is whether `-o` and the patch go together: then it is
/// the other way that must refuse it.
fn is_refused(folder: &Folder, name: &str, start: &[&str]) -> bool {
    let ended = folder.run(start.iter().chain(&[name]));
    let said = &ended.stderr;
    if start[0] == "render"
        && ended.code == Some(2)
        && (said.contains("leave `-o` away") || said.contains("`-o out.wav`"))
    {
        return false;
    }
    assert_eq!(ended.code, Some(3), "{start:?} {name}: {said}");
    assert!(ended.stdout.len() + said.len() < 4096, "{start:?} {name} has too long an answer");
    let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!said.contains(is_bad), "{start:?} {name}: control characters in {said:?}");
    assert!(!said.contains("panicked"), "{start:?} {name}: {said}");
    let place = |line: &str| {
        let (_, place) = line.split_once(&format!("{name}:"))?;
        let (line, column) = place.split_once(':')?;
        Some((line.parse::<u32>().ok()?, column.trim().parse::<u32>().ok()?))
    };
    let has_place = said.lines().any(|line| place(line).is_some_and(|(line, column)| line > 0 && column > 0));
    assert!(has_place || said.contains("more than 1 MiB"), "{start:?} {name}: no place in {said}");
    true
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
