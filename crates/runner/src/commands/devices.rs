//! `runner devices`: what there is to play on and to listen to.

mod data;
mod text;
mod watch;

use patchline_graph::Renderer;
use patchline_io::{DeviceInfo, Host, IoError};

use crate::cli::DevicesArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::{hosts, output, style};

/// Any host: what it would call makes no difference to a list.
type AnyHost = Box<dyn Host<Renderer>>;

pub(crate) fn run(args: &DevicesArgs) -> Outcome {
    let hosts = chosen(hosts::hosts(), args.host.as_deref())?;
    let found = look(&hosts);
    if let (Some(_), [Found { devices: Err(error), .. }]) = (&args.host, &found[..]) {
        return Err(Failure::new(Exit::Device, error.to_string()));
    }
    show(&found, args)?;
    if args.watch {
        watch::watch(&hosts, args, found)?;
    }
    Ok(Exit::Ok)
}

/// What a host says it has.
struct Found {
    host: &'static str,
    devices: Result<Vec<DeviceInfo>, IoError>,
}

fn look(hosts: &[AnyHost]) -> Vec<Found> {
    hosts.iter().map(|host| Found { host: host.name(), devices: host.devices() }).collect()
}

/// All hosts, or the one of this name.
fn chosen(hosts: Vec<AnyHost>, wanted: Option<&str>) -> Result<Vec<AnyHost>, Failure> {
    let Some(wanted) = wanted else { return Ok(hosts) };
    let names: Vec<&str> = hosts.iter().map(|host| host.name()).collect();
    let message = match &names[..] {
        [] => "this build has no host for real sound".to_owned(),
        names => format!("this build has no host `{}`; it has {}", style::safe(wanted, 40), names.join(", ")),
    };
    let one: Vec<AnyHost> = hosts.into_iter().filter(|host| host.name() == wanted).collect();
    if one.is_empty() { Err(Failure::new(Exit::Device, message)) } else { Ok(one) }
}

/// Results on stdout; what is wrong with a host, for people, on stderr.
fn show(found: &[Found], args: &DevicesArgs) -> Result<(), Failure> {
    if args.json {
        let data = data::all(found, args);
        // What changes comes line by line, and so does what there was.
        return output::print(&if args.watch { format!("{data}\n") } else { format!("{data:#}\n") });
    }
    output::print(&if args.hosts { text::hosts(found) } else { text::devices(found, args) })?;
    text::remarks(found, args).iter().for_each(|line| output::tell(line));
    Ok(())
}

/// Whether a device is asked for. Both directions asked for are either of them.
fn is_wanted(device: &DeviceInfo, args: &DevicesArgs) -> bool {
    let any = !args.inputs && !args.outputs;
    let input = (any || args.inputs) && device.inputs > 0;
    let output = (any || args.outputs) && device.outputs > 0;
    if args.default { input && device.default_input || output && device.default_output } else { any || input || output }
}

/// The devices that are asked for, host by host.
fn wanted<'a>(found: &'a [Found], args: &DevicesArgs) -> impl Iterator<Item = &'a DeviceInfo> {
    let devices = found.iter().flat_map(|found| found.devices.as_deref().unwrap_or_default());
    devices.filter(move |device| is_wanted(device, args))
}

#[cfg(test)]
mod tests;
