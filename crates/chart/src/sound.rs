//! What both pictures of sound have: a panel for each channel over a common time.

use crate::axis::{Axis, Placed, Side};
use crate::raster::{CHARACTER, Colour, Raster};
use crate::svg::Anchor;

/// The sound that is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// It stands above the picture; what is not Latin becomes `?`.
    pub title: String,
    /// Hz.
    pub rate: u32,
    /// At least one.
    pub channels: usize,
    /// Of each channel.
    pub frames: u64,
}

/// A picture that is fed with samples, in the order of time.
pub trait Picture {
    /// More frames, interleaved. What comes after the frames that were announced is left out.
    fn push(&mut self, interleaved: &[f32]);

    /// The bytes of a PNG file.
    fn png(self: Box<Self>) -> Vec<u8>;
}

/// Columns of a panel: pixels over the time.
pub(crate) const COLUMNS: usize = 1100;
const LEFT: usize = 84;
const RIGHT: usize = 24;
const TOP: usize = 44;
const BOTTOM: usize = 44;
const GAP: usize = 18;
/// Pixels that all panels have, and that one has at least and at most.
const PANELS: usize = 900;
const LEAST_PANEL: usize = 64;
const MOST_PANEL: usize = 280;

pub(crate) const PAPER: Colour = [255; 3];
pub(crate) const INK: Colour = [34; 3];
pub(crate) const SOFT: Colour = [110; 3];
pub(crate) const GRID: Colour = [221; 3];

impl Sound {
    /// Pixels of a channel's panel, from top to bottom.
    pub(crate) fn panel_height(&self) -> usize {
        (PANELS / self.channels.max(1)).clamp(LEAST_PANEL, MOST_PANEL)
    }

    /// Where a channel's panel begins.
    pub(crate) fn panel(&self, channel: usize) -> (usize, usize) {
        (LEFT, TOP + channel * (self.panel_height() + GAP))
    }

    /// Paper with the title, the time below and each channel's number.
    pub(crate) fn paper(&self, note: &str) -> Raster {
        let bottom = self.panel(self.channels).1 - GAP;
        let width = LEFT + COLUMNS + RIGHT;
        let mut raster = Raster::new(width, bottom + BOTTOM, PAPER);
        let room = (COLUMNS / CHARACTER).saturating_sub(note.chars().count() + 2);
        let title: String = self.title.chars().take(room).collect();
        raster.text(LEFT, TOP / 2, Anchor::Start, INK, &title);
        raster.text(LEFT + COLUMNS, TOP / 2, Anchor::End, SOFT, note);
        self.time(&mut raster, bottom);
        raster
    }

    /// Which channel a panel is, where there are several.
    pub(crate) fn number(&self, raster: &mut Raster, channel: usize, ink: Colour) {
        if self.channels > 1 {
            let (left, top) = self.panel(channel);
            raster.text(left + 8, top + 11, Anchor::Start, ink, &format!("channel {channel}"));
        }
    }

    /// A bar of all colours from left (0) to right (1) in the note above the panels, before its last words.
    pub(crate) fn scale(&self, raster: &mut Raster, width: usize, behind: &str, colour: impl Fn(f64) -> Colour) {
        let left = LEFT + COLUMNS - behind.chars().count() * CHARACTER - width;
        for x in 0..width {
            raster.fill((left + x, TOP / 2 - 6), (1, 12), colour(x as f64 / (width - 1) as f64));
        }
    }

    fn time(&self, raster: &mut Raster, bottom: usize) {
        if self.frames == 0 {
            return raster.text(LEFT + COLUMNS / 2, bottom + 16, Anchor::Middle, SOFT, "0 frames");
        }
        let seconds = self.frames as f64 / f64::from(self.rate.max(1));
        let axis = Axis::linear().from(0.0, seconds.max(1e-6));
        let side = Side { first: LEFT as f64, last: (LEFT + COLUMNS - 1) as f64, round: false };
        let placed = Placed::new(&axis, [].into_iter(), side);
        for value in placed.ticks(&axis) {
            let x = placed.at(value).round() as usize;
            raster.fill((x, bottom), (1, 5), SOFT);
            raster.text(x, bottom + 16, Anchor::Middle, SOFT, &time(value, seconds));
        }
    }

    /// A value beside a channel's panel, with a short line to it.
    pub(crate) fn tick(&self, raster: &mut Raster, y: usize, text: &str) {
        raster.fill((LEFT - 5, y), (5, 1), SOFT);
        raster.text(LEFT - 9, y, Anchor::End, SOFT, text);
    }
}

/// `2:05` where the whole takes minutes, else `0.25 s`.
fn time(value: f64, whole: f64) -> String {
    match whole {
        whole if whole >= 120.0 => {
            let seconds = value.round() as u64;
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
        }
        whole if whole >= 0.5 => format!("{} s", (value * 1e3).round() / 1e3),
        _ => format!("{} ms", (value * 1e6).round() / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_suit_the_length() {
        assert_eq!(
            [(65.0, 600.0), (3600.0, 7000.0), (0.25, 2.0), (0.02, 0.1)].map(|(value, whole)| time(value, whole)),
            ["1:05", "1:00:00", "0.25 s", "20 ms"]
        );
    }

    #[test]
    fn panels_do_not_overlap_however_many_there_are() {
        for channels in [1, 2, 8, 64] {
            let sound = Sound { title: String::new(), rate: 48_000, channels, frames: 1 };
            let (first, last) = (sound.panel(0).1, sound.panel(1).1);
            assert_eq!(last - first, sound.panel_height() + GAP);
            assert!((LEAST_PANEL..=MOST_PANEL).contains(&sound.panel_height()));
        }
    }
}
