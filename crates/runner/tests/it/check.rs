use crate::support::{Folder, example};

#[test]
fn a_good_patch_is_summed_up() {
    let folder = Folder::new();
    let ended = folder.run(["check".as_ref(), example("tangle.toml").as_os_str()]).exits(0);
    for expected in
        ["tangle", "48000 Hz", "bus.in = door + tone + haze + damp", "damp ~> bus, 240 frames (5.00 ms) late"]
    {
        assert!(ended.stdout.contains(expected), "`{expected}` is not in:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("wet.in"), "links into different channels are no sum:\n{}", ended.stdout);
    assert!(!ended.stdout.contains('\x1b'), "escape codes where there is no terminal");
    assert_eq!(folder.listing(), [""; 0]);
}

#[test]
fn what_is_assumed_is_said() {
    let folder = Folder::new();
    let patch =
        folder.write("open.toml", "links = [\"a -> b\"]\nnodes.a.type = \"input\"\nnodes.b.type = \"output\"\n");
    let ended = folder.run(["check".as_ref(), patch.as_os_str()]).exits(0);
    assert_eq!(ended.stdout.matches("assumed").count(), 2, "{}", ended.stdout);
    let data = folder.run(["check", "--json", "--channels", "6", "open.toml"]).exits(0).json();
    let data = &data["patches"][0];
    assert_eq!((&data["input_channels"], &data["output_channels"]), (&6.into(), &6.into()));
    assert_eq!(data["input_channels_assumed"], false);
    assert_eq!(data["sample_rate_assumed"], true);
}

#[test]
fn every_patch_is_judged() {
    let folder = Folder::new();
    folder.write("good.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    folder.write("bad.toml", "links = [\"a -> b\"]\nnodes.a.type = \"nose\"\nnodes.b.type = \"outputt\"\n");
    let ended = folder.run(["check", "bad.toml", "good.toml"]).exits(3);
    assert!(ended.stdout.contains("good.toml: ok"));
    let ended = ended.says("bad.toml:2:16").says("bad.toml:3:16").says("bad.toml: 2 mistakes");
    assert!(!ended.stderr.contains('\x1b'));
    folder.run(["check", "good.toml", "missing.toml"]).exits(5).says("missing.toml");
    let data = folder.run(["check", "--json", "bad.toml", "missing.toml", "good.toml"]).exits(3).json();
    assert_eq!(data["patches"].as_array().map(Vec::len), Some(3));
    assert_eq!(data["patches"][0]["mistakes"]["mistakes"][1]["line"], 3);
}

#[test]
fn a_setting_is_checked_like_the_patch() {
    let folder = Folder::new();
    folder.write("p.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    folder.run(["check", "p.toml", "--set", "a.level=-6dB", "--set", "a.color=pink"]).exits(0);
    folder
        .run(["check", "p.toml", "--set", "a.level=loud", "--set", "c.x=1"])
        .exits(3)
        .says("--set a.level=loud")
        .says("`c`");
    folder.run(["check", "p.toml", "--set", "a"]).exits(2).says("NODE.PARAM=VALUE");
}

#[test]
fn the_load_is_predicted_with_its_error() {
    let folder = Folder::new();
    let patch = example("seed-chain.toml");
    let text = folder.run(["check".as_ref(), "--cpu".as_ref(), patch.as_os_str()]).exits(0).stdout;
    assert!(text.contains(" ± ") && text.contains("of one core at 64 frames, 44100 Hz"), "{text}");
    let check = |block: &str| {
        let args = ["check", "--json", "--cpu", "--block", block, patch.to_str().unwrap()];
        folder.run(args).exits(0).json()["patches"][0]["cpu"].take()
    };
    let (short, long) = (check("16"), check("1024"));
    assert_eq!((&short["block_frames"], &short["sample_rate"]), (&16.into(), &44_100.into()));
    // What a call costs by itself weighs less in long blocks.
    assert!(short["load"].as_f64() > long["load"].as_f64(), "{short} {long}");
    assert!(long["load"].as_f64() > Some(0.0) && long["error"].as_f64() < long["load"].as_f64(), "{long}");
    assert_eq!(long["nodes"].as_array().map(Vec::len), Some(3), "{long}");
    folder.run(["check".as_ref(), "--block".as_ref(), "16".as_ref(), patch.as_os_str()]).exits(2).says("--cpu");
    assert_eq!(folder.listing(), [""; 0]);
}
