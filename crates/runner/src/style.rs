//! Colours, sparingly. anstream takes them out where stderr or stdout is no terminal, or NO_COLOR is set.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// A text in a style.
pub(crate) struct Styled<T>(Style, T);

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        write!(f, "{style}{text}{style:#}")
    }
}

pub(crate) fn error<T: Display>(text: T) -> Styled<T> {
    Styled(ERROR, text)
}

pub(crate) fn warning<T: Display>(text: T) -> Styled<T> {
    Styled(WARNING, text)
}

pub(crate) fn good<T: Display>(text: T) -> Styled<T> {
    Styled(GOOD, text)
}

pub(crate) fn dim<T: Display>(text: T) -> Styled<T> {
    Styled(DIM, text)
}

pub(crate) fn strong<T: Display>(text: T) -> Styled<T> {
    Styled(STRONG, text)
}

/// `text` with control characters made visible, cut to `most` characters: what others wrote is not ours to obey.
pub(crate) fn safe(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == most {
            out.push('…');
            break;
        }
        match c {
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(safe("a\u{1b}[31mb\n", 80), "a\\u{1b}[31mb\\n");
        assert_eq!(safe("abcdef", 3), "abc…");
        assert_eq!(safe("abc", 3), "abc");
    }
}
