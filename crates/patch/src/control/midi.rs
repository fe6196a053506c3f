//! Which MIDI inputs a patch listens to.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which MIDI inputs are listened to.
///
/// ```
/// use patchline_patch::MidiInputs;
///
/// let inputs = MidiInputs::Named(vec!["nano".to_owned()]);
/// assert!(inputs.any() && inputs.takes("nanoKONTROL2 MIDI 1"));
/// assert!(!inputs.takes("Keystation"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum MidiInputs {
    /// None.
    #[default]
    None,
    /// Whatever is there.
    All,
    /// Those whose names hold one of these texts.
    Named(Vec<String>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    All(bool),
    Named(Vec<String>),
}

impl MidiInputs {
    /// Whether any is.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::None
    }

    /// Whether the input of this name is, whatever the case of its letters.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(parts) => parts.iter().any(|part| name.contains(&part.to_lowercase())),
        }
    }
}

impl From<Written> for MidiInputs {
    fn from(written: Written) -> Self {
        match written {
            Written::All(true) => Self::All,
            Written::All(false) => Self::None,
            Written::Named(names) if names.is_empty() => Self::None,
            Written::Named(names) => Self::Named(names),
        }
    }
}

impl From<MidiInputs> for Written {
    fn from(inputs: MidiInputs) -> Self {
        match inputs {
            MidiInputs::None => Self::All(false),
            MidiInputs::All => Self::All(true),
            MidiInputs::Named(names) => Self::Named(names),
        }
    }
}

impl JsonSchema for MidiInputs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "MidiInputs".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [
            { "type": "boolean" },
            { "type": "array", "items": { "type": "string" } },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_found_by_a_part_of_their_name() {
        let some = MidiInputs::Named(vec!["nano".to_owned(), "Keys".to_owned()]);
        assert!(some.takes("nanoKONTROL2:MIDI 1") && some.takes("stage keys") && !some.takes("through"));
        assert!(MidiInputs::All.takes("through") && !MidiInputs::None.takes("through"));
        assert_eq!(MidiInputs::from(Written::Named(Vec::new())), MidiInputs::None);
    }
}
