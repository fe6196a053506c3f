use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::app::tests::moment;
use super::super::app::{App, Mode};
use super::*;

mod picture;

/// The screen as text, line by line.
fn screen(app: &mut App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, Paint::plain())).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect()
}

fn app() -> App {
    let mut app = App::default();
    app.take(moment(0, -9.0, "trim"));
    app.node = 1;
    app.take(moment(2_400, -12.0, "trim"));
    app.hear("info: on system (jack): 48000 Hz, blocks of 128 frames (2.67 ms), 2 in, 2 out");
    app.hear("warning: the disk is slow");
    app
}

#[test]
fn eighty_by_twenty_four_shows_all() {
    let lines = screen(&mut app(), 80, 24);
    let text = lines.join("\n");
    for part in [
        "playing  0:00.0  live  48000 Hz  blocks of 128 frames (2.67 ms)",
        "0 xruns  load 4.0 % (peak 9.0 %)  latency 8.00 ms",
        "Signal flow",
        "● trim",
        "● level",
        "-21.0 pk  -9.0",
        "trim (gain)",
        "gain",
        "Load per second, x: xruns",
        "warning: the disk is slow",
        "? help",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    let mut app = app();
    for mode in [Mode::Nodes, Mode::Parameters, Mode::Scenes(1), Mode::Help, Mode::Leaving] {
        app.mode = mode;
        for (width, height) in [(1, 1), (5, 2), (20, 5), (20, 24), (40, 12), (71, 30), (80, 24), (200, 60)] {
            assert_eq!(screen(&mut app, width, height).len(), usize::from(height));
        }
    }
    let mut empty = App::default();
    screen(&mut empty, 80, 24);
}

#[test]
fn twenty_columns_say_what_matters() {
    let text = screen(&mut app(), 20, 10).join("\n");
    for part in ["playing  0:00.0", "0 xruns", "● trim", "-21.0"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn parameters_take_the_place_of_nodes_on_a_narrow_screen() {
    let mut app = app();
    app.mode = Mode::Parameters;
    let text = screen(&mut app, 40, 16).join("\n");
    assert!(text.contains("gain") && text.contains("smooth") && !text.contains("Signal flow"), "{text}");
    app.mode = Mode::Nodes;
    assert!(screen(&mut app, 40, 16).join("\n").contains("Signal flow"));
}

#[test]
fn the_chosen_node_is_always_seen() {
    let mut app = app();
    for node in 0..4 {
        app.node = node;
        let text = screen(&mut app, 40, 6).join("\n");
        let name = &app.now.rows[node].name;
        assert!(text.contains(&format!("● {name}")), "{text}");
    }
}
