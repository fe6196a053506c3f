//! Why a device does not do what it is told.

use std::fmt;

use crate::Side;

/// Why a device could not be opened, started or stopped.
///
/// ```
/// use patchline_graph::Renderer;
/// use patchline_io::null::{Null, NullConfig};
/// use patchline_io::{Backend, IoError};
///
/// let error = Null::<Renderer>::open(NullConfig { rate: 0, ..NullConfig::default() }).err().unwrap();
/// assert!(matches!(error, IoError::Setting { .. }));
/// // For programs that read what ours say:
/// assert_eq!(error.code(), "device-setting");
/// let mut device = Null::<Renderer>::open(NullConfig::default())?;
/// assert!(matches!(device.stop(), Err(IoError::NotRunning(_))));
/// # Ok::<(), patchline_io::IoError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// A setting that no device has.
    #[error("{setting} is {given}; it is {allowed}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it is.
        given: String,
        /// What it could be.
        allowed: &'static str,
    },
    /// It has a callback already.
    #[error("the device `{0}` runs already; stop it first")]
    Running(String),
    /// It has none.
    #[error("the device `{0}` does not run; start it first")]
    NotRunning(String),
    /// It is unplugged, taken or gone.
    #[error("the device `{name}` is not there: {reason}")]
    Unavailable {
        /// The device.
        name: String,
        /// What is known of the cause.
        reason: String,
    },
    /// A host is not there: its server does not run, or its library is missing.
    #[error("{host} is not there: {reason}")]
    Host {
        /// Which.
        host: &'static str,
        /// What is known of the cause, and what helps.
        reason: String,
    },
    /// A host is there and hangs: it has been asked and does not answer.
    #[error("{host} does not answer: its server runs, but hangs; let it go on (`kill -CONT`), or restart it")]
    NoAnswer {
        /// Which.
        host: &'static str,
    },
    /// No device has this name.
    #[error("{}", not_found(wanted, *side, nearest))]
    NotFound {
        /// What was asked for; empty if it was the default device.
        wanted: String,
        /// As what.
        side: Side,
        /// Devices of that side, the nearest name first.
        nearest: Vec<String>,
    },
    /// Several devices are meant.
    #[error("`{wanted}` could be any of several {side} devices: {}; write more of the name", candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// As what.
        side: Side,
        /// Which.
        candidates: Vec<String>,
    },
    /// The device does not run at this rate.
    #[error("{}", wrong_rate(device, *asked, rates))]
    Rate {
        /// The device.
        device: String,
        /// What was asked for, in Hz.
        asked: u32,
        /// The rates it has, in Hz.
        rates: Vec<u32>,
    },
    /// The device has too few channels.
    #[error("the device `{device}` has {has} {side} channels, and {asked} are needed")]
    Channels {
        /// The device.
        device: String,
        /// On which side.
        side: Side,
        /// How many are needed.
        asked: usize,
        /// How many it has.
        has: usize,
    },
    /// Something that this host or device cannot do.
    #[error("{what} cannot be had from {device}; {instead}")]
    Unsupported {
        /// What.
        what: &'static str,
        /// From which host or device.
        device: String,
        /// What works.
        instead: String,
    },
    /// What the host has to say, in its own words.
    #[error("the device `{device}` refuses: {words}")]
    Refused {
        /// The device.
        device: String,
        /// The host's words.
        words: String,
    },
    /// The callback panicked: it cannot be given back.
    #[error("the callback of the device `{0}` panicked and is lost; start a new one")]
    Panicked(String),
    /// The system has no thread for it.
    #[error("cannot start the thread of the device `{name}`: {source}")]
    Thread {
        /// The device.
        name: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl IoError {
    /// All codes that there are.
    pub const CODES: [&str; 14] = [
        "device-setting",
        "device-running",
        "device-not-running",
        "device-unavailable",
        "host-missing",
        "host-hangs",
        "device-not-found",
        "device-ambiguous",
        "device-rate",
        "device-channels",
        "device-unsupported",
        "device-refused",
        "callback-panicked",
        "device-thread",
    ];

    /// A code that stays the same when the words change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting { .. } => "device-setting",
            Self::Running(_) => "device-running",
            Self::NotRunning(_) => "device-not-running",
            Self::Unavailable { .. } => "device-unavailable",
            Self::Host { .. } => "host-missing",
            Self::NoAnswer { .. } => "host-hangs",
            Self::NotFound { .. } => "device-not-found",
            Self::Ambiguous { .. } => "device-ambiguous",
            Self::Rate { .. } => "device-rate",
            Self::Channels { .. } => "device-channels",
            Self::Unsupported { .. } => "device-unsupported",
            Self::Refused { .. } => "device-refused",
            Self::Panicked(_) => "callback-panicked",
            Self::Thread { .. } => "device-thread",
        }
    }
}

fn not_found(wanted: &str, side: Side, nearest: &[String]) -> String {
    let what = match wanted {
        "" => format!("there is no {side} device"),
        wanted => format!("there is no {side} device `{wanted}`"),
    };
    match nearest {
        [] if wanted.is_empty() => what,
        [] => format!("{what}, and no other {side} device either"),
        nearest => format!("{what}; there is {}", nearest.join(", ")),
    }
}

fn wrong_rate(device: &str, asked: u32, rates: &[u32]) -> String {
    let nearest = rates.iter().min_by_key(|rate| rate.abs_diff(asked));
    let Some(nearest) = nearest else { return format!("the device `{device}` does not run at {asked} Hz") };
    let rates: Vec<String> = rates.iter().map(u32::to_string).collect();
    let rates = rates.join(", ");
    format!("the device `{device}` does not run at {asked} Hz but at {rates} Hz; {nearest} Hz is nearest")
}

/// A callback that was not started, and why.
///
/// ```
/// use patchline_io::null::{Null, NullConfig};
/// use patchline_io::{Backend, Block, FnCallback, IoError};
///
/// let silence = || FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ());
/// let mut device = Null::open(NullConfig::default())?;
/// device.start(silence())?;
/// let refused = device.start(silence()).unwrap_err();
/// assert!(matches!(refused.error, IoError::Running(_)));
/// // The callback can go to another device.
/// Null::open(NullConfig::default())?.start(refused.callback)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Refused<C> {
    /// The callback, as it was.
    pub callback: C,
    /// Why.
    pub error: IoError,
}

impl<C> fmt::Debug for Refused<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.error).finish()
    }
}

impl<C> fmt::Display for Refused<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<C> std::error::Error for Refused<C> {}
