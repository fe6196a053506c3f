//! Running the binary in a folder of its own.

#[cfg(unix)]
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::{Child, Stdio};
use std::process::{Command, Output};
#[cfg(unix)]
use std::sync::{Arc, Mutex};
#[cfg(unix)]
use std::thread::JoinHandle;
#[cfg(unix)]
use std::time::{Duration, Instant};

use patchline_wav::{FileReader, FileWriter, Format, Options, Subtype};

/// The repository's folder.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate lies in the repository")
}

/// An example patch.
pub(crate) fn example(name: &str) -> PathBuf {
    repository().join("examples/patches").join(name)
}

/// A folder to run in.
pub(crate) struct Folder(tempfile::TempDir);

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("a writable folder");
        path
    }

    /// Writes a file of `frames` frames, loud throughout: hardly two samples are alike.
    pub(crate) fn wav(&self, name: &str, rate: u32, channels: u16, frames: usize) -> PathBuf {
        self.bursts(name, rate, channels, frames, |_| true)
    }

    /// As [`wav`](Self::wav), and silent in the frames that `loud` does not want.
    pub(crate) fn bursts(
        &self,
        name: &str,
        rate: u32,
        channels: u16,
        frames: usize,
        loud: impl Fn(usize) -> bool,
    ) -> PathBuf {
        let path = self.path().join(name);
        let format = Format { rate, channels, subtype: Subtype::Float };
        let mut writer = FileWriter::create(&path, Options::new(format)).expect("a writable folder");
        let loud = |index: usize| loud(index / usize::from(channels));
        let sample = |index: usize| if loud(index) { ((index * 7919) % 20_011) as f32 / 20_011.0 - 0.5 } else { 0.0 };
        let samples: Vec<f32> = (0..frames * usize::from(channels)).map(sample).collect();
        writer.write_interleaved(&samples).expect("room on the disk");
        writer.finish().expect("room on the disk");
        path
    }

    /// Runs the binary here.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        Ended::of(self.command(args).output().expect("the binary runs"))
    }

    /// The binary, which finds no sound server and no device of this machine.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command.args(args).current_dir(self.path());
        without_devices(&mut command);
        command
    }

    /// The names of everything here, folders with a slash, sorted.
    pub(crate) fn listing(&self) -> Vec<String> {
        Self::names_in(self.path())
    }

    /// The names of everything in a folder.
    pub(crate) fn names_in(folder: &Path) -> Vec<String> {
        let mut names = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(inner) = open.pop() {
            for entry in std::fs::read_dir(inner).expect("a readable folder") {
                let path = entry.expect("a readable folder").path();
                let name = path.strip_prefix(folder).expect("it lies here").to_string_lossy().into_owned();
                if path.is_dir() {
                    names.push(name + "/");
                    open.push(path);
                } else {
                    names.push(name);
                }
            }
        }
        names.sort();
        names
    }
}

/// What this starts finds no sound server and no device of this machine.
pub(crate) fn without_devices(command: &mut Command) {
    command.env_remove("PATCHLINE_LOG").env_remove("NO_COLOR");
    command.env("JACK_DEFAULT_SERVER", "patchline-none").env("JACK_NO_START_SERVER", "1");
    command.env("PULSE_SERVER", "unix:/nowhere").env("PIPEWIRE_REMOTE", "/nowhere");
    command.env("ALSA_CONFIG_PATH", "/dev/null");
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Expects this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Expects this on stderr.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }

    /// Expects one JSON value on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

/// A run of the binary that is listened to while it lasts.
#[cfg(unix)]
pub(crate) struct Running {
    child: Child,
    /// What it has said on stderr so far.
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

#[cfg(unix)]
impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let stderr = BufReader::new(child.stderr.take().expect("it is a pipe"));
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let listen = move || {
            stderr.lines().map_while(Result::ok).for_each(|line| {
                *heard.lock().unwrap() += &(line + "\n");
            })
        };
        Self { child, said, listener: Some(std::thread::spawn(listen)) }
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this, for half a minute at most.
    #[track_caller]
    pub(crate) fn until(&self, text: &str) {
        self.until_seen(&format!("`{text}` was not said"), || self.said().contains(text));
    }

    /// Waits until this holds, for half a minute at most; else says what is wrong, and what the run has said.
    #[track_caller]
    pub(crate) fn until_seen(&self, wrong: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !holds() {
            assert!(Instant::now() < end, "{wrong}:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_some()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let mut stdout = String::new();
        self.child.stdout.take().expect("it is a pipe").read_to_string(&mut stdout).expect("text");
        let status = self.child.wait().expect("it ends");
        self.listener.take().expect("it listens until now").join().expect("nothing panics there");
        Ended { code: status.code(), stdout, stderr: self.said() }
    }
}

/// A test that fails leaves nobody behind.
#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interleaved samples of a file, with its rate and channels.
pub(crate) fn read(path: &Path) -> (Vec<f32>, u32, u16) {
    let mut reader = FileReader::open(path).expect("a WAV file");
    let format = (reader.info().rate, reader.info().channels);
    let mut samples = Vec::new();
    let mut part = vec![0.0; 4096 * usize::from(format.1)];
    loop {
        let frames = reader.read_interleaved(&mut part).expect("a readable file");
        if frames == 0 {
            return (samples, format.0, format.1);
        }
        samples.extend_from_slice(&part[..frames * usize::from(format.1)]);
    }
}

/// Sends a signal by its name (`INT`), through the shell: a bare system has no `kill` of its own.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let (kill, pid) = (format!("kill -{name} \"$0\""), child.id().to_string());
    assert!(Command::new("sh").args(["-c", &kill, &pid]).status().expect("a shell").success());
}
