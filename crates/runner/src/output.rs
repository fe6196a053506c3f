//! What the program says: results on stdout, everything else on stderr, around a live line that may be there.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use indicatif::MultiProgress;

use crate::exit::{Exit, Failure};
use crate::{document, terminal};

/// The live lines at the bottom of the terminal; hidden where stderr is none.
static LIVE: LazyLock<MultiProgress> = LazyLock::new(|| MultiProgress::with_draw_target(terminal::stderr()));

/// The live lines.
pub(crate) fn live() -> &'static MultiProgress {
    &LIVE
}

/// Whether stderr is a terminal.
pub(crate) fn on_terminal() -> bool {
    io::stderr().is_terminal()
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
