//! MIDI of the system itself (ALSA's sequencer, CoreMIDI, WinMM), where sound does not bring it along as JACK does.

use patchline_patch::MidiInputs;

/// Inputs that are listened to. What comes has no frame: it takes effect as soon as possible.
#[derive(Default)]
pub(super) struct SystemMidi {
    #[cfg(feature = "midir")]
    opened: Option<opened::Opened>,
}

#[cfg(not(feature = "midir"))]
impl SystemMidi {
    /// None in this build, which is told where some are wanted.
    pub(super) fn open(wanted: &MidiInputs, on_jack: bool) -> Self {
        if wanted.any() && !on_jack {
            tracing::warn!(
                "this build hears MIDI through JACK only; `cargo install --features midir` makes one that hears the system's"
            );
        }
        Self::default()
    }

    pub(super) fn messages(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

#[cfg(feature = "midir")]
impl SystemMidi {
    /// Those that are wanted; what cannot be had is told.
    pub(super) fn open(wanted: &MidiInputs, on_jack: bool) -> Self {
        Self { opened: (wanted.any() && !on_jack).then(|| opened::Opened::new(wanted)) }
    }

    pub(super) fn messages(&self) -> Vec<Vec<u8>> {
        self.opened.iter().flat_map(opened::Opened::messages).collect()
    }
}

#[cfg(feature = "midir")]
mod opened {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use midir::{MidiInput, MidiInputConnection, MidiInputPort};
    use patchline_patch::MidiInputs;
    use tracing::{info, warn};

    /// Messages that wait; what does not fit is lost.
    const WAITING: usize = 1024;
    const NAME: &str = "patchline";

    /// Open inputs.
    pub(super) struct Opened {
        /// They end when they are dropped.
        _inputs: Vec<MidiInputConnection<SyncSender<Vec<u8>>>>,
        messages: Receiver<Vec<u8>>,
    }

    impl Opened {
        pub(super) fn new(wanted: &MidiInputs) -> Self {
            let (sender, messages) = sync_channel(WAITING);
            let open = |port: &MidiInputPort, name: &str| {
                let input = MidiInput::new(NAME).map_err(|error| error.to_string())?;
                let tell = |_, message: &[u8], sender: &mut SyncSender<Vec<u8>>| _ = sender.try_send(message.to_vec());
                input.connect(port, name, tell, sender.clone()).map_err(|error| error.to_string())
            };
            let mut inputs = Vec::new();
            for (port, name) in ports(wanted) {
                match open(&port, &name) {
                    Ok(input) => {
                        info!("MIDI: {name}");
                        inputs.push(input);
                    }
                    Err(error) => warn!("MIDI input {name} cannot be opened: {error}"),
                }
            }
            if inputs.is_empty() {
                warn!("no MIDI input is heard: none is there, or none is called so");
            }
            Self { _inputs: inputs, messages }
        }

        pub(super) fn messages(&self) -> Vec<Vec<u8>> {
            self.messages.try_iter().collect()
        }
    }

    /// The wanted ports and their names.
    fn ports(wanted: &MidiInputs) -> Vec<(MidiInputPort, String)> {
        let input = match MidiInput::new(NAME) {
            Ok(input) => input,
            Err(error) => {
                warn!("the system has no MIDI: {error}");
                return Vec::new();
            }
        };
        let named = |port: MidiInputPort| input.port_name(&port).ok().map(|name| (port, name));
        input.ports().into_iter().filter_map(named).filter(|(_, name)| wanted.takes(name)).collect()
    }
}
