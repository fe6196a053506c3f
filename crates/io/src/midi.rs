//! MIDI messages that come with a block, exact to the frame.

use patchline_graph::touched;
use rtrb::{Consumer, Producer};

/// Messages that wait to be taken.
const WAITING: usize = 1024;

/// A MIDI message of up to three bytes: notes, controllers, programs, and what the field calls short messages. System
/// exclusive ones are not passed on.
///
/// ```
/// use patchline_io::Midi;
///
/// // Controller 7 at its end, in the 17th frame of the block.
/// let volume = Midi::new(16, &[0xb0, 7, 127]).unwrap();
/// assert_eq!((volume.offset, volume.bytes()), (16, &[0xb0, 7, 127][..]));
/// assert_eq!(Midi::new(0, &[7, 127]), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Midi {
    /// Frames from the start of the block to it.
    pub offset: usize,
    bytes: [u8; 3],
    length: u8,
}

impl Midi {
    /// A message; `None` where it has no byte or more than three, or does not begin with a status byte.
    #[must_use]
    pub fn new(offset: usize, message: &[u8]) -> Option<Self> {
        let length = message.len();
        if !(1..=3).contains(&length) || message[0] < 0x80 {
            return None;
        }
        let mut bytes = [0; 3];
        bytes[..length].copy_from_slice(message);
        Some(Self { offset, bytes, length: length as u8 })
    }

    /// Its bytes, the status byte first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// A message with the stream's frame at which it came.
///
/// ```
/// use patchline_io::{Midi, TimedMidi};
///
/// // What a callback makes of a message in a block that starts at frame 48,000.
/// let (position, message) = (48_000, Midi::new(16, &[0xc0, 3]).unwrap());
/// let timed = TimedMidi { frame: position + message.offset as u64, message };
/// assert_eq!(timed.frame, 48_016);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedMidi {
    /// The frame, counted as the one who sends it counts.
    pub frame: u64,
    /// The message.
    pub message: Midi,
}

/// A ring for messages from a callback to the control thread. What does not fit is counted by who sends.
///
/// ```
/// use patchline_io::{Midi, TimedMidi, midi_ring};
///
/// let (mut callback, mut control) = midi_ring();
/// let program = TimedMidi { frame: 96, message: Midi::new(0, &[0xc0, 3]).unwrap() };
/// let audio = std::thread::spawn(move || callback.send(program));
/// audio.join().unwrap();
/// assert_eq!(control.poll(), Some(program));
/// ```
#[must_use]
pub fn midi_ring() -> (MidiSender, MidiReceiver) {
    let (sender, receiver) = touched::ring(WAITING);
    (MidiSender { sender, lost: 0 }, MidiReceiver(receiver))
}

/// The callback's end.
///
/// ```
/// use patchline_io::{Midi, TimedMidi, midi_ring};
///
/// let (mut sender, _receiver) = midi_ring();
/// let clock = TimedMidi { frame: 0, message: Midi::new(0, &[0xf8]).unwrap() };
/// (0..1_024).for_each(|_| sender.send(clock));
/// assert_eq!(sender.lost(), 0);
/// // Nobody takes them: there is no room for one more.
/// sender.send(clock);
/// assert_eq!(sender.lost(), 1);
/// ```
pub struct MidiSender {
    sender: Producer<TimedMidi>,
    lost: u64,
}

impl MidiSender {
    /// Sends a message on. Real-time safe.
    pub fn send(&mut self, message: TimedMidi) {
        self.lost += u64::from(self.sender.push(message).is_err());
    }

    /// Messages that did not fit.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

/// The control thread's end.
///
/// ```
/// use patchline_io::{Midi, TimedMidi, midi_ring};
///
/// let (mut callback, mut control) = midi_ring();
/// assert_eq!(control.poll(), None);
/// let start = TimedMidi { frame: 0, message: Midi::new(0, &[0xfa]).unwrap() };
/// callback.send(start);
/// assert_eq!(control.poll(), Some(start));
/// ```
pub struct MidiReceiver(Consumer<TimedMidi>);

impl MidiReceiver {
    /// The next message, if there is one.
    pub fn poll(&mut self) -> Option<TimedMidi> {
        self.0.pop().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_pass_and_others_do_not() {
        assert_eq!(Midi::new(5, &[0xB0, 7, 100]).unwrap().bytes(), [0xB0, 7, 100]);
        assert_eq!(Midi::new(0, &[0xC0, 7]).unwrap().bytes(), [0xC0, 7]);
        for no in [&[][..], &[0x40], &[0xF0, 1, 2, 0xF7]] {
            assert_eq!(Midi::new(0, no), None, "{no:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let (mut sender, mut receiver) = midi_ring();
        let message = |frame| TimedMidi { frame, message: Midi::new(0, &[0xF8]).unwrap() };
        (0..WAITING as u64 + 3).for_each(|frame| sender.send(message(frame)));
        assert_eq!((sender.lost(), receiver.poll()), (3, Some(message(0))));
        assert_eq!(std::iter::from_fn(|| receiver.poll()).count(), WAITING - 1);
    }
}
