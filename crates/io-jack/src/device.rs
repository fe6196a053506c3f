//! An open client of the server.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jack::{AsyncClient, AudioIn, AudioOut, Client, Port, PortSpec, Unowned};
use patchline_io::{
    Backend, Callback, DeviceSpec, EventReceiver, IoError, IoEvent, IoEventKind, IoStats, LostReason, Refused,
    event_ring,
};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::host::server;
use crate::latency::Latency;
use crate::names::port_names;
use crate::notify::Notify;
use crate::ports::Plan;
use crate::process::{Clock, Follower, Process};
use crate::shared::Shared;

/// Events that wait to be polled.
const EVENTS: usize = 1024;
/// How long JACK may take to call again, beyond some of its periods.
const GRACE: Duration = Duration::from_millis(500);
/// How long a block that is under way may take to end, before it is taken to be one that never will.
const ENDLESS: Duration = Duration::from_secs(3);
/// How long after its ports a server may take to end.
const ENDING: Duration = Duration::from_millis(200);
const STEP: Duration = Duration::from_millis(1);

/// A client that is not active yet, and what it is to get.
pub(crate) struct Wired {
    pub(crate) client: Client,
    pub(crate) input: Plan,
    pub(crate) output: Plan,
    /// Of inputs and outputs.
    pub(crate) labels: (Vec<String>, Vec<String>),
    pub(crate) notes: Vec<String>,
    pub(crate) follow_transport: bool,
}

/// A client of a JACK server, with all its ports. It is active, and connected, from when it is opened; until it is
/// started its outputs are silent.
///
/// Stopping it hands the callback back at the end of a block and leaves ports and connections as they are.
pub struct Jack<C: Callback> {
    spec: DeviceSpec,
    client: Option<AsyncClient<Notify, Process<C>>>,
    /// After the client: JACK asks it until the client is closed.
    latency: Arc<Latency>,
    shared: Arc<Shared>,
    events: EventReceiver,
    inbox: Producer<C>,
    outbox: Consumer<C>,
    payloads: Consumer<Box<dyn Any + Send>>,
    running: bool,
    /// By side: the ports of the server that ours are connected to.
    peers: [Vec<String>; 2],
    /// When a port of the server went away, until it is known whether it was one of these.
    port_gone: Option<Instant>,
    /// Whether the loss has been told.
    lost: bool,
}

impl<C: Callback> Jack<C> {
    pub(crate) fn open(wired: Wired) -> Result<Self, IoError> {
        let Wired { client, input, output, labels, notes, follow_transport } = wired;
        let inputs: Vec<Port<AudioIn>> = register(&client, &labels.0, "in", input.channels)?;
        let outputs: Vec<Port<AudioOut>> = register(&client, &labels.1, "out", output.channels)?;
        let (shared, (sender, events)) = (Arc::new(Shared::default()), event_ring(EVENTS));
        let ((to_process, inbox), (back, outbox)) = (RingBuffer::new(1), RingBuffer::new(1));
        let (payloads, freed) = RingBuffer::new(1);
        let (names, latency) = (connections(&inputs, &outputs, &input, &output), watch(&client, &inputs, &outputs));
        let process = Process {
            inputs,
            outputs,
            shared: Arc::clone(&shared),
            events: sender,
            inbox,
            outbox: back,
            payloads,
            callback: None,
            transport: follow_transport.then(Follower::default),
            clock: Clock::default(),
        };
        let client = match client.activate_async(Notify(Arc::clone(&shared)), process) {
            Ok(client) => client,
            Err(error) => {
                // The jack crate leaves such a client open, so JACK may go on to ask.
                latency.leak();
                return Err(refused(error));
            }
        };
        let spec = DeviceSpec {
            name: title(client.as_client().name(), &input, &output),
            rate: client.as_client().sample_rate(),
            inputs: input.channels,
            outputs: output.channels,
            notes,
            ..DeviceSpec::default()
        };
        let mut jack = Self {
            spec,
            client: Some(client),
            latency,
            shared,
            events,
            inbox: to_process,
            outbox,
            payloads: freed,
            running: false,
            peers: [input.peers, output.peers].map(|peers| peers.concat()),
            port_gone: None,
            lost: false,
        };
        jack.connect(&names)?;
        // Made at the end of a block.
        jack.wait_for(|jack| (jack.latency.connections() >= names.len()).then_some(()));
        jack.measure();
        Ok(jack)
    }

