//! Keeps off the terminal what system libraries print while devices are looked for and opened.

/// What alsa-lib, its plugins and libjack begin their lines with when they talk to nobody in particular.
#[cfg(any(target_os = "linux", test))]
const BEGINNINGS: [&str; 12] = [
    "ALSA lib ",
    "ALSA ",
    "Cannot connect to server ",
    "Cannot lock down ",
    "Cannot use real-time scheduling",
    "Cannot read socket ",
    "jack server is not running",
    "JackShmReadWritePtr::",
    "JackClient",
    "JackServer",
    "attempt to connect to server failed",
    "connect(2) call to ",
];
/// Those that nobody else writes: they are known in the middle of a line, too, which another thread had not ended.
#[cfg(any(target_os = "linux", test))]
const UNMISTAKABLE: [&str; 3] = ["ALSA lib ", "Cannot connect to server ", "jack server is not running"];

/// What of a line is not the libraries' chatter.
#[cfg(any(target_os = "linux", test))]
fn ours(line: &str) -> &str {
    if BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)) || line.trim().is_empty() {
        return "";
    }
    let inside = UNMISTAKABLE.iter().filter_map(|beginning| line.find(beginning)).min();
    inside.map_or(line, |at| &line[..at])
}

/// Runs `work`. What is printed to stderr meanwhile, by any thread, is held back; afterwards all is printed that is not
/// known as the libraries' chatter.
#[cfg(not(target_os = "linux"))]
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    // Only alsa-lib and its plugins print.
    work()
}

#[cfg(target_os = "linux")]
pub(crate) use self::linux::quietly;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::OwnedFd;
    use std::sync::{Mutex, PoisonError};

    use rustix::fs::{MemfdFlags, OFlags, fcntl_setfl, memfd_create};
    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio::{dup2_stderr, stderr as descriptor};

    use super::ours;

    /// Stderr is one for the whole process.
    static STDERR: Mutex<()> = Mutex::new(());

    /// Runs `work`. What is printed to stderr meanwhile, by any thread, is held back; afterwards all is printed that is
    /// not known as the libraries' chatter. alsa-lib prints a line in parts: what gets between these is lost with it.
    pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
        let _one = STDERR.lock().unwrap_or_else(PoisonError::into_inner);
        // Without the means for it there is chatter, which harms nobody.
        let _held = Held::begin();
        work()
    }

    /// Stderr, while it goes to memory; it is as before when this is dropped.
    struct Held {
        before: OwnedFd,
        memory: File,
    }

    impl Held {
        fn begin() -> Option<Self> {
            // Above the three that programs are born with.
            let before = fcntl_dupfd_cloexec(descriptor(), 3).ok()?;
            // In memory, and not a pipe: that would be full at some time, and make whoever prints wait.
            let memory = File::from(memfd_create("patchline-stderr", MemfdFlags::CLOEXEC).ok()?);
            // Threads that print at once would write over each other: a memory file has no lock for its position.
            fcntl_setfl(&memory, OFlags::APPEND).ok()?;
            // No thread of ours is in the middle of a line then.
            let _quiet = std::io::stderr().lock();
            dup2_stderr(&memory).ok()?;
            Some(Self { before, memory })
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            // What our threads print from here on comes after what is held.
            let mut stderr = std::io::stderr().lock();
            if dup2_stderr(&self.before).is_err() {
                return;
            }
            let mut text = Vec::new();
            if self.memory.rewind().and_then(|()| self.memory.read_to_end(&mut text)).is_err() {
                return;
            }
            let text = String::from_utf8_lossy(&text);
            let own: String = text.split_inclusive('\n').map(ours).collect();
            // A closed stderr is nobody's concern here.
            let _ = stderr.write_all(own.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_libraries_say_is_chatter() {
        for (line, expected) in [
            ("ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\n", ""),
            ("Cannot connect to server socket err = No such file or directory\n", ""),
            ("jack server is not running or cannot be started\n", ""),
            ("thread 'main' panicked at src/main.rs:1:1:\n", "thread 'main' panicked at src/main.rs:1:1:\n"),
            ("runner: 3 xruns\n", "runner: 3 xruns\n"),
            ("no ALSA here\n", "no ALSA here\n"),
            ("runner: Cannot connect to server socket err = No such file or directory\n", "runner: "),
        ] {
            assert_eq!(ours(line), expected);
        }
    }
}
