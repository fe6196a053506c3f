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
        #[cfg(feature = "tui")]
        if let Some(screen) = Some(()).filter(|()| !plain).and_then(|()| Screen::start()) {
            return Self::Screen(Box::new(screen));
        }
        #[cfg(not(feature = "tui"))]
        let _ = plain;
        Self::Line(Status::new(rate))
    }

    /// Does what is asked for there, and shows how things are.
    #[cfg_attr(not(feature = "tui"), allow(unused_variables, reason = "a line asks for nothing"))]
    pub(super) fn look(&mut self, score: &mut Score, playing: &mut Loaded, live: &mut Live, beside: &mut Beside) {
        match self {
            Self::Line(status) => status.show(live),
            #[cfg(feature = "tui")]
            Self::Screen(screen) => {
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
