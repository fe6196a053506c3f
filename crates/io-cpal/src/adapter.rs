//! The one place that knows cpal: its hosts, devices and streams, in words of our own.

mod device;
mod line;
mod stream;

use cpal::{ALL_HOSTS, ErrorKind, HostId};

pub(crate) use self::device::{Found, devices};
pub(crate) use self::stream::{Stream, open_input, open_output};

/// One of cpal's hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(HostId);

impl Kind {
    /// All that there are here, ALSA first: it reaches the sound servers, too, and allocates nothing meanwhile. JACK is
    /// reached otherwise: through cpal it would be a block later.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let kinds = || ALL_HOSTS.iter().map(|id| Self(*id)).filter(|kind| kind.name() != "jack");
        kinds().filter(|kind| kind.is_alsa()).chain(kinds().filter(|kind| !kind.is_alsa()))
    }

    pub(crate) fn name(self) -> &'static str {
        match self.0.name() {
            "ALSA" => "alsa",
            "PulseAudio" => "pulseaudio",
            "PipeWire" => "pipewire",
            "WASAPI" => "wasapi",
            "CoreAudio" => "coreaudio",
            "JACK" => "jack",
            "ASIO" => "asio",
            other => other,
        }
    }

    /// For people.
    pub(crate) fn title(self) -> &'static str {
        self.0.name()
    }

    pub(crate) fn is_alsa(self) -> bool {
        self.name() == "alsa"
    }

    /// Whether a sound server is behind it, which mixes, and converts rates and channels.
    pub(crate) fn is_server(self) -> bool {
        matches!(self.name(), "pulseaudio" | "pipewire")
    }

    /// Whether an output can be opened as an input, which delivers what is played on it.
    pub(crate) fn captures_outputs(self) -> bool {
        matches!(self.name(), "wasapi" | "coreaudio")
    }
}

/// What cpal says went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) fault: Fault,
    pub(crate) words: String,
}

/// The kinds of what goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A deadline was missed.
    Xrun,
    /// The device is not there.
    Gone,
    /// Its server is not there, or ended.
    NoServer,
    /// Somebody else has it.
    Busy,
    /// We may not have it.
    Denied,
    /// It plays on, without real-time rights.
    NoRealtime,
    /// It plays on, through another device.
    Rerouted,
    /// It cannot do what it is asked.
    Unsupported,
    Other,
}

impl From<&cpal::Error> for Fault {
    fn from(error: &cpal::Error) -> Self {
        match error.kind() {
            ErrorKind::Xrun => Self::Xrun,
            ErrorKind::DeviceNotAvailable => Self::Gone,
            ErrorKind::StreamInvalidated | ErrorKind::HostUnavailable => Self::NoServer,
            ErrorKind::DeviceBusy => Self::Busy,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::RealtimeDenied => Self::NoRealtime,
            ErrorKind::DeviceChanged => Self::Rerouted,
            ErrorKind::InvalidInput | ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation => {
                Self::Unsupported
            }
            _ => Self::Other,
        }
    }
}

impl From<cpal::Error> for Problem {
    fn from(error: cpal::Error) -> Self {
        Self { fault: Fault::from(&error), words: error.to_string() }
    }
}
