//! What was said of late: the latest below.

use std::collections::VecDeque;

use ratatui::text::{Line, Span};

use super::details::wrapped;
use super::paint::Paint;
use crate::tui::app::{Message, Severity};

/// The last lines that fit, each message whole, but for one that is longer than all of the room.
pub(super) fn lines(messages: &VecDeque<Message>, (width, height): (usize, usize), paint: Paint) -> Vec<Line<'static>> {
    let mut lines: VecDeque<Line<'static>> = VecDeque::new();
    for message in messages.iter().rev() {
        let shown = message_lines(message, width, paint);
        if !lines.is_empty() && lines.len() + shown.len() > height {
            break;
        }
        shown.into_iter().rev().for_each(|line| lines.push_front(line));
        if lines.len() >= height {
            break;
        }
    }
    lines.truncate(height);
    lines.into()
}

fn message_lines(message: &Message, width: usize, paint: Paint) -> Vec<Line<'static>> {
    let (word, style) = match message.severity {
        Severity::Error => ("error: ", paint.bad()),
        Severity::Warning => ("warning: ", paint.warning()),
        Severity::Info => ("", paint.dim()),
    };
    let text = format!("{word}{}", message.text);
    let line = |(index, line): (usize, String)| match line.strip_prefix(word).filter(|_| index == 0) {
        Some(rest) => Line::from(vec![Span::styled(word, style), Span::raw(rest.to_owned())]),
        None => Line::raw(line),
    };
    wrapped(&text, width).into_iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_shown_whole() {
        let all: VecDeque<Message> =
            ["info: one", "warning: two words and more", "error: three"].map(Message::read).into();
        let text = |width, height| -> Vec<String> {
            lines(&all, (width, height), Paint::plain()).iter().map(Line::to_string).collect()
        };
        assert_eq!(text(40, 2), ["warning: two words and more", "error: three"]);
        assert_eq!(text(16, 2), ["error: three"]);
        assert_eq!(text(16, 3), ["warning: two", "words and more", "error: three"]);
        assert_eq!(text(8, 1), ["error:"]);
    }
}