    /// The client's name as the server has it; `None` once it is closed.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.client.as_ref().map(|client| client.as_client().name())
    }

    fn connect(&self, pairs: &[(String, String)]) -> Result<(), IoError> {
        let Some(client) = &self.client else { return Ok(()) };
        let connect = |(from, to): &(String, String)| match client.as_client().connect_ports_by_name(from, to) {
            // Somebody else, such as a patchbay, was faster.
            Ok(()) | Err(jack::Error::PortAlreadyConnected(..)) => Ok(()),
            Err(error) => Err(refused(error)),
        };
        pairs.iter().try_for_each(connect)
    }

    /// Block and latencies, after a change of which the server has not added up the latencies yet.
    fn measure(&mut self) {
        let Some(client) = self.client.as_ref().filter(|_| !self.shared.gone()) else { return };
        Latency::recompute(client.as_client());
        self.spec.max_frames = client.as_client().buffer_size() as usize;
        self.latency.take_changed();
        self.read_latency();
    }

    fn read_latency(&mut self) {
        if self.client.is_some() && !self.shared.gone() {
            (self.spec.input_latency, self.spec.output_latency) = self.latency.of_device();
        }
    }

    /// Why it is lost, if it is: the server has ended, or a side has none of its ports left.
    fn loss(&mut self) -> Option<LostReason> {
        if self.shared.gone() {
            return Some(LostReason::ServerEnded);
        }
        if self.shared.take_port_gone() {
            self.port_gone.get_or_insert_with(Instant::now);
        }
        // A server that ends takes its ports away first.
        self.port_gone.take_if(|since| since.elapsed() > ENDING)?;
        let client = self.client.as_ref()?.as_client();
        let gone = |name: &String| client.port_by_name(name).is_none();
        let none_left = |peers: &Vec<String>| !peers.is_empty() && peers.iter().all(gone);
        self.peers.iter().any(none_left).then_some(LostReason::PortsGone)
    }

    /// Waits for what the process thread does within some periods, after the block that is under way.
    fn wait_for<T>(&mut self, mut done: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        let period = Duration::from_secs_f64(self.spec.max_frames as f64 / f64::from(self.spec.rate.max(1)));
        let grace = GRACE + 8 * period;
        let (mut end, endless) = (Instant::now() + grace, Instant::now() + ENDLESS + grace);
        loop {
            if let Some(done) = done(self) {
                return Some(done);
            }
            let now = Instant::now();
            let over = if self.shared.inside() {
                end = (now + grace).min(endless);
                now > endless
            } else {
                self.shared.gone() || now > end
            };
            if over {
                return done(self);
            }
            std::thread::sleep(STEP);
        }
    }

    /// Leaves the server. When a client is deactivated its process thread is cancelled wherever it is, and inside a
    /// callback that would end the whole program. So the callback is taken out of it first; and where one never
    /// returns, the client stays open for good.
    fn close(&mut self) {
        self.shared.run(false);
        if self.client.is_none() {
            return;
        }
        // The first of these calls may have begun before the order; at the second the callback is out.
        let calls = self.shared.calls() + 2;
        self.wait_for(|jack| (jack.shared.calls() >= calls).then_some(()));
        let Some(client) = self.client.take() else { return };
        if self.shared.inside() {
            self.latency.leak();
            return std::mem::forget(client);
        }
        // An error only says that the server had gone before; the client is closed in any case.
        drop(client.deactivate());
        self.shared.closed();
    }
}

