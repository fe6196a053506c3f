//! What happens to a device while it runs.

use std::fmt;

/// Something that happened to a device. Its text says the cause, what was lost and where, and what to do.
///
/// ```
/// use patchline_io::{IoEvent, IoEventKind, Side};
///
/// let event = IoEvent { position: 48_000, kind: IoEventKind::Xrun { lost: 256, side: Side::Output } };
/// let text = event.to_string();
/// assert!(text.contains("256"), "{text}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoEvent {
    /// The device's frame at which it happened, counted as [`Block::position`](crate::Block::position).
    pub position: u64,
    /// What.
    pub kind: IoEventKind,
}

/// What happened.
///
/// ```
/// use patchline_io::IoEventKind;
///
/// /// Whether a run that must not lose anything ends here.
/// fn is_fatal(kind: IoEventKind) -> bool {
///     matches!(kind, IoEventKind::Xrun { .. } | IoEventKind::Lost { .. } | IoEventKind::RateChanged { .. })
/// }
/// assert!(!is_fatal(IoEventKind::BlockChanged { from: 256, to: 128 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IoEventKind {
    /// A deadline was missed: the frames from the event's position on were not processed.
    Xrun {
        /// How many frames; 0 where the device cannot tell.
        lost: u64,
        /// Which way.
        side: Side,
    },
    /// The device runs at another rate now. The callback rests until it is stopped and one for the new rate started.
    RateChanged {
        /// Hz before.
        from: u32,
        /// Hz now.
        to: u32,
    },
    /// The device's usual block has another length now. Nothing is lost, and nothing is to be done.
    BlockChanged {
        /// Frames before.
        from: usize,
        /// Frames now.
        to: usize,
    },
    /// The device hands over another number of channels than was agreed on. Those beyond are silent, or those that are
    /// missing; the callback runs on.
    ChannelsChanged {
        /// On which side.
        side: Side,
        /// Channels before.
        from: usize,
        /// Channels now.
        to: usize,
    },
    /// The device is gone: the callback rests with its state.
    Lost {
        /// What is known of the cause.
        reason: LostReason,
    },
    /// The device is back, and the callback runs on.
    Reconnected {
        /// Frames that the device would have run meanwhile.
        away: u64,
    },
    /// Input and output, which have clocks of their own, were brought back together.
    Realigned {
        /// Frames of input that were dropped (below 0: of silence that were put in).
        dropped: i64,
    },
    /// The server runs faster than real time from here on, or at its usual pace again.
    Freewheel {
        /// Whether it is faster now.
        on: bool,
    },
    /// The server's transport, which the device follows, rolls or rests from here on.
    Transport {
        /// Whether it rolls.
        rolling: bool,
        /// Its frame.
        frame: u64,
    },
    /// All frames that were asked for have been processed; no call follows.
    Finished,
    /// More happened than could be noted.
    EventsLost {
        /// How many events are missing here; [`IoStats`](crate::IoStats) has counted what they told.
        count: u64,
    },
}

/// Which way samples were going.
///
/// ```
/// use patchline_io::Side;
///
/// assert_eq!(format!("the {} device", Side::Input), "the input device");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the device.
    Input,
    /// To the device.
    Output,
    /// Both at once.
    Both,
}

/// Why a device is gone.
///
/// ```
/// use patchline_io::{IoEventKind, LostReason};
///
/// let lost = IoEventKind::Lost { reason: LostReason::ServerEnded };
/// assert!(matches!(lost, IoEventKind::Lost { reason } if reason != LostReason::Unplugged));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// It was unplugged.
    Unplugged,
    /// Its server ended.
    ServerEnded,
    /// The server's ports that it was connected to are gone.
    PortsGone,
    /// It has not called for too long.
    Silent,
    /// It reports nothing but errors.
    ErrorStorm,
    /// Its thread panicked.
    Panicked,
}

