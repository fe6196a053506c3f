use crate::support::{Folder, read};

#[test]
fn eight_channels_for_five_seconds_are_exactly_that() {
    let folder = Folder::new();
    let args =
        ["record", "--backend", "sim", "-c", "8", "--duration", "5s", "--rate", "48000", "-o", "x.wav", "--json"];
    let data = folder.run(args).exits(0).json();
    assert_eq!(
        (&data["frames"], &data["channels"], &data["sample_rate"]),
        (&240_000.into(), &8.into(), &48_000.into())
    );
    let (samples, rate, channels) = read(&folder.path().join("x.wav"));
    assert_eq!((samples.len(), rate, channels), (240_000 * 8, 48_000, 8));
}

#[test]
fn the_clock_paces_the_null_device() {
    let folder = Folder::new();
    let ended =
        folder.run(["record", "--backend", "null", "-d", "300ms", "-o", "x.wav", "--subtype", "pcm_16"]).exits(0);
    assert!(
        ended.stdout.starts_with("x.wav: 0:00.300 at 48000 Hz, 14400 frames, 2 channels, PCM_16"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stderr.contains("zeros"), "silence is what the null device is for: {}", ended.stderr);
    assert_eq!(read(&folder.path().join("x.wav")).0.len(), 14_400 * 2);
}

#[test]
fn nothing_is_replaced_unasked_and_no_folder_made_up() {
    let folder = Folder::new();
    folder.write("x.wav", "precious");
    let record = |rest: &[&str]| folder.run(["record", "--backend", "sim", "-d", "100smp"].iter().chain(rest));
    record(&["-o", "x.wav"]).exits(5).says("--overwrite");
    assert_eq!(std::fs::read_to_string(folder.path().join("x.wav")).unwrap(), "precious");
    record(&["-o", "x.wav", "--overwrite"]).exits(0);
    assert_eq!(read(&folder.path().join("x.wav")).0.len(), 200);
    record(&["-o", "nowhere/x.wav"]).exits(5).says("no folder nowhere");
    record(&["-o", "take-{seq:02}.wav"]).exits(0);
    record(&["-o", "take-{seq:02}.wav"]).exits(0);
    assert_eq!(folder.listing(), ["take-01.wav", "take-02.wav", "x.wav"]);
    record(&["-o", "{what}.wav"]).exits(2).says("{what}");
}

#[test]
fn every_file_that_was_written_is_named_with_its_length() {
    let folder = Folder::new();
    let record =
        |rest: &[&str]| folder.run(["record", "--backend", "sim", "--rate", "48000"].iter().chain(rest)).exits(0);
    let text = record(&["-d", "1s", "-o", "takes/{seq:03}.wav"]).stdout;
    assert!(text.starts_with("takes/001.wav: 0:01.000 at 48000 Hz"), "{text}");
    assert!(text.contains("file: takes/001.wav, 0:01.000, 48000 frames\n"), "{text}");
    let data = record(&["-d", "1s", "-o", "takes/{seq:03}.wav", "--json"]).json();
    let file = serde_json::json!({ "node": "file", "path": "takes/002.wav", "first_frame": 0, "frames": 48_000, "missing": null });
    assert_eq!((&data["output"]["path"], &data["files"]), (&"takes/002.wav".into(), &serde_json::json!([file])));

    folder.write(
        "split.toml",
        "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\n[nodes.b]\ntype = \"file_sink\"\npath = \"{seq}.wav\"\n\
         split = \"500 ms\"\n[engine]\nbackend = \"null\"\n",
    );
    let data = folder.run(["split.toml", "-d", "1200ms", "--json"]).exits(0).json();
    let frames = data["files"].as_array().unwrap().iter().map(|file| file["frames"].as_u64().unwrap());
    assert_eq!(frames.collect::<Vec<_>>(), [24_000, 24_000, 9_600]);
}

#[test]
fn no_recording_is_empty() {
    let folder = Folder::new();
    for command in ["record -o x.wav", "meter", "render x.toml -o x.wav", "play x.wav", "x.toml"] {
        for none in ["0", "0s", "0smp"] {
            let words = command.split(' ').chain(["-d", none]);
            folder.run(words).exits(2).says("more than 0");
        }
    }
    assert_eq!(folder.listing(), [""; 0]);
    folder.run(["record", "-o", "x.wav", "--backend", "sim", "-d", "1us"]).exits(0);
    assert_eq!(read(&folder.path().join("x.wav")).0.len(), 2, "less than a frame is one frame");
    folder.run(["record", "-o", "y.wav", "-d", "1m"]).exits(2).says("min");
}

#[test]
fn mistakes_are_told_before_anything_is_recorded() {
    let folder = Folder::new();
    folder.run(["record"]).exits(2).says("--output");
    folder.run(["record", "-o", "x.wav", "-c", "0"]).exits(2).says("1 to 1024");
    folder.run(["record", "-o", "x.wav", "-d", "5"]).exits(2).says("unit");
    folder.run(["record", "-o", "x.wav", "--backend", "null", "--device", "piano"]).exits(4).says("`piano`");
    folder.run(["record", "-o", "x.wav", "--device", "a", "--loopback-of", "b"]).exits(2).says("--loopback-of");
    assert_eq!(folder.listing(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_recording_with_a_whole_file() {
    use std::io::BufRead;
    use std::process::Stdio;

    use crate::support::{Ended, signal};

    let folder = Folder::new();
    let mut command = folder.command(["record", "--backend", "null", "-o", "x.wav", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A busy machine may have warnings before the first line of the meter.
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("dBFS")).unwrap();
    assert!(line.contains("-200.0 dBFS") && !line.contains('\u{1b}'), "{line}");
    signal(&child, "USR1");
    signal(&child, "USR2");
    signal(&child, "INT");
    let data = Ended::of(child.wait_with_output().unwrap()).exits(0).json();
    let frames = data["frames"].as_u64().unwrap();
    assert!(frames >= 48_000, "{frames}");
    assert_eq!(read(&folder.path().join("x.wav")).0.len() as u64, frames * 2);
}

/// A file that cannot be made ends it at once: nobody would end it otherwise.
#[test]
fn where_no_file_can_be_made_nothing_is_waited_for() {
    let folder = Folder::new();
    folder.write("takes", "no folder");
    let ended = folder.run(["record", "--backend", "null", "-o", "takes/{seq}.wav", "--json"]).exits(5);
    ended.says("nothing is recorded from frame 0 on");
    assert_eq!(folder.listing(), ["takes"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_removed_is_followed_by_another_one() {
    use crate::support::Running;

    let folder = Folder::new();
    let path = folder.path().join("x.wav");
    let running = Running::start(&mut folder.command(["record", "--backend", "null", "-o", "x.wav", "--json"]));
    running.until("recording x.wav from frame 0 on");
    std::fs::remove_file(&path).unwrap();
    running.until("x.wav was removed while it was recorded");
    let recorded = || std::fs::metadata(&path).map_or(0, |found| found.len());
    running.until_seen("nothing more is recorded", || recorded() >= 10_000);
    running.signal("INT");
    let data = running.end().exits(5).json();
    check_books(&data);
    assert_eq!(data["readings"]["file"]["files"], 2.0);
    assert_eq!(read(&path).0.len() as f64, data["readings"]["file"]["frames_written"].as_f64().unwrap() * 2.0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_that_has_room_again_is_recorded_to_again() {
    use crate::mounts::Mount;
    use crate::support::Running;

    let Some(mount) = Mount::tmpfs(1024) else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let (path, filler) = (mount.path().join("x.wav"), mount.path().join("filler"));
    std::fs::write(&filler, vec![0; 900_000]).unwrap();
    let folder = Folder::new();
    let mut command = folder.command(["record", "--backend", "null", "--json", "-o"]);
    let running = Running::start(command.arg(&path));
    running.until("frames lost by now");
    let before = std::fs::metadata(&path).unwrap().len();
    std::fs::remove_file(&filler).unwrap();
    let recorded = || std::fs::metadata(&path).unwrap().len() - before;
    running.until_seen("nothing more is recorded", || recorded() >= 100_000);
    running.signal("INT");
    let data = running.end().exits(5).says("No space left").json();
    check_books(&data);
    assert_eq!(data["readings"]["file"]["files"], 1.0);
    assert_eq!(read(&path).0.len() as u64, data["frames"].as_u64().unwrap() * 2, "silence keeps the place");
}

/// What was lost is told, and nothing else is.
#[cfg(unix)]
#[track_caller]
fn check_books(data: &serde_json::Value) {
    let count = |name: &str| data["readings"]["file"][name].as_f64().unwrap();
    assert!(count("frames_lost") > 0.0, "{data:#}");
    assert_eq!(count("frames_written") + count("frames_lost"), data["frames"].as_f64().unwrap(), "{data:#}");
}
