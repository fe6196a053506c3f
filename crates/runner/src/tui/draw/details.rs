//! The chosen node: its parameters with their units and ranges, and what it measures beside levels.

use patchline_patch::Parameter;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use serde_json::Value;

use super::flow::readings;
use super::paint::Paint;
use crate::meter::{dbfs, signed};
use crate::tui::app::{App, Mode, shown};

/// Cells of a slider.
const SLIDER: usize = 10;
/// Lines that the chosen parameter's documentation has at most.
const DOC_LINES: usize = 6;

/// Draws as many parameters as there is room for, the chosen one among them, and what it does below.
pub(super) fn draw(frame: &mut ratatui::Frame<'_>, area: Rect, app: &App, paint: Paint) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let doc = app.chosen_parameter().filter(|_| is_chosen(app)).map(|parameter| about(parameter, width, paint));
    let doc = doc.unwrap_or_default();
    let parameters = app.parameters();
    let measured: Vec<Line<'_>> = readings(app.measured(app.node)).map(|row| reading(row, width, paint)).collect();
    let below = doc.len().min(height / 2);
    let room = height.saturating_sub(below);
    let shown = parameters.len().min(room.max(1));
    let first = (app.parameter + 1).saturating_sub(shown).min(parameters.len() - shown.min(parameters.len()));
    let name = parameters.iter().map(|parameter| parameter.path.chars().count()).max().unwrap_or(0);
    let name = name.min(width / 2);
    let mut lines: Vec<Line<'_>> =
        (first..first + shown.min(parameters.len())).map(|index| parameter(app, index, (name, width), paint)).collect();
    if parameters.is_empty() {
        lines.push(Line::styled("nothing to be set", paint.dim()));
    }
    let left = room.saturating_sub(lines.len());
    lines.extend(measured.into_iter().take(left));
    if below > 0 {
        lines.resize(room, Line::default());
        lines.extend(doc.into_iter().take(below));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// Whether keys go to the parameters.
fn is_chosen(app: &App) -> bool {
    matches!(app.mode, Mode::Parameters | Mode::Typing(_))
}

/// `gain     -6.0 dB  ▕███████───▏`.
fn parameter(app: &App, index: usize, (name, width): (usize, usize), paint: Paint) -> Line<'static> {
    let parameter = &app.parameters()[index];
    let chosen = index == app.parameter && is_chosen(app);
    let name_text = format!("{:name$}", cut(&parameter.path, name));
    let mut line = Line::from(Span::styled(name_text, if chosen { paint.chosen() } else { paint.dim() }));
    line.push_span(Span::raw(" "));
    if let (Mode::Typing(typing), true) = (&app.mode, chosen) {
        // The end is what is being typed.
        let room = width.saturating_sub(name + 2);
        let from = typing.text.chars().count().saturating_sub(room);
        line.push_span(Span::styled(typing.text.chars().skip(from).collect::<String>(), paint.strong()));
        line.push_span(Span::styled("▏", paint.accent()));
        return line;
    }
    let value = value(parameter);
    let room = width.saturating_sub(name + 1);
    let slider = slider(parameter).filter(|_| room >= value.chars().count() + SLIDER + 3);
    let value_width = if slider.is_some() { room - SLIDER - 3 } else { room };
    line.push_span(Span::styled(format!("{:value_width$}", cut(&value, value_width)), paint.strong()));
    if let Some(filled) = slider {
        line.push_span(Span::styled(
            format!(" ▕{}{}▏", "█".repeat(filled), "─".repeat(SLIDER - filled)),
            paint.accent(),
        ));
    }
    line
}

/// A value as a patch says it, and a factor in dB, too.
fn value(parameter: &Parameter) -> String {
    let text = parameter.value.as_ref().map_or_else(|| "–".to_owned(), shown);
    match (&parameter.value, parameter.kind.as_str(), parameter.number) {
        (Some(Value::Number(_)), "level", Some(factor)) if factor > 0.0 => {
            format!("{text} ({} dB)", signed(dbfs(factor)))
        }
        _ => text,
    }
}

/// How many cells of a slider are filled, for what has a range: levels by dB from -60 up, frequencies by octaves.
fn slider(parameter: &Parameter) -> Option<usize> {
    let (number, min, max) = (parameter.number?, parameter.min?, parameter.max?);
    let part = match (parameter.unit, parameter.kind.as_str()) {
        (None, "level") => {
            let db = |factor: f64| dbfs(factor).max(-60.0);
            (db(number) + 60.0) / (db(max) + 60.0)
        }
        (Some("Hz"), _) if min > 0.0 => (number / min).log2() / (max / min).log2(),
        _ => (number - min) / (max - min),
    };
    part.is_finite().then(|| (part.clamp(0.0, 1.0) * SLIDER as f64).round() as usize)
}

/// What a parameter takes and does.
fn about(parameter: &Parameter, width: usize, paint: Paint) -> Vec<Line<'static>> {
    let number = |value: f64| format!("{value}{}", parameter.unit.map(|unit| format!(" {unit}")).unwrap_or_default());
    let range = match (parameter.min, parameter.max) {
        (Some(min), Some(max)) => format!(", {} to {}", number(min), number(max)),
        (Some(min), None) => format!(", at least {}", number(min)),
        (None, Some(max)) => format!(", at most {}", number(max)),
        (None, None) => String::new(),
    };
    let anew = if parameter.law == "rebuilds" { "; a change starts the node anew" } else { "" };
    let text = format!("{}{range}{anew}. {}", parameter.kind, parameter.doc.lines().next().unwrap_or_default());
    wrapped(&text, width).into_iter().take(DOC_LINES).map(|line| Line::styled(line, paint.dim())).collect()
}

fn reading((name, value): (String, String), width: usize, paint: Paint) -> Line<'static> {
    let mut line = Line::from(Span::styled(cut(&name, width / 2), paint.dim()));
    line.push_span(Span::raw(" "));
    let room = width.saturating_sub(line.width());
    line.push_span(Span::raw(cut(&value, room)));
    line
}

fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width.saturating_sub(1)).chain((width > 0).then_some('…')).collect(),
        false => text.to_owned(),
    }
}

/// A text in lines of at most `width` cells; words that are longer are broken.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is one always");
            let used = line.chars().count();
            let gap = usize::from(used > 0);
            if used + gap + rest.len() <= width {
                line.extend((gap > 0).then_some(' ').into_iter().chain(rest));
                break;
            }
            if used == 0 {
                line.extend(rest.drain(..width));
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_at_words_and_long_words_are_broken() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("ab", 0), ["a", "b"]);
    }

    #[test]
    fn sliders_follow_the_ear() {
        let level = |number| Parameter {
            number: Some(number),
            min: Some(0.0),
            max: Some(1.0),
            kind: "level".into(),
            ..blank()
        };
        assert_eq!([0.0, 0.0316, 1.0].map(|number| slider(&level(number))), [Some(0), Some(5), Some(10)]);
        let hz = Parameter { number: Some(200.0), min: Some(20.0), max: Some(2000.0), unit: Some("Hz"), ..blank() };
        assert_eq!(slider(&hz), Some(5));
        assert_eq!(slider(&blank()), None);
        assert_eq!(value(&Parameter { value: Some(0.5.into()), ..level(0.5) }), "0.5 (-6.0 dB)");
    }

    fn blank() -> Parameter {
        Parameter {
            path: String::new(),
            doc: String::new(),
            kind: String::new(),
            value: None,
            number: None,
            unit: None,
            min: None,
            max: None,
            choices: Vec::new(),
            default: None,
            law: "now",
            time: None,
        }
    }
}
