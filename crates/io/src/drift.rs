//! Two devices with clocks of their own, as one: the output is the master, the input is resampled to it.
//!
//! The input's callback writes to a [`Feed`], the output's reads from a [`Draw`], and between them is a ring that
//! neither waits for. How fast both clocks run and where they stand is estimated from the times at which callbacks
//! come, which are late, early and of any length; that decides where in the input the output stands, and so at which
//! ratio it is resampled: slowly, by ± 2000 millionths at most. Where that is not enough, because frames were lost or a
//! device did not call, input is dropped or silence put in at once, and an
//! [`IoEventKind::Realigned`](crate::IoEventKind::Realigned) says how much. Until both devices have run for 0.2 s there
//! is silence.
//!
//! A device that does not keep to what it said (longer blocks, or callbacks that are late again and again) makes the
//! latency grow; it does not shrink before the pair is made anew. [`DriftMonitor`] tells what it is. Where callbacks of
//! one side are later than those of the other by half a millisecond in the mean, the latency is off by as much: nobody
//! can tell the one from the other.
//!
//! ```
//! use std::time::Duration;
//! use patchline_io::drift::{DriftConfig, pair};
//! use patchline_io::event_ring;
//!
//! let (mut feed, mut draw, monitor) = pair(&DriftConfig { channels: 1, ..DriftConfig::default() })?;
//! let (mut events, _receiver) = event_ring(64);
//! // What the two callbacks do; here one after the other, in a time of their own.
//! let mut output = [0.0; 256];
//! for block in 1..=200 {
//!     let now = Duration::from_micros(block * 256_000_000 / 48_000);
//!     feed.push(now, (block - 1) * 256, &[&[0.5; 256]]);
//!     draw.draw(now, (block - 1) * 256, &mut [&mut output], &mut events);
//! }
//! assert!(monitor.report().playing && monitor.report().ppm.abs() < 1.0);
//! assert!((output[0] - 0.5).abs() < 1e-3);
//! # Ok::<(), patchline_io::IoError>(())
//! ```

mod cells;
mod clock;
mod draw;
mod feed;
mod path;

use std::sync::Arc;
use std::time::Duration;

use patchline_graph::touched;

use self::cells::Cells;
pub use self::cells::{DriftMonitor, DriftReport};
pub use self::draw::Draw;
pub use self::feed::Feed;
use crate::IoError;
use crate::channels::MAX_CHANNELS;
use crate::settings::{self, within};

/// By how much the ratio may differ from the nominal one, as a part of it.
const MOST: f64 = 0.002;
/// Blocks of input between two draws whose times are kept.
const STAMPS: usize = 256;

/// What two devices are.
///
/// ```
/// use patchline_io::drift::{DriftConfig, Quality, pair};
///
/// // A USB microphone at 44.1 kHz, heard through an interface at 48 kHz.
/// let config = DriftConfig { input_rate: 44_100, channels: 1, quality: Quality::Clean, ..DriftConfig::default() };
/// assert!(pair(&config).is_ok());
/// // One clock cannot drive two rates.
/// assert!(pair(&DriftConfig { locked: true, ..config }).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftConfig {
    /// The input's rate, in Hz.
    pub input_rate: u32,
    /// The output's rate, in Hz: 1/16 to 16 times the input's.
    pub output_rate: u32,
    /// Channels that go from one to the other: 1 to 1024.
    pub channels: usize,
    /// The input's longest usual block, in frames: 1 to 1 048 576.
    pub input_block: usize,
    /// By how much the callbacks of both sides together may be early or late.
    pub margin: Duration,
    /// Whether one clock drives both: frames pass as they are, and only losses are made up for. The rates must be the
    /// same.
    pub locked: bool,
    /// How input is resampled.
    pub quality: Quality,
}

impl Default for DriftConfig {
    /// 48 kHz, 2 channels, blocks of up to 256 frames, a margin of 4 ms, two clocks, clean.
    fn default() -> Self {
        Self {
            input_rate: 48_000,
            output_rate: 48_000,
            channels: 2,
            input_block: 256,
            margin: Duration::from_millis(4),
            locked: false,
            quality: Quality::Clean,
        }
    }
}

/// How input is resampled.
///
/// ```
/// use patchline_io::drift::{DriftConfig, Quality};
///
/// let talkback = DriftConfig { quality: Quality::Quick, ..DriftConfig::default() };
/// assert_ne!(talkback.quality, Quality::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// A windowed sinc of 64 frames, which adds 34 frames of latency. Flat to 0.01 dB up to 0.83 of half the rate (20 kHz
    /// at 48 kHz); what else there is stays 120 dB below a sine.
    #[default]
    Clean,
    /// A polynomial through 8 frames, which adds 9 frames of latency. Less work, and good below a tenth of the
    /// rate (90 dB at 5 kHz); above, it dulls the sound and adds mirror images.
    Quick,
}

impl DriftConfig {
    fn check(&self) -> Result<(), IoError> {
        settings::check(self.input_rate, self.input_block, self.channels, self.channels)?;
        settings::check(self.output_rate, self.input_block, self.channels, self.channels)?;
        within("the number of channels", self.channels as u64, 1..=MAX_CHANNELS as u64, "1 to 1024 channels")?;
        let (input, output) = (u64::from(self.input_rate), u64::from(self.output_rate));
        if self.locked {
            within("the rate of devices on one clock", output, input..=input, "the same on both sides")?;
        }
        within("the output's rate", output, input.div_ceil(16)..=input * 16, "1/16 to 16 times the input's")?;
        within("the margin", self.margin.as_micros() as u64, 0..=1_000_000, "up to 1 s")
    }
}

/// Joins two devices.
///
/// ```
/// use patchline_io::drift::{DriftConfig, pair};
///
/// let (_feed, _draw, monitor) = pair(&DriftConfig::default())?;
/// assert!(!monitor.report().playing);
/// assert!(pair(&DriftConfig { channels: 0, ..DriftConfig::default() }).is_err());
/// # Ok::<(), patchline_io::IoError>(())
/// ```
///
/// # Errors
/// [`IoError::Setting`] for a setting out of range.
pub fn pair(config: &DriftConfig) -> Result<(Feed, Draw, DriftMonitor), IoError> {
    config.check()?;
    let margin = (config.margin.as_secs_f64() * f64::from(config.input_rate)) as usize;
    // Room for twice the latency to begin with, and for half a second while one side is quiet.
    let room = 4 * (config.input_block + margin) + config.input_rate as usize / 2 + 1_024;
    let (producer, consumer) = touched::ring(room * config.channels);
    let (stamps, stamped) = touched::ring(STAMPS);
    let cells = Arc::new(Cells::default());
    let feed = Feed::new(producer, stamps, config.channels, Arc::clone(&cells));
    let draw = Draw::new(consumer, stamped, config, room / 2, Arc::clone(&cells));
    Ok((feed, draw, DriftMonitor(cells)))
}