impl fmt::Display for IoEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.position;
        match self.kind {
            IoEventKind::Xrun { lost, side } => {
                write!(f, "{}; a longer block or less load on the machine avoids it", missed(at, lost, side))
            }
            IoEventKind::RateChanged { from, to } => write!(
                f,
                "at frame {at} the device changed from {from} Hz to {to} Hz and waits; start again at the new rate"
            ),
            IoEventKind::BlockChanged { from, to } => {
                write!(f, "at frame {at} the device's block changed from {from} to {to} frames; nothing is lost")
            }
            IoEventKind::ChannelsChanged { side, from, to } => write!(
                f,
                "at frame {at} the device began to hand over {to} {side} channels instead of {from}; what is beyond \
                 either is silent; start again to use them"
            ),
            IoEventKind::Lost { reason } => {
                write!(f, "the device was lost at frame {at}: {reason}")
            }
            IoEventKind::Reconnected { away } => {
                write!(f, "the device is back at frame {at}; {} passed without it", frames(away))
            }
            IoEventKind::Realigned { dropped } if dropped >= 0 => {
                write!(f, "at frame {at} the input had piled up: {} dropped of it", frames(dropped.unsigned_abs()))
            }
            IoEventKind::Realigned { dropped } => {
                let missing = frames(dropped.unsigned_abs());
                write!(f, "at frame {at} the input had run dry: {missing} of silence in its place")
            }
            IoEventKind::Freewheel { on: true } => {
                write!(f, "at frame {at} the server began to run faster than real time; recorders may not keep up")
            }
            IoEventKind::Freewheel { on: false } => write!(f, "at frame {at} the server is back in real time"),
            IoEventKind::Transport { rolling: true, frame } => {
                write!(f, "at frame {at} the transport rolls, from its frame {frame}")
            }
            IoEventKind::Transport { rolling: false, frame } => {
                write!(f, "at frame {at} the transport rests at its frame {frame}; the patch waits")
            }
            IoEventKind::Finished => write!(f, "finished at frame {at}"),
            IoEventKind::EventsLost { count } => {
                write!(f, "{count} events before frame {at} were not noted; poll more often (the counters are exact)")
            }
        }
    }
}

/// What an xrun lost, without what to do.
pub(crate) fn missed(at: u64, lost: u64, side: Side) -> String {
    match (lost, side) {
        (0, _) => format!("xrun at frame {at}: an unknown number of {side} frames is lost"),
        (1, Side::Both) => format!("xrun at frame {at}: 1 frame of input and output is lost"),
        (1, _) => format!("xrun at frame {at}: 1 {side} frame is lost"),
        (_, Side::Both) => format!("xrun at frame {at}: {lost} frames of input and output are lost"),
        _ => format!("xrun at frame {at}: {lost} {side} frames are lost"),
    }
}

/// `1 frame`, `2 frames`.
fn frames(count: u64) -> String {
    if count == 1 { "1 frame".to_owned() } else { format!("{count} frames") }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Both => "input and output",
        })
    }
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unplugged => "it was unplugged; plug it in again",
            Self::ServerEnded => "its sound server ended; start the server again",
            Self::PortsGone => "what it was connected to is gone; start that program or machine again",
            Self::Silent => "it stopped calling; check its cable or its sound server",
            Self::ErrorStorm => "it reports nothing but errors; check its sound server",
            Self::Panicked => "its thread panicked, which is a bug; stop it and start anew",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: IoEventKind, expected: &str) {
        assert_eq!(IoEvent { position: 96_000, kind }.to_string(), expected);
    }

    #[test]
    fn events_say_cause_place_and_remedy() {
        check(
            IoEventKind::Xrun { lost: 256, side: Side::Both },
            "xrun at frame 96000: 256 frames of input and output are lost; a longer block or less load on the machine \
             avoids it",
        );
        check(
            IoEventKind::Xrun { lost: 0, side: Side::Output },
            "xrun at frame 96000: an unknown number of output frames is lost; a longer block or less load on the \
             machine avoids it",
        );
        check(
            IoEventKind::ChannelsChanged { side: Side::Output, from: 2, to: 6 },
            "at frame 96000 the device began to hand over 6 output channels instead of 2; what is beyond either is \
             silent; start again to use them",
        );
        check(
            IoEventKind::Lost { reason: LostReason::Unplugged },
            "the device was lost at frame 96000: it was unplugged; plug it in again",
        );
        check(
            IoEventKind::RateChanged { from: 44_100, to: 48_000 },
            "at frame 96000 the device changed from 44100 Hz to 48000 Hz and waits; start again at the new rate",
        );
    }
}
