//! The screen, on a terminal of its own: what it shows, what keys do, and that the terminal is given back.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::Folder;

const PATCH: &str = r#"name = "evening"
links = ["voice -> trim -> level -> gate -> take", "level -> out"]
nodes.voice = { type = "noise", level = "-20 dB" }
nodes.trim = { type = "gain", gain = "-6 dB" }
nodes.level = { type = "meter" }
nodes.gate = { type = "vad_gate", threshold = "-60 dB" }
nodes.take = { type = "file_sink", path = "take.wav" }
nodes.out = { type = "output" }
[scenes.chorus.trim]
gain = "-3 dB"
"#;

/// A terminal with the runner on it.
struct Terminal {
    keys: File,
    slave: File,
    shown: Arc<Mutex<vt100::Parser>>,
    child: Child,
}

impl Terminal {
    /// Plays the patch on a terminal of this size; whether anybody looks at it.
    fn start(folder: &Folder, (rows, columns): (u16, u16), args: &[&str], looks: bool) -> Self {
        folder.write("p.toml", PATCH);
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).unwrap();
        let plain = folder.command(["run", "p.toml", "--backend", "null"].iter().chain(args));
        // With a session of its own, whose terminal this is.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(plain.get_program()).args(plain.get_args()).current_dir(folder.path());
        let envs = plain.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.envs(envs).env_remove("NO_COLOR").env_remove("PATCHLINE_LOG").env("TERM", "xterm-256color");
        let end = |file: &File| Stdio::from(file.try_clone().unwrap());
        let child = command.stdin(end(&slave)).stderr(end(&slave)).stdout(Stdio::piped()).spawn().unwrap();
        let shown = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let (mut master, screen) = (File::from(master), Arc::clone(&shown));
        let keys = master.try_clone().unwrap();
        if looks {
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = master.read(&mut bytes) {
                    screen.lock().unwrap().process(&bytes[..count]);
                }
            });
        }
        Self { keys, slave, shown, child }
    }

    fn text(&self) -> String {
        self.shown.lock().unwrap().screen().contents()
    }

    /// Waits until all of this is seen.
    #[track_caller]
    fn until(&self, parts: &[&str]) {
        let end = Instant::now() + Duration::from_secs(30);
        while !parts.iter().all(|part| self.text().contains(part)) {
            assert!(Instant::now() < end, "{parts:?} are not on the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end; what was written to stdout.
    #[track_caller]
    fn end(mut self, code: i32) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(self.child.wait().unwrap().code(), Some(code), "{}", self.text());
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "lines are read again, and keys are seen");
        assert!(!self.shown.lock().unwrap().screen().alternate_screen(), "the screen is given back");
        stdout
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn all_that_goes_on_is_seen_and_keys_turn_parameters() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, (24, 80), &[], true);
    terminal.until(&[
        "evening",
        "Signal flow",
        "trim   gain",
        "●─╮ level",
        "OPEN",
        "0 lost",
        "REC take.wav",
        "playing",
    ]);
    terminal.press("j\t");
    terminal.until(&["trim (gain)", "smooth 20 ms", "←→ change"]);
    terminal.press("\u{1b}[D");
    terminal.until(&["trim.gain = \"-6.5 dB\""]);
    terminal.press("\r\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}loud\r");
    terminal.until(&["! ", "warning: ", "loud"]);
    terminal.press("s1");
    terminal.until(&["scene chorus"]);
    terminal.press("?");
    terminal.until(&["Help", "Ctrl-C ends at once"]);
    terminal.press("xq");
    terminal.until(&["End it?"]);
    terminal.press("q");
    let report = terminal.end(0);
    assert!(report.contains("evening: ") && report.contains("take.wav"), "{report}");
    assert!(folder.path().join("take.wav").exists());
}

#[test]
fn what_was_said_is_on_the_terminal_afterwards() {
    let folder = Folder::new();
    let terminal = Terminal::start(&folder, (24, 80), &["--duration", "1s", "--json"], true);
    let shown = Arc::clone(&terminal.shown);
    let report = terminal.end(0);
    assert!(serde_json::from_str::<serde_json::Value>(&report).unwrap()["frames"].as_u64() >= Some(48_000));
    let text = shown.lock().unwrap().screen().contents();
    assert!(text.contains("info: take: closed ") && text.contains("take.wav"), "{text}");
}

#[test]
fn ctrl_c_ends_at_once_and_a_line_is_shown_where_that_is_wanted() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, (24, 80), &[], true);
    terminal.until(&["Signal flow"]);
    terminal.press("\u{3}");
    terminal.end(0);
    let folder = Folder::new();
    let terminal = Terminal::start(&folder, (24, 80), &["--plain", "--duration", "2s"], true);
    terminal.until(&["playing  0 xruns"]);
    assert!(!terminal.text().contains("Signal flow"));
    terminal.end(0);
}

/// A terminal that nobody reads is full at some time: sound goes on, and the recording is whole.
#[test]
fn a_terminal_that_stands_still_holds_nothing_up() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, (50, 200), &["--duration", "3s"], false);
    let end = Instant::now() + Duration::from_secs(30);
    let whole = || {
        patchline_wav::FileReader::open(folder.path().join("take.wav"))
            .is_ok_and(|file| file.info().frames >= Some(144_000))
    };
    while !whole() {
        assert!(Instant::now() < end, "the recording is not whole");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(terminal.child.try_wait().is_ok());
}
