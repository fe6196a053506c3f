//! A host for tests: its devices are what the test says, and what opens is simulated.

use patchline_io::sim::{Sim, SimConfig};
use patchline_io::{Backend, Callback, DeviceInfo, DeviceRequest, Host, IoError, Side, find_device};

/// A host with these devices, or one that is not there.
pub(crate) struct FakeHost {
    pub(crate) name: &'static str,
    pub(crate) devices: Result<Vec<DeviceInfo>, &'static str>,
    /// What its devices say to being opened.
    pub(crate) refuses: Option<&'static str>,
}

impl FakeHost {
    pub(crate) fn with(name: &'static str, devices: Vec<DeviceInfo>) -> Self {
        Self { name, devices: Ok(devices), refuses: None }
    }

    pub(crate) fn missing(name: &'static str, reason: &'static str) -> Self {
        Self { name, devices: Err(reason), refuses: None }
    }

    pub(crate) fn refusing(name: &'static str, devices: Vec<DeviceInfo>, words: &'static str) -> Self {
        Self { name, devices: Ok(devices), refuses: Some(words) }
    }
}

/// A device of so many channels.
pub(crate) fn device(host: &'static str, name: &str, inputs: usize, outputs: usize) -> DeviceInfo {
    DeviceInfo {
        id: format!("{host}:{}", name.to_lowercase().replace(' ', "-")),
        name: name.to_owned(),
        host,
        inputs,
        outputs,
        rates: vec![44_100, 48_000],
        default_rate: Some(48_000),
        formats: vec!["i16".to_owned(), "f32".to_owned()],
        blocks: Some((32, 4096)),
        ..DeviceInfo::default()
    }
}

impl<C: Callback> Host<C> for FakeHost {
    fn name(&self) -> &'static str {
        self.name
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        self.devices.clone().map_err(|reason| IoError::Host { host: self.name, reason: reason.to_owned() })
    }

    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        let devices = Host::<C>::devices(self)?;
        for (wanted, side) in [(&request.input, Side::Input), (&request.output, Side::Output)] {
            let Some(wanted) = wanted else { continue };
            let device = find_device(&devices, wanted.device.as_deref(), side)?;
            if let Some(words) = self.refuses {
                return Err(IoError::Refused { device: device.name.clone(), words: words.to_owned() });
            }
        }
        Ok(Box::new(Sim::open(SimConfig::default())?))
    }
}
