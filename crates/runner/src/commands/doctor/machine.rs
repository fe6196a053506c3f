//! What a Linux machine says about itself in files.

use std::path::{Path, PathBuf};

/// A machine: this one, or files in a folder that look like one.
pub(super) struct Machine {
    root: PathBuf,
    /// The user's folder, as the machine calls it.
    home: Option<PathBuf>,
}

/// Capabilities by their number in `CapEff` (capabilities(7)).
#[derive(Clone, Copy, Debug)]
pub(super) enum Capability {
    /// CAP_IPC_LOCK.
    LockMemory = 14,
    /// CAP_SYS_NICE.
    Priority = 23,
}

impl Machine {
    pub(super) fn this() -> Self {
        Self { root: PathBuf::from("/"), home: std::env::home_dir() }
    }

    #[cfg(test)]
    pub(super) fn in_folder(root: &Path) -> Self {
        Self { root: root.to_owned(), home: Some(PathBuf::from("/home/ada")) }
    }

    /// Where something of this machine lies: `path` is absolute.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// What a file holds; nothing if it is not there.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let bytes = std::fs::read(self.path(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names in a folder, sorted; none if it is not there.
    pub(super) fn names(&self, folder: impl AsRef<Path>) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The user's folder.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Which of these programs runs.
    pub(super) fn running(&self, programs: &[&'static str]) -> Option<&'static str> {
        programs.iter().copied().find(|program| self.processes(program).next().is_some())
    }

    /// Whether a program runs, but only for other users.
    pub(super) fn is_of_others(&self, program: &str) -> bool {
        let user = |process: &str| Some(self.status_of(process, "Uid")?.split_whitespace().next()?.to_owned());
        let own = user("self");
        let mut processes = self.processes(program).peekable();
        own.is_some()
            && processes.peek().is_some()
            && processes.all(|process| user(&process).is_some_and(|user| Some(user) != own))
    }

    /// The numbers of the processes that run a program.
    fn processes(&self, program: &str) -> impl Iterator<Item = String> {
        // The kernel keeps 15 characters of a name.
        let short: String = program.chars().take(15).collect();
        let numbers = self.names("/proc").into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        numbers.filter(move |number| {
            self.text(format!("/proc/{number}/comm")).is_some_and(|comm| comm.trim_end() == short)
        })
    }

    /// A field of this process's status.
    pub(super) fn status(&self, field: &str) -> Option<String> {
        self.status_of("self", field)
    }

    fn status_of(&self, process: &str, field: &str) -> Option<String> {
        let status = self.text(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        Some(line.trim().to_owned())
    }

    pub(super) fn is_root(&self) -> bool {
        self.status("Uid").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
    }

    pub(super) fn has(&self, capability: Capability) -> bool {
        let mask = self.status("CapEff").and_then(|mask| u64::from_str_radix(&mask, 16).ok());
        mask.is_some_and(|mask| mask >> (capability as u32) & 1 == 1)
    }

    /// A soft and a hard limit of this process; `None` within is no limit.
    pub(super) fn limit(&self, name: &str) -> Option<(Option<u64>, Option<u64>)> {
        let limits = self.text("/proc/self/limits")?;
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        let mut words = line.split_whitespace();
        let mut value = || words.next().map(|word| if word == "unlimited" { None } else { word.parse().ok() });
        Some((value()?, value()?))
    }

    /// The line that installs a package, by the names of Debian, Fedora and Arch.
    pub(super) fn install(&self, debian: &str, fedora: &str, arch: &str) -> String {
        let release = self.text("/etc/os-release").unwrap_or_default();
        let kin: Vec<&str> = release
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")))
            .flat_map(|line| line.trim_matches('"').split_whitespace())
            .collect();
        let is = |names: &[&str]| kin.iter().any(|kin| names.contains(kin));
        if is(&["debian", "ubuntu"]) {
            format!("sudo apt-get install {debian}")
        } else if is(&["fedora", "rhel"]) {
            format!("sudo dnf install {fedora}")
        } else if is(&["arch"]) {
            format!("sudo pacman -S {arch}")
        } else {
            format!("# install {debian} (so called on Debian) with your system's package manager")
        }
    }
}
