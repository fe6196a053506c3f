//! An active client of the server: what is asked of it, and how it is left.

use std::sync::Arc;
use std::thread::{Builder, sleep};
use std::time::{Duration, Instant};

use jack::{AsyncClient, Client};
use patchline_io::{Callback, IoError};

use crate::answer::leave;
use crate::host::refused;
use crate::latency::Latency;
use crate::notify::Notify;
use crate::process::Process;
use crate::shared::Shared;

/// How long a call of ours that is under way may take to end, before it is taken to be one that never will.
const ENDLESS: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(1);

/// The client. It is closed when this is dropped.
pub(crate) struct Link<C: Callback> {
    /// `None` once it is closed.
    client: Option<Arc<AsyncClient<Notify, Process<C>>>>,
    latency: Arc<Latency>,
    shared: Arc<Shared>,
}

impl<C: Callback> Link<C> {
    pub(crate) fn activate(client: Client, latency: Arc<Latency>, process: Process<C>) -> Result<Self, IoError> {
        let shared = Arc::clone(&process.shared);
        match client.activate_async(Notify(Arc::clone(&shared)), process) {
            Ok(client) => Ok(Self { client: Some(Arc::new(client)), latency, shared }),
            Err(error) => {
                // The jack crate leaves such a client open, so JACK may go on to ask.
                latency.leak();
                Err(refused(error))
            }
        }
    }

    /// The client, unless its server is gone.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.client.as_ref().filter(|_| !self.shared.gone()).map(|client| client.as_client())
    }

    /// Connects ports, by full names.
    pub(crate) fn connect(&self, pairs: &[(String, String)]) -> Result<(), IoError> {
        let Some(client) = self.client() else { return Ok(()) };
        pairs.iter().try_for_each(|(from, to)| match client.connect_ports_by_name(from, to) {
            // Somebody else, such as a patchbay, was faster.
            Ok(()) | Err(jack::Error::PortAlreadyConnected(..)) => Ok(()),
            Err(error) => Err(refused(error)),
        })
    }

    /// As [`connect`](Self::connect), without waiting. Who cannot be connected is not.
    pub(crate) fn connect_soon(&self, pairs: Vec<(String, String)>) {
        let Some(client) = self.client.as_ref().filter(|_| !self.shared.gone() && !pairs.is_empty()) else { return };
        let client = Arc::clone(client);
        let connect = move || {
            pairs.iter().for_each(|(from, to)| _ = client.as_client().connect_ports_by_name(from, to));
        };
        // Without a thread for it, it is done when the next port comes.
        let _ = Builder::new().name("patchline-jack".to_owned()).spawn(connect);
    }

    /// Has the server add up all latencies, and waits for it.
    pub(crate) fn add_up(&self) {
        if let Some(client) = self.client() {
            self.latency.begin();
            self.latency.add_up(client);
        }
    }

    /// As [`add_up`](Self::add_up), without waiting: the latencies [change](Latency::take_changed) some time later.
    pub(crate) fn add_up_soon(&self) {
        let Some(client) = self.client.as_ref().filter(|_| !self.shared.gone()) else { return };
        if !self.latency.begin() {
            return;
        }
        let (client, latency) = (Arc::clone(client), Arc::clone(&self.latency));
        // Without a thread for it, the server does it by itself at the next change of its graph.
        let _ = Builder::new().name("patchline-jack".to_owned()).spawn(move || latency.add_up(client.as_client()));
    }
}

/// When a client is deactivated its process thread is cancelled wherever it is, and inside a callback that would end the
/// whole program. So the callback has been taken out of it before; and where one never returns, the client stays open
/// for good.
impl<C: Callback> Drop for Link<C> {
    fn drop(&mut self) {
        let Some(mut client) = self.client.take() else { return };
        let end = Instant::now() + ENDLESS;
        while self.shared.inside() && Instant::now() < end {
            sleep(STEP);
        }
        if self.shared.inside() {
            self.latency.leak();
            return std::mem::forget(client);
        }
        let (latency, shared) = (Arc::clone(&self.latency), Arc::clone(&self.shared));
        leave(move || {
            let client = loop {
                match Arc::try_unwrap(client) {
                    Ok(client) => break client,
                    // Its latencies are being added up.
                    Err(shared) => client = shared,
                }
                sleep(STEP);
            };
            // An error only says that the server had gone before; the client is closed in any case.
            drop(client.deactivate());
            shared.closed();
            // JACK asks for it until here.
            drop(latency);
        });
    }
}
