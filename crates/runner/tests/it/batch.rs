//! Many files through one patch.

use serde_json::Value;

#[cfg(unix)]
use crate::support::Running;
use crate::support::{Ended, Folder, read};

const HALF: &str = "links = [\"mic -> trim -> out\"]\n[nodes.mic]\ntype = \"input\"\n[nodes.trim]\ntype = \"gain\"\n\
                    gain = 0.5\n[nodes.out]\ntype = \"output\"\n";
const RECORD: &str = "links = [\"mic -> rec\"]\nnodes.mic.type = \"input\"\n\
                      nodes.rec = { type = \"file_sink\", path = \"take.wav\", subtype = \"FLOAT\" }\n";

/// Takes of different lengths, rates and channels, of one name in two folders, and one that is no WAV file.
fn takes() -> Folder {
    let folder = Folder::new();
    folder.write("half.toml", HALF);
    std::fs::create_dir_all(folder.path().join("takes/second")).unwrap();
    folder.wav("takes/a.wav", 48_000, 2, 10_000);
    folder.wav("takes/b.wav", 44_100, 1, 7_001);
    folder.wav("takes/empty.wav", 48_000, 2, 0);
    folder.wav("takes/second/a.wav", 8_000, 3, 500);
    folder
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path().join(name)).unwrap()
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn any_number_of_jobs_gives_the_bytes_of_one_by_one() {
    let folder = takes();
    folder.write("takes/broken.wav", "RIFF");
    for jobs in ["1", "2", "1000"] {
        let output = format!("out{jobs}/{{dir}}/{{stem}}-half.wav");
        let ended = folder.run(["render", "half.toml", "-i", "takes/**/*.wav", "-o", &output, "--jobs", jobs]).exits(5);
        assert!(ended.stdout.contains("5 files: 4 rendered, 1 failed;"), "{}", ended.stdout);
        ended.says("error: takes/broken.wav: ").says("error: 1 of 5 files failed");
    }
    for (take, name) in [("a", "a"), ("b", "b"), ("empty", "empty"), ("second/a", "second/a")] {
        folder
            .run(["render", "half.toml", "-i", &format!("takes/{take}.wav"), "-o", "alone.wav", "--overwrite"])
            .exits(0);
        for jobs in ["1", "2", "1000"] {
            assert_eq!(bytes(&folder, &format!("out{jobs}/{name}-half.wav")), bytes(&folder, "alone.wav"), "{take}");
        }
    }
    let (given, ..) = read(&folder.path().join("takes/b.wav"));
    let (made, rate, channels) = read(&folder.path().join("out2/b-half.wav"));
    assert_eq!((rate, channels, made.len()), (44_100, 1, 7_001));
    assert!(made.iter().zip(given).all(|(made, given)| *made == given * 0.5));
}

#[test]
fn each_file_has_its_document_and_all_have_one() {
    let folder = takes();
    folder.write("takes/broken.wav", "RIFF");
    let ended = folder.run(["render", "half.toml", "-i", "takes/*.wav", "-o", "out/", "--json"]).exits(5);
    let mut lines = lines(&ended);
    let all = lines.pop().unwrap();
    assert_eq!(
        (&all["files"], &all["rendered"], &all["failed"], &all["exit"]),
        (&4.into(), &3.into(), &1.into(), &5.into())
    );
    assert_eq!(all["failures"][0]["input"], "takes/broken.wav");
    assert_eq!(lines.len(), 4);
    let of = |name: &str| lines.iter().find(|line| line["input"] == name).unwrap();
    let a = of("takes/a.wav");
    assert_eq!((&a["frames"], &a["exit"], &a["output"]["path"]), (&10_000.into(), &0.into(), &"out/a.wav".into()));
    let (made, ..) = read(&folder.path().join("out/a.wav"));
    let peak = made.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
    assert_eq!(a["peak"].as_f64(), Some(f64::from(peak)));
    assert_eq!(a["non_finite"]["inputs"], 0);
    assert!(a["real_time_factor"].as_f64() > Some(0.0) && a["seconds"].as_f64() > Some(0.2), "{a}");
    assert_eq!(
        (&of("takes/empty.wav")["frames"], &of("takes/broken.wav")["error"]["code"]),
        (&0.into(), &"file".into())
    );
}

