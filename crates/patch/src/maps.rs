//! The `[[map]]` tables: what MIDI messages change.

mod mapper;
mod read;
mod scale;

use patchline_nodes::declaration::{Param, params_of, schema_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

pub use mapper::{Asked, Mapper};
pub(crate) use read::read_maps;
pub use scale::{Curve, Scale};

/// What a MIDI message changes.
///
/// ```
/// use patchline_patch::{Action, Map, Mapper, Trigger};
///
/// // The first program of the second channel.
/// let action = Action::Scene("break".to_owned());
/// let mut mapper = Mapper::new(vec![Map { trigger: Trigger::Program(0), channel: Some(2), action }]);
/// assert!(mapper.take(&[0xc0, 0]).is_empty());
/// assert_eq!(mapper.take(&[0xc1, 0]).len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Map {
    /// Which message it is.
    pub trigger: Trigger,
    /// On which channel, 1 to 16; any if absent.
    pub channel: Option<u8>,
    /// What it does.
    pub action: Action,
}

/// A sort of MIDI message, with its number from 0 to 127.
///
/// ```
/// use patchline_patch::{Action, Map, Mapper, Trigger};
///
/// // A key of the keyboard, the middle C, recalls a scene.
/// let action = Action::Scene("break".to_owned());
/// let mut mapper = Mapper::new(vec![Map { trigger: Trigger::Note(60), channel: None, action }]);
/// assert_eq!(mapper.take(&[0x90, 60, 100]).len(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A controller: a knob, a fader, a pedal.
    Cc(u8),
    /// A key or pad.
    Note(u8),
    /// A program change.
    Program(u8),
}

/// What a message does.
///
/// ```
/// use patchline_patch::{Action, Map, Options, Registry, Trigger, read};
///
/// let patch = read(b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\ntrim.type = 'gain'\nout.type = 'output'\n\
///     [[map]]\nnote = 60\nto = 'trim.mute'\ntoggle = true\n", "talk.toml")?;
/// let loaded = patch.load(&Registry::standard(), &Options::default())?;
/// let Map { trigger, action, .. } = &loaded.maps[0];
/// assert_eq!(*trigger, Trigger::Note(60));
/// assert!(matches!(action, Action::Switch { node, toggle: true, .. } if node == "trim"));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Recalls the scene of this name: at a program change, when a note goes on, when a controller passes the middle.
    Scene(String),
    /// A parameter follows a controller, or how hard a key is struck.
    Follow {
        /// The node.
        node: String,
        /// Its parameter.
        parameter: String,
        /// Which value belongs to which.
        scale: Scale,
    },
    /// A parameter takes one of two values: on from the middle of a controller, while a key is down, at a program change.
    Switch {
        /// The node.
        node: String,
        /// Its parameter.
        parameter: String,
        /// The value when it goes on.
        on: Value,
        /// The value when it goes off; absent, nothing changes then.
        off: Option<Value>,
        /// Whether each time that it goes on takes the other value.
        toggle: bool,
    },
}

/// A map as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    /// The number of a controller, from 0.
    #[schemars(range(min = 0, max = 127))]
    cc: Option<u8>,
    /// The number of a key or pad, from 0; 60 is the middle C.
    #[schemars(range(min = 0, max = 127))]
    note: Option<u8>,
    /// The number of a program, from 0. Many devices show it counted from 1.
    #[schemars(range(min = 0, max = 127))]
    program: Option<u8>,
    /// The channel from 1 to 16; any if absent.
    #[schemars(range(min = 1, max = 16))]
    channel: Option<u8>,
    /// The parameter that is changed: "trim.gain", or "trim.bypass".
    to: Option<String>,
    /// The scene that is recalled.
    scene: Option<String>,
    /// The parameter's values at 0 and at 127: ["-60 dB", "0 dB"]. Those that it may have at most, if absent; a level
    /// always needs them.
    range: Option<Vec<Value>>,
    /// How the values between lie: "db" and "exponential" are even steps for the ear, of levels and of frequencies,
    /// and so the defaults of these.
    curve: Option<Curve>,
    /// The value when a switch goes on; true for parameters that are true or false.
    on: Option<Value>,
    /// The value when a switch goes off; false for parameters that are true or false.
    off: Option<Value>,
    /// Whether each press takes the other value.
    toggle: bool,
}

impl Keys {
    /// The keys of a map, as the struct declares them.
    pub(crate) fn params() -> &'static [Param] {
        static PARAMS: LazyLock<Vec<Param>> = LazyLock::new(|| params_of(&schema_of::<Keys>()));
        &PARAMS
    }
}
