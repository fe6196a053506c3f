//! Pictures of the screen for the documentation: `PATCHLINE_BLESS=1` draws them anew, otherwise they have to be what is drawn.

use std::fmt::Write;
use std::path::Path;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::*;
use crate::tui::snapshot::{Measured, Snapshot};

/// Pixels of a cell.
const CELL: (u16, u16) = (8, 17);
const PAPER: &str = "#16181d";
const INK: &str = "#d6d9e0";

fn colour(colour: Color) -> &'static str {
    match colour {
        Color::Green => "#7fc97f",
        Color::Yellow => "#f0c35a",
        Color::Red => "#ff7b72",
        Color::Cyan => "#6cb6d9",
        _ => INK,
    }
}

fn svg(buffer: &Buffer) -> String {
    let (width, height) = (buffer.area.width * CELL.0 + 16, buffer.area.height * CELL.1 + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{PAPER}\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"13\" xml:space=\"preserve\">\n"
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let style = |x: u16| (buffer[(x, y)].fg, buffer[(x, y)].modifier);
            let end = (x..buffer.area.width).find(|&other| style(other) != style(x)).unwrap_or(buffer.area.width);
            let text: String = (x..end).map(|x| buffer[(x, y)].symbol()).collect();
            run(&mut out, &text, &buffer[(x, y)], (x, y, end - x));
            x = end;
        }
    }
    out + "</g>\n</svg>\n"
}

/// Cells of one style.
fn run(out: &mut String, text: &str, cell: &Cell, (x, y, count): (u16, u16, u16)) {
    let (left, top, width) = (8 + x * CELL.0, 8 + y * CELL.1, count * CELL.0);
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    let fill = if reversed { PAPER } else { colour(cell.fg) };
    if reversed {
        let (height, paper) = (CELL.1, colour(cell.fg));
        writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>")
            .unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    let bold = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let dim = if cell.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let base = top + CELL.1 - 4;
    writeln!(out, "<text x=\"{left}\" y=\"{base}\" textLength=\"{width}\" fill=\"{fill}\"{bold}{dim}>{text}</text>")
        .unwrap();
}

fn drawn(app: &mut App, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, Paint::coloured())).unwrap();
    svg(terminal.backend().buffer())
}

/// A second of an evening with a voice, an echo, a gate and a recorder.
fn moment(second: u64) -> Snapshot {
    let mut now = crate::tui::app::tests::evening(second * 48_000 + 2_400, "trim");
    now.load = Some((0.06, [0.09, 0.11, 0.08, 0.31, 0.1][second as usize % 5]));
    now.xruns = u64::from(second > 50);
    now.frames_lost = 128 * now.xruns;
    let peak = [-9.0, -7.5, -12.0, -3.2, -6.1][second as usize % 5];
    let level = |name, values| Measured { name, unit: "dBFS", per_channel: true, values };
    now.measured[3] = vec![level("peak", vec![peak, peak - 2.4]), level("rms", vec![peak - 8.6, peak - 10.3])];
    now
}

fn evening() -> App {
    let mut app = App::default();
    (0..70).for_each(|second| _ = app.take(moment(second)));
    (app.node, app.mode) = (1, Mode::Parameters);
    app.hear("info: on Scarlett 2i2 (JACK: system → system): 48000 Hz, blocks of 128 frames (2.67 ms), 2 in, 2 out");
    app.hear("info: take: recording takes/evening-001.wav from frame 288000 on");
    app.hear(
        "warning: xrun at frame 2451200: 128 frames of input and output are lost; the callback took 2.71 ms of 2.67 ms",
    );
    app
}

#[test]
fn the_pictures_in_the_documentation_are_what_is_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    let mut narrow = evening();
    narrow.mode = Mode::Nodes;
    for (name, picture) in
        [("screen.svg", drawn(&mut evening(), (100, 26))), ("screen-narrow.svg", drawn(&mut narrow, (40, 20)))]
    {
        let path = folder.join(name);
        if std::env::var_os("PATCHLINE_BLESS").is_some() {
            std::fs::write(&path, &picture).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(found == picture, "{} is out of date: PATCHLINE_BLESS=1 draws it anew", path.display());
    }
}
