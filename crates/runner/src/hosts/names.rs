//! What a request names: hosts, and devices that may be elsewhere.

use patchline_io::{Callback, DeviceRequest, Host, IoError, Side, SideRequest, find_device};

use super::JACK;

/// Whether names mean anything, before anybody is asked for them.
pub(super) fn check<C: Callback>(
    hosts: &[Box<dyn Host<C>>],
    request: &DeviceRequest,
) -> Result<(), (&'static str, IoError)> {
    for (side, setting) in
        [(&request.input, "the name of the input device"), (&request.output, "the name of the output device")]
    {
        let Some(name) = side.as_ref().and_then(|side| side.device.as_deref()) else { continue };
        let rest = prefix(hosts, name).map_or(name, |host| &name[host.len() + 1..]);
        if rest.trim().is_empty() {
            let allowed = "part of a device's name, and left away for the default device";
            return Err(("", IoError::Setting { setting, given: "empty".to_owned(), allowed }));
        }
    }
    let named =
        |side: &Option<SideRequest>| Some((prefix(hosts, side.as_ref()?.device.as_deref()?)?, side.clone()?.device?));
    match (named(&request.input), named(&request.output)) {
        (Some((one, input)), Some((other, output))) if one != other => Err((
            "",
            IoError::Unsupported {
                what: "an input and an output of different hosts",
                device: format!("`{input}` and `{output}`"),
                instead: format!("one host has both sides: name two devices of {one}, or two of {other}"),
            },
        )),
        _ => Ok(()),
    }
}

/// The host in front of a device's name, if a side names one: it alone can have that device.
pub(super) fn host<C: Callback>(hosts: &[Box<dyn Host<C>>], request: &DeviceRequest) -> Option<&'static str> {
    let mut sides = [&request.input, &request.output].into_iter().flatten();
    sides.find_map(|side| prefix(hosts, side.device.as_deref()?))
}

fn prefix<C: Callback>(hosts: &[Box<dyn Host<C>>], name: &str) -> Option<&'static str> {
    let (prefix, _) = name.split_once(':')?;
    hosts.iter().map(|host| host.name()).find(|name| *name == prefix)
}

/// What was not found on which side of which host.
pub(super) fn missing((host, error): &(&'static str, IoError)) -> Option<(&'static str, String, Side)> {
    match error {
        IoError::NotFound { wanted, side, .. } => Some((host, wanted.clone(), *side)),
        _ => None,
    }
}

/// What is wrong with the other side, too, so that both are told in one go.
pub(super) fn other_side<C: Callback>(
    host: &dyn Host<C>,
    request: &DeviceRequest,
    side: Side,
) -> Option<(&'static str, IoError)> {
    let (other, side) = match side {
        Side::Output => (&request.input, Side::Input),
        _ => (&request.output, Side::Output),
    };
    let other = other.as_ref()?;
    let wanted = other.device.as_deref()?;
    // What JACK's ports match is its own affair.
    if other.loopback || (host.name() == JACK && wanted.trim_start_matches("jack:").contains([':', '*'])) {
        return None;
    }
    let error = find_device(&host.devices().ok()?, Some(wanted), side).err()?;
    Some((host.name(), error))
}

/// The id of the device of this host that is named so.
pub(super) fn id<C: Callback>(host: &dyn Host<C>, wanted: &str, side: Side) -> Option<String> {
    let devices = host.devices().ok()?;
    let id = &find_device(&devices, Some(wanted), side).ok()?.id;
    Some(id.clone())
}
