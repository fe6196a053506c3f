//! A patch is edited while it plays, and compared with another one.

use std::fs;
use std::time::Duration;

use crate::support::{Folder, Running, read};

const PATCH: &str = "links = [\"tone -> trim -> rec\"]\n[nodes.tone]\ntype = \"oscillator\"\nfrequency = 997\n\
                     [nodes.trim]\ntype = \"gain\"\ngain = 0.5\n[nodes.rec]\ntype = \"file_sink\"\npath = \"take.wav\"\n\
                     subtype = \"FLOAT\"\n";

/// With other parameters, another node in its middle, and another block.
fn edited() -> String {
    let echo = "[nodes.echo]\ntype = \"delay\"\ntime = \"100 ms\"\nfeedback = 0.5\n[engine]\nblock = 64\n";
    PATCH.replace("0.5", "\"-3 dB\"").replace("trim -> rec", "trim -> echo -> rec") + echo
}

#[test]
fn a_comparison_says_what_becomes_of_each_node() {
    let folder = Folder::new();
    folder.write("a.toml", PATCH);
    folder.write("b.toml", &edited());
    let there = folder.run(["diff", "a.toml", "b.toml"]).exits(0).stdout;
    for line in [
        "trim (gain -3 dB instead of 0.5) changed; echo added; 2 nodes play on",
        "changed       trim: gain -3 dB instead of 0.5",
        "kept          tone, rec",
        "new link      trim -> echo, fades in over 960 frames (20.00 ms)",
        "link gone     trim -> rec, fades out over 960 frames (20.00 ms)",
        "engine        block 64 instead of 0, when the patch is started anew",
    ] {
        assert!(there.contains(line), "`{line}` is not in:\n{there}");
    }
    let back = folder.run(["diff", "b.toml", "a.toml", "--json"]).exits(0).json();
    assert_eq!((&back["same"], &back["removed"]), (&false.into(), &serde_json::json!(["echo"])));
    let (ringing, tail) = (&back["ringing_out"][0]["node"], &back["ringing_out"][0]["frames"]);
    // -60 dB by halves each 100 ms, and the fade.
    assert!(ringing == "echo" && tail.as_u64().unwrap() > 10 * 4_800, "{back}");
    let same = folder.run(["diff", "a.toml", "a.toml"]).exits(0);
    assert_eq!(same.stdout, "a.toml and a.toml play the same\n");
}

#[test]
fn what_cannot_be_compared_is_told_of_in_both() {
    let folder = Folder::new();
    folder.write("a.toml", "links = [\"x -> y\"]\n");
    folder.write("b.toml", "links = 3\n");
    let both = folder.run(["diff", "a.toml", "b.toml"]).exits(3);
    let both = both.says("a.toml:1:").says("b.toml:1:");
    assert!(both.stdout.is_empty());
    folder.run(["diff", "a.toml", "none.toml"]).exits(5).says("none.toml");
    folder.run(["diff", "nor.toml", "none.toml"]).exits(5).says("none.toml").says("nor.toml");
    folder.run(["diff", "-", "-"]).exits(2).says("only one of the two patches can be read from stdin");
}

#[test]
fn scenes_maps_and_who_may_control_a_patch_are_compared_too() {
    let folder = Folder::new();
    folder.write("a.toml", PATCH);
    let more = "[scenes.soft]\ntrim.gain = 0.1\n[[map]]\ncc = 7\nto = \"trim.mute\"\n[control]\nosc = 9000\n";
    folder.write("b.toml", &format!("{PATCH}{more}"));
    let there = folder.run(["diff", "a.toml", "b.toml"]).exits(0).stdout;
    for line in [
        "no node changed; 3 nodes play on; scenes, maps, [control] changed",
        "changed       maps, at once",
        "changed       [control], when the patch is started anew",
    ] {
        assert!(there.contains(line), "`{line}` is not in:\n{there}");
    }
    let data = folder.run(["diff", "b.toml", "a.toml", "--json"]).exits(0).json();
    assert_eq!((&data["same"], &data["beside"]), (&false.into(), &serde_json::json!(["scenes", "maps", "[control]"])));
}

#[cfg(unix)]
#[test]
fn a_scene_is_edited() {
    let folder = Folder::new();
    let scene = |gain: &str| format!("{PATCH}[scenes.soft]\ntrim.gain = {gain}\n");
    let patch = folder.write("p.toml", &scene("0.1"));
    let running = Running::start(&mut folder.command(["run", "p.toml", "--backend", "null", "--watch"]));
    running.until("recording");
    fs::write(&patch, scene("0.2")).unwrap();
    running.until("no node changed; 3 nodes play on; scenes changed");
    fs::write(&patch, scene("0.2") + "[control]\nrate = \"10 Hz\"\n").unwrap();
    running.until("takes effect when the patch is started anew: [control]");
    // It is what it was, but no patch any more.
    fs::remove_file(&patch).unwrap();
    fs::create_dir(&patch).unwrap();
    running.until("p.toml is no file any more");
    running.signal("INT");
    running.end().exits(0);
}

