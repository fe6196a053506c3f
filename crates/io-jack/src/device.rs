//! An open client of the server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jack::{AudioIn, AudioOut, Client, Port, PortSpec, Unowned};
use patchline_io::seat::{Door, Resting, seat};
use patchline_io::{
    Backend, Callback, DeviceSpec, EventReceiver, IoError, IoEvent, IoEventKind, IoStats, LostReason, Refused,
    event_ring,
};

use crate::host::refused;
use crate::latency::Latency;
use crate::link::Link;
use crate::midi::{self, Listening};
use crate::names::port_names;
use crate::ports::Plan;
use crate::process::{Clock, Follower, Process};
use crate::shared::Shared;

/// Events that wait to be polled.
const EVENTS: usize = 1024;
/// How long the server may take for the connections of a client that is new.
const WIRING: Duration = Duration::from_secs(1);
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
    /// Whose MIDI is listened to, if anybody's.
    pub(crate) midi: Option<Vec<String>>,
}

/// A client of a JACK server, with all its ports. It is active, and connected, from when it is opened; until it is
/// started its outputs are silent.
///
/// Stopping it hands the callback back at the end of a block and leaves ports and connections as they are.
///
/// Nothing of it waits for a server that hangs for longer than some seconds.
pub struct Jack<C: Callback> {
    spec: DeviceSpec,
    /// The client's name as the server has it.
    name: String,
    link: Link<C>,
    latency: Arc<Latency>,
    shared: Arc<Shared>,
    events: EventReceiver,
    door: Door<C>,
    running: bool,
    /// By side: the ports of the server that ours are connected to.
    peers: [Vec<String>; 2],
    /// When a port of the server went away, until it is known whether it was one of these.
    port_gone: Option<Instant>,
    /// Whether the loss has been told.
    lost: bool,
    /// Whose MIDI is listened to, if anybody's.
    listening: Option<Listening>,
}

impl<C: Callback> Jack<C> {
    pub(crate) fn open(wired: Wired) -> Result<Self, IoError> {
        let Wired { client, input, output, labels, mut notes, follow_transport, midi } = wired;
        let inputs: Vec<Port<AudioIn>> = register(&client, &labels.0, "in", input.channels)?;
        let outputs: Vec<Port<AudioOut>> = register(&client, &labels.1, "out", output.channels)?;
        let midi = midi.map(|wanted| midi::register(&client, &wanted)).transpose()?;
        let (midi, listening) = midi.unzip();
        let (mut names, latency) = (connections(&inputs, &outputs, &input, &output), watch(&client, &inputs, &outputs));
        let (name, rate) = (client.name().to_owned(), client.sample_rate());
        let (shared, (sender, events), (door, seat)) = (Arc::new(Shared::default()), event_ring(EVENTS), seat());
        let process = Process {
            inputs,
            outputs,
            midi,
            shared: Arc::clone(&shared),
            events: sender,
            seat,
            transport: follow_transport.then(Follower::default),
            clock: Clock::default(),
        };
        let sound = names.len();
        if let Some(listening) = &listening {
            let pairs = listening.pairs(&client);
            notes.extend(listening.note(&pairs));
            names.extend(pairs);
        }
        let spec = DeviceSpec {
            name: title(&name, &input, &output),
            rate,
            inputs: input.channels,
            outputs: output.channels,
            notes,
            ..DeviceSpec::default()
        };
        let peers = [input.peers, output.peers].map(|peers| peers.concat());
        let link = Link::activate(client, Arc::clone(&latency), process)?;
        let (running, port_gone, lost) = (false, None, false);
        let mut jack =
            Self { spec, name, link, latency, shared, events, door, running, peers, port_gone, lost, listening };
        jack.link.connect(&names)?;
        jack.wait_for_connections(sound);
        jack.link.add_up();
        jack.read_block();
        jack.latency.take_changed();
        jack.read_latency();
        Ok(jack)
    }

    /// The client's name as the server has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// They are made at the end of a block.
    fn wait_for_connections(&self, count: usize) {
        let end = Instant::now() + WIRING;
        while self.latency.connections() < count && Instant::now() < end {
            std::thread::sleep(STEP);
        }
    }

    fn read_block(&mut self) {
        if let Some(client) = self.link.client() {
            self.spec.max_frames = client.buffer_size() as usize;
        }
    }

    fn read_latency(&mut self) {
        if !self.shared.gone() {
            (self.spec.input_latency, self.spec.output_latency) = self.latency.of_device();
        }
    }

    /// Connects what has come to the MIDI input.
    fn listen_to_newcomers(&self) {
        if let (Some(listening), true) = (&self.listening, self.shared.take_port_came())
            && let Some(client) = self.link.client()
        {
            self.link.connect_soon(listening.pairs(client));
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
        let client = self.link.client()?;
        let gone = |name: &String| client.port_by_name(name).is_none();
        let none_left = |peers: &Vec<String>| !peers.is_empty() && peers.iter().all(gone);
        self.peers.iter().any(none_left).then_some(LostReason::PortsGone)
    }

    /// Takes the callback out, which it gives back if it is whole.
    fn take_back(&mut self) -> Result<C, IoError> {
        self.shared.run(false);
        let name = self.spec.name.clone();
        match self.door.take_back(ENDLESS) {
            Some(Resting::Whole(callback)) => Ok(*callback),
            Some(panicked) => {
                // What panicked once may do so again when it is freed, and its payload when that is.
                std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(panicked))));
                Err(IoError::Panicked(name))
            }
            None => Err(IoError::Unavailable { name, reason: "its callback does not return".to_owned() }),
        }
    }
}

impl<C: Callback> Backend<C> for Jack<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn set_latency(&mut self, frames: u64) {
        self.latency.set(frames);
        self.link.add_up_soon();
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        let name = self.spec.name.clone();
        if self.running {
            return Err(Refused { callback, error: IoError::Running(name) });
        }
        if self.shared.gone() || self.lost || self.shared.panicked() {
            let why = if self.shared.panicked() { "its callback panicked" } else { "it was lost" };
            let reason = format!("{why}; open it again");
            return Err(Refused { callback, error: IoError::Unavailable { name, reason } });
        }
        self.shared.run(true);
        match self.door.send_in(Box::new(callback)) {
            Ok(()) => {
                self.running = true;
                Ok(())
            }
            Err(callback) => Err(Refused { callback: *callback, error: IoError::Running(name) }),
        }
    }

    fn poll(&mut self) -> Option<IoEvent> {
        if self.latency.take_changed() {
            self.read_latency();
        }
        self.listen_to_newcomers();
        if let Some(event) = self.events.poll() {
            if matches!(event.kind, IoEventKind::BlockChanged { .. }) {
                self.read_block();
                self.link.add_up_soon();
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
        self.take_back()
    }
}

impl<C: Callback> Drop for Jack<C> {
    fn drop(&mut self) {
        if self.running {
            // Nobody is left to hear of a panic.
            let callback = self.take_back();
            std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(callback))));
        }
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
