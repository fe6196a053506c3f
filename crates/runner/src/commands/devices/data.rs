//! Devices for programs.

use patchline_io::DeviceInfo;
use serde_json::{Value, json};

use super::{Found, wanted};
use crate::cli::DevicesArgs;

/// `{ "hosts": […], "devices": […] }`, or only the hosts.
pub(super) fn all(found: &[Found], args: &DevicesArgs) -> Value {
    let hosts: Vec<Value> = found.iter().map(host).collect();
    if args.hosts {
        return json!({ "exit": 0, "hosts": hosts });
    }
    json!({ "exit": 0, "hosts": hosts, "devices": wanted(found, args).map(device).collect::<Vec<_>>() })
}

fn host(found: &Found) -> Value {
    let devices = found.devices.as_deref().unwrap_or_default();
    let id = |found: Option<&DeviceInfo>| found.map(|device| device.id.clone());
    json!({
        "name": found.host,
        "devices": devices.len(),
        "default_input": id(devices.iter().find(|device| device.default_input)),
        "default_output": id(devices.iter().find(|device| device.default_output)),
        "error": found.devices.as_ref().err().map(|error| json!({ "code": error.code(), "message": error.to_string() })),
    })
}

pub(super) fn device(device: &DeviceInfo) -> Value {
    json!({
        "id": device.id,
        "name": device.name,
        "host": device.host,
        "inputs": device.inputs,
        "outputs": device.outputs,
        "default_rate": device.default_rate,
        "rates": device.rates,
        "formats": device.formats,
        "blocks": device.blocks.map(|(shortest, longest)| json!({ "shortest": shortest, "longest": longest })),
        "default_input": device.default_input,
        "default_output": device.default_output,
        "loopback_of": device.loopback_of,
    })
}
