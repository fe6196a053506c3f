//! What the program says: results on stdout, everything else on stderr, around a live line that may be there.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use indicatif::MultiProgress;

use crate::exit::{Exit, Failure};
use crate::{document, style, terminal};

/// The live lines at the bottom of the terminal; hidden where stderr is none.
static LIVE: LazyLock<MultiProgress> = LazyLock::new(|| MultiProgress::with_draw_target(terminal::stderr()));

/// The live lines.
pub(crate) fn live() -> &'static MultiProgress {
    &LIVE
}

/// Whether only warnings and errors are said, and what is asked for as output.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From here on says nothing but what `--quiet` leaves.
pub(crate) fn hush() {
    QUIET.store(true, Ordering::Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether there are live lines: on a terminal, unless it is to be quiet.
pub(crate) fn on_terminal() -> bool {
    !is_quiet() && io::stderr().is_terminal()
}

/// Columns of the terminal that stderr is.
pub(crate) fn width() -> usize {
    usize::from(console::Term::stderr().size().1)
}

/// Writes a result to stdout.
///
/// A reader that has seen enough (`| head`) is no failure: what is left goes unsaid, and the exit code stays what the
/// command comes to.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    document::begun();
    let written = LIVE.suspend(|| {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::File, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says what a command that plays, records or renders came to: on stdout. Where it is to be quiet only the warnings and
/// errors of it, on stderr.
pub(crate) fn report(text: &str) -> Result<(), Failure> {
    if !is_quiet() {
        return print(text);
    }
    serious(text).for_each(tell);
    Ok(())
}

/// The lines of a report that are warnings or errors.
pub(crate) fn serious(text: &str) -> impl Iterator<Item = &str> {
    let heads = [style::warning("warning"), style::error("error")].map(|head| format!("{head}:"));
    text.lines().map(str::trim_start).filter(move |line| heads.iter().any(|head| line.starts_with(head)))
}

/// Writes a line of status to stderr, unless it is to be quiet.
pub(crate) fn status(line: &str) {
    if !is_quiet() {
        tell(line);
    }
}

/// Writes a line to stderr, or to the screen that covers it. There is nobody to tell when that fails.
pub(crate) fn tell(line: &str) {
    if !diverts(line) {
        LIVE.suspend(|| {
            let _ = writeln!(anstream::stderr().lock(), "{line}");
        });
    }
}

/// Lines that a screen keeps for the time when it is gone.
const MOST_DIVERTED: usize = 1000;

/// What was said of late, for a screen that covers stderr.
static SAID: Mutex<Said> = Mutex::new(Said { diverted: false, fresh: VecDeque::new(), kept: VecDeque::new(), more: 0 });

struct Said {
    /// Whether there is a screen.
    diverted: bool,
    /// What it has not taken yet, without colours.
    fresh: VecDeque<String>,
    /// What was said to it alone: the latest, and how many more lines there were.
    kept: VecDeque<String>,
    more: usize,
}

impl Said {
    fn push(&mut self, line: &str) {
        let line = line.trim_end_matches('\n');
        self.fresh.extend(anstream::adapter::strip_str(line).to_string().lines().map(str::to_owned));
        // Where nobody takes them, there is no screen, or it stands still.
        let old = self.fresh.len().saturating_sub(MOST_DIVERTED);
        self.fresh.drain(..old);
        if self.diverted {
            self.kept.push_back(line.to_owned());
        }
        if self.kept.len() > MOST_DIVERTED {
            self.kept.pop_front();
            self.more += 1;
        }
    }
}

fn said() -> MutexGuard<'static, Said> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a line for the screen; whether there is one.
fn diverts(line: &str) -> bool {
    let mut said = said();
    said.push(line);
    said.diverted
}

/// From here on, what would be written to stderr waits for a screen.
#[cfg(feature = "tui")]
pub(crate) fn divert() {
    said().diverted = true;
}

/// Gives the screen what it has not seen yet, of what was said before it came, too.
#[cfg(feature = "tui")]
pub(crate) fn diverted(to: &mut VecDeque<String>) {
    to.append(&mut said().fresh);
}

/// The screen is gone: says on stderr what was said meanwhile.
#[cfg(feature = "tui")]
pub(crate) fn gather() {
    let (kept, more) = {
        let mut said = said();
        said.diverted = false;
        (std::mem::take(&mut said.kept), std::mem::take(&mut said.more))
    };
    if more > 0 {
        tell(&format!("({more} lines before these are gone)"));
    }
    kept.iter().for_each(|line| tell(line));
}

/// Where log lines go: stderr, above the live lines. Where stderr is gone or full, nowhere: what plays goes on.
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !diverts(&String::from_utf8_lossy(bytes)) {
            LIVE.suspend(|| {
                let _ = anstream::stderr().lock().write_all(bytes);
            });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
