//! What is written of a run's flight recorder.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use patchline_nodes::Time;

use crate::flight::FlightFormat;
use crate::live::Profile;

/// Files about an xrun, unless another number is given.
const USUAL_FILES: &str = "3";

/// What `runner run` writes of its flight recorder, which is always on. On SIGUSR1 it is written at once.
#[derive(Debug, Default, Args)]
pub(crate) struct FlightArgs {
    /// Writes the flight recorder's last minute to this file at the end: every callback, what nodes took, xruns and
    /// their causes. SIGUSR1 writes it at once, to a name with a number.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) flight: Option<PathBuf>,
    /// What that file looks like.
    #[arg(long, value_enum, default_value = "trace")]
    pub(crate) flight_format: FlightFormat,
    /// Writes it at an xrun, too, at most this often and not within 10 s of the last time; 3 without a number.
    #[arg(long, value_name = "TIMES", num_args = 0..=1, require_equals = true, default_missing_value = USUAL_FILES)]
    pub(crate) flight_on_xrun: Option<u32>,
    /// Takes the time of every node in every callback instead of one in 64, at the beginning for so long or, without a
    /// time, always: --profile=10s.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) profile: Option<Stretch>,
}

/// A time, or always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch(Option<Time>);

impl std::str::FromStr for Stretch {
    type Err = patchline_nodes::QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(Self(None)) } else { Ok(Self(Some(text.parse()?))) }
    }
}

impl FlightArgs {
    /// How often the time of each node is taken on a device of `rate` Hz.
    pub(crate) fn profile(&self, rate: u32) -> Profile {
        let seconds = |time: Time| Duration::try_from_secs_f64(time.seconds(f64::from(rate))).unwrap_or_default();
        self.profile.map_or(Profile::Sampled, |Stretch(time)| Profile::Full(time.map(seconds)))
    }
}
