//! What goes on, as far as the device tells.

use patchline_io::IoEventKind;

/// What holds at the moment; playing is what remains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The device is gone.
    pub(super) away: bool,
    /// The server's transport rests.
    resting: bool,
    /// The server runs faster than real time.
    freewheeling: bool,
}

impl State {
    /// Takes an event in. A device that comes back tells anew what its server does.
    pub(super) fn happened(&mut self, kind: IoEventKind) {
        match kind {
            IoEventKind::Lost { .. } => *self = Self { away: true, ..Self::default() },
            IoEventKind::Reconnected { .. } => self.away = false,
            IoEventKind::Transport { rolling, .. } => self.resting = !rolling,
            IoEventKind::Freewheel { on } => self.freewheeling = on,
            _ => {}
        }
    }

    /// In words, while the device is there.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self { resting: true, .. } => "waiting for the transport",
            Self { freewheeling: true, .. } => "freewheeling",
            _ => "playing",
        }
    }
}

#[cfg(test)]
mod tests {
    use patchline_io::LostReason;

    use super::*;

    #[test]
    fn each_word_holds_until_its_own_end() {
        let transport = |rolling| IoEventKind::Transport { rolling, frame: 0 };
        let mut state = State::default();
        for (kind, words) in [
            (transport(false), "waiting for the transport"),
            (IoEventKind::Freewheel { on: true }, "waiting for the transport"),
            (transport(true), "freewheeling"),
            (transport(false), "waiting for the transport"),
            (IoEventKind::Freewheel { on: false }, "waiting for the transport"),
            (transport(true), "playing"),
        ] {
            state.happened(kind);
            assert_eq!(state.words(), words, "{kind:?}");
        }
        state.happened(transport(false));
        state.happened(IoEventKind::Lost { reason: LostReason::ServerEnded });
        assert!(state.away);
        state.happened(transport(false));
        state.happened(IoEventKind::Reconnected { away: 1 });
        assert_eq!((state.away, state.words()), (false, "waiting for the transport"));
    }
}
