//! What kind of device to pretend.

use std::time::Duration;

use super::random::Random;
use super::{Chances, Incident, Trouble};
use crate::IoError;
use crate::settings::{self, MAX_BLOCK, within};

/// What kind of device to pretend, and what happens to it.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::sim::{Sim, SimConfig};
/// use patchline_io::{Backend, Block, FnCallback};
///
/// let config = SimConfig { frames: Some(48_000), ..SimConfig::stormy(7) };
/// let run = || {
///     let mut device = Sim::open(config.clone())?.recording();
///     device.start(FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
///         outputs.iter_mut().for_each(|channel| channel.fill(0.5));
///     }))?;
///     let events = device.run(Duration::from_secs(60));
///     Ok::<_, Box<dyn std::error::Error>>((events, device.take_recording()))
/// };
/// // Whatever happens, it happens again.
/// assert_eq!(run()?, run()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SimConfig {
    /// What all chance comes from.
    pub seed: u64,
    /// Frames per second, in Hz: 1 to 1 536 000.
    pub rate: u32,
    /// The longest block the device promises: 1 to 1 048 576 frames. Its buffer holds at least one such block: a
    /// call that ends later than that after its due time is an xrun.
    pub max_frames: usize,
    /// How long its blocks are; they may break the promise.
    pub blocks: Blocks,
    /// Channels it delivers: up to 1024.
    pub inputs: usize,
    /// Channels it takes: up to 1024.
    pub outputs: usize,
    /// How many frames each start runs, lost ones included; `None` is until it is stopped.
    pub frames: Option<u64>,
    /// How much faster its clock runs than virtual time, in millionths: −100 000 to 100 000.
    pub drift_ppm: i32,
    /// Every call is late by a random time up to this.
    pub jitter: Duration,
    /// Every call takes a random time up to this many hundredths of its block's; with more than 100 it may not keep up.
    pub load_percent: u32,
    /// What happens when.
    pub script: Vec<Incident>,
    /// What happens by chance.
    pub chances: Chances,
}

impl Default for SimConfig {
    /// A device that does nothing wrong: 48 kHz, blocks of 256 frames, 2 channels each way, until it is stopped.
    fn default() -> Self {
        Self {
            seed: 0,
            rate: 48_000,
            max_frames: 256,
            blocks: Blocks::Fixed(256),
            inputs: 2,
            outputs: 2,
            frames: None,
            drift_ppm: 0,
            jitter: Duration::ZERO,
            load_percent: 0,
            script: Vec::new(),
            chances: Chances::default(),
        }
    }
}

impl SimConfig {
    /// A device that does everything wrong that a run survives; what exactly follows from the seed.
    #[must_use]
    pub fn stormy(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let drift_ppm = random.up_to(1_000) as i32 - 500;
        let longest = 1 + random.up_to(2_000) as usize;
        Self {
            seed,
            blocks: Blocks::Random { shortest: 1, longest },
            drift_ppm,
            jitter: Duration::from_micros(random.up_to(2_000)),
            load_percent: random.up_to(110) as u32,
            chances: Chances { dropouts: 30.0, stalls: 20.0, unplugs: 2.0, block_changes: 10.0, rate_changes: 0.0 },
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), IoError> {
        settings::check(self.rate, self.max_frames, self.inputs, self.outputs)?;
        self.blocks.check()?;
        within("the drift", self.drift_ppm.unsigned_abs().into(), 0..=100_000, "-100000 to 100000 ppm")?;
        let Chances { dropouts, stalls, unplugs, block_changes, rate_changes } = self.chances;
        for chance in [dropouts, stalls, unplugs, block_changes, rate_changes] {
            if !(chance.is_finite() && chance >= 0.0) {
                let given = chance.to_string();
                return Err(IoError::Setting { setting: "a chance", given, allowed: "0 or more times a minute" });
            }
        }
        self.script.iter().try_for_each(|incident| match incident.trouble {
            Trouble::Blocks(blocks) => blocks.check(),
            Trouble::Rate(rate) => settings::check(rate, self.max_frames, self.inputs, self.outputs),
            Trouble::Channels { inputs, outputs } => settings::check(self.rate, self.max_frames, inputs, outputs),
            _ => Ok(()),
        })
    }
}

/// How long blocks are, in frames: 1 to 1 048 576.
///
/// ```
/// use patchline_io::sim::{Blocks, SimConfig};
///
/// // As some systems do: a block is whatever has come together.
/// let blocks = Blocks::Random { shortest: 1, longest: 700 };
/// let config = SimConfig { max_frames: blocks.longest(), blocks, ..SimConfig::default() };
/// assert_eq!(config.max_frames, 700);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Always the same.
    Fixed(usize),
    /// Anything from `shortest` to `longest`, by chance.
    Random {
        /// At least.
        shortest: usize,
        /// At most.
        longest: usize,
    },
}

impl Blocks {
    /// The longest there are.
    #[must_use]
    pub fn longest(self) -> usize {
        match self {
            Self::Fixed(frames) => frames,
            Self::Random { longest, .. } => longest,
        }
    }

    pub(super) fn draw(self, random: &mut Random) -> usize {
        match self {
            Self::Fixed(frames) => frames,
            Self::Random { shortest, longest } => shortest + random.up_to((longest - shortest) as u64) as usize,
        }
    }

    fn check(self) -> Result<(), IoError> {
        let (shortest, longest) = match self {
            Self::Fixed(frames) => (frames, frames),
            Self::Random { shortest, longest } => (shortest, longest),
        };
        within("the shortest block", shortest as u64, 1..=MAX_BLOCK as u64, "1 to 1048576 frames")?;
        let allowed = "at least the shortest and at most 1048576 frames";
        within("the longest block", longest as u64, shortest as u64..=MAX_BLOCK as u64, allowed)
    }
}
