//! What can happen to a device.

use std::time::Duration;

use super::Blocks;
use super::random::Random;
use crate::Side;

/// Rates that a device changes to by chance, in Hz.
const RATES: [u32; 4] = [44_100, 48_000, 88_200, 96_000];

/// Something that happens at the first block that starts at a frame or later.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::sim::{Incident, Sim, SimConfig, Trouble};
/// use patchline_io::{Backend, Block, FnCallback, IoEventKind};
///
/// // After a second the device is gone for half of one.
/// let gone = Incident { at: 48_000, trouble: Trouble::Unplug { away: Some(24_000) } };
/// let mut device = Sim::open(SimConfig { script: vec![gone], frames: Some(96_000), ..SimConfig::default() })?;
/// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
/// let events = device.run(Duration::from_secs(3));
/// assert!(matches!(events[0].kind, IoEventKind::Lost { .. }));
/// assert_eq!(events[1].kind, IoEventKind::Reconnected { away: 24_000 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The device's frame, counted since it was opened.
    pub at: u64,
    /// What happens.
    pub trouble: Trouble,
}

/// What can happen to a device.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::sim::{Incident, Sim, SimConfig, Trouble};
/// use patchline_io::{Backend, Block, FnCallback, IoEventKind};
///
/// // The server goes over to 44.1 kHz.
/// let change = Incident { at: 480, trouble: Trouble::Rate(44_100) };
/// let mut device = Sim::open(SimConfig { script: vec![change], ..SimConfig::default() })?;
/// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
/// let events = device.run(Duration::from_secs(1));
/// assert_eq!(events[0].kind, IoEventKind::RateChanged { from: 48_000, to: 44_100 });
/// assert_eq!(device.spec().rate, 44_100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Frames are lost: an xrun, a jump of the position, a discontinuity.
    Dropout {
        /// How many.
        frames: u64,
        /// Which way, as the event says it; both go on together.
        side: Side,
    },
    /// The next call takes this much longer: an xrun if the device's buffer is shorter.
    Stall(Duration),
    /// The next call comes this much later than it is due, as if the system had let others run: an xrun if the device's
    /// buffer is shorter.
    Late(Duration),
    /// Blocks are as long as this from now on.
    Blocks(Blocks),
    /// The rate is this from now on, in Hz; the callback rests until the device is stopped and started again.
    Rate(u32),
    /// The device is gone.
    Unplug {
        /// For how many frames of its clock; `None` is for good: it cannot be started again.
        away: Option<u64>,
    },
    /// The device does not call, and says nothing of it, as after the death of some servers.
    Silence {
        /// For how many frames of its clock, which are missing without a word; `None` is until it is stopped and started
        /// again.
        frames: Option<u64>,
    },
    /// The device does not call, but reports an xrun of unknown length every 10 frames.
    ErrorStorm {
        /// For how many frames of its clock; `None` is until it is stopped and started again. Such a storm has no end
        /// to [`run`](super::Sim::run) to.
        frames: Option<u64>,
    },
    /// The next call comes at once, before the time of its block has gone by: at the start of a run, before anything
    /// runs; later, two calls on the heels of each other.
    Early,
    /// The callback is handed this many channels from now on, whatever was agreed on: up to 1024.
    Channels {
        /// Of input.
        inputs: usize,
        /// Of output.
        outputs: usize,
    },
}

/// How often things happen by chance, in times a minute of the device's clock.
///
/// ```
/// use patchline_io::sim::{Chances, SimConfig};
///
/// // An interface with a loose plug: it is gone twice a minute.
/// let config = SimConfig { chances: Chances { unplugs: 2.0, ..Chances::default() }, ..SimConfig::default() };
/// assert_eq!(config.chances.dropouts, 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chances {
    /// Up to 2,000 frames are lost.
    pub dropouts: f64,
    /// A call takes up to 50 ms longer.
    pub stalls: f64,
    /// The device is gone for up to 200,000 frames.
    pub unplugs: f64,
    /// Blocks get another length, up to 4,096 frames.
    pub block_changes: f64,
    /// The rate changes, so that the callback rests.
    pub rate_changes: f64,
}

impl Chances {
    /// What happens before a block, for blocks that take `minutes`.
    pub(super) fn draw(&self, minutes: f64, random: &mut Random) -> Option<Trouble> {
        let mut happens = |per_minute: f64| per_minute > 0.0 && random.happens(per_minute * minutes);
        let (dropout, stall, unplug) = (happens(self.dropouts), happens(self.stalls), happens(self.unplugs));
        let (block, rate) = (happens(self.block_changes), happens(self.rate_changes));
        if dropout {
            let side = [Side::Input, Side::Output, Side::Both][random.up_to(2) as usize];
            Some(Trouble::Dropout { frames: 1 + random.up_to(1_999), side })
        } else if stall {
            Some(Trouble::Stall(Duration::from_micros(random.up_to(50_000))))
        } else if unplug {
            Some(Trouble::Unplug { away: Some(1 + random.up_to(199_999)) })
        } else if block {
            let longest = 1 + random.up_to(4_095) as usize;
            let fixed = random.up_to(1) == 0;
            Some(Trouble::Blocks(if fixed { Blocks::Fixed(longest) } else { Blocks::Random { shortest: 1, longest } }))
        } else {
            rate.then(|| Trouble::Rate(RATES[random.up_to(3) as usize]))
        }
    }
}