#[cfg(unix)]
#[test]
fn edits_are_loaded_while_it_plays_and_mistakes_leave_it_playing() {
    let folder = Folder::new();
    let patch = folder.write("p.toml", PATCH);
    let args = ["run", "p.toml", "--backend", "null", "--watch", "--json"];
    let running = Running::start(&mut folder.command(args));
    running.until("recording");
    // As editors save: a new file moved over the old one.
    folder.write("p.tmp", &edited());
    fs::rename(folder.path().join("p.tmp"), &patch).unwrap();
    running.until("trim (gain -3 dB instead of 0.5) changed; echo added; 2 nodes play on");
    running.until("takes effect when the patch is started anew: block 64 instead of 0");
    // In place.
    fs::write(&patch, edited().replace("-3 dB", "-3 dBB")).unwrap();
    running.until("the old patch plays on");
    fs::write(&patch, edited().replace("-3 dB", "-9 dB")).unwrap();
    running.until("trim (gain -9 dB instead of -3 dB) changed; 3 nodes play on");
    std::thread::sleep(Duration::from_millis(50));
    running.signal("TERM");
    let ended = running.end().exits(0);
    let ended = ended.says("error[").says("p.toml:7:8");
    let data = ended.json();
    assert_eq!((data["reloads"].as_array().unwrap().len(), &data["reloads_refused"]), (2, &1.into()), "{data}");
    assert_eq!(data["reloads"][0]["changes"]["added"], serde_json::json!(["echo"]));
    let frames: Vec<u64> =
        data["reloads"].as_array().unwrap().iter().map(|one| one["frame"].as_u64().unwrap()).collect();
    assert!(0 < frames[0] && frames[0] < frames[1] && frames[1] < data["frames"].as_u64().unwrap());
    let (take, ..) = read(&folder.path().join("take.wav"));
    assert_eq!(take.len() as u64, data["frames"].as_u64().unwrap(), "one file, of which no frame is missing");
}

/// A file that the patch before played is free for a recorder of the next one, once that has faded; what is missing until then is told.
#[cfg(unix)]
#[test]
fn a_recorder_takes_over_the_file_that_was_played() {
    let folder = Folder::new();
    folder.wav("a.wav", 48_000, 1, 480);
    let source = "[nodes.tone]\ntype = \"file_source\"\npath = \"a.wav\"\nloop = true\n";
    let (nodes, rest) = PATCH.split_once("[nodes.trim]").unwrap();
    let played = format!("{}{source}[nodes.trim]{rest}", nodes.split_once("[nodes.tone]").unwrap().0);
    let patch = folder.write("p.toml", &played);
    let running = Running::start(&mut folder.command(["run", "p.toml", "--backend", "null", "--watch", "--json"]));
    running.until("recording");
    fs::write(&patch, PATCH.replace("\"take.wav\"", "\"a.wav\"\noverwrite = true")).unwrap();
    running.until("recording ");
    std::thread::sleep(Duration::from_secs(2));
    running.signal("INT");
    let ended = running.end();
    let data = ended.json();
    let kept = read(&folder.path().join("a.wav")).0.len() as u64;
    let missing = data["readings"]["rec"]["frames_lost"].as_f64().unwrap() as u64;
    assert!(kept > 4_800 && missing < 96_000, "{kept} frames, {missing} missing: {data}");
}

/// Included files are watched too, also those that could not be read.
#[cfg(unix)]
#[test]
fn an_included_file_is_edited() {
    let folder = Folder::new();
    let (top, rest) = PATCH.split_once("[nodes.trim]").unwrap();
    folder.write("p.toml", &format!("include = [\"more.toml\"]\n{top}"));
    folder.write("more.toml", &format!("[nodes.trim]{rest}"));
    let running = Running::start(&mut folder.command(["run", "p.toml", "--backend", "null", "--watch"]));
    running.until("recording");
    std::fs::rename(folder.path().join("more.toml"), folder.path().join("away")).unwrap();
    running.until("the old patch plays on");
    folder.write("more.toml", &format!("[nodes.trim]{}", rest.replace("0.5", "0.25")));
    running.until("trim (gain 0.25 instead of 0.5) changed; 2 nodes play on");
    running.signal("INT");
    running.end().exits(0);
}

#[cfg(unix)]
#[test]
fn sighup_asks_for_the_patch_to_be_read_again() {
    let folder = Folder::new();
    let patch = folder.write("p.toml", PATCH);
    let running = Running::start(&mut folder.command(["run", "p.toml", "--backend", "null"]));
    running.until("recording");
    running.signal("HUP");
    running.until("nothing in the patch has changed");
    fs::write(&patch, PATCH.replace("0.5", "0.25")).unwrap();
    running.signal("HUP");
    running.until("trim (gain 0.25 instead of 0.5) changed; 2 nodes play on");
    // It would be recorded over what is being recorded.
    fs::write(&patch, PATCH.replace("0.5", "0.25\n[nodes.b]\ntype = \"gain\"").replace("FLOAT", "PCM_16")).unwrap();
    running.signal("HUP");
    running.until("take.wav is being recorded, which nothing replaces");
    fs::remove_file(&patch).unwrap();
    running.signal("HUP");
    running.until("cannot read p.toml");
    running.signal("INT");
    let ended = running.end().exits(0);
    assert!(ended.stdout.contains("reloaded 1 time, the last time at frame"), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 edits with mistakes left the old one playing"), "{}", ended.stdout);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_again_is_not_watched() {
    let folder = Folder::new();
    let args = ["run", "-", "--backend", "null", "--watch", "-d", "1s"];
    let refused = crate::support::Ended::of(folder.command(args).output().unwrap());
    assert_ne!(refused.code, Some(0));
    folder.write("p.toml", PATCH);
    let mut command = folder.command(args);
    command.stdin(fs::File::open(folder.path().join("p.toml")).unwrap());
    crate::support::Ended::of(command.output().unwrap()).exits(2).says("--watch needs a file");
    assert!(!folder.path().join("take.wav").exists());
}
