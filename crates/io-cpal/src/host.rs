//! cpal's hosts, as hosts of ours.

use std::time::Duration;

use patchline_io::{Backend, Callback, DeviceInfo, DeviceRequest, Host, IoError};

use crate::adapter::{Found, Kind, Problem, devices};
use crate::backend::CpalBackend;
use crate::names::describe;
use crate::patience::within;
use crate::plan::Plan;

/// How long a host may take to list its devices: ALSA opens each of them, a server knows them.
const PATIENCE: Duration = Duration::from_secs(20);
const SERVER_PATIENCE: Duration = Duration::from_secs(6);

/// The hosts that there are on this system, whether or not their servers run.
///
/// ```
/// for host in patchline_io_cpal::hosts() {
///     println!("{}", host.name());
/// }
/// ```
#[must_use]
pub fn hosts() -> Vec<CpalHost> {
    Kind::all().map(CpalHost).collect()
}

/// A host of cpal's: [`patchline_io::Host`] for any callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpalHost(Kind);

impl CpalHost {
    /// Its name, for people and for `host:` in front of a device's name: `alsa`, `pulseaudio`, `pipewire`, `wasapi`,
    /// `coreaudio`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The devices there are now.
    ///
    /// ALSA opens each of its devices for this; one that somebody else has is listed with 2 channels and no rates. Its
    /// null device, which has no clock, is left out.
    ///
    /// # Errors
    /// [`IoError::NoAnswer`] when the server does not answer.
    pub fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(describe(&self.found()?, self.0))
    }

    fn found(&self) -> Result<Vec<Found>, IoError> {
        let kind = self.0;
        let patience = if kind.is_server() { SERVER_PATIENCE } else { PATIENCE };
        let found = within(kind.name(), kind.is_alsa(), patience, move || devices(kind));
        match found {
            Ok(Some(Ok(found))) => Ok(found),
            Ok(Some(Err(problem))) => Err(self.missing(problem)),
            Ok(None) => Err(IoError::NoAnswer { host: kind.title() }),
            Err(source) => Err(IoError::Thread { name: kind.name().to_owned(), source }),
        }
    }

    fn missing(&self, problem: Problem) -> IoError {
        let helps = if self.0.is_server() { "; start its server" } else { "" };
        IoError::Host { host: self.0.title(), reason: format!("{}{helps}", problem.words) }
    }
}

impl<C: Callback> Host<C> for CpalHost {
    fn name(&self) -> &'static str {
        Self::name(self)
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Self::devices(self)
    }

    /// Opens one device, or two that become one.
    ///
    /// `exclusive` is granted for ALSA's `hw:` devices, which are so by nature. `labels` and `unconnected` have no
    /// meaning here; `client_name` is not passed on by cpal.
    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        let found = self.found()?;
        let plan = Plan::new(request, &found, self.0)?;
        Ok(Box::new(CpalBackend::open(plan)?))
    }
}
