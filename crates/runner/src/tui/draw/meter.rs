//! One channel of a meter as a line: `██████▒▒▒···│·· -12.3 peak -3.0 OVER 2`.

use ratatui::style::Style;
use ratatui::text::Span;

use super::paint::Paint;
use crate::meter::signed;
use crate::tui::ballistics::Needle;

/// dB below full scale that a bar begins at.
const SPAN_DB: f64 = 60.0;
/// dBFS from which on a level is worth care, and from which on it is about to be too much.
const CARE: f64 = -12.0;
const MUCH: f64 = -3.0;
/// The least cells of a bar that are worth their place.
const LEAST_BAR: usize = 4;

/// A line of this many cells: as much of it as fits, the number of the RMS first.
pub(super) fn line(needle: &Needle, width: usize, paint: Paint) -> Vec<Span<'static>> {
    let rms = format!("{:>6}", signed(needle.rms));
    let peak = format!(" pk {:>5}", signed(needle.held));
    let over = if needle.overs > 0 { format!(" OVER {}", needle.overs) } else { String::new() };
    let overs = over.chars().count();
    let room = |others: usize| width.checked_sub(others).filter(|cells| *cells >= LEAST_BAR);
    let (cells, with_peak, over) = match room(rms.chars().count() + 1 + peak.chars().count() + overs.max(7)) {
        Some(cells) => (cells + overs.max(7) - overs, true, over),
        None => {
            let over = if needle.overs > 0 { "!".to_owned() } else { String::new() };
            (room(rms.chars().count() + 1 + over.chars().count()).unwrap_or(0), false, over)
        }
    };
    let mut spans = bar(needle, cells, paint);
    let gap = if cells > 0 { " " } else { "" };
    spans.push(Span::raw(format!("{gap}{rms}")));
    if with_peak {
        spans.push(Span::styled(peak, paint.dim()));
    }
    spans.push(Span::styled(over, paint.bad()));
    spans
}

/// The RMS in full cells, the peak in lighter ones, the held peak as a mark.
fn bar(needle: &Needle, cells: usize, paint: Paint) -> Vec<Span<'static>> {
    let cell_of = |db: f64| ((db + SPAN_DB) / SPAN_DB * cells as f64).round().clamp(0.0, cells as f64) as usize;
    let [rms, peak, held] = [needle.rms, needle.peak, needle.held].map(|db| if db.is_nan() { 0 } else { cell_of(db) });
    let mut spans: Vec<Span<'static>> = Vec::new();
    for cell in 0..cells {
        let db = cell as f64 / cells as f64 * SPAN_DB - SPAN_DB;
        let loud: Style = match db {
            _ if db >= MUCH => paint.bad(),
            _ if db >= CARE => paint.warning(),
            _ => paint.good(),
        };
        let (symbol, style) = match cell {
            _ if held > peak.max(rms) && cell + 1 == held => ("│", loud),
            _ if cell < rms => ("█", loud),
            _ if cell < peak => ("▒", loud),
            _ => ("·", paint.dim()),
        };
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(symbol),
            _ => spans.push(Span::styled(symbol, style)),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(peaks: &[f64], rms: f64, width: usize) -> String {
        let mut needle = Needle::default();
        peaks.iter().for_each(|&peak| needle.take(peak, rms, 0.05));
        let line: String = line(&needle, width, Paint::plain()).iter().map(|span| span.content.to_string()).collect();
        assert!(line.chars().count() <= width, "{line}");
        line
    }

    #[test]
    fn a_wide_line_says_all() {
        let line = drawn(&[-20.0], -30.0, 44);
        assert!(line.starts_with("██████████████▒▒▒▒▒·") && line.ends_with("·  -30.0 pk -20.0"), "{line}");
        let falling = [&[0.5][..], &[-50.0; 20]].concat();
        let line = drawn(&falling, -60.0, 60);
        assert!(line.contains('│') && line.ends_with(" pk  +0.5 OVER 1"), "{line}");
    }

    #[test]
    fn a_narrow_line_says_the_number() {
        assert_eq!(drawn(&[-200.0], -200.0, 6), "-200.0");
        assert_eq!(drawn(&[3.0], -6.0, 14), "█████▒   -6.0!");
        assert_eq!(drawn(&[f64::NAN], f64::NAN, 12), "·····      –");
    }
}
