//! What a file holds: rate, channels and how a sample is stored.

use std::fmt;
use std::str::FromStr;

use crate::WriteError;

/// The most channels a file may have, written or read.
pub const MAX_CHANNELS: u16 = 1024;
/// The highest frame rate a file may have, in Hz: 32 × 48 kHz.
pub const MAX_RATE: u32 = 1_536_000;

/// How a sample is written.
///
/// An integer of `n` bits is `round(x · 2^(n-1))`, halves to even, clipped to `[-2^(n-1), 2^(n-1) - 1]`; a sample that
/// is not finite becomes 0. `Float` keeps every bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subtype {
    /// 16-bit integers, `PCM_16`.
    Pcm16,
    /// 24-bit integers in 3 bytes, `PCM_24`.
    Pcm24,
    /// 32-bit integers, `PCM_32`.
    Pcm32,
    /// 32-bit IEEE floats, `FLOAT`.
    Float,
}

impl Subtype {
    /// Every subtype, smallest first.
    pub const ALL: [Self; 4] = [Self::Pcm16, Self::Pcm24, Self::Pcm32, Self::Float];

    /// Bytes of one sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
            Self::Pcm32 | Self::Float => 4,
        }
    }

    /// The name used in patches: `PCM_16`, `PCM_24`, `PCM_32` or `FLOAT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcm16 => "PCM_16",
            Self::Pcm24 => "PCM_24",
            Self::Pcm32 => "PCM_32",
            Self::Float => "FLOAT",
        }
    }
}

impl fmt::Display for Subtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Subtype {
    type Err = UnknownSubtype;

    fn from_str(name: &str) -> Result<Self, UnknownSubtype> {
        let found = Self::ALL.into_iter().find(|subtype| subtype.name() == name);
        found.ok_or_else(|| UnknownSubtype(name.chars().take(32).collect()))
    }
}

/// A name that is no [`Subtype`]; only its first 32 characters are kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown subtype {0:?}; it is one of PCM_16, PCM_24, PCM_32, FLOAT")]
pub struct UnknownSubtype(String);

/// How a sample is stored in a file that is read: what [`Subtype`] has, and two more that others write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 8-bit integers, unsigned, 128 is silence: `PCM_U8`.
    PcmU8,
    /// 16-bit integers.
    Pcm16,
    /// 24-bit integers in 3 bytes.
    Pcm24,
    /// 32-bit integers; as `f32` they keep 24 significant bits.
    Pcm32,
    /// 32-bit IEEE floats.
    Float,
    /// 64-bit IEEE floats, rounded to `f32` when read: `DOUBLE`.
    Double,
}

impl Encoding {
    /// Bytes of one sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::PcmU8 => 1,
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
            Self::Pcm32 | Self::Float => 4,
            Self::Double => 8,
        }
    }

    /// The subtype that writes the same samples, if there is one.
    pub const fn subtype(self) -> Option<Subtype> {
        match self {
            Self::Pcm16 => Some(Subtype::Pcm16),
            Self::Pcm24 => Some(Subtype::Pcm24),
            Self::Pcm32 => Some(Subtype::Pcm32),
            Self::Float => Some(Subtype::Float),
            Self::PcmU8 | Self::Double => None,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PcmU8 => "PCM_U8",
            Self::Pcm16 => "PCM_16",
            Self::Pcm24 => "PCM_24",
            Self::Pcm32 => "PCM_32",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
        })
    }
}

/// What a file to be written holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames per second, in Hz: 1 to [`MAX_RATE`].
    pub rate: u32,
    /// Samples per frame: 1 to [`MAX_CHANNELS`].
    pub channels: u16,
    /// How a sample is written.
    pub subtype: Subtype,
}

impl Format {
    /// Bytes of one frame.
    pub const fn frame_bytes(&self) -> usize {
        self.channels as usize * self.subtype.bytes()
    }

    /// Refuses what a header cannot say.
    ///
    /// # Errors
    /// [`WriteError::Format`] when the rate or the channels are out of range, or a second takes 4 GiB or more.
    pub fn check(&self) -> Result<(), WriteError> {
        if !(1..=MAX_RATE).contains(&self.rate) {
            let what = format!("a rate of {} Hz; it is 1 to {MAX_RATE}", self.rate);
            return Err(WriteError::Format(what));
        }
        if !(1..=MAX_CHANNELS).contains(&self.channels) {
            let what = format!("{} channels; it takes 1 to {MAX_CHANNELS}", self.channels);
            return Err(WriteError::Format(what));
        }
        if u64::from(self.rate) * self.frame_bytes() as u64 > u64::from(u32::MAX) {
            return Err(WriteError::Format("4 GiB or more per second".to_owned()));
        }
        Ok(())
    }
}
