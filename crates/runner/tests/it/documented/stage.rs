//! The folder that a page's commands run in, with what the page takes to be there.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::cli::Cli;
use super::markdown::{Page, pages};
use super::shell;
use crate::support::{Folder, repository};

/// What `pidof runner` says here: no other run of this machine is meant.
const PIDOF: &str = "#!/bin/sh\ncat \"$(dirname \"$0\")/runner.pid\"\n";

const GATE: &str = "links = [\"mic -> rec\"]\nnodes.mic.type = \"input\"\n\
                    nodes.rec = { type = \"file_sink\", path = \"take.wav\", subtype = \"FLOAT\" }\n";

pub(super) struct Stage {
    pub(super) folder: Folder,
    /// The ports of the page, and free ones instead.
    ports: Vec<(String, u16)>,
}

impl Stage {
    /// With what other pages have introduced: the patch of the README, recordings.
    pub(super) fn new(page: &Page) -> Self {
        let stage = Self { folder: Folder::new(), ports: ports(page) };
        let folder = &stage.folder;
        for name in ["bin", "takes", "examples", "examples/patches", "packaging"] {
            std::fs::create_dir(folder.path().join(name)).expect("a writable folder");
        }
        symlink(env!("CARGO_BIN_EXE_runner"), folder.path().join("bin/runner")).expect("a writable folder");
        stage.program("pidof", PIDOF);
        ["examples/patches", "packaging"].iter().for_each(|name| copy(name, folder));
        let made = made_by(page);
        let there = |name: &&str| !made.iter().any(|made| made == name);
        ["voice.wav", "take.wav", "takes/a.wav", "takes/b.wav"].iter().filter(|name| there(name)).for_each(|name| {
            folder.wav(name, 48_000, 2, 24_000);
        });
        let echo = echo();
        let other = echo.replace("350 ms", "90 ms").replace("-6 dB", "-3 dB");
        let patches =
            [("echo.toml", echo.as_str()), ("other.toml", &other), ("patch.toml", &echo), ("gate.toml", GATE)];
        patches.iter().filter(|(name, _)| there(name)).for_each(|(name, text)| _ = folder.write(name, text));
        stage
    }

    /// Puts a program where the page's commands find it.
    pub(super) fn program(&self, name: &str, text: &str) {
        let path = self.folder.write(&format!("bin/{name}"), text);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a writable folder");
    }

    /// The shell with this text, which finds the runner.
    pub(super) fn shell(&self, text: &str) -> Command {
        let mut command = Command::new("sh");
        // What goes to the reader's own folder stays in this one.
        command.args(["-c", text]).current_dir(self.folder.path()).env("HOME", self.folder.path());
        crate::support::without_devices(&mut command);
        let path = std::env::var("PATH").expect("a path of UTF-8");
        command.env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()));
        command
    }

    /// The text with free ports, as others may use the page's.
    pub(super) fn with_ports(&self, text: &str) -> String {
        let replace = |text: String, (from, to): &(String, u16)| text.replace(from, &to.to_string());
        self.ports.iter().fold(text.to_owned(), replace)
    }
}

/// The patch that the README begins with, which other pages go on with.
pub(super) fn echo() -> String {
    let pages = pages();
    let readme = pages.iter().find(|page| page.name == "README.md").expect("a README");
    let block = readme.blocks.iter().find(|block| block.saved_as.as_deref() == Some("echo.toml"));
    block.expect("README.md introduces echo.toml").text.clone()
}

/// Copies the files of one of the repository's folders.
fn copy(name: &str, folder: &Folder) {
    for entry in std::fs::read_dir(repository().join(name)).expect("a folder of the repository") {
        let from = entry.expect("a readable folder").path();
        if from.is_file() {
            let to = folder.path().join(name).join(from.file_name().expect("a file"));
            std::fs::copy(&from, to).expect("a writable folder");
        }
    }
}

/// The calls of the runner in a page.
fn calls(page: &Page) -> Vec<shell::Call> {
    let commands = page.blocks_of("sh").flat_map(|block| block.commands());
    let calls = commands.flat_map(|command| shell::read(&command.text).calls);
    calls.filter(|call| call.program() == Some("runner")).collect()
}

/// The files that a page's own commands make, or the page itself.
fn made_by(page: &Page) -> Vec<String> {
    let mut made: Vec<String> = page.blocks.iter().filter_map(|block| block.saved_as.clone()).collect();
    for call in calls(page) {
        let call = Cli::get().call(call.arguments());
        made.extend(call.value(&["-o", "--output", "--capture", "--flight"]).map(|word| word.text.clone()));
        if call.is(&["init"]) {
            let first = call.arguments.first().filter(|word| !word.text.starts_with('-'));
            made.push(first.map_or("patch.toml", |word| &word.text).to_owned());
        }
    }
    made
}

/// The ports that a page listens at, each with a free one.
fn ports(page: &Page) -> Vec<(String, u16)> {
    let mut ports: Vec<(String, u16)> = Vec::new();
    for call in calls(page) {
        let call = Cli::get().call(call.arguments());
        for option in ["--osc", "--websocket", "--ui"] {
            let port = call.value(&[option]).and_then(|word| word.text.rsplit(':').next().map(str::to_owned));
            let port = port.filter(|port| port.len() >= 4 && port.chars().all(|c| c.is_ascii_digit()));
            if let Some(port) = port.filter(|port| ports.iter().all(|(known, _)| known != port)) {
                ports.push((port, free_port()));
            }
        }
    }
    ports
}

fn free_port() -> u16 {
    let free = || {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        UdpSocket::bind(("127.0.0.1", port)).ok().map(|_| port)
    };
    (0..100).find_map(|_| free()).expect("a free port")
}
