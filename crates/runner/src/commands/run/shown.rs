//! What is shown while it plays: the screen of a terminal, or a line of status.

use patchline_patch::Loaded;

use super::Beside;
use super::score::Score;
use super::status::Status;
use crate::live::Live;
#[cfg(feature = "tui")]
use crate::tui::Screen;

pub(super) enum Shown {
    Line(Status),
    #[cfg(feature = "tui")]
    Screen(Box<Screen>),
}

impl Shown {
    /// A screen where there can be one, unless a `plain` line is wanted.
    pub(super) fn new(rate: u32, plain: bool) -> Self {
        let line = || Self::Line(Status::new(rate));
        match plain {
            #[cfg(feature = "tui")]
            false => Screen::start().map_or_else(line, |screen| Self::Screen(Box::new(screen))),
            _ => line(),
        }
    }

    /// Does what is asked for there, and shows how things are.
    pub(super) fn look(&mut self, at: (&mut Score, &mut Loaded, &mut Live, &mut Beside)) {
        match self {
            Self::Line(status) => status.show(at.2),
            #[cfg(feature = "tui")]
            Self::Screen(screen) => {
                let (score, playing, live, beside) = at;
                while let Some(wish) = screen.wish() {
                    let at = (&mut *score, &mut *playing, &mut *live, &mut beside.reloads);
                    beside.controls.grant(wish, at).into_iter().for_each(|answer| screen.answer(answer));
                }
                screen.show(playing, live, score.registry);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Line(status) => status.clear(),
            #[cfg(feature = "tui")]
            Self::Screen(screen) => screen.end(),
        }
    }
}
