//! A process and a server for each test: libjack knows one server for the whole life of a process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patchline_graph::Renderer;
use patchline_io::{Backend, Callback, ChannelCount, DeviceRequest, Host, IoError, SideRequest};
use patchline_io_jack::JackHost;

use crate::buried::bury;

const CHILD: &str = "PATCHLINE_JACK_TEST";

/// Runs `body` in a process of its own, for which `JACK_DEFAULT_SERVER` is a name that nobody else has.
#[track_caller]
pub(crate) fn alone(test: &str, body: fn()) {
    if is_again(test) {
        return body();
    }
    if !has_jackd() {
        return;
    }
    let server = format!("pl{}-{}", std::process::id(), test.replace(':', ""));
    let server = &server[..24.min(server.len())];
    let status = again(test, &[], server).status().unwrap();
    bury(server);
    assert!(status.success(), "{test}: {status}");
}

/// Whether this is the process in which the test runs.
pub(crate) fn is_again(test: &str) -> bool {
    std::env::var_os(CHILD).is_some_and(|running| running == test)
}

pub(crate) fn has_jackd() -> bool {
    if Command::new("jackd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok() {
        return true;
    }
    assert!(std::env::var_os("PATCHLINE_REQUIRE_JACK").is_none(), "jackd is not installed");
    eprintln!("left out: jackd is not installed");
    false
}

/// The test in another process, whose clients are those of `server`; started by another program if `by` names one.
pub(crate) fn again(test: &str, by: &[&str], server: &str) -> Command {
    let mut command = started(by, std::env::current_exe().unwrap().to_str().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(CHILD, test);
    command.env("JACK_DEFAULT_SERVER", server).env("JACK_NO_START_SERVER", "1");
    command
}

fn started(by: &[&str], program: &str) -> Command {
    let mut words = by.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    command
}

/// Whether the whole of long tests is wanted.
pub(crate) fn full() -> bool {
    std::env::var_os("PATCHLINE_FULL").is_some()
}

/// A running server.
pub(crate) struct Server(Child);

impl Server {
    /// In blocks of so many frames at 48 kHz, each of which waits for its clients.
    pub(crate) fn start(block: usize) -> Self {
        Self::with(&["-S"], &["-r", "48000", "-p", &block.to_string()])
    }

    pub(crate) fn with(server: &[&str], driver: &[&str]) -> Self {
        let name = std::env::var("JACK_DEFAULT_SERVER").unwrap();
        let server = Self::named(&name, &[], &[server, &["-d", "dummy"], driver].concat());
        until("the server answers", || Host::<Renderer>::devices(&JackHost).is_ok());
        server
    }

    /// Of another name, started by another program if `by` names one. It may not answer yet.
    pub(crate) fn named(name: &str, by: &[&str], arguments: &[&str]) -> Self {
        // Ends with the test, also when that crashes.
        let by = [&["setpriv", "--pdeathsig", "TERM"], by].concat();
        let mut command = started(&by, "jackd");
        command.args(["-n", name, "-r", "-t", "5000", "-p", "256"]).args(arguments);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }

    /// Ends it by a signal.
    pub(crate) fn kill(mut self, signal: &str) {
        self.signal(signal);
        self.0.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id();
        let _ = Command::new("sh").args(["-c", &format!("kill -{signal} {pid} 2>/dev/null")]).status();
    }
}

/// By SIGTERM: of servers that end otherwise something stays in shared memory.
impl Drop for Server {
    fn drop(&mut self) {
        self.signal("TERM");
        self.signal("CONT");
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for something, for half a minute at most.
#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One channel each way where a device is named; unconnected where the name is empty.
pub(crate) fn request(name: &str, input: Option<&str>, output: Option<&str>) -> DeviceRequest {
    let side = |device: &str| SideRequest {
        device: Some(device.to_owned()).filter(|device| !device.is_empty()),
        channels: if device.is_empty() { ChannelCount::Exactly(1) } else { ChannelCount::All },
        ..SideRequest::default()
    };
    let unconnected = input.unwrap_or("").is_empty() && output.unwrap_or("").is_empty();
    let (input, output) = (input.map(side), output.map(side));
    DeviceRequest { client_name: name.to_owned(), input, output, unconnected, ..DeviceRequest::default() }
}

pub(crate) fn open<C: Callback>(request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
    JackHost.open(request)
}

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

static VIOLATIONS: AtomicU64 = AtomicU64::new(0);

/// Counts what the threads allocate and free that have said that they are audio threads.
pub(crate) struct CountingAllocator;

/// From here on this thread must not allocate.
pub(crate) fn arm() {
    ARMED.with(|armed| armed.set(true));
}

pub(crate) fn violations() -> u64 {
    VIOLATIONS.load(Ordering::Relaxed)
}

fn count() {
    if ARMED.try_with(Cell::get).unwrap_or(false) {
        VIOLATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by nature")]
// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}
