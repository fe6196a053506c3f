//! What the program says: results on stdout, everything else on stderr, around a live line that may be there.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Writes a line to stderr. There is nobody to tell when that fails.
pub(crate) fn tell(line: &str) {
    LIVE.suspend(|| {
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    });
}

/// Where log lines go: stderr, above the live lines. Where stderr is gone or full, nowhere: what plays goes on.
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LIVE.suspend(|| {
            let _ = anstream::stderr().lock().write_all(bytes);
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
