//! A JACK server for tests, which leaves nothing in shared memory however it ends.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running server, and its name. It ends with the thread that started it.
pub(crate) struct Jackd {
    server: Child,
    name: String,
}

impl Jackd {
    /// Started by another program if `by` names one. It may not answer yet.
    pub(crate) fn start(name: &str, by: &[&str], arguments: &[&str]) -> Self {
        let mut words = ["setpriv", "--pdeathsig", "TERM"].iter().chain(by).copied();
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["jackd", "-n", name, "-r", "-t", "5000"]).args(arguments);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { server, name: name.to_owned() }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.server.try_wait(), Ok(None))
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.server.id();
        let _ = Command::new("sh").args(["-c", &format!("kill -{signal} {pid} 2>/dev/null")]).status();
    }

    /// Ends it by a signal.
    pub(crate) fn kill(mut self, signal: &str) {
        self.signal(signal);
        self.server.wait().unwrap();
    }

    fn end(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.signal("CONT");
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && !self.has_ended() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.server.kill();
        self.server.wait().unwrap()
    }

    /// A machine has room for eight servers, and one that was killed keeps its place until another of its name comes.
    fn bury(&self) {
        let mut heir = Self::start(&self.name, &[], &["-d", "dummy"]);
        let end = Instant::now() + Duration::from_secs(10);
        while !heir.socket().exists() && !heir.has_ended() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        heir.end();
    }

    /// Where the server listens, from when on its place is its own.
    fn socket(&self) -> PathBuf {
        let user = Command::new("id").arg("-u").output().unwrap().stdout;
        format!("/dev/shm/jack_{}_{}_0", self.name, String::from_utf8_lossy(&user).trim()).into()
    }
}

impl Drop for Jackd {
    fn drop(&mut self) {
        if !self.end().success() && !self.name.is_empty() {
            self.bury();
        }
    }
}
