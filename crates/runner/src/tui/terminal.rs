//! The terminal: taken over while the screen is there, given back whatever happens.

use std::io::{self, BufWriter, Stderr, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// Whether it is taken over.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What is drawn on.
pub(super) type Terminal = ratatui::Terminal<CrosstermBackend<BufWriter<Stderr>>>;

/// Takes the terminal over: keys come one by one, and the screen is empty.
pub(super) fn take() -> io::Result<Terminal> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Words about a panic belong on a screen that stays. A panic in a callback, which is caught, leaves this one alone.
            if std::thread::current().name() == Some(super::THREAD) {
                give_back();
            }
            before(panic);
        }));
    });
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stderr(), EnterAlternateScreen)?;
    ratatui::Terminal::new(CrosstermBackend::new(BufWriter::new(io::stderr())))
}

/// Makes the terminal what it was; nothing, if it is that already.
pub(super) fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // There is nobody to tell that it cannot be done.
        let _ = disable_raw_mode();
        let _ = execute!(io::stderr(), LeaveAlternateScreen, Show);
        let _ = io::stderr().flush();
    }
}
