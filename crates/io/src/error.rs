//! Why a device does not do what it is told.

use std::fmt;

/// Why a device could not be opened, started or stopped.
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

/// A callback that was not started, and why.
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
