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

/// Whether the start of a line is the libraries' chatter, or may become it.
#[cfg(any(target_os = "linux", test))]
fn may_be_chatter(start: &str) -> bool {
    ours(start) != start || BEGINNINGS.iter().any(|beginning| beginning.starts_with(start))
}

/// Runs `work`. What is printed to stderr meanwhile, by any thread, is held back; afterwards all is printed that is not
/// known as the libraries' chatter.
#[cfg(not(target_os = "linux"))]
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    // Only alsa-lib and its plugins print.
    work()
}

/// Prints from now on what libraries print, and at once what of ours was held back: for the end of a program. Until
/// then, what any thread prints to stderr may be held back for some tenths of a second while devices are looked for.
#[cfg(not(target_os = "linux"))]
pub fn release_stderr() {}

/// Prints what of ours was held back up to now.
#[cfg(not(target_os = "linux"))]
pub(crate) fn let_through() {}

#[cfg(target_os = "linux")]
pub use self::linux::release_stderr;
#[cfg(target_os = "linux")]
pub(crate) use self::linux::{let_through, quietly};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::fs::{MemfdFlags, OFlags, fcntl_setfl, memfd_create};
    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio::{dup2_stderr, stderr as descriptor};

    use super::{may_be_chatter, ours};

    /// Stderr is one for the whole process.
    static STDERR: Mutex<State> = Mutex::new(State { quiet: 0, held: None, over: false });

    struct State {
        /// How many want it quiet now.
        quiet: usize,
        held: Option<Held>,
        /// Whether nothing is held back any more.
        over: bool,
    }

    fn state() -> MutexGuard<'static, State> {
        STDERR.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work`. What is printed to stderr meanwhile, by any thread, is held back; afterwards all is printed that is
    /// not known as the libraries' chatter. alsa-lib prints a line in parts: what gets between these is lost with it.
    pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
        let _quiet = Quiet::begin();
        work()
    }

    /// Prints from now on what libraries print, and at once what of ours was held back: for the end of a program. Until
    /// then, what any thread prints to stderr may be held back for some tenths of a second while devices are looked for.
    pub fn release_stderr() {
        let mut state = state();
        state.over = true;
        state.held = None;
    }

    /// Prints what of ours was held back up to now.
    pub(crate) fn let_through() {
        state().held.iter_mut().for_each(Held::let_through);
    }

    /// Somebody wants it quiet.
    struct Quiet;

    impl Quiet {
        fn begin() -> Self {
            let mut state = state();
            state.quiet += 1;
            if state.held.is_none() && !state.over {
                // Without the means for it there is chatter, which harms nobody.
                state.held = Held::begin();
            }
            Self
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            let mut state = state();
            state.quiet -= 1;
            if state.quiet == 0 {
                state.held = None;
            }
        }
    }

    /// Stderr, while it goes to memory; it is as before when this is dropped.
    struct Held {
        before: File,
        memory: File,
        /// The start of a line that may be chatter.
        rest: String,
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
            Some(Self { before: File::from(before), memory, rest: String::new() })
        }
    }

    impl Held {
        /// Takes what was printed.
        fn take(&mut self) -> String {
            let mut text = Vec::new();
            let taken = self.memory.rewind().and_then(|()| self.memory.read_to_end(&mut text));
            if taken.and_then(|_| self.memory.set_len(0)).is_err() {
                return String::new();
            }
            self.rest.push_str(&String::from_utf8_lossy(&text));
            std::mem::take(&mut self.rest)
        }

        /// Prints what is no chatter; the start of a line that may become it waits for its end.
        fn let_through(&mut self) {
            // No thread of ours prints meanwhile.
            let _quiet = std::io::stderr().lock();
            let text = self.take();
            let (lines, rest) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
            let (whole, waits) = if may_be_chatter(rest) { (lines, rest) } else { (text.as_str(), "") };
            self.rest = waits.to_owned();
            let own: String = whole.split_inclusive('\n').map(ours).collect();
            // A closed stderr is nobody's concern here.
            let _ = self.before.write_all(own.as_bytes());
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            // What our threads print from here on comes after what is held.
            let mut stderr = std::io::stderr().lock();
            if dup2_stderr(&self.before).is_err() {
                return;
            }
            let own: String = self.take().split_inclusive('\n').map(ours).collect();
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

    #[test]
    fn the_start_of_a_line_waits_if_it_may_be_chatter() {
        for (start, waits) in [("AL", true), ("ALSA lib x.c:1:(f) ", true), ("", true), ("\u{1b}[2K0:01", false)] {
            assert_eq!(may_be_chatter(start), waits, "{start:?}");
        }
    }
}
