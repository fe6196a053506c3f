use crate::support::Folder;

/// Whatever this machine has: the answer is whole and says so.
#[test]
fn devices_are_listed_on_any_machine() {
    let folder = Folder::new();
    let data = folder.run(["devices", "--json"]).exits(0).json();
    let hosts = data["hosts"].as_array().unwrap();
    let devices = data["devices"].as_array().unwrap();
    let total: u64 = hosts.iter().map(|host| host["devices"].as_u64().unwrap()).sum();
    assert_eq!(devices.len() as u64, total);
    assert!(devices.iter().all(|device| hosts.iter().any(|host| host["name"] == device["host"])));

    let table = folder.run(["devices", "--caps"]).exits(0);
    assert!(!table.stdout.contains('\u{1b}') && !table.stderr.contains('\u{1b}'));
    if devices.is_empty() {
        assert_eq!(table.stdout, "");
        table.says("`runner doctor`");
    } else {
        assert_eq!(table.stdout.lines().count(), devices.len() + 1);
    }
    let listed = folder.run(["devices", "--hosts", "--json"]).exits(0).json();
    assert_eq!(listed["hosts"].as_array().unwrap().len(), hosts.len());
}

#[test]
fn only_a_named_host_must_be_there() {
    let folder = Folder::new();
    folder.run(["devices", "--host", "gramophone"]).exits(4).says("this build has no host");
    folder.run(["devices", "--hosts", "--inputs"]).exits(2).says("--inputs");
}

#[cfg(unix)]
#[test]
fn watching_ends_with_a_signal() {
    use std::io::BufRead;
    use std::process::Stdio;

    let folder = Folder::new();
    let mut child =
        folder.command(["devices", "--watch"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("watching")));
    crate::support::signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
