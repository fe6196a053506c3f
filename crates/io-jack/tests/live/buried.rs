//! What is left of killed JACK servers.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A machine has room for eight servers, and one that was killed keeps its place until another one of its name has come
/// and gone.
pub(crate) fn bury(name: &str) {
    if !has_place(name) {
        return;
    }
    let mut heir = Command::new("jackd");
    heir.args(["-n", name, "-r", "-d", "dummy"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut heir) = heir.spawn() else { return };
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end && has_place(name) && matches!(heir.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(100));
        // Too early, the signal is not heard.
        let _ = Command::new("kill").args(["-TERM", &heir.id().to_string()]).stderr(Stdio::null()).status();
    }
    let _ = heir.kill();
    let _ = heir.wait();
}

fn has_place(name: &str) -> bool {
    let servers = std::fs::read("/dev/shm/jack-shm-registry").unwrap_or_default();
    let entry = format!(":{name}:");
    servers.windows(entry.len()).any(|part| part == entry.as_bytes())
}
