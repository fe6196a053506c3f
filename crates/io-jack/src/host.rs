//! Finding and opening.

use jack::{Client, PortFlags};
use patchline_io::channels::MAX_CHANNELS;
use patchline_io::{Backend, Callback, DeviceInfo, DeviceRequest, Host, IoError, LatencyWish, Side, SideRequest};

use crate::answer::ask;
use crate::client::{connect, fit};
use crate::device::{Jack, Wired};
use crate::ports::{Plan, ServerPort, devices, loopback, plan};

/// The host's name.
pub(crate) const NAME: &str = "jack";

/// The JACK server that runs, named by `JACK_DEFAULT_SERVER` or `default`. It is never started from here.
///
/// Each client of the server is a device. A device's name is a client's, by the rule of
/// [`find_device`](patchline_io::find_device), or one of ports (`Synth:out_l`), in which `*` stands for any characters
/// and `?` for one (`Synth:out_*`). Without a name it is the hardware, which must be there unless the ports
/// are left [unconnected](DeviceRequest::unconnected).
///
/// Rate and block are the server's: another rate is an error, another block or latency is
/// [noted](patchline_io::DeviceSpec::notes). libjack knows one server for the whole life of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct JackHost;

impl<C: Callback> Host<C> for JackHost {
    fn name(&self) -> &'static str {
        NAME
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        ask(|| {
            let client = connect("patchline-devices")?;
            let rate = client.sample_rate();
            Ok(devices(&server_ports(&client), rate, client.buffer_size() as usize))
        })?
    }

    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        let request = request.clone();
        let opened: Jack<C> = ask(move || prepare(&request).and_then(Jack::open))??;
        Ok(Box::new(opened))
    }
}

/// A client that has no ports yet, and what it is to get.
fn prepare(request: &DeviceRequest) -> Result<Wired, IoError> {
    if request.exclusive {
        let instead = "a JACK server shares its device with all its clients; leave `share` at \"shared\"".to_owned();
        return Err(IoError::Unsupported { what: "exclusive use", device: "JACK".to_owned(), instead });
    }
    let client = connect(&request.client_name)?;
    let rate = client.sample_rate();
    if request.rate.is_some_and(|asked| asked != rate) {
        let asked = request.rate.unwrap_or_default();
        return Err(IoError::Rate { device: server(), asked, rates: vec![rate] });
    }
    let ports = server_ports(&client);
    let input = side(&client, &ports, request, Side::Input)?;
    let output = side(&client, &ports, request, Side::Output)?;
    let mut notes = notes(request, &client);
    for (plan, side) in [(&input, Side::Input), (&output, Side::Output)] {
        let open = plan.channels - plan.peers.len();
        if open > 0 && !request.unconnected {
            notes.push(format!("{open} of {} {side} ports are not connected: the hardware has no more", plan.channels));
        }
    }
    let labels = |side: &Option<SideRequest>| side.as_ref().map(|side| side.labels.clone()).unwrap_or_default();
    let labels = (labels(&request.input), labels(&request.output));
    Ok(Wired {
        client,
        input,
        output,
        labels,
        notes,
        follow_transport: request.follow_transport,
        midi: request.midi.clone(),
    })
}

fn side(client: &Client, ports: &[ServerPort], request: &DeviceRequest, side: Side) -> Result<Plan, IoError> {
    let asked = if side == Side::Input { &request.input } else { &request.output };
    let Some(asked) = asked else { return Ok(Plan { channels: 0, peers: Vec::new() }) };
    let plan = if asked.loopback && side == Side::Input {
        let connected = |name: &str| client.port_by_name(name).map(|port| port.get_connections()).unwrap_or_default();
        loopback(ports, asked, connected)?
    } else {
        plan(ports, asked, side, !request.unconnected)?
    };
    if plan.channels > MAX_CHANNELS {
        let device = asked.device.clone().unwrap_or_else(server);
        return Err(IoError::Channels { device, side, asked: plan.channels, has: MAX_CHANNELS });
    }
    Ok(plan)
}

/// All audio ports of the server.
fn server_ports(client: &Client) -> Vec<ServerPort> {
    let audio = |flags| client.ports(None, Some(jack::jack_sys::FLOAT_MONO_AUDIO), flags);
    let physical = audio(PortFlags::IS_PHYSICAL);
    let of = |flags, source| {
        let port = |name: String| ServerPort { physical: physical.contains(&name), name, source };
        audio(flags).into_iter().map(port).collect::<Vec<_>>()
    };
    let mut ports = of(PortFlags::IS_OUTPUT, true);
    ports.extend(of(PortFlags::IS_INPUT, false));
    ports
}

/// What is asked for and is otherwise.
fn notes(request: &DeviceRequest, client: &Client) -> Vec<String> {
    let (block, rate) = (client.buffer_size() as usize, client.sample_rate());
    let mut notes = Vec::new();
    if let Some(asked) = request.block.filter(|&asked| asked != block) {
        notes.push(format!(
            "a block of {asked} frames was asked for and the server's is {block}; `jack_bufsize {asked}` changes it"
        ));
    } else if let LatencyWish::Time(wish) = request.latency {
        let (wish, granted) = (wish.as_secs_f64() * 1e3, block as f64 / f64::from(rate) * 1e3);
        if granted > wish {
            notes.push(format!(
                "a latency of {wish:.1} ms was asked for and a block of the server is {granted:.1} ms long already; \
                 `jack_bufsize` changes it"
            ));
        }
    }
    let wanted = fit(&request.client_name);
    if client.name() != wanted {
        notes.push(format!("the name `{wanted}` was taken: this client is `{}`", client.name()));
    }
    notes
}

pub(crate) fn server() -> String {
    "JACK server".to_owned()
}

pub(crate) fn refused(error: jack::Error) -> IoError {
    IoError::Refused { device: server(), words: error.to_string() }
}
