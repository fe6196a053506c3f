//! Hosts of one device each that no machine has to have.

use patchline_io::null::{Null, NullConfig};
use patchline_io::sim::{Sim, SimConfig};
use patchline_io::{
    Backend, Callback, ChannelCount, DeviceInfo, DeviceRequest, Host, IoError, Side, SideRequest, find_device,
};

use super::{NULL, SIM};

/// Channels of a side that leaves them open.
const USUAL_CHANNELS: usize = 2;

/// Silence in, sound nowhere, paced by the machine's clock.
pub(crate) struct NullHost;

/// A well-behaved device in virtual time: silence in, sound nowhere, as fast as the machine.
pub(crate) struct SimHost;

impl<C: Callback> Host<C> for NullHost {
    fn name(&self) -> &'static str {
        NULL
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(vec![device(NULL)])
    }

    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        check_names(NULL, request)?;
        let usual = NullConfig::default();
        let config = NullConfig {
            rate: request.rate.unwrap_or(usual.rate),
            block: request.block.unwrap_or(usual.block),
            inputs: channels(request.input.as_ref()),
            outputs: channels(request.output.as_ref()),
            frames: None,
        };
        Ok(Box::new(Null::open(config)?))
    }
}

impl<C: Callback> Host<C> for SimHost {
    fn name(&self) -> &'static str {
        SIM
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(vec![device(SIM)])
    }

    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        check_names(SIM, request)?;
        let usual = SimConfig::default();
        let config = SimConfig {
            rate: request.rate.unwrap_or(usual.rate),
            max_frames: request.block.unwrap_or(usual.max_frames),
            inputs: channels(request.input.as_ref()),
            outputs: channels(request.output.as_ref()),
            ..usual
        };
        Ok(Box::new(Sim::open(config)?))
    }
}

fn device(name: &'static str) -> DeviceInfo {
    DeviceInfo {
        id: name.to_owned(),
        name: name.to_owned(),
        host: name,
        inputs: USUAL_CHANNELS,
        outputs: USUAL_CHANNELS,
        default_rate: Some(SimConfig::default().rate),
        default_input: true,
        default_output: true,
        ..DeviceInfo::default()
    }
}

/// A device of another name is not to be had here.
fn check_names(name: &'static str, request: &DeviceRequest) -> Result<(), IoError> {
    for (wanted, side) in [(&request.input, Side::Input), (&request.output, Side::Output)] {
        find_device(&[device(name)], wanted.as_ref().and_then(|wanted| wanted.device.as_deref()), side)?;
    }
    Ok(())
}

fn channels(side: Option<&SideRequest>) -> usize {
    match side.map(|side| side.channels) {
        None => 0,
        Some(ChannelCount::All) => USUAL_CHANNELS,
        Some(ChannelCount::AtLeast(least)) => least.max(USUAL_CHANNELS),
        Some(ChannelCount::Exactly(channels)) => channels,
    }
}
