//! Where real sound comes from: the hosts that this build has, and which of them opens what is asked for.

mod made_up;
mod names;
mod not_opened;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use patchline_io::{Backend, Callback, DeviceRequest, Host, IoError, Patience, Placed, Supervised};
use tracing::info;

use crate::cli::BackendChoice;
use crate::signals;
use made_up::{NullHost, SimHost};
pub(crate) use not_opened::NotOpened;

/// The names of JACK's host and of those that are made up.
pub(crate) const JACK: &str = "jack";
pub(crate) const NULL: &str = "null";
pub(crate) const SIM: &str = "sim";

/// From one look for a device that is waited for to the next.
const LOOK: Duration = Duration::from_millis(500);
/// How long nobody looks for Ctrl-C meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// The hosts of this build, in the order in which they are tried. That one is here does not mean that its server runs.
pub(crate) fn hosts<C: Callback>() -> Vec<Box<dyn Host<C>>> {
    let hosts = std::iter::empty::<Box<dyn Host<C>>>();
    #[cfg(feature = "jack")]
    let hosts = hosts.chain([Box::new(patchline_io_jack::JackHost) as Box<dyn Host<C>>]);
    #[cfg(feature = "cpal")]
    let hosts = hosts.chain(patchline_io_cpal::hosts().into_iter().map(|host| Box::new(host) as Box<dyn Host<C>>));
    hosts.collect()
}

/// Opens what is asked for, where it is asked for.
///
/// [`Auto`](BackendChoice::Auto) is JACK if a server answers, else the system's own hosts in order; a device's name
/// that begins with a host (`alsa:hw:0`) decides by itself. A host that lacks the device is passed over, one that has it
/// and refuses is not. Nothing made up is ever opened without being named.
///
/// The device is watched, and opened again with `patience` when it is lost.
pub(crate) fn open<C: Callback>(
    request: &DeviceRequest,
    choice: BackendChoice,
    patience: &Patience,
) -> Result<Opened<C>, NotOpened> {
    open_once(request, choice, patience).map_err(|error| error.and_more(&hosts::<C>(), request))
}

fn open_once<C: Callback>(
    request: &DeviceRequest,
    choice: BackendChoice,
    patience: &Patience,
) -> Result<Opened<C>, NotOpened> {
    names::check(&hosts::<C>(), request).map_err(|error| NotOpened::new(choice, vec![error]))?;
    match choice {
        BackendChoice::Null => made_up(&NullHost, request, choice),
        BackendChoice::Sim => made_up(&SimHost, request, choice),
        BackendChoice::Auto | BackendChoice::Jack | BackendChoice::Cpal => {
            open_among(hosts(), request, choice, patience)
        }
    }
}

/// What is made up has no world to be watched in: its time may be its own.
fn made_up<C: Callback>(
    host: &dyn Host<C>,
    request: &DeviceRequest,
    choice: BackendChoice,
) -> Result<Opened<C>, NotOpened> {
    let opened = host.open(request).map(|device| Opened { device, host: host.name() });
    opened.map_err(|error| NotOpened::new(choice, vec![(host.name(), error)]))
}

/// As [`open`]; where something is not there yet, waits for it until Ctrl-C. `signals::listen` comes before.
pub(crate) fn wait_open<C: Callback>(
    request: &DeviceRequest,
    choice: BackendChoice,
    patience: &Patience,
) -> Result<Opened<C>, NotOpened> {
    let attempt = || {
        let (asked, patience) = (request.clone(), patience.clone());
        let stopped = || NotOpened::new(choice, vec![("", given_up(request))]);
        aside(move || open_once(&asked, choice, &patience), signals::stopping).unwrap_or_else(|| Err(stopped()))
    };
    wait_until(attempt, || std::thread::sleep(LOOK))
}

/// Runs `work` on a thread of its own, as a server that hangs may keep it; `None` if it is told to stop before the end.
fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Clone + Send + 'static,
    stopping: impl Fn() -> bool,
) -> Option<T> {
    let (done, result) = channel();
    let there = work.clone();
    // What comes too late is dropped there.
    let Ok(_) = Builder::new().spawn(move || done.send(there())) else { return Some(work()) };
    loop {
        match result.recv_timeout(GLANCE) {
            Ok(value) => return Some(value),
            Err(RecvTimeoutError::Timeout) if stopping() => return None,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("opening a device panicked"),
        }
    }
}

fn given_up(request: &DeviceRequest) -> IoError {
    let sides = [&request.input, &request.output].into_iter().flatten();
    let name = sides.filter_map(|side| side.device.clone()).next().unwrap_or_else(|| "default".to_owned());
    IoError::Unavailable { name, reason: "the wait for it was ended".to_owned() }
}

/// What of our words is still held back because devices are looked for is printed, and nothing is any more.
pub(crate) fn speak_freely() {
    #[cfg(feature = "cpal")]
    patchline_io_cpal::release_stderr();
}

fn wait_until<C>(
    mut open: impl FnMut() -> Result<Opened<C>, NotOpened>,
    mut pause: impl FnMut(),
) -> Result<Opened<C>, NotOpened> {
    let mut told = false;
    loop {
        match open() {
            Err(error) if error.may_come() && !signals::stopping() => {
                if !std::mem::replace(&mut told, true) {
                    info!("waiting until it is there; Ctrl-C ends that\n{error}");
                }
                pause();
            }
            ended => return ended,
        }
    }
}

/// An open device, and whose it is.
pub(crate) struct Opened<C> {
    /// The device.
    pub(crate) device: Box<dyn Backend<C>>,
    /// The [host](Host::name) that has it.
    pub(crate) host: &'static str,
}

fn open_among<C: Callback>(
    hosts: Vec<Box<dyn Host<Placed<C>>>>,
    request: &DeviceRequest,
    choice: BackendChoice,
    patience: &Patience,
) -> Result<Opened<C>, NotOpened> {
    let mut tried = Vec::new();
    let named = names::host(&hosts, request);
    for host in hosts {
        let name = host.name();
        let wanted = match choice {
            BackendChoice::Jack => name == JACK,
            BackendChoice::Cpal => name != JACK,
            _ => true,
        };
        if !wanted || named.is_some_and(|named| named != name) {
            continue;
        }
        match Supervised::open(host, request.clone(), patience.clone()) {
            Ok(device) => return Ok(Opened { device: Box::new(device), host: name }),
            Err(error) => {
                let last = is_final(name, request, &error);
                tried.push((name, error));
                if last {
                    break;
                }
            }
        }
    }
    if let (true, Some(host)) = (tried.is_empty(), named) {
        let other = "leave --backend away, or name a device of what it says".to_owned();
        tried.push((
            host,
            IoError::Unsupported { what: "a device of this host", device: "another".to_owned(), instead: other },
        ));
    }
    Err(NotOpened::new(choice, tried))
}

/// Whether another host is not to be tried: this one is there, has the device, and does not do what is asked of it.
/// A JACK server that answers decides, too: whoever started it wants it used.
fn is_final(host: &str, request: &DeviceRequest, error: &IoError) -> bool {
    let named = [&request.input, &request.output].into_iter().flatten().any(|side| side.device.is_some());
    match error {
        IoError::Host { .. } => false,
        _ if host == JACK => true,
        // What one host cannot do at all, the next one may.
        IoError::NotFound { .. } | IoError::Unsupported { .. } => false,
        IoError::Unavailable { .. } | IoError::Refused { .. } => named,
        _ => true,
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
