use crate::support::{Folder, read};

#[test]
fn the_demo_needs_nothing_and_ends_with_its_file() {
    let folder = Folder::new();
    // The second one replaces the first.
    for _ in 0..2 {
        let ended = folder.run(["demo"]).exits(0);
        assert!(ended.stdout.contains("● recording") && ended.stdout.contains("dBFS"), "{}", ended.stdout);
        assert_eq!(ended.stdout.lines().last(), Some("patchline-demo/demo.wav"));
        let (samples, rate, channels) = read(&folder.path().join("patchline-demo/demo.wav"));
        assert_eq!((samples.len(), rate, channels), (8 * 2 * 48_000, 48_000, 2));
        let peak = samples.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
        assert!((0.25..1.0).contains(&peak), "loud enough, not clipped: {peak}");
        let takes = folder.listing().iter().filter(|name| name.starts_with("patchline-demo/takes/swell-")).count();
        assert_eq!(takes, 5);
    }
    folder.run(["check", "patchline-demo/demo.toml"]).exits(0);
    folder.run(["demo", "-o", "elsewhere"]).exits(0);
    folder.write("taken", "a file");
    folder.run(["demo", "-o", "taken"]).exits(5).says("taken");
}

#[test]
fn a_demo_that_was_changed_is_kept_and_rendered() {
    let folder = Folder::new();
    folder.run(["demo"]).exits(0);
    let patch = folder.path().join("patchline-demo/demo.toml");
    let changed = "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n";
    std::fs::write(&patch, changed).unwrap();
    let ended = folder.run(["demo"]).exits(0);
    assert!(ended.stdout.contains("as it was changed"), "{}", ended.stdout);
    assert_eq!(std::fs::read_to_string(&patch).unwrap(), changed);
    assert_eq!(read(&folder.path().join("patchline-demo/demo.wav")).2, 1);
    std::fs::remove_file(&patch).unwrap();
    assert!(folder.run(["demo"]).exits(0).stdout.contains("which you may change"));
}
