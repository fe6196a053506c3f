use crate::support::Folder;

#[test]
fn a_file_is_played_at_the_device_s_rate() {
    let folder = Folder::new();
    folder.wav("a.wav", 44_100, 2, 44_100);
    let ended = folder.run(["play", "a.wav", "--backend", "sim", "--json"]).exits(0);
    let data = ended.json();
    assert_eq!((&data["sample_rate"], &data["converted"]), (&48_000.into(), &true.into()));
    assert_eq!(data["readings"]["file"]["frames_played"], 48_000.0);
    assert_eq!(data["readings"]["file"]["frames_missing"].as_f64().map(|missing| missing < 4_800.0), Some(true));
    ended.says("converted from 44100 Hz to 48000 Hz");
    let data = folder.run(["play", "a.wav", "--backend", "sim", "--rate", "44100", "--json"]).exits(0).json();
    assert_eq!((&data["sample_rate"], &data["converted"]), (&44_100.into(), &false.into()));
}

#[test]
fn the_clock_paces_the_null_device() {
    let folder = Folder::new();
    folder.wav("a.wav", 48_000, 1, 9_600);
    let began = std::time::Instant::now();
    let ended = folder.run(["play", "a.wav", "--backend", "null"]).exits(0);
    assert!(began.elapsed() >= std::time::Duration::from_millis(200));
    assert!(ended.stdout.starts_with("a.wav: 0:00.2") && ended.stdout.contains("on null, "), "{}", ended.stdout);
}

#[test]
fn what_is_no_sound_is_not_played() {
    let folder = Folder::new();
    folder.run(["play", "missing.wav", "--backend", "null"]).exits(5).says("missing.wav");
    folder.write("text.wav", "no sound");
    folder.run(["play", "text.wav", "--backend", "null"]).exits(5).says("text.wav");
    folder.run(["play"]).exits(2);
}
