//! The `[control]` table: who may change a patch while it plays, and from where.

mod address;
mod midi;
mod read;

use std::path::PathBuf;
use std::sync::LazyLock;

use patchline_nodes::Frequency;
use patchline_nodes::declaration::{Param, params_of, schema_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::Address;
pub use midi::MidiInputs;
pub(crate) use read::read_control;

/// The fewest characters of a token that nobody guesses.
pub(crate) const SHORTEST_TOKEN: usize = 16;
/// The most of them.
pub(crate) const LONGEST_TOKEN: usize = 256;
/// The most readings in a second that a client is sent, in Hz.
const FASTEST: f64 = 30.0;

/// Who may change a patch while it plays, and from where. Without the table nobody may.
///
/// ```
/// use patchline_patch::{ControlSettings, MidiInputs};
///
/// let settings = ControlSettings { osc: Some("9000".parse()?), ..ControlSettings::default() };
/// assert!(settings.is_on() && settings.midi == MidiInputs::None);
/// assert!(!ControlSettings::default().is_on());
/// assert!(ControlSettings::params().iter().any(|param| param.name == "websocket"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ControlSettings {
    /// Where OSC messages are taken, over UDP: "127.0.0.1:9000", or 9000 for that port on this machine.
    pub osc: Option<Address>,
    /// Where WebSocket clients are served: "127.0.0.1:9001", or 9001 for that port on this machine.
    pub websocket: Option<Address>,
    /// What a WebSocket client has to know, 16 to 256 characters without spaces; made anew for each run if absent.
    pub token: Option<String>,
    /// A file whose first line is the token, to keep it out of the patch.
    pub token_file: Option<String>,
    /// Pages that may connect from a browser beside those of this machine: `https://desk.example`.
    pub origins: Vec<String>,
    /// Whether addresses may be given that other machines reach.
    pub allow_remote: bool,
    /// Whether patches that clients send may name files, within the patch's folder and those allowed.
    pub remote_files: bool,
    /// Whether MIDI inputs are listened to: all of them (true), or those whose names hold one of these texts.
    pub midi: MidiInputs,
    /// How often a client is sent readings, at most.
    #[schemars(range(min = 0.1, max = 30))]
    pub rate: Frequency,
    /// The file of the token, by its real place.
    #[serde(skip)]
    pub token_place: Option<PathBuf>,
}

impl Default for ControlSettings {
    fn default() -> Self {
        Self {
            osc: None,
            websocket: None,
            token: None,
            token_file: None,
            origins: Vec::new(),
            allow_remote: false,
            remote_files: false,
            midi: MidiInputs::default(),
            rate: Frequency::new(FASTEST).expect("a finite frequency"),
            token_place: None,
        }
    }
}

impl ControlSettings {
    /// The keys of the table, as the struct declares them.
    #[must_use]
    pub fn params() -> &'static [Param] {
        static PARAMS: LazyLock<Vec<Param>> = LazyLock::new(|| params_of(&schema_of::<ControlSettings>()));
        &PARAMS
    }

    /// Whether anybody is listened to.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.osc.is_some() || self.websocket.is_some() || self.midi.any()
    }
}
