//! Runs the commands of a page, in their order.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::net::UdpSocket;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rosc::{OscMessage, OscPacket};

use super::cli::Cli;
use super::markdown::{Command, Page, shell_takes};
use super::rules::{COMPANIONS, Change, NOT_RUN, Needed, RARE, RULES, RUN};
use super::shell::{self, Read as Shell};
use super::stage::Stage;
use super::{cargo, script};
use crate::support::{Ended, Running};

/// Nothing that a page shows takes longer, once the rules have shortened it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page while its commands are run.
struct Player<'a> {
    page: &'a Page,
    needed: &'a Needed,
    stage: Stage,
    /// The last command that plays until it is told to end.
    live: Option<String>,
    /// That one, when it plays for others to speak to.
    running: Option<Live>,
    faults: Vec<String>,
}

/// A run that others speak to.
struct Live {
    running: Running,
    /// As it was started.
    text: String,
    /// Where the last one stands that has spoken to it.
    line: usize,
}

/// Everything that is wrong with a page's commands, each with its place.
pub(super) fn faults(page: &Page, needed: &Needed) -> Vec<String> {
    let mut player = Player { page, needed, stage: Stage::new(page), live: None, running: None, faults: Vec::new() };
    for block in &page.blocks {
        if let Some(name) = &block.saved_as {
            player.stage.folder.write(name, &block.text);
        }
        if block.language == "sh" && block.mark.is_empty() {
            for command in block.commands() {
                let outcome = player.play(&command);
                player.note(&command, outcome);
            }
            player.end_running();
        }
    }
    player.faults
}

/// Runs a command as it stands there: what is wrong with it, if anything.
pub(super) fn as_it_is(stage: &Stage, text: &str) -> Result<Ended, String> {
    expect(run(stage, text)?, 0, "")
}

