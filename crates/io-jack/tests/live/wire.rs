//! Two machines in one: network namespaces with a wire between them.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The address of the end that this process is at.
pub(crate) const NEAR: &str = "10.77.0.1";
const FAR: &str = "10.77.0.2";

/// How a process gets a network of its own, by the rights there are here; or why it cannot.
pub(crate) fn own_network() -> Result<&'static [&'static str], String> {
    // As root; else as root of a user namespace, where users may make one.
    let ways: [&[&str]; 2] = [&["unshare", "--net"], &["unshare", "--user", "--map-root-user", "--net"]];
    let mut reasons = Vec::new();
    for way in ways {
        match run(&[way, &["true"]].concat()) {
            Ok(()) => return Ok(way),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

/// A wire from this process's network, which is its own, to a network at its far end.
pub(crate) struct Wire {
    /// Keeps the far network, for as long as its standard input is open.
    holder: Child,
}

impl Wire {
    /// Lays it; or says why it cannot be laid.
    pub(crate) fn lay() -> Result<Self, String> {
        let mut holder = Command::new("unshare");
        holder.args(["--net", "cat"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let wire = Self { holder: holder.spawn().map_err(|error| format!("unshare: {error}"))? };
        wire.wait_for_network()?;
        let pid = wire.holder.id().to_string();
        let words = |line: &str| run(&line.split(' ').collect::<Vec<_>>());
        words("ip link set lo up")?;
        words(&format!("ip link add name wire0 type veth peer name wire1 netns {pid}"))?;
        words(&format!("ip address add {NEAR}/24 dev wire0"))?;
        words("ip link set wire0 up")?;
        let enter = wire.enter().join(" ");
        words(&format!("{enter} ip link set lo up"))?;
        words(&format!("{enter} ip address add {FAR}/24 dev wire1"))?;
        words(&format!("{enter} ip link set wire1 up"))?;
        Ok(wire)
    }

    /// What starts a program at the far end.
    pub(crate) fn enter(&self) -> [String; 2] {
        ["nsenter".to_owned(), format!("--net=/proc/{}/ns/net", self.holder.id())]
    }

    fn wait_for_network(&self) -> Result<(), String> {
        let of =
            |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).map_err(|error| error.to_string());
        let end = Instant::now() + Duration::from_secs(10);
        while of(&self.holder.id().to_string())? == of("self")? {
            if Instant::now() > end {
                return Err("unshare made no network".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    let line = words.join(" ");
    let output = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("`{line}`: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("`{line}`: {}", said.trim())) }
}
