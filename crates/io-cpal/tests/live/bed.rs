//! A private PulseAudio for a test, and a process of its own for it: environment variables name the server, and they
//! have to be there before anything reads them.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use patchline_io_cpal::{CpalHost, hosts};

/// Names the test that a child process is for.
const CHILD: &str = "PATCHLINE_LIVE_CHILD";
/// With it, a missing server fails the tests.
const REQUIRE: &str = "PATCHLINE_REQUIRE_PULSE";
/// How long a test may take, against hangs.
const PATIENCE: Duration = Duration::from_secs(180);

/// Two null sinks, in the order of their names. Without rewinds their clock is steady from the start.
const SINKS: [&str; 2] = ["null0", "null1"];

/// Runs `body` in a process of its own, in a home of its own; there may be a server in it.
pub(crate) fn live(test: &str, body: impl FnOnce()) {
    if std::env::var(CHILD).is_ok_and(|child| child == test) {
        return body();
    }
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if Command::new("pulseaudio").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var_os(REQUIRE).is_none(), "{REQUIRE} is set, and there is no pulseaudio");
        return eprintln!("{test}: skipped, as there is no pulseaudio");
    }
    let home = tempfile::tempdir().expect("a private directory");
    fs::write(home.path().join(".asoundrc"), asoundrc()).expect("it is writable");
    let mut child = Command::new(std::env::current_exe().expect("this is a program"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("PULSE_SERVER", format!("unix:{}", socket(home.path()).display()))
        .env("JACK_NO_START_SERVER", "1")
        .process_group(0)
        .spawn()
        .expect("this program can be started");
    let passed = wait(&mut child, PATIENCE);
    // Whatever of its group is left: a server, if the child did not get to stop it.
    let group = rustix::process::Pid::from_child(&child);
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    assert_eq!(passed, Some(true), "{test}");
}

fn asoundrc() -> String {
    let sink = |name: &str| format!("pcm.to_{name} {{ type pulse device \"{name}\" }}\n");
    let monitor = |name: &str| format!("pcm.from_{name} {{ type pulse device \"{name}.monitor\" }}\n");
    let default = "pcm.!default { type pulse }\nctl.!default { type pulse }\n".to_owned();
    SINKS.iter().map(|name| sink(name) + &monitor(name)).chain([default]).collect()
}

/// Whether it ended well; `None` if it did not end in time.
fn wait(child: &mut Child, patience: Duration) -> Option<bool> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return Some(status.success());
        }
        sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").expect("the parent set it"))
}

fn socket(home: &Path) -> PathBuf {
    home.join("p.sock")
}

/// A running server, stopped when it is dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts one, and waits until it answers.
    pub(crate) fn start() -> Self {
        let socket = socket(&home());
        let _ = fs::remove_file(&socket);
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no"]);
        command.args(["--high-priority=no", "--log-level=error"]);
        let load = |command: &mut Command, module: String| {
            command.args(["-L", &module]);
        };
        load(&mut command, format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display()));
        for sink in SINKS {
            let properties = format!("sink_properties=device.description=Прибор-{sink}");
            let format = "rate=48000 format=float32le channels=2 norewinds=1";
            load(&mut command, format!("module-null-sink sink_name={sink} {format} {properties}"));
        }
        let server = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("pulseaudio starts"));
        let start = Instant::now();
        while !answers() {
            assert!(start.elapsed() < Duration::from_secs(20), "pulseaudio answers");
            sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Lets it hang, as a machine without memory would.
    pub(crate) fn freeze(&self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("it runs");
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn answers() -> bool {
    let info = Command::new("pactl").args(["list", "short", "sinks"]).stderr(Stdio::null()).output();
    info.is_ok_and(|info| info.status.success() && String::from_utf8_lossy(&info.stdout).contains(SINKS[1]))
}

/// The host of this name.
pub(crate) fn host(name: &str) -> CpalHost {
    hosts().into_iter().find(|host| host.name() == name).expect("it was built in")
}
