//! The records of a capture's file, apart from blocks.

use std::collections::BTreeMap;
use std::ops::Range;

use patchline_graph::StreamSpec;
use serde::{Deserialize, Serialize};

use crate::{BlockRecord, Source};

/// The first bytes of the file.
pub(crate) const MAGIC: &[u8; 8] = b"PLCAPTUR";
/// The version of the format, which follows them.
pub(crate) const VERSION: u32 = 2;
/// The oldest one that can be read: its loads cut, and it has none for a frame.
pub(crate) const OLDEST: u32 = 1;

/// One record.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Header(Header),
    Start(Start),
    Call(Call),
    Block(BlockRecord),
    Note(Note),
    File(FileSeen),
    End(End),
}

/// What made the capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the program.
    pub program: String,
    /// The operating system.
    pub os: String,
    /// The processor's kind.
    pub arch: String,
    /// When it began, in local time.
    pub began: String,
}

impl Header {
    /// Of this program on this machine, now.
    pub(crate) fn here() -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            began: jiff::Zoned::now().datetime().to_string(),
        }
    }
}

/// An engine begins: at the start, and whenever the device has another rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The device's name, for people.
    pub device: String,
    /// In Hz.
    pub rate: u32,
    /// The longest block rendered in one go, in frames.
    pub max_frames: usize,
    /// Channels of input.
    pub inputs: usize,
    /// Channels of output that the device takes.
    pub outputs: usize,
    /// Channels of output that the graph was compiled for; `None` is as many as it names.
    pub graph_outputs: Option<usize>,
    /// Input channels that are set aside for a node: their first one and the one after the last.
    pub assigned: BTreeMap<String, (usize, usize)>,
    /// How late feedback links are, in frames.
    pub feedback: u64,
    /// The most that buffers and processors may take, in bytes.
    pub max_memory: usize,
    /// How long loads let sound fade, in frames; they cut in captures of version 1.
    #[serde(default)]
    pub fade: u64,
    /// Whether the samples of the output are kept, too.
    pub with_output: bool,
}

impl Start {
    pub(crate) fn of(stream: &StreamSpec, device: String, outputs: usize, with_output: bool) -> Self {
        let range = |(name, range): (&String, &Range<usize>)| (name.clone(), (range.start, range.end));
        Self {
            device,
            rate: stream.rate,
            max_frames: stream.max_frames,
            inputs: stream.inputs,
            outputs,
            graph_outputs: stream.outputs,
            assigned: stream.assigned.iter().map(range).collect(),
            feedback: stream.feedback,
            max_memory: stream.max_memory,
            fade: stream.fade,
            with_output,
        }
    }

    /// The stream that the engine was for.
    #[must_use]
    pub fn stream(&self) -> StreamSpec {
        StreamSpec {
            outputs: self.graph_outputs,
            assigned: self.assigned.iter().map(|(name, &(start, end))| (name.clone(), start..end)).collect(),
            feedback: self.feedback,
            max_memory: self.max_memory,
            fade: self.fade,
            ..StreamSpec::new(self.rate, self.max_frames, self.inputs, 0)
        }
    }
}

/// Something that the engine was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The first message that it became.
    pub first: u64,
    /// The message after its last one.
    pub end: u64,
    /// What had ended by this frame was cleared away; nothing in captures of version 1.
    #[serde(default)]
    pub swept: u64,
    /// What.
    pub deed: Deed,
}

/// What an engine was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// To play this patch.
    Load(Source),
    /// To play this patch from a frame on.
    LoadAt {
        /// The patch.
        patch: Source,
        /// The frame.
        at: u64,
    },
    /// To play this patch once what it replaces has faded out.
    Dip(Source),
    /// To let loads fade for so many frames.
    Fade(u64),
    /// To change nodes, all on one frame.
    Set {
        /// A patch that holds the nodes that got new parameters, with these, and nothing else.
        patch: String,
        /// The nodes that were left out, or taken back.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        bypass: BTreeMap<String, bool>,
        /// The frame it was meant for; `None` is as soon as it came.
        at: Option<u64>,
        /// How many frames all that glides took, if not as long as by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<u64>,
    },
    /// To leave a node out, or to take it back.
    Bypass {
        /// The node.
        name: String,
        /// Whether it is left out.
        on: bool,
        /// The frame it was meant for.
        at: Option<u64>,
    },
    /// Something that could not be written down: a node type that the registry does not know.
    Unwritable(String),
}

/// Something that happened to the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The device's frame.
    pub position: u64,
    /// What, in words.
    pub what: String,
}

/// A file that a node reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileSeen {
    /// The node.
    pub node: String,
    /// The file.
    pub path: String,
    /// Its size in bytes; `None` if it could not be read.
    pub bytes: Option<u64>,
    /// A hash of its first and last 64 MiB.
    pub hash: u64,
}

/// The end of what one engine played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Blocks that the callback got.
    pub blocks: u64,
    /// Their frames.
    pub frames: u64,
    /// Blocks that are not in the file.
    pub missing_blocks: u64,
    /// Their frames.
    pub missing_frames: u64,
    /// What a replay cannot do again: frames that a file reader could not deliver in time.
    pub notes: Vec<String>,
}
