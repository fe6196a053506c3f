//! Keeps off the terminal what system libraries print while devices are looked for and opened.

/// Whether a line is what alsa-lib, its plugins or libjack say to nobody in particular.
#[cfg(any(target_os = "linux", test))]
fn is_chatter(line: &str) -> bool {
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
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)) || line.trim().is_empty()
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

    use rustix::fs::{MemfdFlags, memfd_create};
    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio::{dup2_stderr, stderr};

    use super::is_chatter;

    /// Stderr is one for the whole process.
    static STDERR: Mutex<()> = Mutex::new(());

    /// Runs `work`. What is printed to stderr meanwhile, by any thread, is held back; afterwards all is printed that is
    /// not known as the libraries' chatter.
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
            let before = fcntl_dupfd_cloexec(stderr(), 3).ok()?;
            // In memory, and not a pipe: that would be full at some time, and make whoever prints wait.
            let memory = File::from(memfd_create("patchline-stderr", MemfdFlags::CLOEXEC).ok()?);
            dup2_stderr(&memory).ok()?;
            Some(Self { before, memory })
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            if dup2_stderr(&self.before).is_err() {
                return;
            }
            let mut text = Vec::new();
            if self.memory.rewind().and_then(|()| self.memory.read_to_end(&mut text)).is_err() {
                return;
            }
            let lines = text.split_inclusive(|&byte| byte == b'\n');
            let ours: Vec<u8> =
                lines.filter(|line| !is_chatter(&String::from_utf8_lossy(line))).flatten().copied().collect();
            // A closed stderr is nobody's concern here.
            let _ = std::io::stderr().write_all(&ours);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_libraries_say_is_chatter() {
        assert!(is_chatter("ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\n"));
        assert!(is_chatter("Cannot connect to server socket err = No such file or directory\n"));
        assert!(is_chatter("jack server is not running or cannot be started\n"));
        assert!(!is_chatter("thread 'main' panicked at src/main.rs:1:1:\n"));
        assert!(!is_chatter("runner: 3 xruns\n"));
    }
}
