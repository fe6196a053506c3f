use crate::support::Folder;

#[test]
fn the_doctor_looks_at_any_machine() {
    let folder = Folder::new();
    let data = folder.run(["doctor", "--json"]).exits(0).json();
    let checks = data["checks"].as_array().unwrap();
    let statuses = ["ok", "warn", "missing"];
    assert!(checks.iter().all(|check| statuses.contains(&check["status"].as_str().unwrap())));
    let text = folder.run(["doctor"]).exits(0).stdout;
    assert!(!text.contains('\u{1b}'), "colours only on a terminal");
    for check in checks {
        let name = check["name"].as_str().unwrap();
        assert!(text.lines().any(|line| line.contains(name)), "{name} is not in:\n{text}");
    }
    if cfg!(target_os = "linux") {
        for name in ["real-time priority", "locked memory", "CPU governor", "JACK", "sound server", "kernel"] {
            assert!(checks.iter().any(|check| check["name"] == name), "{name}");
        }
    }
}