#[test]
fn what_stands_in_the_way_is_said_at_once_and_nothing_is_written() {
    let folder = takes();
    let before = folder.listing();
    let render = |args: &[&str]| folder.run(["render", "half.toml"].iter().chain(args));
    render(&["-i", "takes/**/*.wav", "-o", "out/"]).exits(2).says("would both become out/a.wav").says("{dir}");
    render(&["-i", "takes/*.wav", "-o", "takes/", "--overwrite"]).exits(2).says("would replace the input takes/b.wav");
    render(&["-i", "takes/*.wav", "-o", "half.toml/"]).exits(5).says("half.toml is no folder");
    render(&["-i", "takes/*.wav", "-o", "one.wav"]).exits(2).says("{stem}");
    render(&["-i", "none/*.wav", "-o", "out/"]).exits(5).says("no file is called like `none/*.wav`");
    render(&["-i", "takes/[.wav", "-o", "out/"]).exits(2).says("the pattern `[.wav`");
    render(&["-i", "takes/*.wav"]).exits(2).says("-o out/");
    render(&["-i", "takes/*.wav", "-o", "out/", "--jobs", "0"]).exits(2).says("1 to 1024");
    render(&["-i", "takes/*.wav", "-o", "out/", "--jobs", "1025"]).exits(2).says("1 to 1024");
    assert_eq!(folder.listing(), before);
    std::fs::create_dir_all(folder.path().join("out/b.wav")).unwrap();
    folder.write("out/a.wav", "precious");
    let ended = render(&["-i", "takes/*.wav", "-o", "out/"]).exits(5);
    ended.says("out/a.wav is there already").says("out/b.wav is no regular file").says("--skip-existing");
    assert_eq!(bytes(&folder, "out/a.wav"), b"precious");
    assert!(!folder.listing().contains(&"out/empty.wav".to_owned()));
}

#[test]
fn what_is_done_is_left_out_when_that_is_asked_for() {
    let folder = takes();
    let render = |args: &[&str]| {
        folder.run(["render", "half.toml", "-i", "takes/*.wav", "-o", "out/", "--json"].iter().chain(args))
    };
    render(&["--shard", "2/2"]).exits(0);
    assert_eq!(Folder::names_in(&folder.path().join("out")), ["b.wav"]);
    let first = bytes(&folder, "out/b.wav");
    folder.wav("takes/b2.wav", 44_100, 1, 10);
    std::fs::rename(folder.path().join("takes/b2.wav"), folder.path().join("takes/b.wav")).unwrap();
    let all = lines(&render(&["--skip-existing"]).exits(0)).pop().unwrap();
    assert_eq!((&all["rendered"], &all["skipped"]), (&2.into(), &1.into()));
    assert_eq!(bytes(&folder, "out/b.wav"), first);
    let all = lines(&render(&["--resume"]).exits(0)).pop().unwrap();
    assert_eq!((&all["rendered"], &all["skipped"]), (&0.into(), &3.into()));
    let all = lines(&render(&["--overwrite"]).exits(0)).pop().unwrap();
    assert_eq!(all["rendered"], 3);
    assert_ne!(bytes(&folder, "out/b.wav"), first);
}

