//! The signal flow: a row for each node, and one for each channel of its meter.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::meter;
use super::paint::Paint;
use crate::meter::{dbfs, signed};
use crate::tui::app::{App, Mode};
use crate::tui::flow::Row;
use crate::tui::snapshot::Measured;
use crate::units::clock;

/// Columns that names may always have; a third of the width where that is more. The chosen node's is shown whole beside it.
const LONGEST_NAME: usize = 16;

/// Draws as many rows as there is room for, the chosen one among them.
pub(super) fn draw(frame: &mut ratatui::Frame<'_>, area: Rect, app: &mut App, paint: Paint) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let starts = starts(app);
    let chosen = starts.get(app.node).copied().unwrap_or(0);
    let end = starts.get(app.node + 1).copied().unwrap_or(chosen + 1);
    // The chosen node is seen with its meters, or as much of them as fits.
    app.scroll = app.scroll.max(end.saturating_sub(height)).min(chosen);
    let total = starts.last().copied().unwrap_or(0);
    app.scroll = app.scroll.min(total.saturating_sub(height));
    let columns = Columns::of(app, width);
    let first = starts.partition_point(|&start| start <= app.scroll).saturating_sub(1);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for row in first..app.now.rows.len() {
        lines.extend(node(app, row, columns, paint));
        if lines.len() >= height + app.scroll - starts[first] {
            break;
        }
    }
    let lines: Vec<_> = lines.into_iter().skip(app.scroll - starts[first.min(starts.len() - 1)]).take(height).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// How many lines all nodes have.
pub(super) fn height(app: &App) -> usize {
    starts(app).last().copied().unwrap_or(0)
}

/// The line at which each node begins, and the number of all lines.
fn starts(app: &App) -> Vec<usize> {
    let mut line = 0;
    let mut starts: Vec<usize> = Vec::with_capacity(app.now.rows.len() + 1);
    for row in app.now.rows.iter() {
        starts.push(line);
        line += 1 + app.needles(&row.name).len();
    }
    starts.push(line);
    starts
}

/// How wide the parts of a row are.
#[derive(Clone, Copy)]
struct Columns {
    width: usize,
    lines: usize,
    name: usize,
}

impl Columns {
    fn of(app: &App, width: usize) -> Self {
        let widest = |of: fn(&Row) -> usize| app.now.rows.iter().map(of).max().unwrap_or(0);
        let lines = widest(|row| row.lines.chars().count()).min(width / 4);
        let longest = LONGEST_NAME.max(width / 3);
        Self { width, lines, name: widest(|row| row.name.chars().count()).min(longest) }
    }
}

fn node(app: &App, index: usize, columns: Columns, paint: Paint) -> Vec<Line<'static>> {
    let row = &app.now.rows[index];
    let bypassed = app.now.bypassed.contains(&row.name);
    let chosen = index == app.node;
    let name_style = match (chosen, app.mode == Mode::Nodes) {
        (true, true) => paint.chosen(),
        (true, false) => paint.strong(),
        (false, _) => ratatui::style::Style::new(),
    };
    let mut line = Line::default();
    line.push_span(Span::styled(padded(&row.lines, columns.lines), paint.accent()));
    line.push_span(Span::raw(" "));
    line.push_span(Span::styled(padded(&row.name, columns.name), name_style));
    let mut parts = vec![Span::styled(row.kind, paint.dim())];
    if bypassed {
        parts.push(Span::styled("BYPASSED", paint.warning()));
    }
    if app.now.muted.contains(&row.name) {
        parts.push(Span::styled("MUTED", paint.warning()));
    }
    parts.extend(state(app, index, paint));
    if !row.back.is_empty() {
        parts.push(Span::styled(format!("feeds back to {}", row.back.join(", ")), paint.dim()));
    }
    let all: usize = line.width() + parts.iter().map(|part| part.width() + 2).sum::<usize>();
    if all > columns.width && parts.len() > 1 {
        // What goes on says more than the type, which stands beside the parameters, too.
        parts.remove(0);
    }
    for part in parts {
        if line.width() + 2 + part.width() <= columns.width {
            line.push_span(Span::raw("  "));
            line.push_span(part);
        }
    }
    let mut lines = vec![line];
    lines.extend(app.needles(&row.name).iter().enumerate().map(|(channel, needle)| {
        let mut line = Line::from(Span::styled(padded(&row.below, columns.lines), paint.accent()));
        line.push_span(Span::styled(format!(" {channel} "), paint.dim()));
        line.spans.extend(meter::line(needle, columns.width.saturating_sub(line.width()), paint));
        line
    }));
    lines
}

/// What a node is at, by what it measures: a gate is open or closed, a recorder has so much of a file.
fn state(app: &App, index: usize, paint: Paint) -> Vec<Span<'static>> {
    let measured = app.measured(index);
    let of = |name: &str| measured.iter().find(|m| m.name == name).and_then(|m| m.values.first().copied());
    let mut parts = Vec::new();
    if let Some(open) = of("open") {
        let (word, style) = if open > 0.5 { ("OPEN", paint.good()) } else { ("closed", paint.dim()) };
        parts.push(Span::styled(word, style));
        parts.extend(of("rms").map(|rms| Span::raw(format!("{} dBFS", signed(dbfs(rms))))));
    }
    if let Some(written) = of("frames_written").or(of("frames_played")) {
        let time = clock(written as u64, app.now.rate.max(1));
        parts.push(Span::styled(time[..time.len() - 2].to_owned(), paint.strong()));
    }
    if let Some(lost) = of("frames_lost") {
        // Of a recorder it is said that nothing was lost, too.
        parts.push(Span::styled(format!("{lost:.0} lost"), if lost > 0.0 { paint.bad() } else { paint.dim() }));
    }
    for lost in ["frames_missing", "gaps", "clipped", "non_finite"] {
        if let Some(count) = of(lost).filter(|count| *count > 0.0) {
            parts.push(Span::styled(format!("{} {count:.0}", lost.replace('_', " ")), paint.bad()));
        }
    }
    parts.extend(said(app, index).map(|words| Span::styled(words, paint.dim())));
    parts
}

/// The file that a recorder is at, from what it said last.
fn said(app: &App, index: usize) -> Option<String> {
    let said = app.now.said.get(index)?.as_deref()?;
    let (verb, rest) = said.split_once(' ')?;
    let path = match verb {
        "recording" => rest.split(" from frame ").next()?,
        "closed" => rest.split(": ").next()?,
        _ => return None,
    };
    let name = std::path::Path::new(path).file_name()?.to_string_lossy().into_owned();
    Some(if verb == "recording" { format!("REC {name}") } else { format!("closed {name}") })
}

/// A text in so many cells; the end is left out of one that has more.
fn padded(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count > width {
        let kept: String = text.chars().take(width.saturating_sub(1)).collect();
        return if width > 0 { kept + "…" } else { kept };
    }
    text.to_owned() + &" ".repeat(width - count)
}

/// What the readings of a node are beside levels, for its details.
pub(super) fn readings(measured: &[Measured]) -> impl Iterator<Item = (String, String)> + '_ {
    let plain = measured.iter().filter(|m| !(m.unit == "dBFS" && m.per_channel));
    plain.map(|m| {
        let value = m.values.iter().map(|value| figure(*value, m.unit)).collect::<Vec<_>>().join(" ");
        (m.name.replace('_', " "), format!("{value} {}", m.unit).trim_end().to_owned())
    })
}

fn figure(value: f64, unit: &str) -> String {
    match unit {
        _ if value.is_nan() => "–".to_owned(),
        "dBFS" => signed(value),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.4}"),
    }
}