impl<C: Callback> Backend<C> for Jack<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn set_latency(&mut self, frames: u64) {
        if let Some(client) = self.client.as_ref().filter(|_| !self.shared.gone()) {
            self.latency.set(client.as_client(), frames);
        }
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        let name = self.spec.name.clone();
        if self.running {
            return Err(Refused { callback, error: IoError::Running(name) });
        }
        if self.client.is_none() || self.shared.gone() || self.lost || self.shared.panicked() {
            let why = if self.shared.panicked() { "its callback panicked" } else { "it was lost" };
            let reason = format!("{why}; open it again");
            return Err(Refused { callback, error: IoError::Unavailable { name, reason } });
        }
        self.shared.run(true);
        match self.inbox.push(callback) {
            Ok(()) => {
                self.running = true;
                Ok(())
            }
            Err(rtrb::PushError::Full(callback)) => Err(Refused { callback, error: IoError::Running(name) }),
        }
    }

    fn poll(&mut self) -> Option<IoEvent> {
        if self.latency.take_changed() {
            self.read_latency();
        }
        if let Some(event) = self.events.poll() {
            if matches!(event.kind, IoEventKind::BlockChanged { .. }) {
                self.measure();
            }
            return Some(event);
        }
        if self.lost {
            return None;
        }
        let reason = self.loss()?;
        let IoStats { frames, frames_lost, .. } = self.stats();
        self.lost = true;
        self.shared.run(false);
        Some(IoEvent { position: frames + frames_lost, kind: IoEventKind::Lost { reason } })
    }

    fn stats(&self) -> IoStats {
        let mut stats = self.events.stats();
        stats.losses += u64::from(self.lost);
        stats
    }

    fn stop(&mut self) -> Result<C, IoError> {
        if !std::mem::replace(&mut self.running, false) {
            return Err(IoError::NotRunning(self.spec.name.clone()));
        }
        self.shared.run(false);
        let callback = self.wait_for(|jack| jack.outbox.pop().ok()).or_else(|| {
            // Nobody calls any more: closing the client gives everything back.
            self.close();
            self.outbox.pop().ok()
        });
        let name = self.spec.name.clone();
        match callback {
            Some(callback) if !self.shared.panicked() => Ok(callback),
            None if !self.shared.panicked() => {
                Err(IoError::Unavailable { name, reason: "its callback does not return".to_owned() })
            }
            callback => {
                while self.payloads.pop().is_ok() {}
                // What panicked once may do so again when it is freed, and its payload when that is.
                std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(callback))));
                Err(IoError::Panicked(name))
            }
        }
    }
}

impl<C: Callback> Drop for Jack<C> {
    fn drop(&mut self) {
        self.close();
    }
}

fn register<S: PortSpec + Default>(
    client: &Client,
    labels: &[String],
    usual: &str,
    count: usize,
) -> Result<Vec<Port<S>>, IoError> {
    let names = port_names(labels, usual, count);
    names.iter().map(|name| client.register_port(name, S::default()).map_err(refused)).collect()
}

fn watch(client: &Client, inputs: &[Port<AudioIn>], outputs: &[Port<AudioOut>]) -> Arc<Latency> {
    fn unowned<S: PortSpec>(ports: &[Port<S>]) -> Vec<Port<Unowned>> {
        ports.iter().map(Port::clone_unowned).collect()
    }
    Latency::install(client, unowned(inputs), unowned(outputs))
}

/// Who is to be connected to whom, by full names.
fn connections(
    inputs: &[Port<AudioIn>],
    outputs: &[Port<AudioOut>],
    input: &Plan,
    output: &Plan,
) -> Vec<(String, String)> {
    fn pairs<'a, S>(peers: &'a [Vec<String>], ports: &'a [Port<S>]) -> impl Iterator<Item = (String, String)> + 'a {
        let ours = ports.iter().filter_map(|port| port.name().ok());
        peers.iter().zip(ours).flat_map(|(peers, ours)| peers.iter().map(move |peer| (peer.clone(), ours.clone())))
    }
    let to = pairs(&output.peers, outputs).map(|(peer, ours)| (ours, peer));
    pairs(&input.peers, inputs).chain(to).collect()
}

/// A name that says who we are and what we hear and feed: `panel (JACK: system → system)`.
fn title(client: &str, input: &Plan, output: &Plan) -> String {
    let peer = |plan: &Plan| {
        let name = plan.peers.iter().flatten().next().map_or("nothing", |name| name.split(':').next().unwrap_or(name));
        (plan.channels > 0).then(|| name.to_owned())
    };
    match (peer(input), peer(output)) {
        (Some(from), Some(to)) => format!("{client} (JACK: {from} → {to})"),
        (Some(from), None) => format!("{client} (JACK: from {from})"),
        (None, Some(to)) => format!("{client} (JACK: to {to})"),
        (None, None) => format!("{client} (JACK)"),
    }
}

fn refused(error: jack::Error) -> IoError {
    IoError::Refused { device: server(), words: error.to_string() }
}
