//! Where a file comes from and when it began: the `bext` chunk of broadcast WAV files, as in EBU Tech 3285, version 1.
//!
//! Editors place a file by it ('move to original time'), so files of one recording line up.

use crate::header::chunk;

/// Bytes of a `bext` chunk without a coding history.
const BEXT_BYTES: usize = 602;
/// Where its fields begin.
const ORIGINATOR: usize = 256;
const DATE: usize = 320;
const TIME: usize = 330;
const TIME_REFERENCE: usize = 338;
const VERSION: usize = 346;

/// Where a file comes from, and when its first frame was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broadcast {
    /// What it is, in ASCII; 256 bytes are kept, and what is not ASCII becomes `?`.
    pub description: String,
    /// The program that made it; 32 bytes are kept.
    pub originator: String,
    /// The day of its first frame: year, month, day.
    pub date: (i16, i8, i8),
    /// The time of its first frame: hours, minutes, seconds.
    pub time: (i8, i8, i8),
    /// Frames from midnight to its first frame.
    pub time_reference: u64,
}

impl Broadcast {
    /// The whole chunk.
    pub(crate) fn chunk(&self) -> Vec<u8> {
        let mut body = [0; BEXT_BYTES];
        let mut put = |at: usize, most: usize, text: &str| {
            let ascii = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c as u8 } else { b'?' });
            body[at..].iter_mut().zip(ascii.take(most)).for_each(|(byte, c)| *byte = c);
        };
        let (year, month, day) = self.date;
        let (hour, minute, second) = self.time;
        put(0, 256, &self.description);
        put(ORIGINATOR, 32, &self.originator);
        put(DATE, 10, &format!("{year:04}-{month:02}-{day:02}"));
        put(TIME, 8, &format!("{hour:02}:{minute:02}:{second:02}"));
        body[TIME_REFERENCE..][..8].copy_from_slice(&self.time_reference.to_le_bytes());
        body[VERSION..][..2].copy_from_slice(&1_u16.to_le_bytes());
        let mut out = Vec::with_capacity(8 + BEXT_BYTES);
        chunk(&mut out, b"bext", BEXT_BYTES as u32);
        out.extend(body);
        out
    }

    /// Bytes that this adds to a file.
    pub const BYTES: u64 = 8 + BEXT_BYTES as u64;
}
