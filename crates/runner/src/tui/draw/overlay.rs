//! What covers the rest for a while: the help, the scenes, and whether it is to end.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::paint::Paint;
use crate::tui::app::{App, KEYS, Mode};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, paint: Paint) {
    match &app.mode {
        Mode::Help => show(frame, area, " Help ", help(usize::from(area.width), paint)),
        Mode::Scenes(chosen) => show(frame, area, " Scenes ", scenes(app, *chosen, usize::from(area.height), paint)),
        Mode::Leaving => {
            let lines = vec![Line::raw("End it? q or Enter ends,"), Line::raw("any other key plays on.")];
            show(frame, area, " End ", lines);
        }
        Mode::Nodes | Mode::Parameters | Mode::Typing(_) => {}
    }
}

/// A box around these lines in the middle, as large as they need and there is room for.
fn show(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'_>>) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0).max(title.chars().count());
    let width = (widest as u16 + 4).min(area.width);
    let height = (lines.len() as u16 + 2).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(title.to_owned());
    let inner = block.inner(place);
    frame.render_widget(block, place);
    let inner = if inner.width > 2 { Rect { x: inner.x + 1, width: inner.width - 2, ..inner } } else { inner };
    frame.render_widget(Paragraph::new(lines), inner);
}

fn help(width: usize, paint: Paint) -> Vec<Line<'static>> {
    let column = KEYS.iter().map(|(keys, _)| keys.chars().count()).max().unwrap_or(0);
    let each = |&(keys, what): &(&'static str, &'static str)| match width {
        // Keys above what they do, where both do not fit side by side.
        ..60 => vec![Line::styled(keys, paint.strong()), Line::raw(format!("  {what}"))],
        _ => vec![Line::from(vec![Span::styled(format!("{keys:column$}  "), paint.strong()), Span::raw(what)])],
    };
    KEYS.iter().flat_map(each).collect()
}

fn scenes(app: &App, chosen: usize, height: usize, paint: Paint) -> Vec<Line<'static>> {
    let room = height.saturating_sub(3).max(1);
    let first = (chosen + 1).saturating_sub(room);
    let line = |(index, name): (usize, &String)| {
        let digit = if index < 9 { format!("{} ", index + 1) } else { "  ".to_owned() };
        let style = if index == chosen { paint.chosen() } else { ratatui::style::Style::new() };
        Line::from(vec![Span::styled(digit, paint.dim()), Span::styled(name.clone(), style)])
    };
    app.now.scenes.iter().enumerate().skip(first).take(room).map(line).collect()
}
