use std::fs;

use crate::support::{Folder, read};

/// A file whose header was never completed.
fn unfinished(folder: &Folder, name: &str) -> Vec<u8> {
    let path = folder.wav(name, 48_000, 2, 4_800);
    let mut bytes = fs::read(&path).unwrap();
    bytes[76..80].fill(0);
    fs::write(&path, &bytes).unwrap();
    bytes
}

#[test]
fn nothing_is_changed_unless_that_is_asked_for() {
    let folder = Folder::new();
    let before = unfinished(&folder, "a.wav");
    let ended = folder.run(["repair", "a.wav"]).exits(5);
    for line in
        ["a.wav: 4800 frames, 0.100 s at 48000 Hz, 2 channels, FLOAT", "how many frames", "--write puts it right"]
    {
        assert!(ended.stdout.contains(line), "`{line}` is not in:\n{}", ended.stdout);
    }
    assert!(fs::read(folder.path().join("a.wav")).unwrap() == before);
    let ended = folder.run(["repair", "--write", "a.wav"]).exits(0);
    assert!(ended.stdout.contains("repaired in a.wav: 4800 more frames, 0.100 s"), "{}", ended.stdout);
    assert_eq!(read(&folder.path().join("a.wav")).0.len(), 9_600);
    assert!(folder.run(["repair", "a.wav"]).exits(0).stdout.contains("whole"));
}

#[test]
fn a_copy_leaves_the_damaged_file_and_whatever_is_there() {
    let folder = Folder::new();
    let before = unfinished(&folder, "a.wav");
    folder.write("there.wav", "precious");
    folder.run(["repair", "a.wav", "-o", "there.wav"]).exits(5).says("there.wav");
    assert_eq!(fs::read(folder.path().join("there.wav")).unwrap(), b"precious");
    folder.run(["repair", "a.wav", "-o", "b.wav"]).exits(0);
    folder.run(["repair", "a.wav", "-o", "there.wav", "--overwrite"]).exits(0);
    for name in ["b.wav", "there.wav"] {
        assert_eq!(read(&folder.path().join(name)).0.len(), 9_600);
    }
    fs::create_dir(folder.path().join("sub")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../a.wav", folder.path().join("sub/link.wav")).unwrap();
    for itself in ["a.wav", "./sub/../a.wav", if cfg!(unix) { "sub/link.wav" } else { "a.wav" }] {
        for overwrite in [None, Some("--overwrite")] {
            let args = ["repair", "a.wav", "-o", itself].into_iter().chain(overwrite);
            folder.run(args).exits(2).says("would replace what is read");
        }
    }
    fs::remove_dir_all(folder.path().join("sub")).unwrap();
    assert!(fs::read(folder.path().join("a.wav")).unwrap() == before);
    assert_eq!(folder.listing(), ["a.wav", "b.wav", "there.wav"]);
}

#[test]
fn programs_read_the_same() {
    let folder = Folder::new();
    unfinished(&folder, "a.wav");
    folder.wav("b.wav", 48_000, 1, 10);
    folder.write(
        "b.wav.gaps.jsonl",
        "{\"kind\":\"recording\",\"file\":\"b.wav\",\"node\":\"rec\",\"sample_rate\":48000,\"channels\":1,\
         \"stream_frame\":5,\"start\":\"2026-01-31T12:00:00\"}\n\
         {\"kind\":\"gap\",\"stream_frame\":8,\"file_frame\":3,\"frames\":2,\"silence\":2,\"seconds\":0.1,\
         \"cause\":\"buffer_full\"}\n{\"kind\":\"ga",
    );
    folder.write("c.wav", "no WAV file at all");
    let data = folder.run(["repair", "--json", "a.wav", "b.wav", "c.wav", "d.wav"]).exits(5).json();
    assert_eq!((&data["ok"], &data["exit"]), (&false.into(), &5.into()));
    let files = data["files"].as_array().unwrap();
    assert_eq!((&files[0]["ok"], &files[0]["frames"]), (&false.into(), &4_800.into()));
    assert_eq!(files[0]["problems"].as_array().unwrap().len(), 1);
    assert_eq!((&files[1]["ok"], files[1]["problems"].as_array().unwrap().len()), (&true.into(), 0));
    assert_eq!(files[1]["gaps"][0]["lines"][1]["frames"], 2);
    assert!(files[2]["error"].as_str().unwrap().contains("no WAV file") && files[3]["error"].is_string());
    let text = folder.run(["repair", "b.wav"]).exits(0).stdout;
    assert!(text.contains("1 gap, 2 frames in all") && text.contains("no room in `buffer`"), "{text}");
}

#[test]
fn mistakes_on_the_command_line_are_told() {
    let folder = Folder::new();
    folder.run(["repair"]).exits(2).says("FILE");
    folder.run(["repair", "a.wav", "b.wav", "-o", "c.wav"]).exits(2).says("one file");
    folder.run(["repair", "a.wav", "--write", "-o", "c.wav"]).exits(2).says("--write");
    folder.run(["repair", "missing.wav"]).exits(5).says("missing.wav");
    folder.run(["repair", "."]).exits(5).says("no regular file");
    assert_eq!(folder.listing(), [""; 0]);
}
