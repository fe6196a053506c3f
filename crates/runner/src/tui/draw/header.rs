//! What goes on, in a line or two.

use ratatui::text::{Line, Span};

use super::paint::Paint;
use crate::tui::snapshot::Snapshot;
use crate::units::{clock, count, percent};

/// The share of its time from which on a callback is about to be late.
const HEAVY: f64 = 0.8;

/// Lines of at most `width` cells; the most important first, whole parts only.
pub(super) fn lines(now: &Snapshot, width: usize, paint: Paint) -> [Line<'static>; 2] {
    let state = if now.state == "playing" { paint.good() } else { paint.warning() };
    let first = [
        Span::styled(now.state.clone(), state),
        Span::styled(clock_text(now), paint.strong()),
        Span::styled(now.patch.clone(), paint.strong()),
        Span::raw(format!("{} Hz", now.rate)),
        Span::raw(format!("blocks of {}", now.block)),
    ];
    let xruns = Span::styled(count(now.xruns, "xrun"), if now.xruns > 0 { paint.bad() } else { paint.good() });
    let load = now.load.map(|(mean, peak)| {
        let style = if peak >= HEAVY { paint.bad() } else { paint.good() };
        Span::styled(format!("load {} (peak {})", percent(mean), percent(peak)), style)
    });
    let lost =
        (now.frames_lost > 0).then(|| Span::styled(format!("{} lost", count(now.frames_lost, "frame")), paint.bad()));
    let short = Span::raw(format!("latency {}", now.latency));
    let ways = (now.ways.chars().count() + 60 < width).then(|| Span::styled(format!("({})", now.ways), paint.dim()));
    let second = [Some(xruns), load, lost, Some(short), ways];
    [joined(first, width), joined(second.into_iter().flatten(), width)]
}

/// `0:12.3`: tenths are what the eye follows.
fn clock_text(now: &Snapshot) -> String {
    let text = clock(now.frames, now.rate);
    text[..text.len() - 2].to_owned()
}

/// Parts side by side, as far as they fit.
fn joined(parts: impl IntoIterator<Item = Span<'static>>, width: usize) -> Line<'static> {
    let mut line = Line::default();
    for part in parts {
        let gap = if line.spans.is_empty() { 0 } else { 2 };
        if line.width() + gap + part.width() <= width {
            line.push_span(Span::raw(" ".repeat(gap)));
            line.push_span(part);
        }
    }
    line
}
