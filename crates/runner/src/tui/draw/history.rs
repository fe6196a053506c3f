//! The load of the last while, and where there were xruns.

use std::collections::VecDeque;

use ratatui::text::{Line, Span};

use super::paint::Paint;
use crate::tui::app::Past;

/// Eighths of a cell.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A cell for each second, the latest on the right: the load as a bar up to 100 %, an `x` where there were xruns.
pub(super) fn line(past: &VecDeque<Past>, width: usize, paint: Paint) -> Line<'static> {
    let latest = past.iter().skip(past.len().saturating_sub(width));
    let mut line = Line::from(Span::raw(" ".repeat(width.saturating_sub(past.len()))));
    for &Past { load, xruns } in latest {
        let bar = BARS[((load * 8.0) as usize).min(7)];
        let (symbol, style) = match load {
            _ if xruns > 0 => ('x', paint.bad()),
            _ if load >= 0.8 => (bar, paint.bad()),
            _ if load >= 0.5 => (bar, paint.warning()),
            _ => (bar, paint.good()),
        };
        match line.spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push(symbol),
            _ => line.push_span(Span::styled(symbol.to_string(), style)),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_on_the_right() {
        let past = |load, xruns| Past { load, xruns };
        let all = VecDeque::from([past(0.0, 0), past(0.5, 0), past(1.3, 0), past(0.1, 2)]);
        let text = |width| line(&all, width, Paint::plain()).to_string();
        assert_eq!(text(6), "  ▁▅█x");
        assert_eq!(text(2), "█x");
    }
}
