use crate::support::Folder;

#[test]
fn a_line_each_second_where_there_is_no_terminal() {
    let folder = Folder::new();
    let ended = folder.run(["meter", "--backend", "sim", "-d", "3s", "-c", "3"]).exits(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ended.stdout);
    let end = format!("  {} -200.0 dBFS  (-200.0 -200.0 -200.0)", "·".repeat(50));
    assert!(lines.iter().all(|line| line.ends_with(&end)), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'));
    let ended = folder.run(["meter", "--backend", "sim", "-d", "2s", "--json"]).exits(0);
    for line in ended.stdout.lines() {
        let data: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(data["channels"]["peak_dbfs"], serde_json::json!([-200.0, -200.0]));
    }
    for rest in [&[][..], &["--json"]] {
        let ended = folder.run(["meter", "--backend", "sim", "-d", "200ms"].iter().chain(rest)).exits(0);
        assert_eq!(ended.stdout.lines().count(), 1, "what is short is measured, too: {}", ended.stdout);
        assert!(ended.stdout.contains("-200.0"), "{}", ended.stdout);
    }
    folder.run(["meter", "--backend", "null", "--device", "piano"]).exits(4).says("`piano`");
}
