//! The screen: what goes where, from twenty columns to all of a large terminal.

mod details;
mod flow;
mod header;
mod history;
mod messages;
mod meter;
mod overlay;
mod paint;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::app::{App, Mode};
use super::snapshot::Answer;
pub(super) use paint::Paint;

/// Columns from which on the parameters stand beside the nodes; below that, instead of them.
const TWO_COLUMNS: u16 = 72;
/// Columns below which a message takes many lines.
const NARROW: u16 = 40;
/// Rows from which on there are messages, and the history of the load.
const MESSAGES: u16 = 12;
const HISTORY: u16 = 16;

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App, paint: Paint) {
    let area = frame.area();
    let head = if area.height >= 6 { 2 } else { 1 };
    let messages = match (area.width, area.height) {
        (_, ..MESSAGES) | (..NARROW, ..HISTORY) => 0,
        (_, height) => (height / 6).clamp(3, 8),
    };
    let [top, middle, said, bottom] = Layout::vertical([
        Constraint::Length(head),
        Constraint::Min(0),
        Constraint::Length(messages),
        Constraint::Length(1),
    ])
    .areas(area);
    let lines = header::lines(&app.now, usize::from(top.width), paint);
    frame.render_widget(Paragraph::new(lines.into_iter().take(usize::from(head)).collect::<Vec<_>>()), top);
    middle_of(frame, middle, app, paint);
    let inner = titled(frame, said, "Messages", paint);
    let room = (usize::from(inner.width), usize::from(inner.height));
    frame.render_widget(Paragraph::new(messages::lines(&app.messages, room, paint)), inner);
    frame.render_widget(Paragraph::new(footer(app, usize::from(bottom.width), paint)), bottom);
    overlay::draw(frame, area, app, paint);
}

/// The nodes, and the parameters of the one that is chosen.
fn middle_of(frame: &mut Frame<'_>, area: Rect, app: &mut App, paint: Paint) {
    let history = if frame.area().height >= HISTORY { 2 } else { 0 };
    if area.width < TWO_COLUMNS {
        let [main, load] = Layout::vertical([Constraint::Min(0), Constraint::Length(history)]).areas(area);
        match app.mode {
            Mode::Parameters | Mode::Typing(_) => the_details(frame, main, app, paint),
            _ => the_flow(frame, main, app, paint),
        }
        return the_history(frame, load, app, paint);
    }
    let right = (area.width * 2 / 5).clamp(30, 60);
    let [left, _, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(1), Constraint::Length(right)]).areas(area);
    let [details, load] = Layout::vertical([Constraint::Min(0), Constraint::Length(history)]).areas(right);
    the_flow(frame, left, app, paint);
    the_details(frame, details, app, paint);
    the_history(frame, load, app, paint);
}

fn the_flow(frame: &mut Frame<'_>, area: Rect, app: &mut App, paint: Paint) {
    let (nodes, lines) = (app.now.rows.len(), flow::height(app));
    let title = match lines > usize::from(area.height).saturating_sub(1) {
        true => format!("Signal flow, node {} of {nodes}", app.node + 1),
        false => "Signal flow".to_owned(),
    };
    let inner = titled(frame, area, &title, paint);
    flow::draw(frame, inner, app, paint);
}

fn the_details(frame: &mut Frame<'_>, area: Rect, app: &App, paint: Paint) {
    let title = app.now.rows.get(app.node).map(|row| format!("{} ({})", row.name, row.kind)).unwrap_or_default();
    let inner = titled(frame, area, &title, paint);
    details::draw(frame, inner, app, paint);
}

fn the_history(frame: &mut Frame<'_>, area: Rect, app: &App, paint: Paint) {
    let inner = titled(frame, area, "Load per second, x: xruns", paint);
    frame.render_widget(Paragraph::new(history::line(&app.past, usize::from(inner.width), paint)), inner);
}

/// A line with a title above what is left.
fn titled(frame: &mut Frame<'_>, area: Rect, title: &str, paint: Paint) -> Rect {
    if area.height < 2 {
        return area;
    }
    let most = usize::from(area.width).saturating_sub(4);
    let title: String = title.chars().take(most).collect();
    let title = Span::styled(format!("{title} "), paint.strong());
    let block = Block::new().borders(Borders::TOP).border_style(paint.dim()).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// What became of the last wish, or which keys there are.
fn footer(app: &App, width: usize, paint: Paint) -> Line<'static> {
    let hints = match &app.mode {
        Mode::Nodes => "↑↓ node  Tab parameters  m mute  b bypass  s scenes  r reload  ? help  q end",
        Mode::Parameters => "↑↓ parameter  ←→ change  Enter type  d default  Esc back  ? help",
        Mode::Typing(_) => "Enter set  Esc leave  Del clear",
        Mode::Scenes(_) => "↑↓ or 1-9, Enter recall  Esc back",
        Mode::Help | Mode::Leaving => "any key goes back",
    };
    match &app.answer {
        Some(Answer::Refused(words)) => Line::styled(format!("! {words}"), paint.bad()),
        Some(Answer::Done(words)) if words.chars().count() + 2 <= width => Line::styled(words.clone(), paint.good()),
        _ if hints.chars().count() <= width => Line::styled(hints, paint.dim()),
        _ => Line::styled("? help  q end", paint.dim()),
    }
}

#[cfg(test)]
mod tests;