impl Player<'_> {
    fn note(&mut self, command: &Command, outcome: Result<(), String>) {
        if let Err(words) = outcome {
            self.faults.push(format!("{}:{}: {}: {words}", self.page.name, command.line, command.text));
        }
    }

    fn play(&mut self, command: &Command) -> Result<(), String> {
        let text = &command.text;
        if !shell_takes(text) {
            return Err("the shell cannot read this".to_owned());
        }
        let read = shell::read(text);
        if self.is_judged(&read)? || !self.can_run(&read)? {
            return Ok(());
        }
        if read.calls.iter().any(|call| call.program().is_some_and(|program| COMPANIONS.contains(&program))) {
            return self.speak(command);
        }
        self.end_running();
        let changed = self.changed(text, &read, None);
        if changed.is_live {
            self.live = Some(text.clone());
        }
        if let Some(words) = changed.interrupt {
            let running = self.start(&changed.text, words)?;
            running.signal("INT");
            return expect(running.end(), command.exits, "").map(drop);
        }
        let (exits, words) = changed.expect.unwrap_or((command.exits, ""));
        expect(run(&self.stage, &changed.text)?, exits, words).map(drop)
    }

    /// Whether it is one of those that are judged without being run.
    fn is_judged(&self, read: &Shell) -> Result<bool, String> {
        let mut judged = false;
        for call in &read.calls {
            let words: Vec<&str> = call.arguments().iter().map(|word| word.text.as_str()).collect();
            let fault = match call.program() {
                Some("$") => Some("a prompt does not belong to the command".to_owned()),
                Some("./x") => script::fault(&words),
                Some("cargo") => cargo::fault(&words),
                _ => continue,
            };
            fault.map_or(Ok(()), Err)?;
            judged = true;
        }
        for call in &read.calls {
            let words = call.program().into_iter().chain(call.arguments().iter().map(|word| word.text.as_str()));
            let words = words.collect::<Vec<_>>().join(" ") + " ";
            let entry = NOT_RUN.iter().find(|(prefix, _)| words.starts_with(&format!("{prefix} ")));
            entry.inspect(|(prefix, _)| self.needed.note(prefix));
            judged |= entry.is_some();
        }
        Ok(judged)
    }

    /// Whether every program is one that is run, and here.
    fn can_run(&self, read: &Shell) -> Result<bool, String> {
        for program in read.calls.iter().filter_map(shell::Call::program).filter(|program| *program != "runner") {
            let known = RUN.iter().find(|known| **known == program);
            let known = known.ok_or_else(|| format!("`{program}` is neither in RUN nor in NOT_RUN, in rules.rs"))?;
            self.needed.note(known);
            let is_here =
                self.stage.shell(&format!("command -v {program}")).output().expect("a shell").status.success();
            if !is_here && !RARE.contains(known) && std::env::var_os("PATCHLINE_REQUIRE_CLIENTS").is_some() {
                return Err(format!("`{program}` is not here, and PATCHLINE_REQUIRE_CLIENTS is set"));
            }
            if !is_here {
                eprintln!("left out: `{program}` is not here");
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs what speaks to a run, and the run, in real time, if it does not play yet.
    fn speak(&mut self, command: &Command) -> Result<(), String> {
        if self.running.is_none() {
            let live = self.live.clone().ok_or("nothing plays that this could speak to")?;
            let changed = self.changed(&live, &shell::read(&live), Some("null"));
            self.remove_what_it_makes(&live);
            let running = self.start(&changed.text, "info: on ")?;
            self.stage.folder.write("bin/runner.pid", &running.id().to_string());
            self.running = Some(Live { running, text: changed.text, line: 0 });
        }
        self.running.iter_mut().for_each(|live| live.line = command.line);
        expect(run(&self.stage, &self.stage.with_ports(&command.text))?, command.exits, "").map(drop)
    }

    /// Starts a run, and waits until it has said this.
    fn start(&self, text: &str, words: &str) -> Result<Running, String> {
        let mut running = Running::start(&mut self.stage.shell(&format!("exec {text}")));
        let end = Instant::now() + PATIENCE;
        while !running.said().contains(words) {
            if running.has_ended() || Instant::now() > end {
                return Err(format!("`{words}` was not said:\n{}", running.said()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(running)
    }

    /// It has run before: what it made then would be in its way.
    fn remove_what_it_makes(&self, text: &str) {
        for call in shell::read(text).calls {
            let made = Cli::get().call(call.arguments()).value(&["--capture", "--flight"]).cloned();
            made.iter().for_each(|word| _ = std::fs::remove_file(self.stage.folder.path().join(&word.text)));
        }
    }

    /// Ends what plays for others: it has to have taken all that it was told.
    fn end_running(&mut self) {
        let Some(Live { running, text, line }) = self.running.take() else { return };
        let read = shell::read(&text);
        let port =
            read.calls.first().and_then(|call| Cli::get().call(call.arguments()).value(&["--osc"])?.text.parse().ok());
        let heard = port.map_or(Ok(()), until_all_is_heard);
        running.signal("INT");
        let ended = heard.and_then(|()| expect(running.end(), 0, ""));
        let refused = ended.and_then(|ended| match ended.stdout.contains(" refused") {
            true => Err(format!("it has refused what it was told:\n{}", ended.stdout)),
            false => Ok(()),
        });
        if let Err(words) = refused {
            self.faults.push(format!("{}:{line}: {text}: {words}", self.page.name));
        }
    }

    /// What is run instead of a command.
    fn changed(&self, text: &str, read: &Shell, backend: Option<&'static str>) -> Changed {
        let mut changed = Changed { text: String::new(), expect: None, interrupt: None, is_live: false };
        let mut edits = BTreeMap::new();
        for call in read.calls.iter().filter(|call| call.program() == Some("runner")) {
            let end = call.words.last().map_or(0, |word| word.at.end);
            let call = Cli::get().call(call.arguments());
            changed.is_live |= call.is(&["run"]);
            for rule in RULES.iter().filter(|rule| (rule.is_for)(&call)) {
                self.needed.note(rule.why);
                match rule.change {
                    Change::Put(["--duration", ..], _) if backend.is_some() => {}
                    Change::Put(options, value) => {
                        let value = if options == ["--backend"] { backend.unwrap_or(value) } else { value };
                        match call.value(options) {
                            Some(word) => edits.insert((word.at.start, word.at.end, options), value.to_owned()),
                            None => edits.insert((end, end, options), format!(" {} {value}", options[0])),
                        };
                    }
                    Change::Expect(code, words) => changed.expect = Some((code, words)),
                    Change::Interrupt(words) => changed.interrupt = Some(words),
                }
            }
        }
        let mut text = text.to_owned();
        edits.iter().rev().for_each(|((start, end, _), value)| text.replace_range(*start..*end, value));
        Changed { text: self.stage.with_ports(&text), ..changed }
    }
}

/// A command, as the rules want it.
struct Changed {
    text: String,
    expect: Option<(i32, &'static str)>,
    interrupt: Option<&'static str>,
    is_live: bool,
}

/// Runs a text to its end.
fn run(stage: &Stage, text: &str) -> Result<Ended, String> {
    let mut said = [(); 2].map(|()| tempfile::tempfile().expect("a temporary file"));
    let [stdout, stderr] = said.each_ref().map(|file| Stdio::from(file.try_clone().expect("a descriptor")));
    let mut command = stage.shell(text);
    let mut child =
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0).spawn().expect("a shell");
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            break status;
        }
        if Instant::now() > end {
            // All that it has started, too.
            let group = format!("kill -KILL -- -{}", child.id());
            let _ = std::process::Command::new("sh").args(["-c", &group]).status();
            let _ = child.wait();
            return Err(format!("it does not end (it was run as `{text}`)"));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let [stdout, stderr] = said.each_mut().map(|file| {
        let mut text = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut text)).expect("a readable file");
        String::from_utf8_lossy(&text).into_owned()
    });
    Ok(Ended { code: status.code(), stdout, stderr })
}

/// Whether it ended as it should.
fn expect(ended: Ended, exits: i32, words: &str) -> Result<Ended, String> {
    let said = ended.stderr.contains(words) && !ended.stderr.contains("panicked");
    match ended.code == Some(exits) && said {
        true => Ok(ended),
        false => Err(format!("exit code {:?} instead of {exits} {words}\n{}", ended.code, ended.stderr)),
    }
}

/// Messages are heard in their order: whoever answers a ping has heard those before.
fn until_all_is_heard(port: u16) -> Result<(), String> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(PATIENCE / 10)).expect("a time");
    let ping = OscPacket::Message(OscMessage { addr: "/patchline/ping".to_owned(), args: Vec::new() });
    let ping = rosc::encoder::encode(&ping).expect("a message");
    socket.send_to(&ping, ("127.0.0.1", port)).map_err(|error| error.to_string())?;
    socket.recv(&mut [0; 1500]).map(drop).map_err(|error| format!("nobody answers at port {port}: {error}"))
}
