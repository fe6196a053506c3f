//! Lists of a device's channels, as the `input` and `output` nodes take them.

use std::borrow::Cow;
use std::fmt;

use patchline_graph::DeviceChannels;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

/// The highest index a channel may have: no device and no file has more channels.
const HIGHEST: u64 = 1023;

/// One channel of a device, from 0.
///
/// ```
/// use patchline_nodes::{ChannelIndex, Output};
///
/// // Left and right go to the third and fourth channel of the device.
/// let phones = Output { channels: Some(vec![ChannelIndex(2), ChannelIndex(3)]), ..Output::default() };
/// assert_eq!(serde_json::to_value(&phones)?["channels"], serde_json::json!([2, 3]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelIndex(pub usize);

/// One entry of an input's list.
///
/// ```
/// use patchline_nodes::{InputChannel, InputChannels};
///
/// // As `[1, "silence"]` in a patch.
/// let channels = InputChannels::List(vec![InputChannel::Index(1), InputChannel::Silence]);
/// assert_eq!(serde_json::to_string(&channels)?, r#"[1,"silence"]"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputChannel {
    /// This channel of the device, from 0.
    Index(usize),
    /// A channel of silence.
    Silence,
}

/// Which channels of the device an input holds.
///
/// ```
/// use patchline_nodes::{Input, InputChannels};
///
/// let mono = Input { channels: Some(InputChannels::MonoMix), ..Input::default() };
/// assert_eq!(serde_json::from_str::<InputChannels>(r#""mono_mix""#)?, InputChannels::MonoMix);
/// assert_eq!(mono.channels, Some(InputChannels::MonoMix));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputChannels {
    /// These, in this order.
    List(Vec<InputChannel>),
    /// One channel: the mean of all.
    MonoMix,
}

impl InputChannels {
    pub(crate) fn to_device(&self) -> DeviceChannels {
        let index = |channel: &InputChannel| match channel {
            InputChannel::Index(index) => Some(*index),
            InputChannel::Silence => None,
        };
        match self {
            Self::MonoMix => DeviceChannels::MonoMix,
            Self::List(list) => DeviceChannels::Pick(list.iter().map(index).collect()),
        }
    }
}

const INDEX: &str = "a channel of the device, counted from 0";
const ENTRY: &str = r#"a channel of the device, counted from 0, or "silence""#;
const CHANNELS: &str = r#"a list of channels such as [0, 1, "silence"], or "mono_mix""#;

fn index<E: Error>(number: u64) -> Result<usize, E> {
    if number > HIGHEST {
        return Err(E::custom(format!(
            "a device's channels are counted from 0 to {HIGHEST}; {number} is none of them"
        )));
    }
    Ok(number as usize)
}

/// −1 means silence to some programs and a mix to others: name both.
fn signed<E: Error>(number: i64) -> Result<usize, E> {
    let negative = || {
        E::custom(format!(
            "{number} is no channel, they are counted from 0: write \"silence\" in the list for a silent one, or \
             channels = \"mono_mix\" for the mean of all"
        ))
    };
    index(u64::try_from(number).map_err(|_| negative())?)
}

impl<'de> Deserialize<'de> for ChannelIndex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Index;
        impl Visitor<'_> for Index {
            type Value = ChannelIndex;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(INDEX)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<ChannelIndex, E> {
                signed(number).map(ChannelIndex)
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<ChannelIndex, E> {
                index(number).map(ChannelIndex)
            }
        }
        deserializer.deserialize_any(Index)
    }
}

impl<'de> Deserialize<'de> for InputChannel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl Visitor<'_> for Entry {
            type Value = InputChannel;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(ENTRY)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<InputChannel, E> {
                signed(number).map(InputChannel::Index)
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<InputChannel, E> {
                index(number).map(InputChannel::Index)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<InputChannel, E> {
                match text {
                    "silence" => Ok(InputChannel::Silence),
                    "mono_mix" => Err(E::custom("\"mono_mix\" stands without a list: channels = \"mono_mix\"")),
                    _ => Err(E::custom(format!("expected {ENTRY}"))),
                }
            }
        }
        deserializer.deserialize_any(Entry)
    }
}

impl<'de> Deserialize<'de> for InputChannels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Channels;
        impl<'de> Visitor<'de> for Channels {
            type Value = InputChannels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(CHANNELS)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<InputChannels, E> {
                match text {
                    "mono_mix" => Ok(InputChannels::MonoMix),
                    "silence" => Err(E::custom("\"silence\" stands in a list: channels = [0, \"silence\"]")),
                    _ => Err(E::custom(format!("expected {CHANNELS}"))),
                }
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<InputChannels, E> {
                let number: usize = signed(number)?;
                Err(E::custom(format!("one channel is a list, too: channels = [{number}]")))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<InputChannels, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    list.push(entry);
                }
                Ok(InputChannels::List(list))
            }
        }
        deserializer.deserialize_any(Channels)
    }
}

impl Serialize for ChannelIndex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0 as u64)
    }
}

impl Serialize for InputChannel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Index(index) => serializer.serialize_u64(*index as u64),
            Self::Silence => serializer.serialize_str("silence"),
        }
    }
}

impl Serialize for InputChannels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::MonoMix => serializer.serialize_str("mono_mix"),
            Self::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                list.iter().try_for_each(|entry| seq.serialize_element(entry))?;
                seq.end()
            }
        }
    }
}

impl JsonSchema for ChannelIndex {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ChannelIndex".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": HIGHEST })
    }
}

impl JsonSchema for InputChannels {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "InputChannels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let entry = json_schema!({
            "type": ["integer", "string"], "minimum": 0, "maximum": HIGHEST, "pattern": "^silence$",
        });
        json_schema!({ "type": ["array", "string"], "items": entry, "minItems": 1, "pattern": "^mono_mix$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<InputChannels, &str>) {
        #[derive(Deserialize, Debug)]
        struct Table {
            channels: InputChannels,
        }
        match (toml::from_str::<Table>(&format!("channels = {text}")), expected) {
            (Ok(table), Ok(expected)) => assert_eq!(table.channels, expected, "{text}"),
            (Err(error), Err(part)) => assert!(error.message().contains(part), "{text}: {}", error.message()),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn lists_and_mono_mix_are_read() {
        use InputChannel::{Index, Silence};
        check("[0, 3, 4]", Ok(InputChannels::List(vec![Index(0), Index(3), Index(4)])));
        check("[0, \"silence\"]", Ok(InputChannels::List(vec![Index(0), Silence])));
        check("\"mono_mix\"", Ok(InputChannels::MonoMix));
    }

    #[test]
    fn mistakes_name_what_would_be_right() {
        check("[-1]", Err("\"silence\""));
        check("[-1]", Err("\"mono_mix\""));
        check("-1", Err("\"mono_mix\""));
        check("[1024]", Err("0 to 1023"));
        check("2", Err("channels = [2]"));
        check("\"silence\"", Err("channels = [0, \"silence\"]"));
        check("[\"mono_mix\"]", Err("without a list"));
        check("\"stereo\"", Err("mono_mix"));
    }
}