#[test]
fn a_recorder_has_a_file_for_each_input_or_is_refused() {
    let folder = takes();
    folder.write("record.toml", RECORD);
    let before = folder.listing();
    let render = |args: &[&str]| folder.run(["render", "record.toml", "-i", "takes/*.wav"].iter().chain(args));
    render(&[]).exits(2).says("`rec` (").says("--set rec.path=takes/{stem}.wav");
    render(&["--set", "rec.path=made/x-{dir}.wav"]).exits(2).says("would both become");
    assert_eq!(folder.listing(), before);
    render(&["--set", "rec.path=made/{stem}.wav"]).exits(0);
    // Nothing was heard of the empty one.
    assert_eq!(Folder::names_in(&folder.path().join("made")), ["a.wav", "b.wav"]);
    for name in ["a", "b"] {
        assert_eq!(
            read(&folder.path().join(format!("made/{name}.wav"))).0,
            read(&folder.path().join(format!("takes/{name}.wav"))).0,
            "{name}"
        );
    }
    render(&["--set", "rec.path=made/{stem}.wav"]).exits(5).says("is there already");
}

#[test]
fn a_file_that_does_not_fit_the_patch_stops_no_other() {
    let folder = takes();
    let mono = HALF.replace("type = \"output\"", "type = \"output\"\nchannels = [0]");
    folder.write("mono.toml", &mono);
    let ended = folder.run(["render", "mono.toml", "-i", "takes/*.wav", "-o", "out/", "-j", "2"]).exits(3);
    assert!(ended.stdout.contains("3 files: 1 rendered, 2 failed;"), "{}", ended.stdout);
    assert_eq!(Folder::names_in(&folder.path().join("out")), ["b.wav"]);
    folder
        .run(["render", "half.toml", "-i", "takes/*.wav", "-o", "strict/", "--sample-rate", "48000", "--strict"])
        .exits(5);
    assert_eq!(Folder::names_in(&folder.path().join("strict")), ["a.wav", "empty.wav"]);
}

#[cfg(unix)]
#[test]
fn odd_names_are_kept() {
    use std::os::unix::ffi::OsStrExt;
    let folder = takes();
    let odd = std::ffi::OsStr::from_bytes(b"odd-\xff.wav");
    std::fs::copy(folder.path().join("takes/a.wav"), folder.path().join("takes").join(odd)).unwrap();
    folder.run(["render", "half.toml", "-i", "takes/odd*", "-o", "out/{stem}x.wav"]).exits(0);
    let made = std::fs::read_dir(folder.path().join("out")).unwrap().next().unwrap().unwrap().file_name();
    assert_eq!(made.as_bytes(), b"odd-\xffx.wav");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_its_files_and_leaves_no_half_one() {
    let folder = takes();
    let render = "ulimit -f 40; exec \"$0\" render half.toml -i 'takes/*.wav' -o out/ -j 2";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", render, env!("CARGO_BIN_EXE_runner")]).current_dir(folder.path());
    let ended = Ended::of(command.output().unwrap()).exits(5);
    // 10000 stereo frames do not fit into 20 KiB (or 40), a header does.
    ended.says("takes/a.wav: out/a.wav: ");
    let names = Folder::names_in(&folder.path().join("out"));
    assert!(!names.contains(&"a.wav".to_owned()) && names.contains(&"empty.wav".to_owned()), "{names:?}");
    assert!(names.iter().all(|name| !name.contains(".part-")), "{names:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_batch_keeps_what_is_whole_and_nothing_else() {
    let folder = Folder::new();
    folder.write("half.toml", HALF);
    for name in 0..4 {
        folder.wav(&format!("takes/{name}.wav"), 8_000, 1, 10_000);
    }
    // Long in time and small on the disk: what has no room there is refused before it begins.
    let long = "-d 300min --subtype PCM_16 --block 1".split(' ');
    let args = ["render", "half.toml", "-i", "takes/*.wav", "-o", "out/", "-j", "2"].into_iter().chain(long);
    let running = Running::start(&mut folder.command(args));
    let out = folder.path().join("out");
    running.until_seen("two files do not lie beside their names", || out.is_dir() && Folder::names_in(&out).len() >= 2);
    running.signal("INT");
    let ended = running.end().exits(130);
    assert!(ended.stdout.contains("4 files: 0 rendered, 4 not rendered;"), "{}", ended.stdout);
    ended.says("--skip-existing goes on with the others");
    assert_eq!(Folder::names_in(&out), [""; 0]);
}
