//! The terminal that the live lines stand on. It may go away at any moment, and then nothing is drawn.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// Times in a second that lines are drawn, at most.
const MOST_HZ: u8 = 20;

/// Where live lines are drawn: stderr, if that is a terminal.
pub(crate) fn stderr() -> ProgressDrawTarget {
    let term = Term::buffered_stderr();
    if term.is_term() { target(term) } else { ProgressDrawTarget::hidden() }
}

fn target(term: Term) -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Fading(term)), MOST_HZ)
}

/// A terminal that takes everything: indicatif panics where one does not.
#[derive(Debug)]
struct Fading(Term);

impl TermLike for Fading {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        forget(self.0.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        forget(self.0.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        forget(self.0.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        forget(self.0.move_cursor_left(n))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        forget(self.0.write_line(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        forget(self.0.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        forget(self.0.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        forget(self.0.flush())
    }
}

/// There is nobody to tell.
fn forget(drawn: io::Result<()>) -> io::Result<()> {
    drawn.or(Ok(()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{File, OpenOptions};

    use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

    use super::*;

    #[test]
    fn a_terminal_that_is_gone_ends_nothing() {
        let read = File::open("/dev/null").unwrap();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let live = MultiProgress::with_draw_target(target(Term::read_write_pair(read, full)));
        let bar = live.add(ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{wide_msg}").unwrap()));
        bar.set_message("playing");
        assert_eq!(live.suspend(|| 5), 5);
        bar.tick();
        bar.finish_and_clear();
    }
}
